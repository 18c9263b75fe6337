"""Find the names in a text that tell what the text is about.

`placing` and `scope` use this module. A name counts if it matches whole words of the text. A word with other meanings,
such as "data" or "test", counts only in a place for names: behind a preposition, before a colon, in brackets, or beside
a kind of thing or a quantity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from compiler.guides.vocabulary import vocabulary
from compiler.subjects.words import parts, stem, words

_WORD_BEGINS: Final = r"(?<![\w.@-])"
_WORD_ENDS: Final = r"(?![\w@])(?!-\w)(?!\.\w)"
_PATH: Final = re.compile(r"(?<![\w<>:/.])/(?:[\w.{}:*+@-]+/?)+")
_CODE: Final = re.compile(r"(?<![\w/.@-])[A-Za-z][\w.:@-]*\w")
_CODED: Final = re.compile(r"[\d_.:-]")
_URL: Final = re.compile(r"\b\w+://\S+")
_DIGITS: Final = re.compile(r"\d+")
_MATCHES_NOTHING: Final = re.compile(r"(?!)")
ADDRESS: Final = re.compile(r"\d+(?:\.\d+){3}(?::\d+)?")
_FILE: Final = re.compile(r"\.\w{1,5}/?$")
_REGION: Final = re.compile(
    r"[a-z]{2,3}-(?:gov-)?(?:north|south|east|west|central|northeast|southeast|northwest|southwest)-?\d?"
)
_MOST_CHARACTERS: Final = 80
"""Characters of a name, and of a pattern for names."""
# A repetition inside a repetition, and sets that Go and Python write differently.
_NESTED: Final = re.compile(r"[*+}][^()]*\)[*+{]|\[\[|\[:")
_NO_WORDS: Final = re.compile(r"[\W_]*")
_NEAR: Final = 300
"""Characters on either side of a name that can decide what it means."""
_MOST_WORDS: Final = 6
"""The most words of a heading, a label or a cell; such a short text is about whatever it names."""

_ARTICLE: Final = r"(?:(?:the|our|its|an?|each|every|both|whole) +)?"
_PREPOSITION: Final = re.compile(
    rf"\b(?:in|on|of|at|for|from|to|within|per|inside|and|or) +{_ARTICLE}[`\"'“(]*$", re.IGNORECASE
)
_LABEL: Final = re.compile(r"[`\"'”)\]*]* *(?:[:=|<>≥≤]|[–—→-] |$|[-=]>|(?:at )?\d)")
_BEGIN: Final = re.compile(rf"(?:^ *|[:;,.|(–—/] ?){_ARTICLE}[`\"'“]*$", re.IGNORECASE)
_AFTER_ARTICLE: Final = re.compile(r"(?:^ *|[:;,.|(–—] ?|\b(?:if|when|and|or) )(?:the|our) +[`\"'“]*$", re.IGNORECASE)
_OPEN: Final = re.compile(r"[(\[] *[`\"'“]*$")
_CLOSED: Final = re.compile(r"[`\"'”]* *[)\],]")
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_ROOT: Final = re.compile(
    r"\broot +(?:partition|volume|disk|mount|file ?system|drive|fs)\b"
    r"|(?:\b(?:on|of|for|at|in|partition|volume|disk|mount|file ?system) +[`\"'“]?|^[`\"'“ ]*|[`\"'“]"
    r"|\b(?:and|or|if|when|once|while) +|[,;:] +|(?<=[^\W\d]) (?=/ (?:is|has|gets|fills|reaches|exceeds)\b))"
    r"(?P<root>/)(?=[`\"'”\s,:;.)]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A name of a dimension, as the facets write it, and the pattern that finds it in a text.

    A `plain` word may mean something else; a `vague` one often does.
    """

    name: str
    pattern: re.Pattern[str]
    plain: bool
    vague: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """A name at its place in a text; an empty name stands for everything.

    `sure` is set if it can hardly mean anything else, `but` if the text means everything except this name, and
    `strange` if no alert has it. The name `ELSEWHERE` stands for everything but the names beside it, the `others`.
    """

    start: int
    end: int
    name: str
    written: str
    sure: bool
    but: bool = False
    strange: bool = False
    others: frozenset[str] = frozenset()


ELSEWHERE: Final = "*"
"""The name of everything but the names beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The names that tell what a statement is about in one dimension; if `but` is set, it is about everything else.

    `written` are the guide's words for them. If there are no names, the statement is about everything.
    """

    names: frozenset[str]
    written: tuple[str, ...]
    sure: bool
    but: bool = False


def named(occurrences: Sequence[Occurrence]) -> Named | None:
    """Return what some occurrences say together, or None if there are none."""
    if not occurrences:
        return None
    meant = [occurrence for occurrence in occurrences if not occurrence.but] or list(occurrences)
    everything = any(not occurrence.name for occurrence in meant)
    if (
        everything
        and not any(occurrence.name for occurrence in meant)
        and any(occurrence.but for occurrence in occurrences)
    ):
        # "Everywhere except in staging".
        meant, everything = [occurrence for occurrence in occurrences if occurrence.but], False
    return Named(
        names=frozenset()
        if everything
        else frozenset(name for occurrence in meant for name in occurrence.others or {occurrence.name}),
        written=tuple(dict.fromkeys(occurrence.written for occurrence in meant)),
        sure=any(occurrence.sure for occurrence in meant),
        but=meant[0].but and not everything,
    )


def known_value(value: str) -> Iterator[Known]:
    """Yield the names of one value of a label: the whole value, and a host's name without its port and its domain."""
    if value.isdecimal():
        # "Shard 1" is a name, "1" alone is not.
        yield Known(name=value.lstrip("0") or "0", pattern=_MATCHES_NOTHING, plain=False, vague=False)
        return
    if value in words().methods:
        yield Known(
            name=value, pattern=re.compile(rf"{_WORD_BEGINS}{value.upper()}{_WORD_ENDS}"), plain=False, vague=False
        )
        return
    forms = [value]
    if "/" not in value and not ADDRESS.fullmatch(value):
        host = value.partition(":")[0]
        forms += [host, host.partition(".")[0]]
    for form in dict.fromkeys(form for form in forms if form):
        plain = form.isalpha()
        yield Known(name=form, pattern=_spelled(form), plain=plain, vague=plain and stem(form) in words().generic)


def known_word(word: str, *, name: str | None = None, vague: bool = False) -> Known:
    """Return one word of a value or a title as a name; `name` is set if the facets use another name."""
    pattern = re.compile(rf"{_WORD_BEGINS}{re.escape(stem(word))}(?:s|['’]s)?{_WORD_ENDS}", re.IGNORECASE)
    return Known(name=name or stem(word), pattern=pattern, plain=True, vague=vague or stem(word) in words().generic)


def known_environments() -> Iterator[Known]:
    """Yield all environments in all spellings."""
    for spellings, name in vocabulary().environments:
        for text in spellings:
            pattern = re.compile(rf"{_WORD_BEGINS}(?P<non>non-?)?(?:{text})(?:['’]s)?{_WORD_ENDS}", re.IGNORECASE)
            yield Known(name=name, pattern=pattern, plain=True, vague=text in words().generic)


def _spelled(value: str) -> re.Pattern[str]:
    if value == "/":
        return _ROOT
    if "/" in value:
        return re.compile(rf"(?<![\w/.>]){re.escape(value.rstrip('/'))}/?(?![\w{{]|-\w|\.\w|/\w)", re.IGNORECASE)
    pieces = [re.escape(piece) for piece in re.split(r"[-_ ]", value)]
    return re.compile(rf"{_WORD_BEGINS}{'[-_ ]?'.join(pieces)}(?:['’]s)?{_WORD_ENDS}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one dimension; `patterns` are expressions for further names, `paths` is set if a name is a path."""

    dimension: str
    known: tuple[Known, ...]
    patterns: tuple[str, ...] = ()
    paths: bool = False


def occurrences(text: str, names: Names) -> list[Occurrence]:
    """Return the names of one dimension in a text, in order; if two overlap, the longer one."""
    without_urls = _URL.sub(_blank, text)
    without_paths = _PATH.sub(_blank, without_urls)
    recognised = [
        occurrence
        for name in names.known
        for match in name.pattern.finditer(without_urls if "/" in name.name else without_paths)
        for occurrence in _occurrence(text, match, name)
    ]
    recognised += _numbered(without_paths, names)
    strangers = (*_strange_paths(without_urls, paths=names.paths), *_strange_codes(without_paths, names))
    unknown = [
        stranger
        for stranger in strangers
        if not any(occurrence.start <= stranger.start < occurrence.end for occurrence in recognised)
    ]
    return _without_overlaps([*recognised, *unknown, *_everything(without_paths, names.dimension)])


def _numbered(text: str, names: Names) -> Iterator[Occurrence]:
    """Yield the numbers that name things of the label's kind, as in "shard 1" and "partitions 3 and 4"."""
    known_numbers = {known.name for known in names.known if known.name.isdecimal()}
    pattern = _number_of(names.dimension) if known_numbers else None
    for match in pattern.finditer(text) if pattern else ():
        start = match.start("first")
        end = match.end("several") if match["several"] else match.end("first")
        for number in _DIGITS.finditer(text, start, end):
            name = number.group().lstrip("0") or "0"
            yield Occurrence(
                start=match.start() if number.start() == start else number.start(),
                end=number.end(),
                name=name,
                written=f"{match['kind']} {number.group()}",
                sure=True,
                strange=name not in known_numbers,
            )


@lru_cache(maxsize=256)
def _number_of(label: str) -> re.Pattern[str] | None:
    """Return the pattern for numbered things of a label's kind: "shard 1" for `shard_id`."""
    kinds = "|".join(map(re.escape, dict.fromkeys(map(stem, parts(label)))))
    number = r"\d{1,6}(?![\w%]|[.,]\d)"
    return re.compile(
        rf"(?<![\w-])(?P<kind>{kinds})(?:s|es)?[`\"'*]*(?:[ -]|(?: ?(?:no\.?|number|id|nr\.?))? ?[#=:]? ?)[`\"'#(]*"
        rf"(?P<first>{number})(?P<several>(?:(?:,|/| ?&|,? and|,? or) ?{number}(?! ?(?:%|ms|s|min)\b))*)",
        re.IGNORECASE,
    )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _everything(text: str, dimension: str) -> Iterator[Occurrence]:
    """Yield the words of a text for all values of a dimension, and for all values but those named beside them."""
    for dimensions, pattern in words().everything:
        for match in pattern.finditer(text) if dimensions.fullmatch(dimension) else ():
            yield Occurrence(start=match.start(), end=match.end(), name="", written=match.group(), sure=True)
    for dimensions, pattern in words().elsewhere:
        for match in pattern.finditer(text) if dimensions.fullmatch(dimension) else ():
            start, end = match.span()
            yield Occurrence(start=start, end=end, name=ELSEWHERE, written=match.group(), sure=True, but=True)


def _occurrence(text: str, match: re.Match[str], known: Known) -> Iterator[Occurrence]:
    start, end = match.span("root") if match.re is _ROOT and match["root"] else match.span()
    before, behind = _beside(text, start, end)
    if words().compared.search(before) or (known.plain and words().people.match(behind)):
        return
    framed = is_framed(text, start, end)
    is_short = len(text.split()) <= _MOST_WORDS
    if known.vague and not framed:
        return
    is_distinct = not known.plain or len(known.name) > 2 or match.group().isupper() or framed_by_kind(text, start, end)
    if not is_distinct:
        return
    is_negated = "non" in match.re.groupindex and match["non"] is not None
    yield Occurrence(
        start=start,
        end=end,
        name="" if words().including.search(before) or words().too.match(behind) else known.name,
        written=_POSSESSIVE.sub("", text[start:end]).strip(),
        sure=not known.plain or framed or (is_short and not known.vague),
        but=is_negated or bool(words().excepted.search(before)),
    )


def is_framed(text: str, start: int, end: int) -> bool:
    """Return whether a word stands in a place for names."""
    before, behind = _beside(text, start, end)
    if _NO_WORDS.fullmatch(before) and _NO_WORDS.fullmatch(behind):
        return True
    if _PREPOSITION.search(before) and not _noun_follows(behind):
        return True
    if _OPEN.search(before) and _CLOSED.match(behind):
        return True
    if _BEGIN.search(before) and (_LABEL.match(behind) or (stem(text[start:end]) not in words().generic)):
        return True
    if _AFTER_ARTICLE.search(before) and stem(text[start:end]) in words().things and not _noun_follows(behind):
        return True
    return framed_by_kind(text, start, end) or _POSSESSIVE.match(behind) is not None or _is_measured(behind)


def _noun_follows(behind: str) -> bool:
    """Return whether the next word forms a compound with a name, as in "of data loss" and "of test runs"."""
    word = re.match(r" +([a-z]+)", behind)
    if word is None or re.match(rf" +{words().kinds}\b", behind, re.IGNORECASE) or _is_measured(behind):
        return False
    return not _FUNCTION_WORD.fullmatch(word[1])


_FUNCTION_WORD: Final = re.compile(
    r"(?:a|an|the|is|are|was|be|has|have|may|must|should|can|will|if|when|once|while|and|or|but|at|above|below|over|under|more"
    r"|less|fewer|for|with|by|in|on|of|to|than|that|which|we|it|they|this|exceeds?|reach(?:es)?|rises?|falls?|drops?|goes|gets|stays?"
    r"|pages?|warns?|alerts?|fires?|takes?|needs?|only|alone|also|too|respectively|warning|critical|emergency|info|where|as|from|up)"
)


def framed_by_kind(text: str, start: int, end: int) -> bool:
    """Return whether a kind of thing stands beside a word: "the data volume", "queue `mails`"."""
    kinds = words().kinds
    before, behind = _beside(text, start, end)
    return bool(
        re.match(rf"[`\"'”]* +(?:{kinds})\b", behind, re.IGNORECASE)
        or re.search(rf"\b(?:{kinds})(?: (?:named|called))? *:? *[`\"'“(]*$", before, re.IGNORECASE)
    )


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the text before and behind a place, as much of it as can decide what a name means."""
    return text[max(0, start - _NEAR) : start], text[end : end + _NEAR]


def _is_measured(behind: str) -> bool:
    """Return whether a quantity is named directly behind a word, as in "checkout latency"."""
    separator = re.match(r"[`\"'”]* +", behind)
    if separator is None:
        return False
    next_words = behind[separator.end() :].replace("_", " ")
    return any(quantity.pattern.match(next_words) for quantity in vocabulary().quantities)


def _strange_paths(text: str, *, paths: bool) -> Iterator[Occurrence]:
    """Yield all paths in places for names; the caller drops those that are known."""
    for match in _PATH.finditer(text) if paths else ():
        path = match.group().rstrip(".:,").lower()
        start, end = match.start(), match.start() + len(path)
        if not _FILE.search(path) and (is_framed(text, start, end) or len(text.split()) <= _MOST_WORDS):
            name = path.rstrip("/") or "/"
            yield Occurrence(start=start, end=end, name=name, written=path, sure=True, strange=True)


def _strange_codes(text: str, names: Names) -> Iterator[Occurrence]:
    """Yield the words that a value's pattern matches, and those that look like a known name: `db-3` beside `db-1`."""
    forms = {_DIGITS.sub("0", known.name) for known in names.known if _has_digit(known.name)}
    regions = any(_REGION.fullmatch(known.name) for known in names.known)
    for match in _CODE.finditer(text):
        name = match.group().lower()
        if len(name) > _MOST_CHARACTERS or not (_CODED.search(name) or _has_digit(name)):
            continue
        is_alike = _has_digit(name) and _DIGITS.sub("0", name) in forms
        is_region = regions and _REGION.fullmatch(name) is not None
        if is_alike or is_region or any(fits(pattern, name) for pattern in names.patterns):
            start, end = match.span()
            yield Occurrence(start=start, end=end, name=name, written=match.group(), sure=True, strange=True)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a matcher's compiled pattern; None if it is not supported here, or might take long."""
    if len(pattern) > _MOST_CHARACTERS or _NESTED.search(pattern):
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None


def fits(pattern: str, name: str) -> bool:
    """Return whether a matcher's pattern matches a whole name, as in Prometheus; if unsupported, it matches none."""
    compiled = _compiled(pattern)
    return compiled is not None and compiled.fullmatch(name) is not None


def leading(pattern: str) -> str:
    """Return the folder of all paths that a matcher's pattern matches: "/api" for `/api/.+`; empty if there is none."""
    match = _LEADING.match(pattern)
    return "" if match is None else match["path"].rpartition("/")[0] if match["more"] else match["path"]


_LEADING: Final = re.compile(r"\^?(?P<path>/[\w/.-]*?)(?P<more>\.?[*+?({\[|\\]|\$?$)")


def _without_overlaps(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    kept: list[Occurrence] = []
    for candidate in sorted(occurrences, key=lambda occurrence: (occurrence.start - occurrence.end, occurrence.start)):
        if all(candidate.end <= longer.start or candidate.start >= longer.end for longer in kept):
            kept.append(candidate)
    return sorted(kept, key=lambda occurrence: occurrence.start)


def telling(titles: Sequence[Sequence[str]], buts: Sequence[bool], *, of_signals: bool) -> list[frozenset[str]]:
    """Return, for each title, the words that distinguish it: those that some other title does not have.

    Each title consists of texts. In titles of signals, words that name a measure do not count. `buts` says of each
    title whether it names what is excluded; such a title does not decide which words all titles have.
    """
    words_by_title = [
        {stem(word) for text in texts for word in parts(text) if _tells(word, of_signals=of_signals)}
        for texts in titles
    ]
    included = [title_words for title_words, but in zip(words_by_title, buts, strict=True) if not but]
    common = set.intersection(*included) if len(included) > 1 else set()
    return [frozenset(title_words - common) for title_words in words_by_title]


def _tells(word: str, *, of_signals: bool) -> bool:
    lexicon = words()
    if lexicon.hollow.fullmatch(word) or vocabulary().environment(word) is not None or not any(map(str.isalpha, word)):
        return False
    return not (of_signals and lexicon.measures.fullmatch(word))
