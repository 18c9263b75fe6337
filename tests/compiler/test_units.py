"""Tests of metrics in other units than those of their limits: the source of units, and that the right side fires.

The last test computes its series here, in fractions, and not with the compiler. So it would show a scale that is wrong
in both the rules and the generated tests.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compilation import Compilation, compile_spec
from compiler.output import write
from compiler.promql import canonical, parse_selector
from compiler.quantities import BYTES, METRIC_UNITS, RATIO, SECONDS, decimal_text
from compiler.signals import factors
from compiler.signals.bound import Binding, BoundSignal, MeasuredIn, Signal
from compiler.signals.samples import own_units
from tests.compiler.base import SPEC, codes, edit, tocsin

SCALED = Path(__file__).parents[1] / "testbed" / "data" / "scaled"


def bound(units: dict[str, str], **inputs: str) -> BoundSignal:
    """Return a signal of metrics in these units."""
    return BoundSignal(
        signal=Signal(id="x", kind="gauge", unit="seconds", title="X"),
        binding=Binding(
            inputs={name: parse_selector(text) for name, text in inputs.items()},
            units={name: MeasuredIn(unit=unit, by_name=False) for name, unit in units.items()},
            window=300,
        ),
    )


AGE = bound({"gauge": "ms", "used": "KiB", "max": "GiB"}, gauge="a", used="u", max="m")
HISTOGRAM = bound({"histogram": "ms"}, histogram="h")
DOTTED = bound({"gauge": "ms"}, gauge='{"pump.delay"}')
DOTTED_HISTOGRAM = bound({"histogram": "us"}, histogram='{"rpc.time"}')


@pytest.mark.parametrize(
    ("signal", "expression", "scaled"),
    [
        (AGE, "a > 5", "a / 1000 > 5"),
        (AGE, "max by (p) (avg_over_time(a[5m]))", "max by (p) (avg_over_time(a[5m])) / 1000"),
        (AGE, "sum(rate(a[5m])) / (sum(b) > 0)", "sum(rate(a[5m])) / (sum(b) > 0) / 1000"),
        (AGE, "sum(b) / (sum(a) > 0)", "sum(b) / (sum(a) > 0) * 1000"),
        (AGE, "sum(b) / (sum(a) > 5)", "sum(b) / (sum(a) / 1000 > 5)"),
        (AGE, "sum(u) / sum(m)", "sum(u) / sum(m) / 1048576"),
        (AGE, "1 - sum(u) / sum(b)", "1 - sum(u) / sum(b) * 1024"),
        (AGE, "time() - max(a)", "time() - max(a) / 1000"),
        (AGE, "a - a offset 1h", "(a - a offset 1h) / 1000"),
        (AGE, "max(a - b)", "max(a / 1000 - b)"),
        (AGE, "max by (p) (a > bool 5)", "max by (p) (a / 1000 > bool 5)"),
        (AGE, "max by (p) (a > bool 0)", "max by (p) (a > bool 0)"),
        (AGE, "a and on (p) b > 1", "a / 1000 and on (p) b > 1"),
        (AGE, "(a and on (p) b > 1) > 5", "(a / 1000 and on (p) b > 1) > 5"),
        (AGE, "sum(a and on (p) b > 1)", "sum(a and on (p) b > 1) / 1000"),
        (AGE, "a >= -Inf", "a / 1000 >= -Inf"),
        (AGE, "avg_over_time((sum(u >= -Inf) / (sum(b) > 0))[5m:1m])", "avg_over_time((sum(u >= -Inf) / (sum(b) > 0))[5m:1m]) * 1024"),
        (AGE, "sum((a - a offset 1h unless resets(a[1h]) > 0) or round(increase(a[1h])))", "sum((a - a offset 1h unless resets(a[1h]) > 0) or round(increase(a[1h]))) / 1000"),
        (AGE, "a == a", "a / 1000 == a / 1000"),
        (AGE, r'max(a{job=~"api\\.eu",path!="say \"hi\"\n"} > 3)', r'max(a{job=~"api\\.eu",path!="say \"hi\"\n"} / 1000 > 3)'),
        (AGE, r'sum(rate(a{v=~"\\d+"}[5m])) / sum(b{v=~"\\d+"} > 0)', r'sum(rate(a{v=~"\\d+"}[5m])) / sum(b{v=~"\\d+"} > 0) / 1000'),
        (AGE, r'label_replace(a, "x", "$1", "y", "(\\w+)\\..*")', r'label_replace(a, "x", "$1", "y", "(\\w+)\\..*") / 1000'),
        (AGE, r'max by ("k.x") (a{"k.x"=~"\\."}) + 1', r'max by ("k.x") (a{"k.x"=~"\\."}) / 1000 + 1'),
        (DOTTED, '{__name__="pump.delay"} > 5', '{__name__="pump.delay"} / 1000 > 5'),
        (DOTTED, 'max({"pump.delay",a="b"})', 'max({__name__="pump.delay",a="b"}) / 1000'),
        (DOTTED, '{__name__=~"pump.delay"} > 5', '{__name__=~"pump.delay"} > 5'),
        (DOTTED_HISTOGRAM, 'histogram_quantile(0.9, sum by (le) (rate({__name__="rpc.time_bucket"}[5m])))', 'histogram_quantile(0.9, sum by (le) (rate({__name__="rpc.time_bucket"}[5m]))) / 1000000'),
        (AGE, "a > 0", "a / 1000 > 0"),
        (AGE, "b unless on (p) a", "b unless on (p) a"),
        (AGE, "a or b", "a / 1000 or b"),
        (AGE, "count(a) + absent(a)", "count(a) + absent(a)"),
        (AGE, "sum(count_over_time(a[5m]))", "sum(count_over_time(a[5m]))"),
        (AGE, "clamp_max(a, 5)", "clamp_max(a / 1000, 5)"),
        (AGE, "a ^ 2", "(a / 1000) ^ 2"),
        (AGE, "-a", "-a / 1000"),
        (AGE, "max_over_time(a[5m:1m])", "max_over_time(a[5m:1m]) / 1000"),
        (AGE, "quantile by (p) (0.9, a)", "quantile by (p) (0.9, a) / 1000"),
        (AGE, "a * on (p) group_left (q) u", "a * on (p) group_left (q) u * 128 / 125"),
        (AGE, 'label_replace(a{q="u"}, "p", "$1", "q", "(.*)")', 'label_replace(a{q="u"}, "p", "$1", "q", "(.*)") / 1000'),
        (AGE, "recorded > 5", "recorded > 5"),
        (HISTOGRAM, "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))", "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) / 1000"),
        (HISTOGRAM, "histogram_quantile(0.9, sum(rate(h[5m])))", "histogram_quantile(0.9, sum(rate(h[5m]))) / 1000"),
        (HISTOGRAM, "sum(rate(h_sum[5m])) / sum(rate(h_count[5m]))", "sum(rate(h_sum[5m])) / sum(rate(h_count[5m])) / 1000"),
        (HISTOGRAM, "sum(rate(h_bucket[5m])) > 5", "sum(rate(h_bucket[5m])) > 5"),
    ],
)  # fmt: skip
def test_the_factor_of_a_metric_comes_out_of_what_is_proportional_to_it(
    signal: BoundSignal, expression: str, scaled: str
) -> None:
    """It is applied once, where the value is compared, added or complete. Two equal factors cancel out."""
    assert canonical(factors.in_base_units(expression, signal)) == scaled


@pytest.mark.parametrize(
    ("unit", "values", "own"),
    [
        ("ms", "0.5x10", "500x10"),
        ("ms", "-300+60x10 _x5 0.25x3", "-300000+60000x10 _x5 250x3"),
        ("KiB", "2048+512x3", "2+0.5x3"),
        ("TiB", "1x3", "0.0000000000009094947017729282379150390625x3"),
        ("percent", "0.9x1 stale", "90x1 stale"),
        ("m", "90-30x2", "1.5-0.5x2"),
        ("s", "5x1", "5x1"),
    ],
)
def test_samples_are_written_in_the_unit_of_the_metric(unit: str, values: str, own: str) -> None:
    """The conversion is as exact as decimals are: twice the series gives twice the value."""
    assert own_units.samples(bound({"gauge": unit}, gauge="a"), "a", values) == own


@given(st.sampled_from(sorted(METRIC_UNITS)), st.decimals("0.001", "100000", places=3))
def test_a_sample_stands_for_the_value_that_it_was_made_of(unit: str, value: Decimal) -> None:
    """Law: times the factor, the sample is the value again, except for the last of many digits."""
    text = own_units.samples(bound({"gauge": unit}, gauge="a"), "a", f"{decimal_text(value)}x1")
    back = Fraction(text.removesuffix("x1")) * METRIC_UNITS[unit].factor
    assert abs(back / Fraction(value) - 1) < Fraction(1, 10**30)


CLOSER = "since: day_started_timestamp_seconds"
POOL = "used: pool_in_use, max: 100"
OPEN = 'gauge: checkout_open, active: "== 0", of: all'
LATENCY = "histogram: http_request_duration_seconds"


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        (LATENCY, "histogram: http_request_duration_milliseconds", {"histogram": ("ms", True)}),
        (LATENCY, "histogram: http_request_duration, in: us", {"histogram": ("us", False)}),
        (CLOSER, "since: day_started_timestamp_ms", {"since": ("ms", True)}),
        (CLOSER, "gauge: day_hours", {"gauge": ("h", True)}),
        (CLOSER, "gauge: day_length, in: {gauge: m}", {"gauge": ("m", False)}),
        (CLOSER, "gauge: day_length_seconds, in: s", {}),
        (POOL, "used: pool_kb, max: pool_limit_kb", {}),
        (POOL, "used: pool_kb, max: pool_limit_kilobytes", {}),
        (POOL, "used: pool_kb, max: 4096", {}),
        (POOL, "used: pool_percent, max: 100", {}),
        (POOL, "used: pool_a, max: pool_b, in: KiB", {}),
        (POOL, "used: pool_mib, max: pool_gib", {"used": ("MiB", True), "max": ("GiB", True)}),
        (POOL, "used: pool_mib, max: pool_bytes", {"used": ("MiB", True)}),
        (POOL, "used: pool_bytes, max: pool_limit", {}),
        (POOL, "used: pool_a, max: pool_b, in: {used: kB}", {"used": ("kB", False)}),
        (POOL, "used: pool_a, max: pool_b, in: {max: MB}", {"max": ("MB", False)}),
        (OPEN, 'gauge: checkout_wait_ms, active: "> 500ms"', {"gauge": ("ms", True)}),
        (OPEN, 'gauge: checkout_wait_ms, active: "> 500"', {}),
        (OPEN, 'gauge: checkout_load_percent, active: "> 90"', {}),
        (OPEN, 'gauge: checkout_load_percent, in: "%", active: "> 90%"', {"gauge": ("%", False)}),
        (OPEN, 'since: checkout_sold_unixtime, in: ms, active: "> 10m"', {"since": ("ms", False)}),
    ],
)  # fmt: skip
def test_a_unit_is_that_of_the_binding_else_that_of_the_name(
    old: str, new: str, units: dict[str, tuple[str, bool]]
) -> None:
    """Only metrics that are not in base units are scaled. For a share, only parts in different units are."""
    edit(SPEC, old, new)
    compilation = compile_spec(Path(SPEC))
    assert not compilation.diagnostics.found
    all_units = [group.watched.bound.binding.units for group in compilation.groups if group.watched.bound.binding.units]
    assert [{name: (unit.unit, unit.by_name) for name, unit in by_input.items()} for by_input in all_units] == (
        [units] if units else []
    )


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("new", "maximum"),
    [
        ("used: pool_a, max: 2, in: {used: KiB, max: MiB}", "2097152"),
        ("used: pool_kib, max: 2048", "2048"),
        ("used: pool_a, max: 2048, in: {used: KiB}", "2048"),
    ],
)
def test_a_number_is_in_the_unit_of_the_metric_unless_the_binding_says_otherwise(new: str, maximum: str) -> None:
    """If the binding gives units by input, an input without one is in base units."""
    edit(SPEC, POOL, new)
    compilation = compile_spec(Path(SPEC))
    (expression,) = (
        group.alerts[0].expr for group in compilation.groups if group.watched.bound.signal.id == "connection_pool"
    )
    assert f" / {maximum}" in expression
    assert (" * 1024" in expression) is ("in:" in new)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (CLOSER, "gauge: day_milliseconds, in: s", "unit-contradicts-name"),
        (CLOSER, "gauge: day_seconds_total", "counter-as-gauge"),
        (CLOSER, "gauge: day_started_timestamp_seconds", "point-in-time"),
        (CLOSER, "gauge: day_info", "constant-metric"),
        ("requests: http_requests_total", "requests: http_in_flight", "gauge-as-counter"),
        (LATENCY, "histogram: cells_per_bucket", "histogram-name"),
    ],
)
def test_a_name_that_is_wrong_is_silenced_with_a_reason(old: str, new: str, code: str) -> None:
    """The author of the file knows better than a convention."""
    edit(SPEC, old, new)
    assert codes() == [code]
    line = next(candidate for candidate in Path(SPEC).read_text(encoding="utf-8").split("\n") if new in candidate)
    edit(SPEC, line, f"{line}  # tocsin: ignore[{code}] the exporter is wrong")
    assert codes() == []


@pytest.mark.usefixtures("base")
def test_a_unit_that_only_the_name_says_is_noted_by_check_and_in_the_catalogue() -> None:
    """Nobody wrote the unit, so users must be able to see it."""
    edit(SPEC, LATENCY, "histogram: http_request_duration_milliseconds")
    edit(SPEC, CLOSER, "since: day_started, in: ms")
    result = tocsin("check")
    assert result.exit_code == 0
    assert [line for line in result.stderr.split("\n") if "note:" in line] == [
        "thresholds.yaml:55:36: note: `http_request_duration_milliseconds` is taken to be in ms, as its name says"
    ]
    tocsin("compile")
    alerts = json.loads(Path("generated/catalog.json").read_text(encoding="utf-8"))["alerts"]
    assert {entry["signal"]: entry["measured_in"] for entry in alerts if "measured_in" in entry} == {
        "closing_time": {"day_started": {"unit": "ms", "by": "file"}},
        "latency_p95": {"http_request_duration_milliseconds": {"unit": "ms", "by": "name"}},
    }


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("active", ["== 1", "== 0"])
def test_a_state_may_ask_whether_something_is_there_or_has_been_set(active: str) -> None:
    """Such a state asks for a series of labels that exists, or for a timestamp that has never been set."""
    for metric in ("checkout_version_info", "checkout_closed_timestamp_seconds"):
        edit(SPEC, "gauge: checkout_open", f"gauge: {metric}")
        edit(SPEC, 'active: "== 0"', f'active: "{active}"')
        assert codes() == []
        edit(SPEC, f"gauge: {metric}", "gauge: checkout_open")
        edit(SPEC, f'active: "{active}"', 'active: "== 0"')


HOUSE = """
version: 1
links: {runbook: "https://docs.example.com/{path}#{anchor}"}
escalation: {plain: {levels: [on-call], critical: {respond: 30m, notify: [email]}}}
levels: {on-call: {title: On call, email: [on-call@example.com]}}
teams: {plant: {title: Plant}}
routing:
  webhook: {url: "http://127.0.0.1:9095/v1/alertmanager"}
  fallback: {team: plant, escalation: plain}
"""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A way to bind a metric in a unit: definition, binding, limits, and the series that give the signal a value.

    In `binding`, `{m}` is the metric and `{u}` its unit.
    """

    name: str
    base: str
    signal: str
    binding: str
    limits: tuple[tuple[str, Fraction], ...]

    def series(self, metric: str, value: Fraction, factor: Fraction) -> Iterator[tuple[str, str, str]]:
        """Yield metric, further labels and samples of the series that give the signal this value in base units."""
        own, at = value / factor, Fraction(AT)
        match self.name:
            case "gauge" | "state" | "used":
                yield metric, "", f"{number(own * (1000 if self.name == 'used' else 1))}x99"
            case "since":
                yield metric, "", f"{number((at - value) / factor)}x99"
            case "until":
                yield metric, "", f"{number((at + value) / factor)}x99"
            case "quantile":
                for share, count in ((Fraction(99, 100), 0), (Fraction(101, 100), 60)):
                    yield f"{metric}_bucket", f',le="{float(own * share)!r}"', f"0+{count}x99"
                yield f"{metric}_bucket", ',le="+Inf"', "0+60x99"
                yield f"{metric}_count", "", "0+60x99"
            case "average":
                yield f"{metric}_sum", "", f"0+{number(own * 60)}x99"
                yield f"{metric}_count", "", "0+60x99"
            case "busy" | "paused":
                rise = own * 60 if self.name == "busy" else own / 5
                yield metric, "", f"0+{number(rise)}x99"
        if self.name == "used":
            yield f"{metric}_max", "", "1000x99"


AT = 1800
"""Seconds between the first sample and the evaluation of the rules."""


def number(value: Fraction) -> str:
    """Return a fraction as promtool reads it, far more exact than a float."""
    text = decimal_text(Decimal(value.numerator) / Decimal(value.denominator))
    return text if len(text) < 60 else repr(float(value))


def times(*texts: str) -> tuple[tuple[str, Fraction], ...]:
    seconds = {"300ms": "0.3", "2s": "2", "7s": "7", "90s": "90", "26h": "93600", "14d": "1209600"}
    return tuple((text, Fraction(seconds[text])) for text in texts)


SIZES = (("300MiB", Fraction(300 * 2**20)), ("7GB", Fraction(7 * 10**9)))
SHARES = (("7%", Fraction(7, 100)), ("95%", Fraction(95, 100)))
SHAPES = (
    Shape(name="gauge", base=SECONDS, signal="kind: gauge, unit: seconds", binding="gauge: {m}, in: {u}", limits=times("300ms", "2s", "26h")),
    Shape(name="gauge", base=BYTES, signal="kind: gauge, unit: bytes", binding="gauge: {m}, in: {u}", limits=SIZES),
    Shape(name="gauge", base=RATIO, signal="kind: gauge, unit: ratio", binding="gauge: {m}, in: {u}", limits=SHARES),
    Shape(name="since", base=SECONDS, signal="kind: gauge, unit: seconds", binding="since: {m}, in: {u}", limits=times("90s", "14d")),
    Shape(name="until", base=SECONDS, signal="kind: gauge, unit: seconds", binding="until: {m}, in: {u}", limits=times("90s", "14d")),
    Shape(name="quantile", base=SECONDS, signal="kind: quantile, unit: seconds", binding="histogram: {m}, in: {u}", limits=times("300ms", "7s")),
    Shape(name="quantile", base=BYTES, signal="kind: quantile, unit: bytes", binding="histogram: {m}, in: {u}", limits=SIZES),
    Shape(name="average", base=SECONDS, signal="kind: average, unit: seconds", binding="histogram: {m}, in: {u}", limits=times("300ms", "7s")),
    Shape(name="used", base=BYTES, signal="kind: usage, unit: ratio", binding="used: {m}, max: {m}_max, in: {{used: {u}, max: B}}", limits=SHARES),
    Shape(name="busy", base=SECONDS, signal="kind: utilization, unit: ratio", binding="counter: {m}, in: {u}", limits=SHARES),
    Shape(name="paused", base=SECONDS, signal="kind: increase, unit: seconds", binding="counter: {m}, in: {u}", limits=times("7s", "90s")),
    Shape(name="state", base=SECONDS, signal="kind: state, unit: state", binding='gauge: {m}, in: {u}, active: "> {limit}"', limits=times("300ms", "90s")),
    Shape(name="state", base=RATIO, signal="kind: state, unit: state", binding='gauge: {m}, in: "{u}", active: "> {limit}"', limits=SHARES),
)  # fmt: skip
ABOVE, BELOW = Fraction(103, 100), Fraction(97, 100)


def compiled_house(folder: Path) -> tuple[Compilation, list[dict[str, str]], list[str]]:
    """Write and compile a house of every shape in every unit.

    Return the compilation, series near each limit, and alert names.
    """
    signals, limits, metrics, series, names = [], [], [], [], []
    for number_, shape in enumerate(SHAPES):
        for order, unit in enumerate(
            name for name in METRIC_UNITS if METRIC_UNITS[name].base == shape.base and name != "%"
        ):
            for which, (text, value) in enumerate(shape.limits):
                key, metric = f"s{number_}u{order}l{which}", f"m{number_}_{order}_{which}"
                severity = "when true" if shape.name == "state" else f"{'<' if shape.name == 'until' else '>'} {text}"
                signals.append(f"  {key}: {{{shape.signal}}}")
                limits.append(f'    {key}: {{critical: "{severity}", runbook: "#plant"}}')
                metrics.append(f"      {key}: {{{shape.binding.format(m=metric, u=unit, limit=text)}, per: side}}")
                names.append(f"PlantS{number_}u{order}l{which}")
                for side, part in (("above", ABOVE), ("below", BELOW)):
                    for name, labels, values in shape.series(metric, value * part, METRIC_UNITS[unit].factor):
                        series.append({"series": f'{name}{{side="{side}"{labels}}}', "values": values})
    rows = [
        "defaults:",
        "  for: 0s",
        "  limits:",
        *limits,
        "    metrics_missing: off",
        "signals:",
        *signals,
        "systems:",
    ]
    rows += ["  plant:", "    title: Plant", "    team: plant", "    runbook: guide.md", "    escalation: plain"]
    (folder / SPEC).write_text("\n".join([HOUSE, *rows, "    metrics:", *metrics, ""]), encoding="utf-8")
    (folder / "guide.md").write_text("# Plant\n\n## Plant\n\nLook.\n", encoding="utf-8")
    return compile_spec(folder / SPEC), series, names


@pytest.mark.acceptance
def test_whatever_the_unit_an_alert_fires_above_its_limit_and_not_below(promtool: Path, tmp_path: Path) -> None:
    """Law for every unit and binding: three per cent above the limit fires, three per cent below does not."""
    compilation, series, names = compiled_house(tmp_path)
    assert list(compilation.diagnostics) == []
    write(tmp_path / "generated", compilation.artifacts)
    sides = {name: "below" if "<" in rule_of(compilation, name) else "above" for name in names}
    test = {
        "rule_files": ["generated/prometheus/rules/plant.rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname, side) (ALERTS{alertstate="firing"})',
                        "eval_time": f"{AT // 60}m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}",side="{side}"}}', "value": 1}
                            for name, side in sides.items()
                        ],
                    }
                ],
            }
        ],
    }
    assert len(names) > 150
    run(promtool, tmp_path, test)


def rule_of(compilation: Compilation, name: str) -> str:
    """Return the expression of an alert."""
    return next(alert.expr for group in compilation.groups for alert in group.alerts if alert.name == name)


@pytest.mark.acceptance
def test_the_generated_tests_of_scaled_metrics_hold(promtool: Path, tmp_path: Path) -> None:
    """Each binding of this house needs a scale."""
    compilation = compile_spec(SCALED / SPEC)
    assert list(compilation.diagnostics) == []
    write(tmp_path / "generated", compilation.artifacts)
    for file in (tmp_path / "generated" / "prometheus" / "tests").iterdir():
        done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_limit_is_tried_at_its_very_value_where_the_scale_leaves_it_exact() -> None:
    """Without such a test, `>` and `>=` cannot be told apart."""
    tests = next(
        artifact.content
        for artifact in compile_spec(SCALED / SPEC).artifacts
        if artifact.path.endswith("plant.test.yml")
    ).decode()
    for own in ("jvm_heap_used_kilobytes", "host_load_percent", "clock_jitter", "db_lag_minutes", "probe_duration_ms"):
        assert f'{own}{{instance="at-' in tests


def run(promtool: Path, folder: Path, test: dict[str, Any]) -> None:
    """Make promtool run a test, and show its output if the test fails."""
    file = folder / "sides.test.yml"
    file.write_text(json.dumps(test), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:5000]
