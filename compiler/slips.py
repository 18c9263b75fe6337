"""Parse: find the slip that made a text invalid YAML; the parser only says where it could not go on.

Pure. `compiler.syntax` asks for the slip behind a parser error; `compiler.document` asks for slips that YAML accepts.
Each kind of slip has a function here. The first slip that fits the parser's complaint and the lines before it is shown;
if none fits, the parser's own words are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from compiler.layout import Slip, misindented
from compiler.lines import QUOTES, line, lines, scan

_MERGE: Final = re.compile(r"<{7} |={7}$|>{7} |\|{7} ")
_ODD_BLANK: Final = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]")
_BEFORE_VALUE: Final = re.compile(rf"[ \t]*+(?:- )?[\w-]*+[ \t]*+:?(?={_ODD_BLANK.pattern})")
_NO_BLANK: Final = re.compile(r"(?P<key>[A-Za-z_][\w-]*):(?P<value>\S.*)")
_QUOTED_VALUE: Final = re.compile(
    r"(?P<key>(?!(?:or|and|but|the|of|with)\b)[a-z_][a-z0-9_-]*)\s+(?P<value>\"[^\"]*\"|'[^']*')"
)
_EQUALS: Final = re.compile(r"(?P<key>[A-Za-z_][\w-]*)\s*=\s*(?P<value>.*)")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_-]*\Z")
_KEY_AND_VALUE: Final = re.compile(r"(?P<key>[a-z_][a-z0-9_-]*)\s+(?P<value>\S.*)")
_NEXT_KEY: Final = re.compile(r"[{,]\s*[\w-]+:\s+(?:\"[^\"]*\"|'[^']*'|[^\s,]+)\s+(?P<next>[a-z_][\w-]*)\s*\Z")
_COMPARED: Final = re.compile(r":\s*(?P<value>[<>]=?\s*[^,}#]*[^,}#\s])")
_LONGEST_LINE: Final = 5000
"""Characters; a longer line was probably not written by hand, and is not searched for slips."""
_CLOSING: Final = {"{": "}", "[": "]"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What the parser reports, and where; `began_…` is the beginning of the construct that it could not finish.

    Lines and columns count from 1; a line of 0 means that there is none.
    """

    texts: Sequence[str]
    problem: str
    line: int
    column: int
    began_line: int
    began_column: int

    @property
    def text(self) -> str:
        """The line at which the parser stopped."""
        return self.texts[self.line - 1] if 0 < self.line <= len(self.texts) else ""

    @property
    def found(self) -> str:
        """The character at which the parser stopped."""
        return self.text[self.column - 1 : self.column]


def explained(complaint: Complaint) -> Slip:
    """Return what is wrong, where it is, and how to mend it."""
    for find in _FINDERS if len(complaint.text) <= _LONGEST_LINE else ():
        slip = find(complaint)
        if slip is not None:
            return slip
    return _slip(complaint.line or 1, complaint.column - 1, complaint.problem, None)


def _left_by_a_merge(complaint: Complaint) -> Slip | None:
    for number, text in enumerate(complaint.texts, 1):
        if _MERGE.match(text):
            hint = "keep one of the two versions, and delete the three lines of marks"
            return _slip(number, 0, "this is the mark of a merge that is not finished", hint, len(text))
    return None


def _tab(complaint: Complaint) -> Slip | None:
    for number, text in enumerate(complaint.texts[: complaint.line], 1):
        indentation = text[: len(text) - len(text.lstrip(" \t"))]
        if "\t" in indentation and text.strip():
            hint = "indent with spaces; YAML does not allow tabs"
            return _slip(number, indentation.index("\t"), "a tab indents this line", hint)
    if complaint.found == "\t" or " tab " in complaint.problem:
        return _slip(
            complaint.line, complaint.column - 1, "a tab stands where YAML wants spaces", "put a space in its place"
        )
    return None


def _odd_blank(complaint: Complaint) -> Slip | None:
    for number, text in enumerate(complaint.texts[: complaint.line], 1):
        match = _BEFORE_VALUE.match(text)
        if match is not None:
            return odd_blank(number, match.end(), text[match.end()])
    return None


def odd_blank(number: int, offset: int, blank: str) -> Slip:
    """Return the slip of a character that looks like a space or is invisible, but is no space to YAML."""
    message = f"the character U+{ord(blank):04X} stands here, which only looks like a space"
    hint = "put a plain space in its place; it comes along with text that is copied from a page"
    if blank in "\u200b\ufeff":
        message = f"the invisible character U+{ord(blank):04X} stands here"
        hint = "delete it; it comes along with text that is copied from a page"
    return _slip(number, offset, message, hint)


def _open_quote(complaint: Complaint) -> Slip | None:
    """Look for a quotation mark that is not closed in its line, so that its text swallows the keys of later lines."""
    for number, text in enumerate(complaint.texts[: complaint.line], 1):
        slip = open_quote(number, text, complaint.texts[number : number + 1])
        if slip is not None:
            return slip
    return None


def open_quote(number: int, text: str, following: Sequence[str]) -> Slip | None:
    """Return the slip of a line with an unclosed quotation mark, unless the next line continues its text; else None."""
    if text.lstrip().startswith("#"):
        return None
    scanned = scan(text)
    if scanned.open_quote is None:
        return None
    next_line = line(number + 1, following[0]) if following else None
    if next_line is not None and next_line.text.strip() and next_line.key is None and not next_line.dashed:
        return None
    mark, rest = text[scanned.open_quote], text[scanned.open_quote + 1 :].rstrip()
    inside = rest.rstrip("}],").rstrip() if scanned.opened else rest
    if inside and inside[-1] in QUOTES and inside[-1] != mark:
        message = f"this text begins with `{mark}` and ends with `{inside[-1]}`"
        return _slip(number, scanned.open_quote, message, f"write `{_quoted(inside[:-1])}`", len(inside) + 1)
    hint = f"close it: `{_quoted(inside)}`" if inside else "close it, or take it out"
    return _slip(number, scanned.open_quote, "this quotation mark is not closed", hint, len(inside) + 1)


def _behind_a_quote(complaint: Complaint) -> Slip | None:
    """Look for text after a closing quotation mark: a comma, an apostrophe, or a quotation mark within the text."""
    scanned = scan(complaint.text)
    if scanned.behind is None or scanned.behind > complaint.column + 1:
        return None
    text, mark = complaint.text, complaint.text[scanned.quote]
    if text[scanned.behind] == "," and not text[scanned.behind + 1 :].strip():
        hint = "take it out; commas separate entries in braces or brackets"
        return _slip(complaint.line, scanned.behind, "a comma ends this line", hint)
    last = text.rfind(mark)
    whole = text[scanned.quote + 1 : last] if last > scanned.behind else ""
    following = re.split(rf"[\s{mark}]", text[scanned.behind :])[0] or text[scanned.behind]
    message = f"a `{mark}` within the text ends it before `{following}`"
    hint = f"write `{_quoted(whole)}`" if whole else f"take out what stands behind the closing `{mark}`"
    return _slip(complaint.line, scanned.quote, message, hint, scanned.behind - scanned.quote)


def _comparator(complaint: Complaint) -> Slip | None:
    if not (complaint.problem.endswith(("cannot start any token", "comment or line break"))):
        return None
    match = next(
        (candidate for candidate in _COMPARED.finditer(complaint.text) if candidate.start("value") <= complaint.column),
        None,
    )
    if match is None:
        return None
    value = match["value"]
    message = f"a value cannot begin with `{value[0]}`, which YAML takes for a sign of its own"
    return _slip(complaint.line, match.start("value"), message, f"quote the limit: `{_quoted(value)}`", len(value))


def _special_beginning(complaint: Complaint) -> Slip | None:
    if not complaint.problem.endswith("cannot start any token"):
        return None
    rest = re.split(r"\s#|[,}\]]", complaint.text[complaint.column - 1 :])[0].rstrip()
    message = f"a value cannot begin with `{complaint.found}`"
    return _slip(complaint.line, complaint.column - 1, message, f"quote it: `{_quoted(rest)}`", len(rest))


def _no_colon(complaint: Complaint) -> Slip | None:
    """Look for a line without a colon; the parser reports the missing colon in the next line."""
    number = (
        complaint.began_line if "could not find expected ':'" in complaint.problem else _above_without_key(complaint)
    )
    if not number:
        return None
    text = complaint.texts[number - 1]
    words, start = text.strip(), len(text) - len(text.lstrip())
    previous = next((entry for entry in reversed([*lines(complaint.texts[: number - 1])])), None)
    for pattern, message in (
        (_NO_BLANK, "no space stands behind the colon"),
        (_EQUALS, "`=` stands in place of a colon"),
    ):
        match = pattern.fullmatch(words)
        if match is not None:
            hint = f"write `{match['key']}: {match['value']}`"
            return _slip(number, start, message, hint, len(words))
    message, hint = "this line has no colon", "every line has a key, a colon and a value, or belongs to a list"
    if previous is not None and previous.parent and previous.indent >= start:
        message = f"this line has no key, and is not indented below `{previous.key}`"
        hint = f"write it behind the colon: `{previous.key}: {words}`"
    elif _WORD.match(words):
        hint = f"write `{words}:`"
    elif (pair := _KEY_AND_VALUE.match(words)) is not None:
        hint = f"write `{pair['key']}: {pair['value']}`"
    return _slip(number, start, message, hint, len(words))


def _above_without_key(complaint: Complaint) -> int:
    """Return the number of the line above if it has no key and the parser joined the next line to it; else 0."""
    if "mapping values are not allowed" not in complaint.problem:
        return 0
    above = [*lines(complaint.texts[: complaint.line])][-2:]
    if len(above) < 2 or above[0].key is not None or above[0].dashed or above[0].indent != above[1].indent:
        return 0
    return above[0].number


def _two_colons(complaint: Complaint) -> Slip | None:
    """Look for a colon within an unquoted text, or a missing comma before the next key."""
    inside = "',' or" in complaint.problem and complaint.found == ":" and complaint.began_line == complaint.line
    if not inside and "mapping values are not allowed" not in complaint.problem:
        return None
    before = complaint.text[: complaint.column - 1]
    missing = _NEXT_KEY.search(before) if inside else None
    if missing is not None:
        offset = missing.start("next")
        return _slip(
            complaint.line,
            offset,
            f"a comma is missing before `{missing['next']}`",
            "put a comma in front of it",
            len(missing["next"]),
        )
    first = re.search(r"(?P<key>[^\s{,:\"']+):\s+(?P<value>[^,{:]*)\Z", before)
    if first is None:
        return None
    rest = re.split(
        r"[,}]|\s#", complaint.text[first.start("value") :] if inside else complaint.text[first.start("value") :] + "\n"
    )
    whole = (rest[0] if inside else re.split(r"\s#", complaint.text[first.start("value") :])[0]).rstrip()
    if not inside and whole.endswith("}") and whole.count("}") > whole.count("{"):
        hint = f"write `{first['key']}: {{{whole}`"
        return _slip(complaint.line, first.start("value"), "`{` is missing where this begins", hint, len(whole))
    message = "a colon before a space ends a text that is not quoted"
    return _slip(
        complaint.line, first.start("value"), message, f"quote it: `{first['key']}: {_quoted(whole)}`", len(whole)
    )


def _brackets(complaint: Complaint) -> Slip | None:
    """Look for a bracket that is unclosed, closed by the wrong bracket, closed twice, or part of an unquoted text."""
    if "did not find expected key" in complaint.problem and complaint.found in "}]" and complaint.found:
        message = f"this `{complaint.found}` closes a bracket that is not open"
        return _slip(complaint.line, complaint.column - 1, message, "take it out")
    if "',' or" not in complaint.problem or not complaint.began_line:
        return None
    opening = complaint.texts[complaint.began_line - 1][complaint.began_column - 1 : complaint.began_column]
    closing = _CLOSING.get(opening, "")
    if complaint.began_line != complaint.line:
        end = len(complaint.texts[complaint.began_line - 1].rstrip())
        message, hint = f"this `{opening}` is not closed", f"put a `{closing}` where it ends"
        return _slip(complaint.began_line, complaint.began_column - 1, message, hint, end - complaint.began_column + 1)
    if complaint.found and complaint.found in "}]":
        message = f"a `{complaint.found}` closes what a `{opening}` opens"
        return _slip(complaint.line, complaint.column - 1, message, f"write `{closing}`")
    word = re.search(r"[^\s,{\[]*\Z", complaint.text[: complaint.column - 1])
    end = complaint.text.find("}", complaint.column)
    if complaint.found in {"{", "["} and word and end > 0:
        whole = complaint.text[word.start() : end + 1]
        message = f"a `{complaint.found}` in a text that is not quoted begins something of its own"
        return _slip(complaint.line, word.start(), message, f"quote it: `{_quoted(whole)}`", len(whole))
    return None


def _document_end(complaint: Complaint) -> Slip | None:
    if "<document start>" not in complaint.problem:
        return None
    for number, text in enumerate(complaint.texts[: complaint.line], 1):
        if text.rstrip() == "...":
            return _slip(number, 0, "`...` ends the document, and more stands below", "take it out", 3)
    return None


def _list_beside_keys(complaint: Complaint) -> Slip | None:
    if "'-' indicator" not in complaint.problem or not complaint.began_line:
        return None
    if complaint.text.lstrip().startswith("- "):
        spaces, indent = complaint.began_column - 1, complaint.column - 1
        parent = next(
            (entry for entry in reversed([*lines(complaint.texts[: complaint.began_line - 1])]) if entry.parent), None
        )
        if parent is not None and indent in {parent.indent, parent.indent + _INDENT} and spaces < indent:
            message = f"this item stands not far enough in: {spaces} spaces where {indent} fit"
            hint = f"indent it by {indent} spaces, as the items below are"
            return _slip(complaint.began_line, complaint.began_column - 1, message, hint)
        message = f"this item stands too far in: {complaint.column - 1} spaces where {spaces} fit"
        return _slip(
            complaint.line, complaint.column - 1, message, f"indent it by {spaces} spaces, as the items above are"
        )
    message = "a dash begins a list here, and keys stand beside it further down"
    return _slip(complaint.began_line, complaint.began_column - 1, message, "take the dashes out; keys stand without")


_INDENT: Final = 2


def _escape(complaint: Complaint) -> Slip | None:
    if "escape" not in complaint.problem:
        return None
    quoted = re.search(r"\"(?P<text>(?:[^\"\\]|\\.)*)\"", complaint.text)
    hint = f"write `'{quoted['text']}'`" if quoted and "'" not in quoted["text"] else "write two backslashes for one"
    message = f"`{complaint.text[complaint.column - 1 : complaint.column + 1]}` means nothing within double quotes"
    return _slip(complaint.line, complaint.column - 1, message, hint, 2)


def _indentation(complaint: Complaint) -> Slip | None:
    return misindented([*lines(complaint.texts[: complaint.line])])


_FINDERS: Final = (
    _left_by_a_merge,
    _tab,
    _odd_blank,
    _open_quote,
    _comparator,
    _special_beginning,
    _escape,
    _behind_a_quote,
    _brackets,
    _list_beside_keys,
    _no_colon,
    _indentation,
    _two_colons,
    _document_end,
)


def _quoted(text: str) -> str:
    """Return a text as YAML, in the kind of quotation marks that it does not contain, if possible."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _slip(number: int, offset: int, message: str, hint: str | None, length: int = 1) -> Slip:
    return Slip(line=number, column=offset + 1, end_column=offset + 1 + max(1, length), message=message, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mended:
    """What is wrong with a text that YAML accepts, and the text that its author most probably meant."""

    message: str
    hint: str
    text: str


_CURLY: Final = "“”„‟‘’‚‛«»‹›"
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")


def mended(text: str) -> Mended | None:
    """Return the slip in an unquoted text: an invisible character, curly quotes, or one quotation mark at its end."""
    if (invisible := _INVISIBLE.search(text)) is not None:
        message = f"the invisible character U+{ord(invisible.group()):04X} stands here"
        hint = "delete it; it comes along with text that is copied from a page"
        return Mended(message=message, hint=hint, text=_INVISIBLE.sub("", text))
    if len(text) > 2 and text[0] in _CURLY and text[-1] in _CURLY + QUOTES:
        message = f"`{text[0]}` is no quotation mark to YAML, but part of the text"
        return Mended(message=message, hint=f"write `{_quoted(text[1:-1])}`", text=text[1:-1])
    if text.endswith('"') and text.count('"') == 1 and "=" not in text:
        message = "a quotation mark ends this text, and none begins it"
        return Mended(message=message, hint=f"write `{_quoted(text[:-1])}`", text=text[:-1])
    return None


def without_space(key: str) -> Mended | None:
    """Return the slip of a key that swallowed its value because no space follows the colon; else None."""
    match = _NO_BLANK.fullmatch(key)
    if match is None:
        return None
    whole = f"{match['key']}: {match['value']}"
    return Mended(message="no space stands behind the colon", hint=f"write `{whole}`", text=match["value"])


def without_colon(key: str) -> tuple[str, Mended] | None:
    """Return the real key and the slip if a key in braces swallowed its value because the colon is missing."""
    match = _QUOTED_VALUE.fullmatch(key)
    if match is None:
        return None
    hint = f"write `{match['key']}: {match['value']}`"
    return match["key"], Mended(
        message=f"no colon stands behind `{match['key']}`", hint=hint, text=match["value"][1:-1]
    )


def odd_key(key: str) -> Mended | None:
    """Return the slip of a key that holds an invisible character or one that only looks like a space; else None."""
    odd = _ODD_BLANK.search(key)
    if odd is None:
        return None
    slip = odd_blank(1, 0, odd.group())
    return Mended(message=slip.message, hint=slip.hint or "", text=_ODD_BLANK.sub("", key))
