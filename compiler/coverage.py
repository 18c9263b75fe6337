"""Measure how far documents, alerts and runbook sections cover one another, for `tocsin check --coverage`.

The report is also available if an error prevents compilation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compiler import harmless
from compiler.checks.context import CheckContext
from compiler.checks.sections import unused
from compiler.model import Documented, Limit, Model, System, WatchedSignal
from compiler.runbooks import Section


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertCoverage:
    """One severity of one signal: the line that states its limit, and the runbook section that it links to.

    `line` is None for a house default (`default`). `source` distinguishes alerts that a system has once for each place
    that its metrics come from; otherwise it is None. `untested` is the reason why no generated test shows when it
    fires. `subject` are the runbook's words for what the statement is about; it is empty if it is about all alerts.
    """

    signal: str
    source: str | None
    severity: str
    limit: str
    line: int | None
    default: bool
    anchor: str
    untested: str | None = None
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemCoverage:
    """One system: the limits that its runbook states, its alerts, and the runbook sections that no alert links to."""

    system: str
    runbook: str
    statements: tuple[Documented, ...]
    alerts: tuple[AlertCoverage, ...]
    sections: int
    unlinked: tuple[Section, ...]

    @property
    def carried(self) -> int:
        """How many statements an alert carries."""
        return sum(bool(statement.carriers) for statement in self.statements)

    @property
    def waived(self) -> int:
        """How many statements are waived."""
        return sum(statement.waived is not None and not statement.carriers for statement in self.statements)

    @property
    def stated(self) -> int:
        """How many alerts have a limit that the runbook states."""
        return sum(alert.line is not None for alert in self.alerts)

    @property
    def defaults(self) -> int:
        """How many alerts have a house default as their limit."""
        return sum(alert.default for alert in self.alerts)

    @property
    def covered(self) -> int:
        """How many statements, alerts and sections have a counterpart, or need none."""
        return self.carried + self.waived + self.stated + self.defaults + self.sections - len(self.unlinked)

    @property
    def all(self) -> int:
        """How many statements, alerts and sections there are."""
        return len(self.statements) + len(self.alerts) + self.sections

    def as_json(self) -> dict[str, Any]:
        """Return the system as `tocsin check --coverage --format json` prints it."""
        return {
            "system": self.system,
            "runbook": self.runbook,
            "coverage": round(self.covered / self.all, 4) if self.all else 1.0,
            "statements": [
                {
                    "line": statement.line,
                    "text": statement.text,
                    "subject": list(statement.subject),
                    "alerts": list(statement.carriers),
                    "waived": statement.waived,
                }
                for statement in self.statements
            ],
            "alerts": [
                {
                    "signal": alert.signal,
                    "source": alert.source,
                    "severity": alert.severity,
                    "limit": alert.limit,
                    "line": alert.line,
                    "subject": list(alert.subject),
                    "default": alert.default,
                    "section": alert.anchor,
                    "untested": alert.untested,
                }
                for alert in self.alerts
            ],
            "sections": self.sections,
            "sections_without_alert": [{"line": section.line, "title": section.title} for section in self.unlinked],
        }


def coverage(context: CheckContext) -> tuple[SystemCoverage, ...]:
    """Return the coverage of each system, sorted by id; a shared runbook counts for each of its systems."""
    unlinked = unused(context)
    return tuple(
        _system_coverage(system, context.model, unlinked.get(system.runbook, ())) for system in context.model.systems
    )


def _system_coverage(system: System, model: Model, unlinked: tuple[Section, ...]) -> SystemCoverage:
    sharing = [candidate for candidate in model.systems if candidate.runbook == system.runbook]
    linked_anchors = {watched.section.anchor for candidate in sharing for watched in candidate.signals}
    return SystemCoverage(
        system=system.id,
        runbook=system.runbook,
        statements=tuple(statement for statement in model.documented if statement.path == system.runbook),
        alerts=tuple(_alert(watched, limit) for watched in system.signals for limit in watched.limits),
        sections=len(linked_anchors) + len(unlinked),
        unlinked=unlinked,
    )


def _alert(watched: WatchedSignal, limit: Limit) -> AlertCoverage:
    return AlertCoverage(
        signal=watched.bound.signal.id,
        source=watched.source,
        severity=limit.severity,
        limit=limit.text,
        line=limit.statement.span.line if limit.statement else None,
        default=limit.default,
        anchor=watched.section.anchor,
        untested=watched.bound.signal.untested,
        subject=limit.statement.subject if limit.statement else (),
    )


def as_json(systems: Iterable[SystemCoverage]) -> str:
    """Return `{"systems": […]}` with one entry for each system."""
    return harmless.as_json({"systems": [system.as_json() for system in systems]}, indent=2)


def as_text(systems: Iterable[SystemCoverage]) -> str:
    """Return the coverage for people: for each system its counts, alerts and gaps, then the total."""
    coverages = tuple(systems)
    lines = [line for system in coverages for line in (*_lines(system), "")]
    covered, total = sum(system.covered for system in coverages), sum(system.all for system in coverages)
    return "\n".join([*lines, f"all systems: {_share(covered, total)}"])


def _lines(system: SystemCoverage) -> Iterator[str]:
    yield f"{system.system} ({system.runbook}): {_share(system.covered, system.all)}"
    waived = f", {system.waived} waived" if system.waived else ""
    defaults = f", {system.defaults} of the house" if system.defaults else ""
    linked = system.sections - len(system.unlinked)
    yield f"  statements carried by an alert: {system.carried} of {len(system.statements)}{waived}"
    yield f"  limits that are stated:         {system.stated} of {len(system.alerts)}{defaults}"
    yield f"  sections that an alert leads to: {linked} of {system.sections}"
    yield from _table(system)
    for signal, reason in dict.fromkeys((alert.signal, alert.untested) for alert in system.alerts):
        if reason is not None:
            yield f"  {signal} has no generated test: {reason}"
    for statement in system.statements:
        if not statement.carriers:
            why = f"waived: {statement.waived}" if statement.waived else "MISSING: no alert carries it"
            yield f"  line {statement.line}{_about(statement.subject)}: “{statement.text}” {why}"
    for section in system.unlinked:
        yield f"  line {section.line}: “{section.title}” MISSING: no alert leads to it"


def _table(system: SystemCoverage) -> Iterator[str]:
    """Yield one line for each alert: where it is stated → the alert → the section that it links to."""
    rows = [(_source_text(alert), _alert_text(alert), f"#{alert.anchor}") for alert in system.alerts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for source, alert, section in rows:
        yield f"  {source:<{widths[0]}} → {alert:<{widths[1]}} → {section}"


def _alert_text(alert: AlertCoverage) -> str:
    of_source = f" of {alert.source}" if alert.source else ""
    return f"{alert.signal}{of_source} {alert.severity} {alert.limit}"


def _source_text(alert: AlertCoverage) -> str:
    if alert.line is not None:
        return f"line {alert.line}{_about(alert.subject)}"
    return "house default" if alert.default else "MISSING: not stated"


def _about(subject: tuple[str, ...]) -> str:
    return f" ({', '.join(subject)})" if subject else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % covered ({part} of {whole})" if whole else "nothing to cover"
