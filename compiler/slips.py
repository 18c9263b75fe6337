"""Parse: what a person did who wrote text that is no YAML, where a parser only says where it could not go on.

Pure; used by `compiler.syntax` alone. Each slip of the hand has a function here, and the first that fits the parser's
complaint and the lines before it is shown; the words of the parser are the last resort.
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
_PAIR: Final = re.compile(r"(?P<key>[a-z_][a-z0-9_-]*)\s+(?P<value>\S.*)")
_NEXT_KEY: Final = re.compile(r"[{,]\s*[\w-]+:\s+(?:\"[^\"]*\"|'[^']*'|[^\s,]+)\s+(?P<next>[a-z_][\w-]*)\s*\Z")
_COMPARED: Final = re.compile(r":\s*(?P<value>[<>]=?\s*[^,}#]*[^,}#\s])")
_LONGEST: Final = 5000
"""Characters of a line that somebody wrote by hand."""
_CLOSING: Final = {"{": "}", "[": "]"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What the parser says, and of which place; `began` is where it began to read what it could not finish.

    Lines and columns count from 1; a line of 0 is none.
    """

    texts: Sequence[str]
    problem: str
    line: int
    column: int
    began_line: int
    began_column: int

    @property
    def text(self) -> str:
        """The line of the place."""
        return self.texts[self.line - 1] if 0 < self.line <= len(self.texts) else ""

    @property
    def found(self) -> str:
        """The character at the place."""
        return self.text[self.column - 1 : self.column]


def explained(complaint: Complaint) -> Slip:
    """Return what is wrong, where, and how to mend it."""
    for look in _LOOKS if len(complaint.text) <= _LONGEST else ():
        slip = look(complaint)
        if slip is not None:
            return slip
    return _slip(complaint.line or 1, complaint.column - 1, complaint.problem, None)


def _left_by_a_merge(given: Complaint) -> Slip | None:
    for number, text in enumerate(given.texts, 1):
        if _MERGE.match(text):
            hint = "keep one of the two versions, and delete the three lines of marks"
            return _slip(number, 0, "this is the mark of a merge that is not finished", hint, len(text))
    return None


def _tab(given: Complaint) -> Slip | None:
    for number, text in enumerate(given.texts[: given.line], 1):
        indentation = text[: len(text) - len(text.lstrip(" \t"))]
        if "\t" in indentation and text.strip():
            hint = "indent with spaces; YAML does not allow tabs"
            return _slip(number, indentation.index("\t"), "a tab indents this line", hint)
    if given.found == "\t" or " tab " in given.problem:
        return _slip(given.line, given.column - 1, "a tab stands where YAML wants spaces", "put a space in its place")
    return None


def _odd_blank(given: Complaint) -> Slip | None:
    for number, text in enumerate(given.texts[: given.line], 1):
        match = _BEFORE_VALUE.match(text)
        if match is not None:
            return odd_blank(number, match.end(), text[match.end()])
    return None


def odd_blank(number: int, offset: int, blank: str) -> Slip:
    """Return the slip of a character that looks like a blank, or like nothing, and is none to YAML."""
    message = f"the character U+{ord(blank):04X} stands here, which only looks like a space"
    hint = "put a plain space in its place; it comes along with text that is copied from a page"
    if blank in "\u200b\ufeff":
        message = f"the invisible character U+{ord(blank):04X} stands here"
        hint = "delete it; it comes along with text that is copied from a page"
    return _slip(number, offset, message, hint)


def _open_quote(given: Complaint) -> Slip | None:
    """Look for a quotation mark that its line does not close: it takes in lines that have keys of their own."""
    for number, text in enumerate(given.texts[: given.line], 1):
        slip = open_quote(number, text, given.texts[number : number + 1])
        if slip is not None:
            return slip
    return None


def open_quote(number: int, text: str, following: Sequence[str]) -> Slip | None:
    """Return the slip of a line whose quotation mark is not closed, where the next line is one of its own."""
    if text.lstrip().startswith("#"):
        return None
    found = scan(text)
    if found.open_quote is None:
        return None
    after = line(number + 1, following[0]) if following else None
    if after is not None and after.text.strip() and after.key is None and not after.dashed:
        return None
    mark, rest = text[found.open_quote], text[found.open_quote + 1 :].rstrip()
    inside = rest.rstrip("}],").rstrip() if found.opened else rest
    if inside and inside[-1] in QUOTES and inside[-1] != mark:
        message = f"this text begins with `{mark}` and ends with `{inside[-1]}`"
        return _slip(number, found.open_quote, message, f"write `{_quoted(inside[:-1])}`", len(inside) + 1)
    hint = f"close it: `{_quoted(inside)}`" if inside else "close it, or take it out"
    return _slip(number, found.open_quote, "this quotation mark is not closed", hint, len(inside) + 1)


def _behind_a_quote(given: Complaint) -> Slip | None:
    """Look for text behind a closed quotation mark: a comma, an apostrophe, a quotation mark within the text."""
    found = scan(given.text)
    if found.behind is None or found.behind > given.column + 1:
        return None
    text, mark = given.text, given.text[found.quote]
    if text[found.behind] == "," and not text[found.behind + 1 :].strip():
        hint = "take it out; commas part what stands in braces or brackets"
        return _slip(given.line, found.behind, "a comma ends this line", hint)
    last = text.rfind(mark)
    whole = text[found.quote + 1 : last] if last > found.behind else ""
    following = re.split(rf"[\s{mark}]", text[found.behind :])[0] or text[found.behind]
    message = f"a `{mark}` within the text ends it before `{following}`"
    hint = f"write `{_quoted(whole)}`" if whole else f"take out what stands behind the closing `{mark}`"
    return _slip(given.line, found.quote, message, hint, found.behind - found.quote)


def _comparator(given: Complaint) -> Slip | None:
    if not (given.problem.endswith(("cannot start any token", "comment or line break"))):
        return None
    match = next((one for one in _COMPARED.finditer(given.text) if one.start("value") <= given.column), None)
    if match is None:
        return None
    value = match["value"]
    message = f"a value cannot begin with `{value[0]}`, which YAML takes for a sign of its own"
    return _slip(given.line, match.start("value"), message, f"quote the limit: `{_quoted(value)}`", len(value))


def _special_beginning(given: Complaint) -> Slip | None:
    if not given.problem.endswith("cannot start any token"):
        return None
    rest = re.split(r"\s#|[,}\]]", given.text[given.column - 1 :])[0].rstrip()
    message = f"a value cannot begin with `{given.found}`"
    return _slip(given.line, given.column - 1, message, f"quote it: `{_quoted(rest)}`", len(rest))


def _no_colon(given: Complaint) -> Slip | None:
    """Look for a line without a colon, which the parser misses in the next line."""
    began = given.began_line if "could not find expected ':'" in given.problem else _above_without_key(given)
    if not began:
        return None
    text = given.texts[began - 1]
    words, start = text.strip(), len(text) - len(text.lstrip())
    previous = next((one for one in reversed([*lines(given.texts[: began - 1])])), None)
    for pattern, message in (
        (_NO_BLANK, "no space stands behind the colon"),
        (_EQUALS, "`=` stands in place of a colon"),
    ):
        match = pattern.fullmatch(words)
        if match is not None:
            hint = f"write `{match['key']}: {match['value']}`"
            return _slip(began, start, message, hint, len(words))
    message, hint = "this line has no colon", "every line has a key, a colon and a value, or belongs to a list"
    if previous is not None and previous.parent and previous.indent >= start:
        message = f"this line has no key, and is not indented below `{previous.key}`"
        hint = f"write it behind the colon: `{previous.key}: {words}`"
    elif _WORD.match(words):
        hint = f"write `{words}:`"
    elif (pair := _PAIR.match(words)) is not None:
        hint = f"write `{pair['key']}: {pair['value']}`"
    return _slip(began, start, message, hint, len(words))


def _above_without_key(given: Complaint) -> int:
    """Return the line above, where it has no key and the parser takes the next one for its continuation; else 0."""
    if "mapping values are not allowed" not in given.problem:
        return 0
    above = [*lines(given.texts[: given.line])][-2:]
    if len(above) < 2 or above[0].key is not None or above[0].dashed or above[0].indent != above[1].indent:
        return 0
    return above[0].number


def _two_colons(given: Complaint) -> Slip | None:
    """Look for a colon within a text, or a comma that is missing before the next key."""
    inside = "',' or" in given.problem and given.found == ":" and given.began_line == given.line
    if not inside and "mapping values are not allowed" not in given.problem:
        return None
    before = given.text[: given.column - 1]
    missing = _NEXT_KEY.search(before) if inside else None
    if missing is not None:
        at = missing.start("next")
        return _slip(
            given.line,
            at,
            f"a comma is missing before `{missing['next']}`",
            "put a comma in front of it",
            len(missing["next"]),
        )
    first = re.search(r"(?P<key>[^\s{,:\"']+):\s+(?P<value>[^,{:]*)\Z", before)
    if first is None:
        return None
    rest = re.split(
        r"[,}]|\s#", given.text[first.start("value") :] if inside else given.text[first.start("value") :] + "\n"
    )
    whole = (rest[0] if inside else re.split(r"\s#", given.text[first.start("value") :])[0]).rstrip()
    if not inside and whole.endswith("}") and whole.count("}") > whole.count("{"):
        hint = f"write `{first['key']}: {{{whole}`"
        return _slip(given.line, first.start("value"), "`{` is missing where this begins", hint, len(whole))
    message = "a colon before a space ends a text that is not quoted"
    return _slip(given.line, first.start("value"), message, f"quote it: `{first['key']}: {_quoted(whole)}`", len(whole))


def _brackets(given: Complaint) -> Slip | None:
    """Look for a bracket that is not closed, or by another one, or twice, or that stands in a text without quotes."""
    if "did not find expected key" in given.problem and given.found in "}]" and given.found:
        message = f"this `{given.found}` closes a bracket that is not open"
        return _slip(given.line, given.column - 1, message, "take it out")
    if "',' or" not in given.problem or not given.began_line:
        return None
    opening = given.texts[given.began_line - 1][given.began_column - 1 : given.began_column]
    closing = _CLOSING.get(opening, "")
    if given.began_line != given.line:
        end = len(given.texts[given.began_line - 1].rstrip())
        message, hint = f"this `{opening}` is not closed", f"put a `{closing}` where it ends"
        return _slip(given.began_line, given.began_column - 1, message, hint, end - given.began_column + 1)
    if given.found and given.found in "}]":
        message = f"a `{given.found}` closes what a `{opening}` opens"
        return _slip(given.line, given.column - 1, message, f"write `{closing}`")
    word = re.search(r"[^\s,{\[]*\Z", given.text[: given.column - 1])
    end = given.text.find("}", given.column)
    if given.found in {"{", "["} and word and end > 0:
        whole = given.text[word.start() : end + 1]
        message = f"a `{given.found}` in a text that is not quoted begins something of its own"
        return _slip(given.line, word.start(), message, f"quote it: `{_quoted(whole)}`", len(whole))
    return None


def _document_end(given: Complaint) -> Slip | None:
    if "<document start>" not in given.problem:
        return None
    for number, text in enumerate(given.texts[: given.line], 1):
        if text.rstrip() == "...":
            return _slip(number, 0, "`...` ends the document, and more stands below", "take it out", 3)
    return None


def _list_beside_keys(given: Complaint) -> Slip | None:
    if "'-' indicator" not in given.problem or not given.began_line:
        return None
    if given.text.lstrip().startswith("- "):
        spaces, own = given.began_column - 1, given.column - 1
        parent = next((one for one in reversed([*lines(given.texts[: given.began_line - 1])]) if one.parent), None)
        if parent is not None and own in {parent.indent, parent.indent + _STEP} and spaces < own:
            message = f"this item stands not far enough in: {spaces} spaces where {own} fit"
            hint = f"indent it by {own} spaces, as the items below are"
            return _slip(given.began_line, given.began_column - 1, message, hint)
        message = f"this item stands too far in: {given.column - 1} spaces where {spaces} fit"
        return _slip(given.line, given.column - 1, message, f"indent it by {spaces} spaces, as the items above are")
    message = "a dash begins a list here, and keys stand beside it further down"
    return _slip(given.began_line, given.began_column - 1, message, "take the dashes out; keys stand without")


_STEP: Final = 2


def _escape(given: Complaint) -> Slip | None:
    if "escape" not in given.problem:
        return None
    found = re.search(r"\"(?P<text>(?:[^\"\\]|\\.)*)\"", given.text)
    hint = f"write `'{found['text']}'`" if found and "'" not in found["text"] else "write two backslashes for one"
    message = f"`{given.text[given.column - 1 : given.column + 1]}` means nothing within double quotes"
    return _slip(given.line, given.column - 1, message, hint, 2)


def _indentation(given: Complaint) -> Slip | None:
    return misindented([*lines(given.texts[: given.line])])


_LOOKS: Final = (
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
    """Return a text as YAML in quotation marks that do not occur in it, where there are any."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _slip(number: int, offset: int, message: str, hint: str | None, length: int = 1) -> Slip:
    return Slip(line=number, column=offset + 1, end_column=offset + 1 + max(1, length), message=message, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mended:
    """What is odd about a text that YAML accepts, and the text that its author most probably meant."""

    message: str
    hint: str
    text: str


_CURLY: Final = "“”„‟‘’‚‛«»‹›"
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")


def mended(text: str) -> Mended | None:
    """Return what is odd about a text without quotation marks: marks that YAML does not know, or only one."""
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


def glued(key: str) -> Mended | None:
    """Return the slip of a key without a value in which a colon has no blank behind it; else None."""
    match = _NO_BLANK.fullmatch(key)
    if match is None:
        return None
    whole = f"{match['key']}: {match['value']}"
    return Mended(message="no space stands behind the colon", hint=f"write `{whole}`", text=match["value"])


def unparted(key: str) -> tuple[str, Mended] | None:
    """Return the key, and the slip, of one in braces that has taken in its value, because no colon parts them."""
    match = _QUOTED_VALUE.fullmatch(key)
    if match is None:
        return None
    hint = f"write `{match['key']}: {match['value']}`"
    return match["key"], Mended(
        message=f"no colon stands behind `{match['key']}`", hint=hint, text=match["value"][1:-1]
    )


def odd_key(key: str) -> Mended | None:
    """Return the slip of a key that holds a character which only looks like a blank, or like nothing; else None."""
    odd = _ODD_BLANK.search(key)
    if odd is None:
        return None
    slip = odd_blank(1, 0, odd.group())
    return Mended(message=slip.message, hint=slip.hint or "", text=_ODD_BLANK.sub("", key))
