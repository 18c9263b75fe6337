"""A documented limit as a guide states it: what `grammar` yields, and `stanza` and the command `import` print."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compiler import meaning
from compiler.quantities import Comparison, Quantity

ALERT, TARGET = "alert", "target"
NO_SEVERITY = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuideStatement:
    """One limit: where it stands, in which words, and what they mean.

    `value`, and `value_to` where the guide gives a range, are in base units (`ratio`, `seconds`, `bytes`, `count`,
    `per_second`, or `other`); `hold` is the seconds that it must last, None where nobody said. `sure` is unset where
    the quantity was guessed from its unit alone. `cell` names the row and the column of a table's cell, whose `text` is
    seldom more than a number. `written` is the number as it stands there, with its unit and any
    comparator; `inferred` is set where it has no comparator of its own. `complement` is set where the number tells what
    `signal` leaves, as "20 % free" does of disk usage; `subject` is what is missed, where the limit is of an absence.
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
    hold: int | None
    kind: str
    cell: str = ""
    written: str = ""
    inferred: bool = False
    sure: bool = True
    complement: bool = False
    subject: str = ""

    @property
    def limit(self) -> Comparison | None:
        """What pages, in what the signal measures; None where the sentence does not tell it."""
        stated = Comparison(self.comparator, Quantity(self.value, self.unit))
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
            "for_seconds": self.hold,
            "kind": self.kind,
            "complement": self.complement,
            "limit": None if self.limit is None else meaning.text(self.limit),
        }
