"""Tests of the kinds of signal: their expressions, and proofs that their made-up series give the expected value."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from compiler.promql import Selector, canonical, operand, parse_selector
from compiler.quantities import RATIO, Rate, decimal_text, duration_text, parse_comparison
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, ExampleSeries, Signal
from compiler.signals.contract import UnsampledError
from compiler.signals.profile import Example, Phase
from compiler.signals.state import MEASURED_IN
from compiler.signals.template import InvalidTemplateError

PERS = ((), ("service",), ("instance", "mountpoint"))
FLOORS = {"ratio": Rate(Decimal(1), 60), "quantile": Rate(Decimal(10), 1)}
ACTIVE = {
    "count": ("> 5", ">= 5", "== 0"),
    "ratio": ("> 90%", ">= 95%", "< 100%"),
    "seconds": ("> 5m", "< 14d"),
    "gauge": ("== 0", "== 1", "> 10", "<= 3", "< 6"),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A signal bound in one way."""

    name: str
    bound: BoundSignal

    @property
    def expression(self) -> str:
        """The expression as a rule has it."""
        return canonical(kinds()[self.bound.signal.kind].expression(self.bound))


def inputs_of(kind: str) -> Iterator[dict[str, Selector | Decimal]]:
    """Yield the complete sets of inputs of a kind, from its own examples, with numbers where they are allowed."""
    for form in kinds()[kind].forms:
        metrics: dict[str, Selector | Decimal] = {
            form_input.name: parse_selector(form_input.example) for form_input in form
        }
        yield metrics
        for name in sorted(kinds()[kind].constants & set(metrics)):
            yield metrics | {name: Decimal(40)}


def cases_of(kind: str) -> Iterator[Case]:
    """Yield a case for every form, with and without components, for high and for low limits."""
    parameters = {"quantile": Decimal("0.9")} if kind == "quantile" else {}
    signal = Signal(id="x", kind=kind, unit="ratio", title="X", parameters=parameters)
    for inputs in inputs_of(kind):
        for per in PERS:
            binding = Binding(inputs=inputs, per=per, window=300, minimum_traffic=FLOORS.get(kind))
            if kinds()[kind].smoothed(BoundSignal(signal=signal, binding=binding)):
                binding = replace(binding, over_time="avg")
            if kind == "state" and len(per) > 1:
                continue  # it shares what it does with several labels with the kinds below
            form = " ".join(
                f"{name}={'number' if isinstance(bound_input, Decimal) else 'metric'}"
                for name, bound_input in inputs.items()
            )
            name = f"{form} per {', '.join(per) or 'nothing'}"
            if kind == "state":
                yield from states(name, signal, binding)
            else:
                yield Case(name=f"{name}, high", bound=BoundSignal(signal=signal, binding=binding))
                yield Case(name=f"{name}, low", bound=BoundSignal(signal=signal, binding=binding, low=True))


def states(name: str, signal: Signal, binding: Binding) -> Iterator[Case]:
    """Yield a state with every comparison that makes sense for its inputs, and with its further keys."""
    unit = next((MEASURED_IN[input_name] for input_name in binding.inputs if input_name in MEASURED_IN), "gauge")
    for active in ACTIVE[unit]:
        for extra in ({}, {"every": True}, {"within": 900}) if unit == "gauge" else ({},):
            given: dict[str, Any] = {"inputs": binding.inputs, "per": binding.per, "window": 900, **extra}
            bound = BoundSignal(signal=signal, binding=Binding(active=parse_comparison(active), **given))
            yield Case(name=f"{name}, {active} {' '.join(extra)}".rstrip(), bound=bound)


def template(query: str, metrics: dict[str, str], *example: ExampleSeries, per: tuple[str, ...] = ("service",)) -> Case:
    """Return a case of a user's own query."""
    signal = Signal(id="x", kind="template", unit="count", title="X", query=query, example=example)
    binding = Binding(inputs={name: parse_selector(text) for name, text in metrics.items()}, per=per, window=300)
    return Case(name=query, bound=BoundSignal(signal=signal, binding=binding))


TEMPLATES = (
    template("max by ({{ per }}) ({{ lag }})", {"lag": 'lag_seconds{job="a"}'}),
    template(
        "sum by ({{ per }}) (rate({{ done }}[{{ window }}])) / sum by ({{ per }}) ({{ wanted }})",
        {"done": "done_total", "wanted": "wanted"},
        ExampleSeries(series="{{ done }}", labels=(("mode", "a"),), values="0+{{ 60 * 4 * value }}x{{ steps }}"),
        ExampleSeries(series="{{ wanted }}", labels=(), values="4x{{ steps }}"),
    ),
)
NO_VALUE = {"silence"}
"""Kinds whose series hold events for a value, and whose expression only says where no event has come."""
BUILT_IN = [name for name, kind in kinds().items() if kind.bindable]


def course(value: str, steps: int) -> Example:
    """Return a course of one value."""
    return Example(phases=(Phase(value=Decimal(value), steps=steps),))


@pytest.mark.parametrize("kind", BUILT_IN)
def test_the_expression_of_a_kind_is_known_for_each_of_its_forms(kind: str, snapshot: SnapshotAssertion) -> None:
    """Read the difference when an expression changes: it runs in Prometheus."""
    names: dict[str, list[str]] = {}
    for case in cases_of(kind):
        names.setdefault(case.expression, []).append(case.name)
    assert "\n".join(f"{'; '.join(known)}:\n    {expression}" for expression, known in names.items()) == snapshot


@pytest.mark.parametrize("case", TEMPLATES, ids=lambda case: case.name)
def test_a_query_of_ones_own_is_rendered_with_its_metrics(case: Case, snapshot: SnapshotAssertion) -> None:
    """`per` and `window` come from the binding."""
    assert case.expression == snapshot


@pytest.mark.parametrize("kind", BUILT_IN)
def test_every_input_of_a_kind_is_described(kind: str) -> None:
    """The schema's descriptions and examples come from here, and an example must be a metric."""
    for form in kinds()[kind].forms:
        for form_input in form:
            assert form_input.description.endswith(".")
            assert parse_selector(form_input.example)


def test_a_recorded_name_tells_what_was_done(snapshot: SnapshotAssertion) -> None:
    """The name is `level:metric:operations`, with the window, and high differs from low."""
    lines = [f"{kind}: {kinds()[kind].operations(case.bound)}" for kind in BUILT_IN for case in cases_of(kind)]
    assert "\n".join(dict.fromkeys(lines)) == snapshot


def test_a_query_of_several_metrics_without_example_has_no_series() -> None:
    """No series can be made up for it, and the contract has an exception for this."""
    case = template("{{ a }} + {{ b }}", {"a": "a", "b": "b"})
    with pytest.raises(UnsampledError):
        kinds()["template"].series(case.bound, course("1", 5))


@pytest.mark.parametrize("values", ["{{ 1 / value }}x5", "{{ nothing }}x5", "{{ value.x.y }}x5"])
def test_an_example_that_does_not_render_has_no_series(values: str) -> None:
    """A user's template may divide by the value that the test asks for. That must not be a crash."""
    case = template("{{ a }}", {"a": "a"}, ExampleSeries(series="{{ a }}", labels=(), values=values))
    with pytest.raises(InvalidTemplateError):
        kinds()["template"].series(case.bound, course("0", 5))


@pytest.mark.parametrize("series", ["{{ a }}[5m]", "{a}", ""])
def test_an_example_that_is_no_series_has_none(series: str) -> None:
    """A rendered text may still be no selector."""
    case = template("{{ a }}", {"a": "a"}, ExampleSeries(series=series, labels=(), values="1x5"))
    with pytest.raises(InvalidTemplateError):
        kinds()["template"].series(case.bound, course("0", 5))


SHARES = ("0", "0.07", "1")
NUMBERS = ("1", "3")
VALUES = {
    "increase": ("7", "1000"),
    "quantile": ("0.2", "100000"),
    "rate": ("0.5", "12000"),
    "state": ("0", "1"),
    "template": ("0.5", "3"),
    "usage": ("0", "0.07", "1.2"),
    "utilization": ("0.07", "0.99"),
}
"""Values that the series of a kind must give, where neither shares nor plain numbers fit."""


def values_of(kind: str) -> tuple[str, ...]:
    return VALUES.get(kind) or (SHARES if kinds()[kind].unit == RATIO else NUMBERS)


def proof(bound: BoundSignal, value: str, expression: str) -> dict[str, Any]:
    """Return a test of promtool: the made-up series make the expression return `value` for one component.

    The test allows rounding errors far below any limit's precision.
    """
    expected_value = Decimal(value)
    tolerance = max(abs(expected_value), Decimal(1)) * Decimal("0.0000001")
    # promtool knows the samples only up to its last evaluation, so this must be the time of an evaluation.
    at = (bound.binding.window // 60 + 2) * 60
    series = kinds()[bound.signal.kind].series(bound, course(value, at // bound.binding.step + 2))
    labels = ",".join(f'{name}="{name}-a"' for name in bound.binding.per)
    return {
        "interval": duration_text(bound.binding.step),
        "input_series": [{"series": made_up.selector, "values": made_up.values} for made_up in series],
        "promql_expr_test": [
            {
                "expr": f"abs({operand(expression)} - {decimal_text(expected_value)}) < bool {decimal_text(tolerance)}",
                "eval_time": duration_text(at),
                "exp_samples": [{"labels": f"{{{labels}}}", "value": 1}],
            }
        ],
    }


@pytest.mark.acceptance
@pytest.mark.parametrize("kind", [*(kind for kind in BUILT_IN if kind not in NO_VALUE), "template"])
def test_the_series_of_a_kind_give_the_wanted_value(kind: str, promtool: Path, tmp_path: Path) -> None:
    """The real promtool evaluates each form's expression over its series, and expects the value for each component."""
    cases = list(cases_of(kind)) if kind != "template" else TEMPLATES
    tests = [proof(case.bound, value, case.expression) for case in cases for value in values_of(kind)]
    run(promtool, tmp_path, tests)


@pytest.mark.acceptance
def test_a_cache_that_has_only_hits_or_only_misses_has_a_hit_ratio(promtool: Path, tmp_path: Path) -> None:
    """A counter with labels has no series before its first event.

    A cache without a hit or a miss must not go unnoticed.
    """
    inputs: dict[str, Selector | Decimal] = {
        "hits": parse_selector("hits_total"),
        "misses": parse_selector("miss_total"),
    }
    signal = Signal(id="x", kind="ratio", unit="ratio", title="X")
    binding = Binding(inputs=inputs, per=("service",), window=300, minimum_traffic=FLOORS["ratio"])
    expression = Case(name="", bound=BoundSignal(signal=signal, binding=binding, low=True)).expression
    only_hits, only_misses, quiet = (
        {"interval": "1m", "input_series": [{"series": f'{series}{{service="a"}}', "values": "0+60x20"}]}
        for series in ("hits_total", "miss_total", "other_total")
    )
    tests = [
        test
        | {
            "promql_expr_test": [
                {
                    "expr": expression,
                    "eval_time": "15m",
                    "exp_samples": [{"labels": '{service="a"}', "value": value}] if value is not None else [],
                }
            ]
        }
        for test, value in ((only_hits, 1), (only_misses, 0), (quiet, None))
    ]
    run(promtool, tmp_path, tests)


@pytest.mark.acceptance
@pytest.mark.parametrize("window", [4, 7, 30, 60, 119, 120, 3600])
def test_series_fit_short_and_long_windows(window: int, promtool: Path, tmp_path: Path) -> None:
    """Even a window of seconds holds several samples.

    Otherwise its rate would be empty and the rule's test would fail.
    """
    tests = []
    for kind, value in (
        ("ratio", "0.07"),
        ("quantile", "0.2"),
        ("increase", "7"),
        ("utilization", "0.99"),
        ("rate", "3"),
    ):
        inputs = next(inputs_of(kind))
        binding = Binding(inputs=inputs, per=("service",), window=window)
        bound = BoundSignal(signal=Signal(id="x", kind=kind, unit="ratio", title="X"), binding=binding)
        tests.append(proof(bound, value, canonical(kinds()[kind].expression(bound))))
    run(promtool, tmp_path, tests)


def run(promtool: Path, folder: Path, tests: list[dict[str, Any]]) -> None:
    """Make promtool run tests, and show its output if a test fails."""
    assert tests
    file = folder / "proof.test.yml"
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": tests}), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
