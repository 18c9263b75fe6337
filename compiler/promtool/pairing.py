"""Show expected alerts beside actual ones, as a table of two columns with the differences marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from compiler.promtool.reading import FiringAlert, Mismatch

SEVERITY: Final = "severity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """An alert that should fire, and the one that fires instead; one of the two is None if there is no such alert."""

    expected: FiringAlert | None
    got: FiringAlert | None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the expected alert, else of the other one."""
        alert = self.expected or self.got
        return {} if alert is None else alert.labels


def differences(mismatch: Mismatch) -> tuple[Pair, ...]:
    """Return the differences: first the missing alerts, each beside the unexpected one that is most like it."""
    missing = [alert for alert in mismatch.expected if alert not in mismatch.got]
    unexpected = [alert for alert in mismatch.got if alert not in mismatch.expected]
    pairs = []
    for alert in missing:
        nearest = max(unexpected, key=lambda candidate: _likeness(alert, candidate), default=None)
        if nearest is not None and _likeness(alert, nearest) > 0:
            unexpected.remove(nearest)
        else:
            nearest = None
        pairs.append(Pair(expected=alert, got=nearest))
    return (*pairs, *(Pair(expected=None, got=alert) for alert in unexpected))


def _likeness(first: FiringAlert, second: FiringAlert) -> int:
    """Return how many labels two alerts share; 0 if their severities differ, or more than one label."""
    names = {*first.labels, *second.labels}
    shared = sum(first.labels.get(name) == second.labels.get(name) for name in names)
    same_severity = first.labels.get(SEVERITY) == second.labels.get(SEVERITY)
    return shared if same_severity and shared >= len(names) - 1 else 0


def table(pair: Pair, width: int) -> Iterator[str]:
    """Yield the lines of the table, at most `width` characters each; a line that differs begins with `≠`."""
    expected, got = _cells(pair.expected), _cells(pair.got)
    names = list(dict.fromkeys((*expected, *got)))
    name_width = max(map(len, names), default=0)
    column_width = max((width - name_width - len(f"{_MARK} ") - len(_GAP) * 2) // 2, _NARROWEST)
    head = (_head(pair.expected, "expected"), _head(pair.got, "got"))
    yield _row(" ", "", head, name_width, column_width)
    for name in names:
        left, right = expected.get(name, ""), got.get(name, "")
        both = pair.expected is not None and pair.got is not None
        mark = _MARK if both and left != right else " "
        yield from _rows(
            mark, name, (wrap(left, column_width) or [""], wrap(right, column_width) or [""]), name_width, column_width
        )


_MARK: Final = "≠"
_GAP: Final = "  "
_NARROWEST: Final = 20


def _head(alert: FiringAlert | None, title: str) -> str:
    return title if alert is not None else f"{title}: nothing"


def _cells(alert: FiringAlert | None) -> dict[str, str]:
    return {} if alert is None else {**alert.labels, **alert.annotations}


def _rows(
    mark: str, name: str, cells: tuple[Sequence[str], Sequence[str]], name_width: int, column_width: int
) -> Iterator[str]:
    for line in range(max(map(len, cells))):
        left, right = (cell[line] if line < len(cell) else "" for cell in cells)
        yield _row(mark, name if line == 0 else "", (left, right), name_width, column_width)


def _row(mark: str, name: str, cells: tuple[str, str], name_width: int, column_width: int) -> str:
    return f"{mark} {name:<{name_width}}{_GAP}{cells[0]:<{column_width}}{_GAP}{cells[1]}".rstrip()
