"""A documented limit as a guide states it: what `grammar` yields, and `stanza` and the command `import` print."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from compiler import meaning
from compiler.quantities import Comparison, Quantity

ALERT, TARGET = "alert", "target"


class Severity(str):
    """A severity's name, with the guide's `word` for it; `doubtful` where houses mean different things by the word."""

    __slots__ = ("doubtful", "word")

    doubtful: bool
    word: str

    def __new__(cls, name: str, *, word: str = "", doubtful: bool = False) -> Self:
        """Return the severity of a name."""
        made = super().__new__(cls, name)
        made.word, made.doubtful = word, doubtful
        return made


NO_SEVERITY: Final = Severity("none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What stands around the number of a statement, from which it can be told what the statement is about.

    `sentence` is the sentence, in which the number stands at `start` to `end`; `before` are the sentences before it in
    its paragraph, `behind` is the next one if it says of what this one holds; `beside` are the items before its own,
    `above` the texts over it: a table's row and head, the items that hold it, headings; nearest first.
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
    """One limit: where it stands, in which words, and what they mean.

    `value`, and `value_to` where the guide gives a range, are in base units (`ratio`, `seconds`, `bytes`, `count`,
    `per_second`, or `other`); `for_seconds` is the seconds that it must last, `window` those within
    which events are counted, each None where nobody said. `sure` is unset where
    the quantity was guessed from its unit alone. `cell` names the row and the column of a table's cell, whose `text` is
    seldom more than a number. `written` is the number as it stands there, with its unit and any
    comparator; `inferred` is set where it has no comparator of its own. `around` is what stands around it.
    `severity_word` is the guide's word for the severity, `severity_guess` set where houses mean different things by it.
    `complement` is set where the number tells what `signal` leaves, as "20 % free" does of disk usage; `subject` is
    what is missed, where the limit is of an absence.
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
        """Return the end of a range that is reached first: of what is bad when low the upper one."""
        falls = self.kind == ALERT and self.comparator[:1] == "<"
        return self.value if self.value_to is None or not falls else max(self.value, self.value_to)

    @property
    def limit(self) -> Comparison | None:
        """What pages, in what the signal measures; None where the sentence does not tell it."""
        stated = Comparison(self.comparator, Quantity(self.begin, self.unit))
        return meaning.paging(stated, norm=self.kind == TARGET, of_rest=self.complement)

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
