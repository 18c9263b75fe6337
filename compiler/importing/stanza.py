"""Statements → a beginning of thresholds.yaml: each number with its line, and questions where it is measured.

What is a guess says so; what fits no signal is listed at the end instead of being forced into one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Final

from compiler.conventions import SEVERITIES, words
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement
from compiler.quantities import SECONDS, Quantity, quantity_text
from compiler.signals import kinds
from compiler.signals.contract import Signal

QUESTION: Final = "QUESTION"
"""Stands where a person must answer; the file does not compile before."""
_DEFAULT_SEVERITY: Final = "warning"
_BREACH: Final = {"<": ">", "<=": ">", ">": "<", ">=": "<", "==": "=="}
"""A value exactly at a target breaches nothing that anybody would be woken for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stanza:
    """The text of the stanza, and how many statements stand in it, how many of these are guesses, and which do not."""

    text: str
    used: int
    guesses: int
    left_out: tuple[GuideStatement, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    severity: str
    statement: GuideStatement
    remark: str


def stanza(path: str, title: str, statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Stanza:
    """Return the stanza of one guide; `signals` is the vocabulary that limits may use."""
    chosen, left_out = _chosen(statements, signals)
    used = [line for lines in chosen.values() for line in lines]
    text = "\n".join(
        [
            f"  {_identifier(path)}:",
            f"    title: {_quoted(title)}",
            f"    team: {QUESTION}  # whose is it?",
            f"    runbook: {_quoted(path)}",
            f"    escalation: {QUESTION}  # a policy below `escalation:`",
            "    limits:",
            *_limits(path, chosen),
            "    metrics:",
            *_metrics(chosen, signals),
            *_leftovers(path, left_out),
        ]
    )
    guesses = sum(bool(line.remark) for line in used)
    return Stanza(text=text, used=len(used), guesses=guesses, left_out=left_out)


def _chosen(
    statements: Sequence[GuideStatement], signals: Mapping[str, Signal]
) -> tuple[dict[str, list[_Line]], tuple[GuideStatement, ...]]:
    """Return one limit a severity of each signal, and the statements that found no place.

    A severity in the guide's own words goes before a symptom without one, and this before the breach of a target.
    """
    chosen: dict[str, list[_Line]] = {}
    left_out = []
    for one in sorted(statements, key=lambda one: (one.severity == NO_SEVERITY, one.kind == TARGET, one.line)):
        signal = signals.get(one.signal)
        lines = chosen.setdefault(one.signal, [])
        severity = one.severity if one.severity != NO_SEVERITY else _DEFAULT_SEVERITY
        fits = signal is not None and signal.unit == one.unit and one.sure
        if not fits or any(line.severity == severity for line in lines):
            left_out.append(one)
            continue
        lines.append(_Line(severity=severity, statement=_breached(one), remark=_remark(one)))
    rank = {severity: number for number, severity in enumerate(SEVERITIES)}
    found = {key: sorted(lines, key=lambda one: rank[one.severity]) for key, lines in sorted(chosen.items()) if lines}
    return found, tuple(sorted(left_out, key=lambda one: one.line))


def _breached(one: GuideStatement) -> GuideStatement:
    """Return the alert that a target means: its breach."""
    if one.kind != TARGET:
        return one
    return replace(one, comparator=_BREACH[one.comparator], kind=ALERT, value_to=None)


def _remark(one: GuideStatement) -> str:
    if one.kind == TARGET:
        return "a target; GUESS: its breach is a warning"
    return "GUESS: a warning" if one.severity == NO_SEVERITY else ""


def _limits(path: str, chosen: Mapping[str, Sequence[_Line]]) -> Iterator[str]:
    for signal, lines in chosen.items():
        yield f"      {signal}:"
        for line in lines:
            one = line.statement
            limit = f"{line.severity}: {_quoted(f'{one.comparator} {_amount(one)}')}"
            said = _one_line(f"{path}:{one.line}: {one.text}")
            yield f"        {limit}  # {said}{f' ({line.remark})' if line.remark else ''}"
        holds = {line.severity: line.statement.hold for line in lines if line.statement.hold}
        if holds:
            inside = ", ".join(f"{severity}: {_amount_of(seconds)}" for severity, seconds in holds.items())
            yield f"        for: {{{inside}}}"
    if not chosen:
        yield "      {}"


def _metrics(chosen: Mapping[str, Sequence[_Line]], signals: Mapping[str, Signal]) -> Iterator[str]:
    for signal in chosen:
        inputs = ", ".join(f"{one.name}: {QUESTION}" for one in kinds()[signals[signal].kind].forms[0])
        yield f"      {signal}: {{{inputs}, per: {QUESTION}}}"
    if not chosen:
        yield "      {}"


def _leftovers(path: str, left_out: Iterable[GuideStatement]) -> Iterator[str]:
    for number, one in enumerate(left_out):
        if number == 0:
            yield "    # Left out, as no signal of the vocabulary fits or its place is taken:"
        said = f"{path}:{one.line}: {one.text} ({one.signal} {one.comparator} {_amount(one)}, {one.severity})"
        yield f"    #   {_one_line(said)}"


def _amount(one: GuideStatement) -> str:
    if one.unit == "other":
        return str(one.value.normalize())
    return quantity_text(Quantity(one.value, one.unit))


def _amount_of(seconds: int) -> str:
    return quantity_text(Quantity(Decimal(seconds), SECONDS))


def _identifier(path: str) -> str:
    """Return a system's id from the name of its guide."""
    name = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(path).stem.lower()).strip("-")
    return name if re.match(r"[a-z]", name) else f"system-{name}"


_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def _one_line(text: str) -> str:
    """Return text of a guide as it may stand in a comment: one line, without control characters."""
    return _UNSEEN.sub(" ", text)


def _quoted(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def title_of(text: str, path: str) -> str:
    """Return a guide's first heading, else words of its file name."""
    found = re.search(r"^#\s+(.+?)\s*#*$|^(\S.*)\n=+\s*$", text, re.MULTILINE)
    return (found[1] or found[2]).strip() if found else words(PurePosixPath(path).stem)
