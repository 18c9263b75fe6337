"""Tests of the sentence that is written from a rule and says when its alert fires."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from compiler.compilation import compile_spec
from compiler.conventions import METRIC_GONE, SEVERITIES, TARGET_DOWN
from compiler.in_words import in_words
from compiler.model import Limit, System, WatchedSignal
from compiler.promql import Selector, parse_matchers, parse_selector
from compiler.quantities import BYTES, COUNT, PER_SECOND, RATIO, SECONDS, STATE, Quantity, Rate, parse_comparison
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, MeasuredIn, Signal
from compiler.signals.phrases import amount, ordinal, span, uncapitalised
from tests.compiler.base import DATA, LEDGER, ROOT, SHOP, SPEC, compiled, edit, tocsin

COMPARATORS = (">", ">=", "<", "<=")
DIRECTIONS = {
    ">": ("more than", "is above"),
    ">=": ("at least", "is at or above"),
    "<": ("less than", "is below"),
    "<=": ("at most", "is at or below"),
}
UNITS = {"quantile": SECONDS, "average": SECONDS, "increase": COUNT, "rate": PER_SECOND, "utilization": RATIO}
LIMITS = {RATIO: "0.05", SECONDS: "0.2", COUNT: "5", PER_SECOND: "100", BYTES: "536870912", STATE: "1"}


@cache
def shop() -> tuple[System, WatchedSignal]:
    """Return a system and one of its signals as a template for the tests."""
    model = compile_spec(DATA / "base" / SPEC).model
    assert model is not None
    system = next(candidate for candidate in model.systems if candidate.id == "shop")
    return system, system.signals[0]


def bound(
    kind: str, inputs: dict[str, str], *, title: str = "Disk usage", unit: str = "", **binding: object
) -> BoundSignal:
    """Return a signal with a binding. Inputs of digits only are numbers."""
    bound_inputs: dict[str, Selector | Decimal] = {
        name: Decimal(text) if text.isdigit() else parse_selector(text) for name, text in inputs.items()
    }
    usual: dict[str, object] = {"per": ("service",), "window": 300, "minimum_traffic": Rate(Decimal(1), 60)}
    low = binding.pop("low", False)
    signal = Signal(id="given", kind=kind, unit=unit or kinds()[kind].unit or UNITS[kind], title=title)
    signal = replace(signal, query=binding.pop("query", None), parameters=binding.pop("parameters", {}))
    return BoundSignal(signal=signal, binding=Binding(inputs=bound_inputs, **(usual | binding)), low=low)


def sentence(
    given_signal: BoundSignal,
    comparator: str = ">",
    value: str | None = None,
    component: str | None = None,
    **limit: object,
) -> str:
    """Return the sentence of a critical limit of the signal."""
    system, watched = shop()
    usual: dict[str, object] = {
        "severity": "critical",
        "comparator": comparator,
        "value": Decimal(value or LIMITS[given_signal.signal.unit]),
        "unit": given_signal.signal.unit,
        "text": "",
        "for_seconds": 300,
        "default": False,
        "statement": None,
        "span": watched.span,
    }
    filled = replace(watched, bound=given_signal, component=component, source=None)
    return in_words(system, filled, Limit(**(usual | limit)))


def rows() -> Iterator[tuple[str, str]]:
    """Yield a label and the sentence for every kind, form and comparator."""
    for name, kind in kinds().items():
        if not kind.bindable:
            continue
        for form in kind.forms:
            inputs = {form_input.name: form_input.example for form_input in form}
            label = f"{name} of {' and '.join(inputs)}"
            if kind.unit == STATE:
                yield from states(label, inputs)
                continue
            units = [kind.unit or UNITS.get(name, SECONDS)]
            if set(inputs) == {"gauge"}:
                units = [COUNT, SECONDS, BYTES, PER_SECOND, RATIO]
            for unit in units:
                for comparator in COMPARATORS:
                    signal = bound(
                        name, inputs, unit=unit, low=comparator.startswith("<"), over_time=smoothed(name, inputs)
                    )
                    yield f"{label} {comparator} {unit}", sentence(signal, comparator)


def smoothed(kind: str, inputs: dict[str, str]) -> str | None:
    """Return how a binding smooths its gauges if it does not say so itself."""
    sketch = BoundSignal(
        signal=Signal(id="x", kind=kind, unit=COUNT, title="X"),
        binding=Binding(inputs={name: Selector(name) for name in inputs}, window=300),
    )
    return "avg" if kinds()[kind].smoothed(sketch) else None


def states(label: str, inputs: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a state, for each comparison that makes it true."""
    measure = {"counter": "5", "since": "10m", "until": "14d", "max": "90%"}
    text = next((measure[name] for name in inputs if name in measure), "2")
    for comparator in (*COMPARATORS, "=="):
        active = parse_comparison(f"{comparator} {text}")
        signal = bound("state", inputs, title="Till jammed", active=active, over_time=smoothed("state", inputs))
        yield f"{label} {comparator}", sentence(signal, "==")


def test_every_kind_form_and_comparator_has_its_sentence(snapshot: SnapshotAssertion) -> None:
    """People read them one by one when they change: a wrong word here is a wrong page."""
    assert "\n".join(f"{name}\n    {text}" for name, text in rows()) == snapshot


def test_the_sentences_of_the_shipped_alerts(snapshot: SnapshotAssertion) -> None:
    """These are all alerts of this repository, in words."""
    groups = compile_spec(ROOT / SPEC).groups
    lines = [f"{alert.name}\n    {alert.in_words}" for group in groups for alert in group.alerts]
    assert "\n".join(lines) == snapshot


REQUESTS = {"errors": 'http_requests_total{code=~"5.."}', "requests": "http_requests_total"}
GAUGE = {"gauge": "jobs"}
MEMORY = {"available": "free_bytes", "max": "all_bytes"}
ONE_IN_TWENTY = (
    'Critical when more than 5 % of the requests are errors (errors where code matches "5..", over 5 minutes)'
)
NOBODY = "; nobody is paged below 1 request a minute."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS)),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service{NOBODY}",
            id="the usual one",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS), for_seconds=0),
            f"{ONE_IN_TWENTY.replace('when', 'as soon as')}, on each service{NOBODY}",
            id="at once",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS), severity="warning", for_seconds=5400),
            f"{ONE_IN_TWENTY.replace('Critical', 'Warning')} for 1 hour 30 minutes, on each service{NOBODY}",
            id="a warning after long",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS, minimum_traffic=None)),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service.",
            id="of any traffic",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS, minimum_traffic=Rate(Decimal(10), 3600))),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service; nobody is paged below 10 requests an hour.",
            id="of more traffic",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS), keep=600),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service; it goes on for 10 minutes after that{NOBODY}",
            id="kept firing",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS), recover=parse_comparison("< 4%")),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service; it goes on until the share of errors is below 4 %{NOBODY}",
            id="recovers elsewhere",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS), recover=parse_comparison("<= 4%"), keep=60),
            f"{ONE_IN_TWENTY} for 5 minutes, on each service;"
            f" it goes on until the share of errors is at or below 4 %, and for 1 minute after that{NOBODY}",
            id="recovers and is kept",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS, per=())),
            f"{ONE_IN_TWENTY} for 5 minutes, over all of The shop{NOBODY}",
            id="of the whole system",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS, per=()), component="gateway"),
            f"{ONE_IN_TWENTY} for 5 minutes, on gateway{NOBODY}",
            id="of one component",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", REQUESTS, per=("cluster", "instance", "mountpoint"))),
            f"{ONE_IN_TWENTY} for 5 minutes, on each cluster, instance and mountpoint{NOBODY}",
            id="of several labels",
        ),
        pytest.param(
            lambda: sentence(
                bound(
                    "gauge",
                    {"gauge": 'jobs{env!="test",zone!~"x|y",team=~"a.*",tier="",host!="",queue="q"}'},
                    unit=COUNT,
                )
            ),
            "Critical when the highest `jobs` is above 5 for 5 minutes, on each service, only where env is other than"
            ' "test", zone does not match "x|y", team matches "a.*", tier is empty, host is set and queue is "q".',
            id="every matcher",
        ),
        pytest.param(
            lambda: sentence(
                bound(
                    "quantile",
                    {"histogram": "took_milliseconds"},
                    units={"histogram": MeasuredIn(unit="ms", by_name=True)},
                )
            ),
            "Critical when the 95th percentile of `took_milliseconds` is above 200 ms (histogram in ms, over 5 minutes)"
            " for 5 minutes, on each service; nobody is paged below 1 observation a minute.",
            id="in another unit",
        ),
        pytest.param(
            lambda: sentence(bound("ratio", {"hits": "h", "misses": "m"}), "<", "0.8"),
            "Critical when less than 80 % of the reads are hits (over 5 minutes) for 5 minutes, on each service;"
            " nobody is paged below 1 read a minute.",
            id="hits and misses",
        ),
        pytest.param(
            lambda: sentence(bound("usage", MEMORY, title="Memory usage", over_time="avg")),
            "Critical when more than 5 % of the memory is used (that is less than 95 % free, average over 5 minutes)"
            " for 5 minutes, on each service.",
            id="what is free",
        ),
        pytest.param(
            lambda: sentence(bound("usage", MEMORY, title="Memory usage"), value="1.5"),
            "Critical when more than 150 % of the memory is used for 5 minutes, on each service.",
            id="more than all of it",
        ),
        pytest.param(
            lambda: sentence(bound("usage", {"used": "taken", "max": "40"}, title="Seats in use"), ">=", "0.85"),
            "Critical when at least 85 % of the seats is used for 5 minutes, on each service.",
            id="of a number, by its title",
        ),
        pytest.param(
            lambda: sentence(bound("usage", {"used": "taken", "max": "40"}, title="Seats"), "<", "0.85"),
            "Critical when `taken` is less than 85 % of 40 for 5 minutes, on each service.",
            id="of a number",
        ),
        *(
            pytest.param(
                lambda function=function: sentence(bound("gauge", GAUGE, unit=COUNT, over_time=function)),
                f"Critical when the highest `jobs` is above 5 ({words}) for 5 minutes, on each service.",
                id=f"over time {function}",
            )
            for function, words in (
                ("avg", "average over 5 minutes"),
                ("max", "highest within 5 minutes"),
                ("min", "lowest within 5 minutes"),
                ("last", "as last reported within 5 minutes"),
            )
        ),
        pytest.param(
            lambda: sentence(bound("state", GAUGE, active=parse_comparison("== 0"), every=True), "=="),
            "Critical when every `jobs` is 0 for 5 minutes, on each service.",
            id="a state of all",
        ),
        pytest.param(
            lambda: sentence(bound("state", GAUGE, active=parse_comparison("== 1"), within=900), "=="),
            "Critical when any `jobs` has been 1 within the last 15 minutes, for 5 minutes, on each service.",
            id="a state within",
        ),
        pytest.param(
            lambda: sentence(bound("state", GAUGE, active=parse_comparison("> 5"), every=True, within=60), "=="),
            "Critical when every `jobs` has been above 5 within the last 1 minute, for 5 minutes, on each service.",
            id="a state of all within",
        ),
        pytest.param(
            lambda: sentence(bound("quantile", {"histogram": "t_seconds"}, parameters={"quantile": Decimal("0.5")})),
            "Critical when the median of `t_seconds` is above 200 ms (over 5 minutes) for 5 minutes, on each service;"
            " nobody is paged below 1 observation a minute.",
            id="a median",
        ),
        pytest.param(
            lambda: sentence(
                bound("template", {"a": "a", "b": "b"}, unit=COUNT, query="{{ a }} - rate({{ b }}[{{ window }}])")
            ),
            "Critical when the query `given` of `a` and `b` is above 5 (over 5 minutes) for 5 minutes, on each service.",
            id="a query",
        ),
        pytest.param(
            lambda: sentence(bound("template", {c: c for c in "abcde"}, unit=STATE, query="{{ a }}"), "=="),
            "Critical when the query `given` of 5 metrics is true for 5 minutes, on each service.",
            id="a state by a query",
        ),
        pytest.param(
            lambda: sentence(gone("a", "b"), "==", "1", text=METRIC_GONE),
            "Critical when a target is up and one of `a` and `b` is gone for 5 minutes, over all of The shop, only where"
            ' job is "shop".',
            id="a metric gone",
        ),
        pytest.param(
            lambda: sentence(gone(*"abcdef"), "==", "2", text=TARGET_DOWN),
            "Critical when no target is up and one of `a`, `b`, `c` and 3 more metrics is gone for 5 minutes, over all of"
            ' The shop, only where job is "shop".',
            id="a target down",
        ),
        pytest.param(
            lambda: sentence(gone("a", targets=None), "==", "1", text=METRIC_GONE),
            'Critical when `a` is gone for 5 minutes, over all of The shop, only where job is "shop".',
            id="a metric gone, of targets that nobody knows",
        ),
        pytest.param(
            lambda: sentence(gone("a", targets='job="push"'), "==", "1", text=METRIC_GONE),
            'Critical when a target is up and `a` is gone (targets where job is "push") for 5 minutes, over all of The'
            ' shop, only where job is "shop".',
            id="a metric gone, of other targets",
        ),
    ],
)
def test_a_sentence_says_what_the_rule_does(text: Callable[[], str], expected: str) -> None:
    """The sentence tells everything that a file can say about an alert."""
    assert text() == expected


def gone(*metrics: str, targets: str | None = 'job="shop"') -> BoundSignal:
    """Return the signal of missing metrics, which is built in."""
    inputs = {f"{number:03}": f'{name}{{job="shop"}}' for number, name in enumerate(metrics)}
    known = None if targets is None else parse_matchers(targets)
    return bound("missing", inputs, per=(), source=parse_matchers('job="shop"'), targets=known)


def test_the_matchers_of_a_system_are_told_where_idle_time_is_measured() -> None:
    """The sentence already says that it is about idle time."""
    signal = bound("utilization", {"idle": 'cpu_seconds_total{job="node",mode="idle"}'}, title="CPU usage", unit=RATIO)
    signal = replace(signal, binding=replace(signal.binding, source=parse_matchers('job="node"')))
    assert sentence(signal, value="0.9") == (
        "Critical when more than 90 % of the CPU is busy (that is less than 10 % idle, over 5 minutes) for 5 minutes,"
        ' on each service, only where job is "node".'
    )


ALL = [
    (kind, tuple((form_input.name, form_input.example) for form_input in form))
    for kind in kinds().values()
    for form in kind.forms
    if kind.bindable and kind.name != "state"
]


@given(
    form=st.sampled_from(ALL),
    comparator=st.sampled_from(COMPARATORS),
    severity=st.sampled_from(SEVERITIES),
    for_seconds=st.integers(0, 10**6),
    thousandths=st.integers(1, 999),
)
def test_a_sentence_has_the_limit_the_hold_the_severity_and_the_direction(
    form: tuple[Any, tuple[tuple[str, str], ...]], comparator: str, severity: str, for_seconds: int, thousandths: int
) -> None:
    """The sentence holds nothing that Prometheus or YAML would read differently."""
    kind, inputs = form
    signal = bound(kind.name, dict(inputs), unit=kind.unit or UNITS.get(kind.name, COUNT), low=comparator[0] == "<")
    # A silence is a time in which scrapes come, so it lasts whole seconds.
    value = Decimal(thousandths) if kind.name == "silence" else Decimal(thousandths) / 1000
    text = sentence(signal, comparator, str(value), severity=severity, for_seconds=for_seconds)
    assert amount(Quantity(value, signal.signal.unit)) in text
    assert f" for {span(for_seconds)}," in text if for_seconds else " as soon as " in text
    assert text.startswith(severity.capitalize())
    assert text.endswith(".")
    condition = re.sub(r"\(.*?\)|; .*", "", text)
    if kind.name == "silence":
        assert f"not risen for {span(int(value))}" in condition
        return
    assert any(words in condition for words in DIRECTIONS[comparator]), text
    others = {words for sign, phrases in DIRECTIONS.items() if sign != comparator for words in phrases}
    assert not any(words in condition for words in others), text
    assert "{{" not in text
    assert ": " not in text


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(Decimal("0.05"), RATIO), "5 %"),
        (Quantity(Decimal("0.995"), RATIO), "99.5 %"),
        (Quantity(Decimal("0.2"), SECONDS), "200 ms"),
        (Quantity(Decimal("0.0005"), SECONDS), "0.5 ms"),
        (Quantity(Decimal(1), SECONDS), "1 second"),
        (Quantity(Decimal("1.5"), SECONDS), "1.5 seconds"),
        (Quantity(Decimal(0), SECONDS), "0 seconds"),
        (Quantity(Decimal(90), SECONDS), "1 minute 30 seconds"),
        (Quantity(Decimal(1209600), SECONDS), "14 days"),
        (Quantity(Decimal(536870912), BYTES), "512 MiB"),
        (Quantity(Decimal(1000), BYTES), "1 kB"),
        (Quantity(Decimal(5), COUNT), "5"),
        (Quantity(Decimal(100), PER_SECOND), "100 a second"),
    ],
)
def test_a_quantity_is_said_as_a_person_says_it(quantity: Quantity, text: str) -> None:
    """Units are words, and there are never thousands of seconds."""
    assert amount(quantity) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [("95", "95th"), ("99.9", "99.9th"), ("91", "91st"), ("11", "11th"), ("62", "62nd"), ("13", "13th"), ("3", "3rd")],
)
def test_a_percentile_has_its_ending(percent: str, text: str) -> None:
    """The ending is the spoken one."""
    assert ordinal(percent) == text


@pytest.mark.parametrize(
    ("title", "text"), [("Disk usage", "disk usage"), ("CPU usage", "CPU usage"), ("IOPS", "IOPS"), ("", "")]
)
def test_an_abbreviation_keeps_its_capitals(title: str, text: str) -> None:
    """This holds within a sentence."""
    assert uncapitalised(title) == text


@pytest.mark.usefixtures("base")
def test_the_sentence_is_written_from_the_rule_not_from_the_runbook() -> None:
    """If a signal is bound to what is free by mistake, the alert says so, whatever the runbook promises."""
    edit(SPEC, "{used: pool_in_use, max: 100, per: service}", "{available: pool_in_use, max: pool_size, per: service}")
    (alert,) = next(group for group in compiled().groups if group.name == "shop.connection_pool").alerts
    assert alert.limit.statement is not None
    assert "at least 85 of 100" in alert.limit.statement.text
    assert "that is at most 15 % free" in alert.in_words


@pytest.mark.usefixtures("base")
def test_the_catalogue_and_the_description_say_it_too() -> None:
    """The description begins with the current value and ends with the condition of the alert."""
    compilation = compiled()
    catalog = json.loads(
        next(artifact.content for artifact in compilation.artifacts if artifact.path == "catalog.json")
    )
    entries = {(entry["alert"], entry["severity"]): entry for entry in catalog["alerts"]}
    for group in compilation.groups:
        for alert in group.alerts:
            assert entries[alert.name, alert.limit.severity]["in_words"] == alert.in_words
            assert alert.annotations["description"].endswith(f". {alert.in_words}")


# The command.


@pytest.mark.usefixtures("base")
def test_an_alert_is_explained_with_its_origins() -> None:
    """The output has the sentence, and beside it the runbook's, so that a person can compare them."""
    result = tocsin("explain", "ShopLatencyP95")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:10] == [
        "ShopLatencyP95: 95th percentile latency of The shop",
        "",
        "Warning when the 95th percentile of `http_request_duration_seconds` is above 150 ms (over 5 minutes)",
        'for 10 minutes, on each service, only where job is "shop"; nobody is paged below 1 observation a',
        "minute.",
        "    runbook  runbooks/shop.md:9: “95th percentile latency: warning above 150 ms, critical above 200 ms. See [Slow answers](#slow-answers).”",
        "    limit    > 150ms, thresholds.yaml:50:34",
        "    helps    “Slow answers”, https://docs.example.com/runbooks/shop.md#slow-answers",
        '    rule     service:latency_p95:rate5m{system="shop"} > 0.15',
        '    record   service:latency_p95:rate5m = histogram_quantile(0.95, sum by (le, service) (rate(http_request_duration_seconds_bucket{job="shop"}[5m]))) / (sum by (service) (max without (le) (rate(http_request_duration_seconds_bucket{job="shop",le!="+Inf"}[5m]))) >= bool 0.95 * sum by (service) (rate(http_request_duration_seconds_count{job="shop"}[5m]))) and sum by (service) (rate(http_request_duration_seconds_count{job="shop"}[5m])) >= 1 / 60',
    ]
    assert "Critical when" in result.stdout


@pytest.mark.usefixtures("base")
def test_one_severity_alone_is_explained() -> None:
    """The name may have any spelling."""
    text = tocsin("explain", "shoplatencyp95:critical").stdout
    assert "Critical when" in text
    assert "Warning when" not in text
    assert "no sentence: it is a limit of the house" in tocsin("explain", "ShopErrorRatio:Critical").stdout


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ShopLatency95", "did you mean `ShopLatencyP95`?"),
        ("limit-unti", "did you mean `limit-unit`?"),
        ("shoplatencyp95:info", "`ShopLatencyP95` has no such severity; it has warning and critical"),
        ("zzz", "there is no alert and no code `zzz`; every finding shows its code in brackets"),
    ],
)
def test_an_unknown_name_is_wrong_usage_with_the_nearest_one(name: str, told: str) -> None:
    """The command exits with 2 and says how to go on, for alerts and codes alike."""
    result = tocsin("explain", name)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.usefixtures("base")
def test_a_code_is_explained_where_there_is_no_file() -> None:
    """Without a file, an alert cannot be explained."""
    Path(SPEC).unlink()
    assert tocsin("explain", "Limit-Unit").exit_code == 0
    result = tocsin("explain", "ShopErrorRatio")
    assert result.exit_code == 2
    assert "no thresholds.yaml whose alerts could be meant" in result.stderr


@pytest.mark.usefixtures("base")
def test_an_alert_is_explained_beside_errors_elsewhere() -> None:
    """The command explains the alert as far as it can read the file, and says that the file has errors."""
    edit(SPEC, '"> 1000"', '"> 1000s"')
    edit(LEDGER, "warning above 1000", "warning above 1000 s")
    result = tocsin("explain", "ShopErrorRatio")
    assert result.exit_code == 0
    assert "Critical when more than 5 %" in result.stdout
    assert re.search(r"thresholds\.yaml has \d errors?, which `tocsin check` shows", result.stderr)
    assert SHOP in result.stdout
