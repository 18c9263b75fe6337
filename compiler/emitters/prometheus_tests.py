"""Emit: `promtool test rules` files, one a system, that prove who fires at which value, when, and with which words.

For every severity a value beyond its limit (and short of the next one's), and one short of all: nothing may fire before
`for` has passed, everything that should must fire afterwards with exactly these labels and annotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby, zip_longest
from typing import Any, Final

from compiler import conventions, wording
from compiler.alerts import Alert, AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Limit, Model
from compiler.quantities import RATIO, SECONDS, STATE, duration_text
from compiler.signals import kinds, sampling
from compiler.signals.contract import STEP_SECONDS, Series, UnsampledError
from compiler.signals.template import KIND as TEMPLATE
from compiler.signals.template import InvalidTemplateError

_TEMPLATE_SETTLES: Final = 3600
"""Seconds after which a user's own query is taken to have seen enough: its ranges are its own."""


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the test files."""
    for system, of_system in groupby(groups, key=lambda group: group.system.id):
        tests = [test for group in of_system for test in _tests(group)]
        # Paths are relative to the test file.
        rules = "../" + conventions.rules_path(system).removeprefix("prometheus/")
        step = duration_text(STEP_SECONDS)
        yield yaml_artifact(
            conventions.tests_path(system), {"rule_files": [rules], "evaluation_interval": step, "tests": tests}
        )


def _tests(group: AlertGroup) -> Iterator[dict[str, Any]]:
    for value, name in _values(group):
        try:
            yield _test(group, value, name)
        except (UnsampledError, InvalidTemplateError):  # `compiler.checks.proof` has said so; or this value alone fails
            continue


def _values(group: AlertGroup) -> Iterator[tuple[Decimal, str]]:
    limits = [alert.limit for alert in group.alerts]
    name = group.alerts[0].name
    yield _short_of(limits[0]), f"{name}: short of {limits[0].severity}"
    for limit, following in zip_longest(limits, limits[1:]):
        yield _off_the_second(_beyond(limit, following), limits), f"{name}: {limit.severity}"


def _short_of(limit: Limit) -> Decimal:
    high = limit.comparator.startswith(">")
    if limit.unit == STATE or (high and not limit.value):
        return Decimal(0)
    if limit.unit == RATIO and not high and limit.value == 1:
        return Decimal(1)
    return limit.value - _margin(limit) if high else limit.value + _margin(limit)


def _beyond(limit: Limit, following: Limit | None) -> Decimal:
    if limit.unit == STATE:
        return Decimal(1)
    if following is not None:
        return (limit.value + following.value) / 2
    return limit.value + _margin(limit) if limit.comparator.startswith(">") else limit.value - _margin(limit)


_NUDGE: Final = Decimal("0.3")


def _off_the_second(value: Decimal, limits: Sequence[Limit]) -> Decimal:
    """Return a value that no rounding error takes below a whole second: `humanizeDuration` cuts fractions off."""
    if limits[0].unit != SECONDS or value < 60 or value % 1:
        return value
    nudged = value + _NUDGE
    return nudged if all(_crossed(limit, nudged) == _crossed(limit, value) for limit in limits) else value


def _margin(limit: Limit) -> Decimal:
    """Return a distance that floating point does not blur and that keeps a share between 0 and 1."""
    tenth = abs(limit.value) / 10 or Decimal(1)
    return min(tenth, (1 - limit.value) / 2) if limit.unit == RATIO and limit.value < 1 else tenth


def _test(group: AlertGroup, value: Decimal, name: str) -> dict[str, Any]:
    bound = group.watched.bound
    firing = [alert for alert in group.alerts if _crossed(alert.limit, value)]
    settled = bound.binding.window + 2 * STEP_SECONDS
    if bound.signal.kind == TEMPLATE.name:
        settled = max(settled, _TEMPLATE_SETTLES)
    end = settled + max(alert.limit.hold for alert in group.alerts)
    series = kinds()[bound.signal.kind].series(bound, value, end // bound.binding.step + 2)
    labels = _component_labels(group, series)
    checks = [_expect(group, end, [_expected(alert, labels, value) for alert in firing])]
    holds = [alert.limit.hold for alert in firing if alert.limit.hold > STEP_SECONDS]
    if holds and len(holds) == len(firing):
        checks.insert(0, _expect(group, min(holds) - STEP_SECONDS, []))
    return {
        "name": name,
        "interval": duration_text(bound.binding.step),
        "input_series": [{"series": one.selector, "values": one.values} for one in series],
        "alert_rule_test": checks,
    }


def _crossed(limit: Limit, value: Decimal) -> bool:
    if limit.unit == STATE:
        return value == 1
    return value > limit.value if limit.comparator.startswith(">") else value < limit.value


def _expect(group: AlertGroup, at: int, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eval_time": duration_text(at), "alertname": group.alerts[0].name, "exp_alerts": alerts}


def _expected(alert: Alert, labels: dict[str, str], value: Decimal) -> dict[str, Any]:
    bound = alert.watched.bound
    shown = {
        key: wording.rendered(template, labels, float(value), alert.limit.unit)
        for key, template in alert.annotations.items()
    }
    stated = {
        key: wording.rendered(template, labels, float(value), bound.signal.unit)
        for key, template in alert.labels.items()
    }
    return {"exp_labels": dict(sorted((labels | stated).items())), "exp_annotations": shown}


def _component_labels(group: AlertGroup, series: Sequence[Series]) -> dict[str, str]:
    """Return the labels that tell the example component apart: a matcher may fix them."""
    labels = dict(sampling.component_labels(group.watched.bound.binding.per))
    for one in series:
        labels |= {name: value for name, value in one.labels if name in labels}
    return labels
