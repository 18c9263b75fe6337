"""Lower: model → alerts, the intermediate representation that every emitter reads.

This stage runs after `compiler.resolve`, and before `compiler.checks` and the emitters. An `Alert` is the complete rule
for one severity of one signal of one system: expression, labels, annotations, runbook section, policy. If several rules
of a signal share an expression, a recording rule of their group computes it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler import conventions, wording
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.in_words import in_words
from compiler.model import Limit, Model, System, WatchedSignal
from compiler.promql import Matcher, PromQLError, Selector, canonical
from compiler.quantities import number_promql
from compiler.signals import kinds
from compiler.signals.contract import Rules
from compiler.signals.factors import scaled
from compiler.signals.template import InvalidTemplateError


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A recording rule for an expression that several rules of one signal share."""

    name: str
    expr: str
    labels: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert rule. `component` is None if the series' own labels name the component.

    `in_words` says in one sentence when the alert fires.
    """

    name: str
    system: System
    watched: WatchedSignal
    limit: Limit
    component: str | None
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    summary: str
    in_words: str
    runbook_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertGroup:
    """The rules of one signal; Prometheus evaluates them in order, so alerts always see fresh recordings."""

    name: str
    system: System
    watched: WatchedSignal
    records: tuple[Record, ...]
    alerts: tuple[Alert, ...]


def lower(model: Model, diagnostics: Diagnostics) -> tuple[AlertGroup, ...]:
    """Return the alert groups, sorted by system and signal; alerts are sorted from the least severe.

    A template that does not render, or PromQL that does not parse, adds an error to `diagnostics`, and its group is
    left out.
    """
    return tuple(
        group
        for system in model.systems
        for watched in system.signals
        for group in _group(model, system, watched, diagnostics)
    )


def alerts_of(groups: tuple[AlertGroup, ...]) -> tuple[Alert, ...]:
    """Return all alerts, sorted by name, then from the least severe."""
    order = {severity: rank for rank, severity in enumerate(conventions.SEVERITIES)}
    alerts = (alert for group in groups for alert in group.alerts)
    return tuple(sorted(alerts, key=lambda alert: (alert.name, order[alert.limit.severity])))


def _group(model: Model, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> Iterator[AlertGroup]:
    try:
        rules = _rules(system, watched)
        records = tuple(_records(system, watched, rules))
        alerts = tuple(_alert(model, system, watched, limit, rules) for limit in watched.limits)
    except InvalidTemplateError as error:
        _refuse("template", watched, f"does not render: {error}", diagnostics)
        return
    except PromQLError as error:
        _refuse("promql", watched, f"is not PromQL: {error}", diagnostics, error)
        return
    name = conventions.group_name(system.id, watched.bound.signal.id, watched.source)
    yield AlertGroup(name=name, system=system, watched=watched, records=records, alerts=alerts)


def _refuse(
    code: str, watched: WatchedSignal, why: str, diagnostics: Diagnostics, error: PromQLError | None = None
) -> None:
    signal = watched.bound.signal
    related = (Related(span=watched.span, message="as it is used here"),)
    span, hint = signal.span or watched.span, None if error is None else error.hint
    if error is not None and signal.span is not None and signal.query is not None:
        span = _place_in_query(error, watched, signal.query, signal.span, diagnostics)
    diagnostics.error(code, span, f"the query of `{signal.id}` {why}", hint=hint, related=related)


def _place_in_query(
    error: PromQLError, watched: WatchedSignal, query: str, span: Span, diagnostics: Diagnostics
) -> Span:
    """Return the place in the user's query that an error of the rendered query is about; else the whole query's place.

    This function finds the faulty part by its text, if the text occurs equally often in both queries.
    """
    mistake = error.mistake
    rendered = kinds()[watched.bound.signal.kind].written(watched.bound)
    excerpt = rendered[mistake.start : mistake.start + mistake.length]
    if not excerpt or rendered.count(excerpt) != query.count(excerpt):
        return span
    start = -1
    for _ in range(rendered.count(excerpt, 0, mistake.start) + 1):
        start = query.find(excerpt, start + 1)
    return diagnostics.part(span, query, start, len(excerpt))


def _rules(system: System, watched: WatchedSignal) -> Rules:
    bound = watched.bound
    shared = len(watched.limits) > 1 or any(limit.recover for limit in watched.limits)
    kind = kinds()[bound.signal.kind]
    rules = kind.rules(
        bound, watched.limits, record=shared, name=lambda operations: _record_selector(system, watched, operations)
    )
    return scaled(rules, bound)


def _record_selector(system: System, watched: WatchedSignal, operations: str, **labels: str) -> str:
    """Return the selector of a recorded series."""
    all_labels = {**_record_labels(system, watched), **labels}
    matchers = tuple(Matcher(name, "=", value) for name, value in sorted(all_labels.items()))
    return str(Selector(_record_name(watched, operations), matchers))


def _record_name(watched: WatchedSignal, operations: str) -> str:
    bound = watched.bound
    return conventions.record_name(bound.binding.per, bound.signal.id, operations)


def _record_labels(system: System, watched: WatchedSignal) -> dict[str, str]:
    """Return the labels that distinguish the recordings of two systems, and of two sources of one system."""
    labels = {"system": system.id}
    return labels if watched.source is None else {"component": watched.source} | labels


def _records(system: System, watched: WatchedSignal, rules: Rules) -> Iterator[Record]:
    for operations, recorded in rules.records.items():
        name, labels = _record_name(watched, operations), _record_labels(system, watched)
        for number, expression in enumerate((recorded,) if isinstance(recorded, str) else recorded, 1):
            part = {} if number == 1 else {conventions.PART_LABEL: str(number)}
            yield Record(name=name, expr=canonical(expression), labels=labels | part)
    for limit in watched.limits:
        if limit.recover is not None:
            expr = _held_expression(system, watched, limit, rules)
            labels = {"severity": limit.severity, **_record_labels(system, watched)}
            yield Record(name=_record_name(watched, conventions.HELD), expr=canonical(expr), labels=labels)


def _held_expression(system: System, watched: WatchedSignal, limit: Limit, rules: Rules) -> str:
    """Return an expression for the series whose alert fires, or has fired and not reached its recovery limit since.

    Prometheus has no recovery limits (prometheus#10536), but it records firing alerts as `ALERTS`. `ALERTS` alone would
    lose the state if a restart makes an alert wait for its `for` again, or if the rule is renamed. So the recording
    rule also refers to its own last value. Once a value reaches the recovery limit, the rule records nothing, and the
    memory ends.
    """
    assert limit.recover is not None  # noqa: S101 - the caller asks for it
    labels = {
        "alertstate": "firing",
        "severity": limit.severity,
        "signal": watched.bound.signal.id,
        "system": system.id,
    }
    matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
    own_recording = _record_selector(system, watched, conventions.HELD, severity=limit.severity)
    recovered = f"{limit.recover.comparator} {number_promql(limit.recover.quantity.value)}"
    not_recovered = _OPPOSITE[limit.recover.comparator] + recovered.removeprefix(limit.recover.comparator)
    per = ", ".join(watched.bound.binding.per)
    return f"{rules.value} {not_recovered} and on ({per}) (ALERTS{{{matchers}}} or {own_recording})"


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _alert(model: Model, system: System, watched: WatchedSignal, limit: Limit, rules: Rules) -> Alert:
    url = model.runbook_url(watched.section.path, watched.section.anchor)
    component_labels = watched.bound.binding.component_labels
    summary, sentence = wording.summary(system, watched, limit), in_words(system, watched, limit)
    return Alert(
        name=conventions.alert_name(system.id, watched.bound.signal.id),
        system=system,
        watched=watched,
        limit=limit,
        component=watched.component,
        expr=canonical(_expression(system, watched, limit, rules)),
        labels={
            "component": watched.component or wording.component(component_labels),
            "severity": limit.severity,
            "signal": watched.bound.signal.id,
            "system": system.id,
            "team": system.team,
        },
        annotations={
            "description": wording.description(system, watched, limit, sentence),
            "runbook_url": url,
            "summary": summary,
            "value": wording.VALUE,
        },
        summary=summary,
        in_words=sentence,
        runbook_url=url,
    )


def _expression(system: System, watched: WatchedSignal, limit: Limit, rules: Rules) -> str:
    condition = rules.conditions[limit.severity]
    if limit.recover is None:
        return condition
    held_series = _record_selector(system, watched, conventions.HELD, severity=limit.severity)
    return f"{condition} or on ({', '.join(watched.bound.binding.per)}) {held_series}"
