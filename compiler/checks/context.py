"""The input of all checks: the model, its alerts, and the documents, which tell the place of each part of the model.

`compiler.compilation` creates it, and each family of checks reads it. The model holds values with all defaults filled
in; a check asks the context for the line where a value was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.alerts import AlertGroup
from compiler.diagnostics import Related, Span
from compiler.document import Table
from compiler.model import Limit, Model, System, WatchedSignal
from compiler.promql import Selector
from compiler.resolve.reading import is_off, table
from compiler.runbooks import Runbook
from compiler.runbooks.anchors import DEFAULT_STYLE, Style
from compiler.runbooks.destinations import Linked

_SELECTING: Final = ("selector", "targets")


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckContext:
    """The model, its alert groups, the document that they come from, and the runbooks by the path that systems name.

    `linked` holds the targets of the runbooks' links, by path. `style` is the site on which people read the runbooks;
    it decides the anchors.
    """

    document: Table
    runbooks: Mapping[str, Runbook]
    model: Model
    groups: tuple[AlertGroup, ...]
    linked: Mapping[str, Linked] = field(default_factory=dict)
    style: Style = DEFAULT_STYLE

    def watched(self) -> Iterator[tuple[System, WatchedSignal]]:
        """Yield each signal with its system, in the order of the model."""
        return ((system, watched) for system in self.model.systems for watched in system.signals)

    def lowered(self) -> Iterator[tuple[System, WatchedSignal]]:
        """Yield the signals that have rules, with their systems."""
        return ((group.system, group.watched) for group in self.groups)

    def binding(self, system: System, watched: WatchedSignal) -> Table:
        """Return the mapping in the file that binds a signal to metrics."""
        return table(self._table("systems", system.id, "metrics"), watched.bound.signal.id)

    def limits(self, system: System, watched: WatchedSignal) -> Table:
        """Return the mapping of a signal's limits in the system itself."""
        return table(self._table("systems", system.id, "limits"), watched.bound.signal.id)

    def inherited(self, system: System, watched: WatchedSignal, limit: Limit) -> tuple[Related, ...]:
        """Return the place where a system uses a limit of the house; return none if the limit is the system's own."""
        if limit.severity in self.limits(system, watched):
            return ()
        return (Related(span=watched.span, message=f"`{system.id}` takes this limit of the house"),)

    def measuring(self, system: System, watched: WatchedSignal, key: str) -> Span | None:
        """Return the place of the value of `key` in the binding, the system or `defaults`, else None."""
        tables = (self.binding(system, watched), self._table("systems", system.id), self._table("defaults"))
        return next((owner.value_spans[key] for owner in tables if key in owner), None)

    def selecting(self, system: System, watched: WatchedSignal) -> Iterator[tuple[str, Table]]:
        """Yield each key that selects a signal's series, with the mapping that has the key.

        The keys are the inputs, `selector` and `targets`. A key of the binding hides the same key of the system.
        """
        system_table, binding = self._table("systems", system.id), self.binding(system, watched)
        inputs = (name for name, value in watched.bound.binding.inputs.items() if isinstance(value, Selector))
        yield from ((key, binding) for key in (*inputs, *_SELECTING) if key in binding)
        yield from ((key, system_table) for key in _SELECTING if key in system_table and key not in binding)

    def for_seconds(self, system: System, watched: WatchedSignal, severity: str) -> Span | None:
        """Return the place of a severity's `for`, or None.

        It is the first of these: in the system's limits, in the house's limits, in the system, in `defaults`.
        """
        inherited = table(self._table("defaults", "limits"), watched.bound.signal.id)
        owners = (self.limits(system, watched), inherited, self._table("systems", system.id), self._table("defaults"))
        for owner in owners:
            durations = owner.get("for")
            if isinstance(durations, Table) and severity in durations:
                return durations.value_spans[severity]
            if isinstance(durations, str):
                return owner.value_spans["for"]
        return None

    def complete(self, system: System) -> bool:
        """Return whether every signal that a system names was resolved; an invalid signal is not in the model."""
        limits, metrics = (self._table("systems", system.id, key) for key in ("limits", "metrics"))
        signal_ids = {identifier for identifier in {*limits, *metrics} if not is_off(limits.get(identifier))}
        return signal_ids <= {watched.bound.signal.id for watched in system.signals}

    def _table(self, *keys: str) -> Table:
        mapping = self.document
        for key in keys:
            mapping = table(mapping, key)
        return mapping
