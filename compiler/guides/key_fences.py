"""Keys and values in a fence of a guide, YAML or something like it, → passages; used by `fences`.

The lines need not be whole YAML: indents alone tell what belongs to what. A value is a limit by its key ("critical",
"threshold" among alerts), or by a comparator of its own; all other keys and values are settings and samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final

from compiler.guides.passage import LONGEST, Passage, apart, inherited
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

LANGUAGES: Final = frozenset({"", "yaml", "yml", "text", "txt", "plain", "plaintext"})
"""The languages of a fence that may hold keys and values in prose's stead; JSON and TOML are settings."""

_ROLES: Final = ("name", "severity", "hold", "sign")
_MOST_NAMES: Final = 3
_DEEPEST: Final = 8
_LONGEST_VALUE: Final = 400
# No key of a guide is longer; a longer line is text.
_KEY_LENGTH: Final = 60
_KEY: Final = re.compile(r"[A-Za-z][\w %/().&-]*")
_VALUE: Final = re.compile(
    rf"(?P<sign>{vocabulary().before.pattern}\s*)?[~$]?\d[\d.,]*\s*(?P<unit>[%A-Za-zµ/]*)", re.IGNORECASE
)
_BLOCK_SCALARS: Final = frozenset({"", "|", ">", ">-", "|-"})


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A key and its value, with the comment behind it, the last comment over it, and the line on which they stand."""

    key: str
    value: str
    comment: str
    title: str
    line: int


@dataclass(kw_only=True)
class _Block:
    """What lies deeper than a key, or is one item of a list."""

    key: str
    indent: int
    parent: _Block | None
    pairs: list[_Pair] = field(default_factory=list)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The nearest keys over the block's own pairs, nearest first."""
        own = (self.key,) if self.key else ()
        return (*own, *(self.parent.keys if self.parent else ()))[:_DEEPEST]

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """The values of the block whose keys have a role, by role; asked for when the block is complete."""
        return {role: " ".join(apart(pair.value) for pair in self._with(role)) for role in _ROLES}

    def _with(self, role: str) -> Iterator[_Pair]:
        pattern = vocabulary().keys[role]
        return islice((pair for pair in self.pairs if pattern.search(pair.key)), _MOST_NAMES)


def keys_and_values(lines: Sequence[str], first: int, above: tuple[str, ...], *, items: bool) -> Iterator[Passage]:
    """Yield the limits among keys and values, in their order; `items` says whether those of list items count, too."""
    for block, pair in _pairs(lines, first, items=items):
        passage = _passage(block, pair, above)
        if passage is not None:
            yield passage


def _pairs(lines: Sequence[str], first: int, *, items: bool) -> list[tuple[_Block, _Pair]]:
    found: list[tuple[_Block, _Pair]] = []
    block, title = _Block(key="", indent=-1, parent=None), ""
    for number, line in enumerate(lines, first):
        words = line.strip()[:LONGEST]
        indent = len(line) - len(line.lstrip())
        while words and block.parent is not None and block.indent >= indent:
            block = block.parent
        title = words.strip("#- ") if words.startswith("#") else title
        if words.startswith("- "):
            if not items:
                continue
            block = _Block(key="", indent=indent, parent=block)
            words, indent = words[2:].strip(), indent + 2
        pair = _pair(words, title, number)
        if pair is not None and pair.value in _BLOCK_SCALARS:
            block = _Block(key=pair.key, indent=indent, parent=block)
        elif pair is not None:
            block.pairs.append(pair)
            found.append((block, pair))
    return found


def _pair(words: str, title: str, line: int) -> _Pair | None:
    key, colon, rest = words.partition(":")
    key = key.strip().strip("'\"*")
    if not colon or len(key) > _KEY_LENGTH or not _KEY.fullmatch(key) or (rest and not rest[0].isspace()):
        return None
    if len(rest) > _LONGEST_VALUE:
        return None
    value, _, comment = rest.partition(" #")
    return _Pair(key=apart(key), value=value.strip().strip("'\","), comment=comment.strip(), title=title, line=line)


def _passage(block: _Block, pair: _Pair, above: tuple[str, ...]) -> Passage | None:
    keys = vocabulary().keys
    over = (pair.key, *block.keys)
    if any(keys["other"].search(key) for key in over):
        return None
    whole = " ".join((*reversed(block.keys), block.roles["name"], pair.key)).strip()
    graded = f"severity {block.roles['severity']}"
    said = (pair.title, pair.comment, graded)
    told = bool(keys["alarm"].search(" ".join((*over, *above[:2])))) or inherited(said)[0] != NO_SEVERITY
    is_text = bool(keys["condition"].search(pair.key))
    if not is_text and not _is_limit(pair, whole, told=told, graded=inherited(_grading(over)) != (NO_SEVERITY, False)):
        return None
    titles = (pair.title, *above) if pair.title else above
    grading = (*_grading([pair.key]), pair.comment, graded, *_grading(block.keys), *titles)
    severity, target = inherited(grading)
    return Passage(
        text=pair.value,
        starts=((0, pair.line),),
        severity=severity,
        target=target,
        above=(whole, *titles),
        bare=not is_text,
        for_words=block.roles["hold"],
        unit=vocabulary().unit_of_name(pair.key, block.roles["name"], block.key, f"({pair.comment.split(' ')[0]})"),
        sign=block.roles["sign"] or None,
    )


def _grading(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys that may tell a severity: "low" and "high" are the ends of a range."""
    known = vocabulary().severities
    return tuple(key for key in keys if known.label(key) == NO_SEVERITY or known.bracketed(key) != NO_SEVERITY)


def _is_limit(pair: _Pair, whole: str, *, told: bool, graded: bool) -> bool:
    """Return whether a value is a limit; `told` is set among alerts, `graded` where a key is a severity or a target."""
    known = vocabulary()
    found = _VALUE.match(pair.value)
    if found is None:
        return False
    written = bool(found["sign"] or found["unit"])
    if known.severities.bracketed(pair.key) != NO_SEVERITY:
        return written or any(one.pattern.search(whole) for one in known.quantities)
    if known.targets.search(pair.key):
        return written
    if known.keys["threshold"].search(pair.key):
        return told and (written or bool(known.keys["threshold"].fullmatch(pair.key)))
    return bool(found["sign"] and found["unit"] and (told or graded))
