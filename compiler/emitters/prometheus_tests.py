"""Emit: files for `promtool test rules` and `vmalert-tool unittest`: one for each system, and one for the Watchdog."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from compiler import conventions, wording
from compiler.alerts import AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Model
from compiler.proof import prove
from compiler.proof.packing import packed
from compiler.proof.ruletest import Fired, RuleTest
from compiler.quantities import duration_text
from compiler.signals.contract import EVALUATION_SECONDS, SLOW_EVALUATION_SECONDS

FOLDERS = (conventions.TESTS_FOLDER,)
"""The folders with one file for each system."""


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the test files."""
    for system, of_system in groupby(groups, key=lambda group: group.system.id):
        tests = packed(_proofs(tuple(of_system)))
        for slow in (False, True):
            if (of_pace := [_test(test) for test in tests if test.slow is slow]) or not slow:
                yield _file(system, of_pace, model, slow=slow)
    yield _file(conventions.WATCHDOG_GROUP, [_watchdog()], model)


def _proofs(groups: tuple[AlertGroup, ...]) -> Iterator[RuleTest]:
    by_name: dict[str, list[AlertGroup]] = {}
    for group in groups:
        by_name.setdefault(group.alerts[0].name, []).append(group)
    for group in groups:
        same_name = [candidate for candidate in by_name[group.alerts[0].name] if candidate is not group]
        yield from prove(group, same_name)


def _file(name: str, tests: list[dict[str, Any]], model: Model, *, slow: bool = False) -> Artifact:
    # Paths are relative to the test file.
    rules = "../" + conventions.rules_path(name).removeprefix("prometheus/")
    step = duration_text(SLOW_EVALUATION_SECONDS if slow else EVALUATION_SECONDS)
    content = {"rule_files": [rules], "evaluation_interval": step, "tests": tests}
    return yaml_artifact(conventions.tests_path(name, slow=slow), content, model.renewal)


def _test(test: RuleTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "interval": duration_text(test.step),
        "input_series": [{"series": series.selector, "values": series.values} for series in test.series],
        "alert_rule_test": [
            {
                "eval_time": duration_text(expectation.at),
                "alertname": expectation.alert,
                "exp_alerts": [_expected(fired) for fired in expectation.fired],
            }
            for expectation in test.expectations
        ],
    }


def _expected(fired: Fired) -> dict[str, Any]:
    alert = fired.alert
    labels, unit = {**fired.component, **fired.labels}, alert.watched.bound.signal.unit
    own_labels = {key: wording.rendered(text, labels, float(fired.value), unit) for key, text in alert.labels.items()}
    annotations = {
        key: wording.rendered(text, labels, float(fired.value), unit) for key, text in alert.annotations.items()
    }
    return {"exp_labels": dict(sorted((labels | own_labels).items())), "exp_annotations": annotations}


def _watchdog() -> dict[str, Any]:
    expected = {"exp_labels": conventions.WATCHDOG_LABELS, "exp_annotations": conventions.WATCHDOG_ANNOTATIONS}
    checks = [{"eval_time": "0s", "alertname": conventions.WATCHDOG, "exp_alerts": [expected]}]
    return {"name": f"{conventions.WATCHDOG}: always", "interval": "1m", "alert_rule_test": checks}
