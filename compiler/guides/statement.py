"""Define a documented limit as a guide states it.

`grammar` yields these statements; `stanza` and the command `import` print them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from compiler import meaning
from compiler.quantities import Comparison, Quantity

ALERT, TARGET = "alert", "target"


class Severity(str):
    """A severity's name, with the guide's `word` for it; `doubtful` if organizations use the word differently."""

    __slots__ = ("doubtful", "word")

    doubtful: bool
    word: str

    def __new__(cls, name: str, *, word: str = "", doubtful: bool = False) -> Self:
        """Return the severity of a name."""
        severity = super().__new__(cls, name)
        severity.word, severity.doubtful = word, doubtful
        return severity


NO_SEVERITY: Final = Severity("none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The texts around the number of a statement; they show what the statement is about.

    The number stands in `sentence` from `start` to `end`. `before` holds the sentences before it in its paragraph.
    `behind` is the next sentence if that says where this one applies. `beside` holds the earlier items of its list.
    `above` holds the texts over it, nearest first: a table's row and head, the items that contain it, headings.
    """

    sentence: str = ""
    start: int = 0
    end: int = 0
    before: str = ""
    behind: str = ""
    beside: str = ""
    above: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GuideStatement:
    """One limit: its place, its words, and what they mean.

    `value`, and `value_to` where the guide gives a range, are in base units (`ratio`, `seconds`, `bytes`, `count`,
    `per_second`, or `other`). `for_seconds` is how long the limit must be crossed, and `window` is the seconds within
    which events are counted; each is None if the guide does not state it. `sure` is False if the quantity was guessed
    from its unit alone. `cell` names the row and the column of a table's cell; the `text` of a cell is seldom more than
    a number. `written` is the number as the guide writes it, with its unit and any comparator. `inferred` is True if
    the number has no comparator of its own. `around` holds the texts around the number. `severity_word` is the guide's
    word for the severity; `severity_guess` is True if organizations use this word differently. `complement` is True if
    the number counts what `signal` leaves, as "20 % free" does for disk usage. `subject` is what is missing, if the
    limit is on an absence.
    """

    path: str
    line: int
    text: str
    signal: str
    comparator: str
    value: Decimal
    value_to: Decimal | None
    unit: str
    severity: str
    for_seconds: int | None
    kind: str
    cell: str = ""
    written: str = ""
    inferred: bool = False
    sure: bool = True
    around: Surroundings = Surroundings()
    severity_word: str = ""
    severity_guess: bool = False
    complement: bool = False
    subject: str = ""
    window: int | None = None

    @property
    def begin(self) -> Decimal:
        """Return the end of a range that the signal reaches first: the upper end if low values are bad."""
        falls = self.kind == ALERT and self.comparator[:1] == "<"
        return self.value if self.value_to is None or not falls else max(self.value, self.value_to)

    @property
    def limit(self) -> Comparison | None:
        """The comparison that pages, in the signal's own quantity; None if the sentence does not tell it."""
        comparison = Comparison(self.comparator, Quantity(self.begin, self.unit))
        return meaning.paging(comparison, norm=self.kind == TARGET, of_rest=self.complement)

    def as_json(self) -> dict[str, Any]:
        """Return the statement as `tocsin import --format json` prints it."""
        return {
            "path": self.path,
            "line": self.line,
            "text": self.text,
            "signal": self.signal,
            "comparator": self.comparator,
            "value": float(self.value),
            "value_to": None if self.value_to is None else float(self.value_to),
            "unit": self.unit,
            "severity": self.severity,
            "severity_word": self.severity_word,
            "severity_guess": self.severity_guess,
            "for_seconds": self.for_seconds,
            "window_seconds": self.window,
            "kind": self.kind,
            "complement": self.complement,
            "limit": None if self.limit is None else meaning.text(self.limit),
        }
