"""Read Prometheus rules in a fence of a guide into passages.

The rules may be incomplete and invalid YAML, because guides shorten them. A line that begins a rule begins a block.
This module reads the values of the block's keys line by line. `fences` uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import prod
from typing import Final

from compiler.guides.passage import Passage, apart, inherited
from compiler.guides.vocabulary import Unit, vocabulary

_KEY: Final = re.compile(r"^\s*(?:-\s+)?(?P<key>alert|expr|for|severity|record)\s*:\s*(?P<value>.*)$")
_FIRST_KEY: Final = re.compile(r"\s*(?:-\s+)?(?:alert|record)\s*:|\s*-\s+name\s*:")
_OTHER_KEY: Final = re.compile(r"\s*\w+:\s*$")
_BLOCK_SCALARS: Final = frozenset({"|", ">", ">-", "|-"})
_LIMIT: Final = re.compile(
    r"(?P<sign>[<>]=?|==)\s*(?:bool\s+)?(?P<value>(?P<factor>\d+(?:\.\d+)?(?:[eE]\d+)?)(?:\s*\*\s*\d+)*)\s*$"
)
_SEVERITY: Final = re.compile(r"severity['\"]?\s*[:=]\s*['\"]?(\w+)")
_SMALL_UNIT: Final = re.compile(r"\w_(?:milliseconds|ms)\b(?!.*\s/\s)")
_PUNCTUATION: Final = re.compile(r"[_{}()\[\]\"=~,]")


@dataclass(kw_only=True)
class _Rule:
    """A rule: its text, its keys, the pieces of its expression, and the line of the last piece (from 0)."""

    text: str
    keys: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    last: int = 0

    @property
    def expr(self) -> str:
        return " ".join(self.pieces).strip().strip("'\"")

    def add(self, number: int, piece: str) -> None:
        self.pieces.append(piece)
        self.last = number


def is_rules(lines: Sequence[str]) -> bool:
    """Return whether the lines of a fence are Prometheus rules or parts of them."""
    return any(_KEY.match(line) for line in lines) and any("expr" in line for line in lines)


def rules(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield the limit at the end of each alert's expression, with its `for` and severity.

    `first` is the number of the first line.
    """
    for block in _blocks(lines):
        rule = _rule(block)
        limit = _LIMIT.search(rule.expr)
        if limit is not None and rule.keys.keys() & {"alert", "for"} and "record" not in rule.keys:
            yield _passage(rule, limit, first, above)


def expression(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield the limit at the end of an expression that is a fence's only content; the text above is about an alert."""
    rule = _Rule(text="", keys={"alert": ""})
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            rule.add(number, line.strip())
    limit = _LIMIT.search(rule.expr)
    if limit is not None:
        yield _passage(rule, limit, first, above)


def _blocks(lines: Sequence[str]) -> list[list[tuple[int, str]]]:
    blocks: list[list[tuple[int, str]]] = []
    for number, line in enumerate(lines):
        if _FIRST_KEY.match(line) or not blocks:
            blocks.append([])
        blocks[-1].append((number, line))
    return blocks


def _rule(block: Sequence[tuple[int, str]]) -> _Rule:
    rule = _Rule(text="\n".join(line for _, line in block))
    # The indent of the key `expr` while its value continues, else None.
    expr_indent: int | None = None
    for number, line in block:
        indent = len(line) - len(line.lstrip())
        pair = _KEY.match(line)
        if pair:
            value = pair["value"].strip()
            rule.keys.setdefault(pair["key"], value.strip("'\""))
            expr_indent = indent if pair["key"] == "expr" else None
            if pair["key"] == "expr" and value not in _BLOCK_SCALARS:
                rule.add(number, pair["value"])
        elif expr_indent is not None and indent > expr_indent and line.strip() and not _OTHER_KEY.match(line):
            rule.add(number, line.strip())
        elif line.strip():
            expr_indent = None
    return rule


def _passage(rule: _Rule, limit: re.Match[str], first: int, above: tuple[str, ...]) -> Passage:
    grade = _SEVERITY.search(rule.text)
    severity = vocabulary().severities.expected(grade[1]) if grade else inherited(above)[0]
    return Passage(
        text=f"{limit['sign']} {_product(limit['value']):f}",
        starts=((0, first + rule.last),),
        severity=severity,
        unit=_unit(rule.expr, Decimal(limit["factor"])),
        above=(_PUNCTUATION.sub(" ", rule.expr), apart(rule.keys.get("alert", "")), *above),
        bare=True,
        alert=True,
        for_words=rule.keys.get("for", ""),
    )


def _product(text: str) -> Decimal:
    return prod((Decimal(factor.strip()) for factor in text.split("*")), start=Decimal(1))


def _unit(expr: str, value: Decimal) -> Unit | None:
    """Return the unit of a rule's value from its metrics and operators, or None if they do not tell."""
    small_unit = _SMALL_UNIT.search(expr)
    if small_unit is not None:
        return vocabulary().unit_of_name(small_unit.group())
    name = _base_unit(expr, value)
    return Unit(unit=name, factor=Decimal(1)) if name else None


def _base_unit(expr: str, value: Decimal) -> str | None:
    if re.search(r"\s/\s|(?<![a-z])ratio|percent|utili[sz]ation", expr):
        return "ratio" if value <= 1 else None
    if value <= 1 and re.search(r"rate\(\w+_seconds_total\b", expr):
        # Seconds of work per second are a share.
        return "ratio"
    if re.search(r"histogram_quantile|_seconds|time\(\)|_duration|_age\b|_lag\b", expr):
        return "seconds"
    if "_bytes" in expr:
        return "bytes"
    return "per_second" if re.search(r"\brate\(", expr) else None
