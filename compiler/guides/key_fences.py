"""Read keys and values in a fence of a guide, in YAML or a similar form, into passages.

The lines may be incomplete YAML: the indents alone decide which key belongs to which block. A value is a limit
because of its key ("critical", or "threshold" among alerts) or because of its own comparator. All other keys and values
are settings and samples. `fences` uses this module.
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
"""The languages of a fence in which keys and values may document limits; JSON and TOML hold settings."""

_ROLES: Final = ("name", "severity", "hold", "sign")
_MOST_NAMES: Final = 3
_DEEPEST: Final = 8
_LONGEST_VALUE: Final = 400
# A longer key is no key; its line is text.
_KEY_LENGTH: Final = 60
_KEY: Final = re.compile(r"[A-Za-z][\w %/().&-]*")
_VALUE: Final = re.compile(
    rf"(?P<sign>{vocabulary().before.pattern}\s*)?[~$]?\d[\d.,]*\s*(?P<unit>[%A-Za-zµ/]*)", re.IGNORECASE
)
_BLOCK_SCALARS: Final = frozenset({"", "|", ">", ">-", "|-"})


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A key and its value, the comment behind them, the last comment over them (`title`), and their line."""

    key: str
    value: str
    comment: str
    title: str
    line: int


@dataclass(kw_only=True)
class _Block:
    """The pairs that belong to a key, or to one item of a list."""

    key: str
    indent: int
    parent: _Block | None
    pairs: list[_Pair] = field(default_factory=list)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """At most `_DEEPEST` keys over the block's own pairs, nearest first."""
        own = (self.key,) if self.key else ()
        return (*own, *(self.parent.keys if self.parent else ()))[:_DEEPEST]

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """The values of the block whose keys have a role, by role; read it when the block is complete."""
        return {role: " ".join(apart(pair.value) for pair in self._with(role)) for role in _ROLES}

    def _with(self, role: str) -> Iterator[_Pair]:
        pattern = vocabulary().keys[role]
        return islice((pair for pair in self.pairs if pattern.search(pair.key)), _MOST_NAMES)


def keys_and_values(lines: Sequence[str], first: int, above: tuple[str, ...], *, items: bool) -> Iterator[Passage]:
    """Yield the limits among keys and values, in their order; list items count only if `items` is set."""
    for block, pair in _pairs(lines, first, items=items):
        passage = _passage(block, pair, above)
        if passage is not None:
            yield passage


def _pairs(lines: Sequence[str], first: int, *, items: bool) -> list[tuple[_Block, _Pair]]:
    pairs: list[tuple[_Block, _Pair]] = []
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
            pairs.append((block, pair))
    return pairs


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
    all_keys = (pair.key, *block.keys)
    if any(keys["other"].search(key) for key in all_keys):
        return None
    full_name = " ".join((*reversed(block.keys), block.roles["name"], pair.key)).strip()
    severity_text = f"severity {block.roles['severity']}"
    comments = (pair.title, pair.comment, severity_text)
    alarm = bool(keys["alarm"].search(" ".join((*all_keys, *above[:2])))) or inherited(comments)[0] != NO_SEVERITY
    is_text = bool(keys["condition"].search(pair.key))
    if not is_text and not _is_limit(
        pair, full_name, alarm=alarm, graded=inherited(_grading(all_keys)) != (NO_SEVERITY, False)
    ):
        return None
    titles = (pair.title, *above) if pair.title else above
    grading = (*_grading([pair.key]), pair.comment, severity_text, *_grading(block.keys), *titles)
    severity, target = inherited(grading)
    return Passage(
        text=pair.value,
        starts=((0, pair.line),),
        severity=severity,
        target=target,
        above=(full_name, *titles),
        bare=not is_text,
        for_words=block.roles["hold"],
        unit=vocabulary().unit_of_name(pair.key, block.roles["name"], block.key, f"({pair.comment.split(' ')[0]})"),
        sign=block.roles["sign"] or None,
    )


def _grading(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys that may name a severity; "low" and "high" do not, because they are the ends of a range."""
    words = vocabulary().severities
    return tuple(key for key in keys if words.label(key) == NO_SEVERITY or words.bracketed(key) != NO_SEVERITY)


def _is_limit(pair: _Pair, full_name: str, *, alarm: bool, graded: bool) -> bool:
    """Return whether a value is a limit.

    `alarm` is set among alerts, `graded` if a key names a severity or a target.
    """
    lexicon = vocabulary()
    match = _VALUE.match(pair.value)
    if match is None:
        return False
    has_sign_or_unit = bool(match["sign"] or match["unit"])
    if lexicon.severities.bracketed(pair.key) != NO_SEVERITY:
        return has_sign_or_unit or any(quantity.pattern.search(full_name) for quantity in lexicon.quantities)
    if lexicon.targets.search(pair.key):
        return has_sign_or_unit
    if lexicon.keys["threshold"].search(pair.key):
        return alarm and (has_sign_or_unit or bool(lexicon.keys["threshold"].fullmatch(pair.key)))
    return bool(match["sign"] and match["unit"] and (alarm or graded))
