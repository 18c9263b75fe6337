"""Parse the output of `promtool test rules`, at least that of Prometheus 2.42 to 3.5.

This module never guesses: if it does not understand the output, the caller shows the output as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class FiringAlert:
    """An alert that fires, or should."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """The expected and the actual alerts of one name, in the test `test` and at the time `at` (`20m`)."""

    test: str
    alert: str
    at: str
    expected: tuple[FiringAlert, ...]
    got: tuple[FiringAlert, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A rule that promtool could not load or evaluate, by the name of its alert or recording, and why."""

    rule: str
    message: str


Failure = Mismatch | Refusal


class NotUnderstoodError(ValueError):
    """The output has an unknown form."""


def failures(output: str) -> tuple[Failure, ...]:
    """Return the failures that promtool reports for one test file, each once.

    Raises NotUnderstoodError if the output has an unknown form.
    """
    lines = _Lines(output)
    reported: list[Failure] = []
    test = ""
    while (line := lines.take()) is not None:
        if name_line := _NAME.fullmatch(line):
            test = name_line["name"]
        elif mismatch := _ALERT.fullmatch(line):
            expected, got = _side(lines, "exp"), _side(lines, "got")
            reported.append(Mismatch(test=test, alert=mismatch["alert"], at=mismatch["at"], expected=expected, got=got))
        elif refusal := _EVALUATION.fullmatch(line) or _LOADING.fullmatch(line):
            reported.append(Refusal(rule=refusal["rule"], message=refusal["message"]))
        elif not _IDLE.fullmatch(line):
            raise NotUnderstoodError(line)
    # A rule file that cannot be loaded is reported for each of its tests.
    return tuple(failure for index, failure in enumerate(reported) if failure not in reported[:index])


_NAME: Final = re.compile(r"\s+name: (?P<name>.*),\s*")
_ALERT: Final = re.compile(r"\s+alertname: (?P<alert>.+), time: (?P<at>[0-9a-z.]+),\s*")
_EVALUATION: Final = re.compile(r"\s+rule: (?P<rule>.+), time: [0-9a-z.]+, err: (?P<message>.+)")
_LOADING: Final = re.compile(r'.+: (?:[0-9]+:[0-9]+: )?group "[^"]*", rule [0-9]+, "(?P<rule>[^"]*)": (?P<message>.+)')
_IDLE: Final = re.compile(r"\s*|Unit Testing: .*|\s*(?:FAILED|SUCCESS):?\s*")


class _Lines:
    """The lines of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._lines: Iterator[str] = iter(text.split("\n"))

    def take(self) -> str | None:
        """Return the next line, or None behind the last one."""
        return next(self._lines, None)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return the match of the next line; raises NotUnderstoodError if it does not match."""
        line = self.take()
        match = None if line is None else pattern.fullmatch(line)
        if match is None:
            raise NotUnderstoodError(line or "the output ends too early")
        return match


_BEGIN: Final = re.compile(r"\s+(?P<side>exp|got):\[(?P<empty>\])?,?\s*")
_NEXT: Final = re.compile(r"\s+(?:[0-9]+:|(?P<end>\],?))\s*")
_LABELS: Final = re.compile(r"\s+Labels:\{(?P<pairs>.*)\}\s*")
_ANNOTATIONS: Final = re.compile(r"\s+Annotations:\{(?P<pairs>.*)\},?\s*")


def _side(lines: _Lines, side: str) -> tuple[FiringAlert, ...]:
    begin = lines.match(_BEGIN)
    if begin["side"] != side:
        raise NotUnderstoodError(begin[0])
    alerts: list[FiringAlert] = []
    while not begin["empty"] and not lines.match(_NEXT)["end"]:
        labels, annotations = lines.match(_LABELS)["pairs"], lines.match(_ANNOTATIONS)["pairs"]
        alerts.append(FiringAlert(labels=_pairs(labels), annotations=_pairs(annotations)))
    return tuple(alerts)


_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PAIR: Final = re.compile(rf"(?P<name>{_QUOTED}|[A-Za-z_][A-Za-z0-9_]*)=(?P<value>{_QUOTED})(?:, |\Z)")


def _pairs(text: str) -> dict[str, str]:
    """Return the labels in Prometheus' format: `a="x", b="y"`; names that its old rules forbid stand in quotes."""
    labels, at = {}, 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise NotUnderstoodError(text)
        name = pair["name"]
        labels[_unquoted(name) if name.startswith('"') else name] = _unquoted(pair["value"])
        at = pair.end()
    return labels


def _unquoted(text: str) -> str:
    """Return the text of a Go string (`strconv.Quote`); its escapes are the same as Python's."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError) as error:
        raise NotUnderstoodError(text) from error
    return str(value)
