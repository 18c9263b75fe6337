"""What the checks look at: the model and its alerts, and the documents that say where each of its parts was written.

Made by `compiler.compilation`, read by every family of checks. The model holds values with all defaults filled in; a
check that wants to point at the line where a value was written asks here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.alerts import AlertGroup
from compiler.anchors import DEFAULT_STYLE, Style
from compiler.diagnostics import Related, Span
from compiler.document import Table
from compiler.model import Limit, Model, System, WatchedSignal
from compiler.promql import Selector
from compiler.resolve.reading import is_off, table
from compiler.runbooks import Runbook
from compiler.runbooks.destinations import Linked

_SELECTING: Final = ("selector", "targets")


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckContext:
    """Model, alert groups, the document that they come from, and the runbooks by the path that systems name.

    `linked` is what links of runbooks lead to, by path; `style` where people read them.
    """

    document: Table
    runbooks: Mapping[str, Runbook]
    model: Model
    groups: tuple[AlertGroup, ...]
    linked: Mapping[str, Linked] = field(default_factory=dict)
    style: Style = DEFAULT_STYLE

    def watched(self) -> Iterator[tuple[System, WatchedSignal]]:
        """Yield every signal with its system, in their order."""
        return ((system, watched) for system in self.model.systems for watched in system.signals)

    def lowered(self) -> Iterator[tuple[System, WatchedSignal]]:
        """Yield those signals whose rules could be made."""
        return ((group.system, group.watched) for group in self.groups)

    def binding(self, system: System, watched: WatchedSignal) -> Table:
        """Return what the file says of where a signal is measured."""
        return table(self._table("systems", system.id, "metrics"), watched.bound.signal.id)

    def limits(self, system: System, watched: WatchedSignal) -> Table:
        """Return what the system itself says of a signal's limits."""
        return table(self._table("systems", system.id, "limits"), watched.bound.signal.id)

    def inherited(self, system: System, watched: WatchedSignal, limit: Limit) -> tuple[Related, ...]:
        """Return where a system takes a limit of the house, nothing where the limit is its own."""
        if limit.severity in self.limits(system, watched):
            return ()
        return (Related(span=watched.span, message=f"`{system.id}` takes this limit of the house"),)

    def measuring(self, system: System, watched: WatchedSignal, key: str) -> Span | None:
        """Return where the value of `key` stands: with the signal's metrics, the system or the house; None nowhere."""
        tables = (self.binding(system, watched), self._table("systems", system.id), self._table("defaults"))
        return next((one.value_spans[key] for one in tables if key in one), None)

    def selecting(self, system: System, watched: WatchedSignal) -> Iterator[tuple[str, Table]]:
        """Yield each key that says which series a signal is measured by, with its owner: inputs and selectors."""
        owner, given = self._table("systems", system.id), self.binding(system, watched)
        inputs = (name for name, one in watched.bound.binding.inputs.items() if isinstance(one, Selector))
        yield from ((key, given) for key in (*inputs, *_SELECTING) if key in given)
        yield from ((key, owner) for key in _SELECTING if key in owner and key not in given)

    def for_seconds(self, system: System, watched: WatchedSignal, severity: str) -> Span | None:
        """Return where `for` of a severity stands: with the limits, the house's, the system or the house; or None."""
        house = table(self._table("defaults", "limits"), watched.bound.signal.id)
        owners = (self.limits(system, watched), house, self._table("systems", system.id), self._table("defaults"))
        for owner in owners:
            given = owner.get("for")
            if isinstance(given, Table) and severity in given:
                return given.value_spans[severity]
            if isinstance(given, str):
                return owner.value_spans["for"]
        return None

    def complete(self, system: System) -> bool:
        """Return whether every signal of a system came through, so that what is missing is missing in truth."""
        limits, metrics = (self._table("systems", system.id, key) for key in ("limits", "metrics"))
        wanted = {one for one in {*limits, *metrics} if not is_off(limits.get(one))}
        return wanted <= {one.bound.signal.id for one in system.signals}

    def _table(self, *keys: str) -> Table:
        found = self.document
        for key in keys:
            found = table(found, key)
        return found
