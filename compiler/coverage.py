"""What was checked → how far documents, alerts and runbook sections cover one another, for `tocsin check --coverage`.

Told also where an error keeps anything from being written.
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
    """One severity of one signal: where its limit is stated, None for a house default, and where it leads to.

    `source` tells alerts apart that a system has once for each place that its metrics come from, else it is None.
    `untested` is why no generated test shows when it fires. `subject` are the runbook's words for what the statement is
    about, none where it is about all alerts.
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
    """One system: what its runbook states, its alerts, and the helping sections that nobody comes to."""

    system: str
    runbook: str
    statements: tuple[Documented, ...]
    alerts: tuple[AlertCoverage, ...]
    sections: int
    unled: tuple[Section, ...]

    @property
    def carried(self) -> int:
        """How many statements an alert carries."""
        return sum(bool(one.carriers) for one in self.statements)

    @property
    def waived(self) -> int:
        """How many statements are waived."""
        return sum(one.waived is not None and not one.carriers for one in self.statements)

    @property
    def stated(self) -> int:
        """How many alerts have a limit that the runbook states."""
        return sum(one.line is not None for one in self.alerts)

    @property
    def defaults(self) -> int:
        """How many alerts have a house default as their limit."""
        return sum(one.default for one in self.alerts)

    @property
    def covered(self) -> int:
        """How many statements, alerts and sections have what they need on the other side."""
        return self.carried + self.waived + self.stated + self.defaults + self.sections - len(self.unled)

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
                    "line": one.line,
                    "text": one.text,
                    "subject": list(one.subject),
                    "alerts": list(one.carriers),
                    "waived": one.waived,
                }
                for one in self.statements
            ],
            "alerts": [
                {
                    "signal": one.signal,
                    "source": one.source,
                    "severity": one.severity,
                    "limit": one.limit,
                    "line": one.line,
                    "subject": list(one.subject),
                    "default": one.default,
                    "section": one.anchor,
                    "untested": one.untested,
                }
                for one in self.alerts
            ],
            "sections": self.sections,
            "sections_without_alert": [{"line": one.line, "title": one.title} for one in self.unled],
        }


def coverage(context: CheckContext) -> tuple[SystemCoverage, ...]:
    """Return the coverage of each system, sorted by id; a runbook that systems share counts for each of them."""
    unled = unused(context)
    return tuple(_of(system, context.model, unled.get(system.runbook, ())) for system in context.model.systems)


def _of(system: System, model: Model, unled: tuple[Section, ...]) -> SystemCoverage:
    sharing = [one for one in model.systems if one.runbook == system.runbook]
    led = {watched.section.anchor for one in sharing for watched in one.signals}
    return SystemCoverage(
        system=system.id,
        runbook=system.runbook,
        statements=tuple(one for one in model.documented if one.path == system.runbook),
        alerts=tuple(_alert(watched, limit) for watched in system.signals for limit in watched.limits),
        sections=len(led) + len(unled),
        unled=unled,
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
    """Return `{"systems": […]}`, a system each."""
    return harmless.as_json({"systems": [one.as_json() for one in systems]}, indent=2)


def as_text(systems: Iterable[SystemCoverage]) -> str:
    """Return the coverage for people: per system what covers what, what is missing, and a number; then the total."""
    found = tuple(systems)
    lines = [line for one in found for line in (*_lines(one), "")]
    covered, total = sum(one.covered for one in found), sum(one.all for one in found)
    return "\n".join([*lines, f"all systems: {_share(covered, total)}"])


def _lines(one: SystemCoverage) -> Iterator[str]:
    yield f"{one.system} ({one.runbook}): {_share(one.covered, one.all)}"
    waived = f", {one.waived} waived" if one.waived else ""
    defaults = f", {one.defaults} of the house" if one.defaults else ""
    led = one.sections - len(one.unled)
    yield f"  statements carried by an alert: {one.carried} of {len(one.statements)}{waived}"
    yield f"  limits that are stated:         {one.stated} of {len(one.alerts)}{defaults}"
    yield f"  sections that an alert leads to: {led} of {one.sections}"
    yield from _table(one)
    for signal, reason in dict.fromkeys((alert.signal, alert.untested) for alert in one.alerts):
        if reason is not None:
            yield f"  {signal} has no generated test: {reason}"
    for statement in one.statements:
        if not statement.carriers:
            why = f"waived: {statement.waived}" if statement.waived else "MISSING: no alert carries it"
            yield f"  line {statement.line}{_about(statement.subject)}: “{statement.text}” {why}"
    for section in one.unled:
        yield f"  line {section.line}: “{section.title}” MISSING: no alert leads to it"


def _table(one: SystemCoverage) -> Iterator[str]:
    """Yield a line an alert: where it is stated → which it is → where it leads to."""
    rows = [(_said(alert), _shown(alert), f"#{alert.anchor}") for alert in one.alerts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for source, alert, section in rows:
        yield f"  {source:<{widths[0]}} → {alert:<{widths[1]}} → {section}"


def _shown(alert: AlertCoverage) -> str:
    of_source = f" of {alert.source}" if alert.source else ""
    return f"{alert.signal}{of_source} {alert.severity} {alert.limit}"


def _said(alert: AlertCoverage) -> str:
    if alert.line is not None:
        return f"line {alert.line}{_about(alert.subject)}"
    return "house default" if alert.default else "MISSING: not stated"


def _about(subject: tuple[str, ...]) -> str:
    return f" ({', '.join(subject)})" if subject else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % covered ({part} of {whole})" if whole else "nothing to cover"
