"""What was expected of alerts beside what was got, as a table of two columns with the differences marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from compiler.promtool.reading import FiringAlert, Mismatch

SEVERITY: Final = "severity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """An alert that should fire and the one that does instead; one of the two is None where there is no such alert."""

    expected: FiringAlert | None
    got: FiringAlert | None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the expected alert, else of the other one."""
        one = self.expected or self.got
        return {} if one is None else one.labels


def differences(mismatch: Mismatch) -> tuple[Pair, ...]:
    """Return what differs: the expected alerts first, each beside the one that is most like it."""
    missing = [one for one in mismatch.expected if one not in mismatch.got]
    left = [one for one in mismatch.got if one not in mismatch.expected]
    pairs = []
    for one in missing:
        like = max(left, key=lambda other: _likeness(one, other), default=None)
        if like is not None and _likeness(one, like) > 0:
            left.remove(like)
        else:
            like = None
        pairs.append(Pair(expected=one, got=like))
    return (*pairs, *(Pair(expected=None, got=one) for one in left))


def _likeness(one: FiringAlert, other: FiringAlert) -> int:
    """Return how many labels two alerts share, 0 where they are of other severities or differ in more than one."""
    names = {*one.labels, *other.labels}
    shared = sum(one.labels.get(name) == other.labels.get(name) for name in names)
    same_severity = one.labels.get(SEVERITY) == other.labels.get(SEVERITY)
    return shared if same_severity and shared >= len(names) - 1 else 0


def table(pair: Pair, width: int) -> Iterator[str]:
    """Yield the lines of the table, at most `width` characters each; a line that differs begins with `≠`."""
    expected, got = _cells(pair.expected), _cells(pair.got)
    names = list(dict.fromkeys((*expected, *got)))
    first = max(map(len, names), default=0)
    column = max((width - first - len(f"{_MARK} ") - len(_GAP) * 2) // 2, _NARROWEST)
    head = (_head(pair.expected, "expected"), _head(pair.got, "got"))
    yield _row(" ", "", head, first, column)
    for name in names:
        left, right = expected.get(name, ""), got.get(name, "")
        both = pair.expected is not None and pair.got is not None
        mark = _MARK if both and left != right else " "
        yield from _rows(mark, name, (wrap(left, column) or [""], wrap(right, column) or [""]), first, column)


_MARK: Final = "≠"
_GAP: Final = "  "
_NARROWEST: Final = 20


def _head(alert: FiringAlert | None, what: str) -> str:
    return what if alert is not None else f"{what}: nothing"


def _cells(alert: FiringAlert | None) -> dict[str, str]:
    return {} if alert is None else {**alert.labels, **alert.annotations}


def _rows(mark: str, name: str, cells: tuple[Sequence[str], Sequence[str]], first: int, column: int) -> Iterator[str]:
    for line in range(max(map(len, cells))):
        left, right = (cell[line] if line < len(cell) else "" for cell in cells)
        yield _row(mark, name if line == 0 else "", (left, right), first, column)


def _row(mark: str, name: str, cells: tuple[str, str], first: int, column: int) -> str:
    return f"{mark} {name:<{first}}{_GAP}{cells[0]:<{column}}{_GAP}{cells[1]}".rstrip()
