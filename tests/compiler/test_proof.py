"""Tests of the generated rule tests: the values, times and texts that they try, as a reader of the file sees them.

The tests judge series by their samples, not by the names of their components: the values around a limit prove it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import yaml

from compiler import conventions
from tests.compiler.base import SHOP, SPEC, compiled, edit

pytestmark = pytest.mark.usefixtures("base")

POOL = '{warning: ">= 85 of 100", critical: off}'


@dataclass(frozen=True, kw_only=True)
class Course:
    """One series of a test: its metric, its labels and its phases. A phase is a first sample, a growth and a count.

    A `steady` series continues as it begins, from the first sample to the last.
    """

    metric: str
    labels: dict[str, str]
    phases: tuple[tuple[Decimal, Decimal, int], ...]
    steady: bool

    @property
    def level(self) -> Decimal:
        """The value of a gauge that does not change."""
        ((first, growth, _),) = self.phases
        assert growth == 0
        return first

    def at(self, passed: int) -> Decimal:
        """Return the level of a gauge, scraped once a minute, after so many seconds."""
        samples = [first for first, _, count in self.phases for _ in range(count + 1)]
        return samples[passed // 60]

    @property
    def growth(self) -> Decimal:
        """The growth of a steadily growing counter from sample to sample."""
        ((_, growth, _),) = self.phases
        return growth


def contents(system: str) -> Iterator[dict[str, Any]]:
    """Yield the test files of a system. A slow signal has a file of its own."""
    for artifact in compiled().artifacts:
        if artifact.path.startswith(f"{conventions.TESTS_FOLDER}/{system}."):
            yield yaml.safe_load(artifact.content)


def content(path: str) -> dict[str, Any]:
    """Return a generated YAML file of the specification in the current directory."""
    (selected,) = (artifact for artifact in compiled().artifacts if artifact.path == path)
    parsed: dict[str, Any] = yaml.safe_load(selected.content)
    return parsed


def proofs_of(alert: str, ending: str = "", *, system: str = "shop") -> Iterator[dict[str, Any]]:
    """Yield the tests whose name ends in `ending`, with only the expectations about one alert."""
    for test in (test for file in contents(system) for test in file["tests"]):
        expectations = [expectation for expectation in test["alert_rule_test"] if expectation["alertname"] == alert]
        if expectations and test["name"].endswith(ending):
            yield test | {"alert_rule_test": expectations}


def courses(test: dict[str, Any], **labels: str) -> list[Course]:
    """Return the series of a test that have these labels."""
    all_courses = [course(series) for series in test["input_series"]]
    return [candidate for candidate in all_courses if labels.items() <= candidate.labels.items()]


def course(series: dict[str, str]) -> Course:
    """Return a series from promtool's notation: `3x4`, `0+2x4` or, for missing scrapes, `_x4`."""
    metric, _, inside = series["series"].partition("{")
    phases = re.findall(r"(-?[\d.]+)(?:\+(-?[\d.]+))?x(\d+)", series["values"])
    return Course(
        metric=metric,
        labels=dict(re.findall(r'(\w+)="([^"]*)"', inside)),
        phases=tuple((Decimal(first), Decimal(growth or 0), int(count)) for first, growth, count in phases),
        steady=" " not in series["values"],
    )


def severities(expectation: dict[str, Any], **labels: str) -> set[str]:
    """Return the severities that an expectation expects for the component with these labels."""
    fired = [alert["exp_labels"] for alert in expectation["exp_alerts"]]
    return {alert_labels["severity"] for alert_labels in fired if labels.items() <= alert_labels.items()}


def levels(alert: str, metric: str) -> dict[Decimal, set[str]]:
    """Return which severities fire at which level of a gauge, for all components with only one steady series."""
    (test,) = proofs_of(alert, "limits")
    (expectation,) = test["alert_rule_test"]
    return {
        gauge.level: severities(expectation, service=gauge.labels["service"])
        for gauge in courses(test, job="shop")
        if gauge.metric == metric and "replica" not in gauge.labels and gauge.steady
    }


def ratios(alert: str) -> dict[str, tuple[Decimal, Decimal, set[str]]]:
    """Return errors and requests a minute, and the severities that fire, for every component of the shop."""
    (test,) = proofs_of(alert, "limits")
    (expectation,) = test["alert_rule_test"]
    totals: dict[str, tuple[Decimal, Decimal, set[str]]] = {}
    for counter in courses(test, job="shop"):
        if counter.metric == "http_requests_total" and "replica" not in counter.labels and counter.steady:
            errors, requests, _ = totals.get(counter.labels["service"], (Decimal(), Decimal(), set()))
            failed = counter.growth if "code" in counter.labels else Decimal()
            fired = severities(expectation, service=counter.labels["service"])
            totals[counter.labels["service"]] = (errors + failed, requests + counter.growth, fired)
    return totals


def shares() -> dict[Decimal, set[str]]:
    """Return which severities fire at which share of errors, for the components with plenty of traffic."""
    return {e / r: fired for e, r, fired in ratios("ShopErrorRatio").values() if r > 100}


def seconds(text: str) -> int:
    """Return the number of seconds in a text such as `9m30s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([hms])", text))


def timeline(alert: str, ending: str = "for and recovery") -> list[tuple[int, set[str]]]:
    """Return when a test looks, in seconds, and which severities fire then."""
    (test,) = proofs_of(alert, ending)
    return [(seconds(expectation["eval_time"]), severities(expectation)) for expectation in test["alert_rule_test"]]


@pytest.mark.parametrize("comparator", [">", ">="])
def test_an_upper_limit_is_tried_just_below_exactly_at_and_just_above(comparator: str) -> None:
    """Exactly at the limit `>` is silent and `>=` fires. The neighbours are closer than one step of the limit."""
    edit(SPEC, POOL, f'{{warning: "{comparator} 85 of 100", critical: off}}')
    edit(SHOP, "warning at least 85", f"warning {'above' if comparator == '>' else 'at least'} 85")
    below, at, above = sorted(level for level in levels("ShopConnectionPool", "pool_in_use") if 84 < level < 86)
    assert below < at == 85 < above
    fired_at = levels("ShopConnectionPool", "pool_in_use")
    assert fired_at[below] == set()
    assert fired_at[at] == ({"warning"} if comparator == ">=" else set())
    assert fired_at[above] == {"warning"}


@pytest.mark.parametrize("comparator", ["<", "<="])
def test_a_lower_limit_is_tried_from_the_other_side(comparator: str) -> None:
    """Too little is the trouble: below the limit the alert fires, above it does not."""
    edit(SPEC, "\nsignals:\n", "\nsignals:\n  stock: {kind: gauge, unit: count, title: Stock}\n")
    edit(SPEC, POOL, f'{POOL}\n      stock: {{warning: "{comparator} 20", runbook: "#errors"}}')
    edit(SPEC, "max: 100, per: service}", "max: 100, per: service}\n      stock: {gauge: stock_left, per: service}")
    stated = f"- Stock: warning {'below' if comparator == '<' else 'at most'} 20.\n"
    edit(SHOP, "- Checkout closed: emergency.\n", "- Checkout closed: emergency.\n" + stated)
    fired_at = levels("ShopStock", "stock_left")
    below, at, above = sorted(level for level in fired_at if 19 < level < 21)
    assert below < at == 20 < above
    assert fired_at[below] == {"warning"}
    assert fired_at[at] == ({"warning"} if comparator == "<=" else set())
    assert fired_at[above] == set()


def test_each_severity_has_its_own_values_around_its_limit() -> None:
    """Above 1 % there is a warning, above 5 % also a critical alert. At 5 % there is only the warning."""
    fired_at = shares()
    for limit, before, beyond in (("0.01", set(), {"warning"}), ("0.05", {"warning"}, {"warning", "critical"})):
        near = {share: fired for share, fired in fired_at.items() if abs(share - Decimal(limit)) < Decimal("0.005")}
        assert near[Decimal(limit)] == before
        assert [fired for share, fired in near.items() if share > Decimal(limit)] == [beyond]
    assert fired_at[max(share for share in fired_at if share < Decimal("0.01"))] == set()


@pytest.mark.parametrize("for_seconds", ["7m", "10m", "1h30m"])
def test_for_is_tried_one_evaluation_before_it_has_passed_and_when_it_has(for_seconds: str) -> None:
    """The gauge is beyond its limit from the first sample on, so that only `for` delays the alert."""
    edit(SPEC, POOL, POOL.replace("off}", f"off, for: {for_seconds}}}"))
    step = seconds(content(conventions.tests_path("shop"))["evaluation_interval"])
    moments = timeline("ShopConnectionPool")
    assert moments[:2] == [(seconds(for_seconds) - step, set()), (seconds(for_seconds), {"warning"})]
    (test,) = proofs_of("ShopConnectionPool", "for and recovery")
    (pool,) = (series for series in courses(test) if series.metric == "pool_in_use")
    assert all(pool.at(at) > 85 for at in range(0, seconds(for_seconds) + 1, 60))


def test_each_severity_waits_for_its_own_for() -> None:
    """Critical fires after 5 minutes, the warning after 10: nothing, one, then both.

    The test looks twice around each.
    """
    step = seconds(content(conventions.tests_path("shop"))["evaluation_interval"])
    (*_, nothing), (first, *_), (*_, last), (both, *_) = (
        [at for at, fired in timeline("ShopErrorRatio")[:-1] if fired == severities_then]
        for severities_then in (set(), {"critical"}, {"critical"}, {"critical", "warning"})
    )
    # A counter has its first rate at the second sample, after a minute. A recorded value may come one evaluation late.
    assert (nothing, first) == (60 + 300 - step, 60 + 300 + step)
    assert (last, both) == (60 + 600 - step, 60 + 600 + step)


def test_without_a_recovery_limit_the_limit_ends_the_alert() -> None:
    """The value falls to just short of the limit, and nothing fires any more."""
    assert timeline("ShopConnectionPool")[-1][1] == set()
    (test,) = proofs_of("ShopConnectionPool", "for and recovery")
    (pool,) = (series for series in courses(test) if series.metric == "pool_in_use")
    assert 84 < pool.phases[-1][0] < 85
    assert not list(proofs_of("ShopConnectionPool", "recovery of warning"))


def test_with_a_recovery_limit_the_alert_goes_on_until_it_is_reached() -> None:
    """The value is beyond the limit, between both, recovered, and between again. The last one fires nothing."""
    edit(SPEC, POOL, POOL.replace("off}", 'off, recover: {warning: "< 70 of 100"}}'))
    (test,) = proofs_of("ShopConnectionPool", "recovery of warning")
    (pool,) = (series for series in courses(test) if series.metric == "pool_in_use")
    moments = [(pool.at(at), fired) for at, fired in timeline("ShopConnectionPool", "recovery of warning")]
    (bad, waiting), (_, beyond), (between, held), (recovered, over), (again, still) = moments
    assert bad > 85 > between == again > 70 > recovered > 69
    assert (waiting, beyond, held, over, still) == (set(), {"warning"}, {"warning"}, set(), set())


def test_a_component_that_only_comes_between_the_limits_never_fires() -> None:
    """A recovery limit is no second limit: an alert that has not fired does not continue."""
    edit(SPEC, POOL, POOL.replace("off}", 'off, recover: {warning: "< 70 of 100"}}'))
    between = {level: fired for level, fired in levels("ShopConnectionPool", "pool_in_use").items() if 70 < level < 85}
    assert between
    assert set().union(*between.values()) == set()


def test_too_little_traffic_is_tried_and_just_enough() -> None:
    """All requests fail in each case. Below one request a minute that is silent, from there on it fires."""
    bad = {requests: fired for errors, requests, fired in ratios("ShopErrorRatio").values() if errors == requests}
    assert {requests: fired for requests, fired in bad.items() if requests <= 1} == {
        Decimal(0): set(),
        Decimal("0.99"): set(),
        Decimal(1): {"critical", "warning"},
    }


def test_another_least_traffic_is_tried_at_its_own_edge() -> None:
    """The test proves the traffic floor that the specification states."""
    edit(SPEC, "per: service}\n      latency", "per: service, minimum_traffic: 30 per minute}\n      latency")
    bad = {requests: fired for errors, requests, fired in ratios("ShopErrorRatio").values() if errors == requests}
    assert bad[Decimal("29.7")] == set()
    assert bad[Decimal(30)] == {"critical", "warning"}


def test_a_share_of_nothing_is_tried() -> None:
    """A pool without connections divides by zero, and nothing fires. With the smallest pool, the alert fires."""
    edit(SPEC, "max: 100, per: service}", "max: pool_size, per: service}")
    edit(SPEC, POOL, '{warning: ">= 85%", critical: off}')
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    sizes = {
        series.labels["service"]: series.level
        for series in courses(test, job="shop")
        if series.metric == "pool_size" and "replica" not in series.labels and series.steady
    }
    (nothing,) = (service for service, size in sizes.items() if size == 0)
    assert severities(expectation, service=nothing) == set()
    (least,) = (service for service, size in sizes.items() if size == 1)
    assert severities(expectation, service=least) == {"warning"}


def test_data_that_end_in_trouble_are_tried() -> None:
    """An alert that fired on the last samples stops when Prometheus forgets these."""
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    pools = [input_series for input_series in test["input_series"] if input_series["series"].startswith("pool_in_use{")]
    ended = [
        input_series
        for input_series in pools
        if "stale _x" in input_series["values"] and "replica" not in input_series["series"]
    ]
    (pool,) = map(course, ended)
    assert pool.phases[0][0] > 85
    assert severities(expectation, service=pool.labels["service"]) == set()


def test_missing_metrics_are_tried_in_each_way_that_they_can_be_missing() -> None:
    """Nothing fires while all metrics are there, or never were.

    A job without a target is critical, else there are warnings.
    """
    cases: dict[str, tuple[str | None, set[str], list[tuple[str, str]]]] = {}
    for test in proofs_of("ShopMetricsMissing"):
        case = test["name"].partition(": ")[2]
        shops = [
            input_series
            for input_series in test["input_series"]
            if 'job="shop"' in input_series["series"] and ":" not in input_series["series"]
        ]
        series = {input_series["series"].partition("{")[0]: input_series["values"] for input_series in reversed(shops)}
        (*_, expectation) = test["alert_rule_test"]
        labels = [alert["exp_labels"] for alert in expectation["exp_alerts"]]
        fired = [
            (alert_labels["severity"], alert_labels.get("metric") or alert_labels["job"]) for alert_labels in labels
        ]
        cases[case] = (series.pop("up", "").partition(" ")[2] or None, set(series), fired)
    metrics = {"checkout_open", "http_request_duration_seconds_count", "http_requests_total", "pool_in_use"}
    warned = [("warning", metric) for metric in sorted(metrics)]
    critical = [("critical", "shop")]
    alerts = {case: fired for case, (_, _, fired) in cases.items()}
    assert alerts == {
        "all there": [],
        "never there": [],
        "pushed": [],
        "pushed beside a target that is down": [],
        "metrics gone": warned,
        "metrics never there": warned,
        "metric 1 gone": warned[:1],
        "pushed metrics gone": warned,
        "a pushed metric gone": warned[:1],
        "target gone": critical,
        "target down": critical,
        "target never up": critical,
        "for of warning": warned,
        "for of critical": critical,
    }
    up = {case: course for case, (course, _, _) in cases.items()}
    assert up["target gone"] is not None
    assert up["target gone"].startswith("stale")
    assert up["target down"] is not None
    assert up["target down"].startswith("0x")
    present = {case: names for case, (_, names, _) in cases.items()}
    assert (present["all there"], present["never there"], present["metrics never there"]) == (metrics, set(), set())


def test_one_job_of_two_is_tried_where_a_place_may_have_two() -> None:
    """The end of a watched job is told; the end of a job without a watched metric is not."""
    edit(SPEC, 'selector: job="shop"', 'selector: job=~"shop|shop-.*"')
    for case, jobs in (
        ("one job of two gone", {"shop-a"}),
        ("one job of two down", {"shop-a"}),
        ("bystander gone", set()),
    ):
        (test,) = proofs_of("ShopMetricsMissing", f": {case}")
        (expectation,) = test["alert_rule_test"]
        assert {alert["exp_labels"]["job"] for alert in expectation["exp_alerts"]} == jobs


def test_every_component_is_judged_apart_from_those_that_share_a_label_with_it() -> None:
    """If two labels tell components apart, a healthy neighbour shares either the one label or the other."""
    (test,) = proofs_of("LedgerBacklog", "limits", system="ledger")
    (expectation,) = test["alert_rule_test"]
    fired = {(alert["exp_labels"]["region"], alert["exp_labels"]["queue"]) for alert in expectation["exp_alerts"]}
    silent = {(series.labels["region"], series.labels["queue"]) for series in courses(test)} - fired
    critical = {
        (alert["exp_labels"]["region"], alert["exp_labels"]["queue"])
        for alert in expectation["exp_alerts"]
        if alert["exp_labels"]["severity"] == "critical"
    }
    assert any(
        region == silent_region and queue != silent_queue
        for region, queue in critical
        for silent_region, silent_queue in silent
    )
    assert any(
        region != silent_region and queue == silent_queue
        for region, queue in critical
        for silent_region, silent_queue in silent
    )


def test_series_that_a_selector_keeps_out_are_there_and_change_nothing() -> None:
    """Another job's pool is full beside each tested component. Without the matcher, its alert would fire."""
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    strong_sample = {
        series.labels["service"]
        for series in courses(test, job="other")
        if series.metric == "pool_in_use" and series.level > 85
    }
    assert any(not severities(expectation, service=service) for service in strong_sample)


def test_a_part_of_one_component_and_a_whole_of_all_are_tried_in_that_component() -> None:
    """For any other component the part would be missing, and a rule without a value fires for nothing."""
    edit(SPEC, 'http_requests_total{code=~"5.."}', 'failures_total{service="till"}')
    tried = [test for test in proofs_of("ShopErrorRatio") if severities(test["alert_rule_test"][-1])]
    assert tried
    for test in tried:
        assert {"failures_total", "http_requests_total"} <= {series.metric for series in courses(test, service="till")}
        fired = [alert["exp_labels"] for part in test["alert_rule_test"] for alert in part["exp_alerts"]]
        assert {alert_labels["service"] for alert_labels in fired} == {"till"}


def test_the_texts_of_an_alert_are_expected_word_for_word() -> None:
    """The texts have the component, the value, the limit, the time and the runbook filled in."""
    (test,) = proofs_of("ShopErrorRatio", "limits")
    (expectation,) = test["alert_rule_test"]
    service = next(
        name
        for name, (errors, requests, _) in ratios("ShopErrorRatio").items()
        if errors / (requests or 1) == Decimal("0.0504")
    )
    (in_words,) = (
        alert.in_words
        for group in compiled().groups
        for alert in group.alerts
        if (alert.name, alert.limit.severity) == ("ShopErrorRatio", "critical")
    )
    (critical,) = (
        alert
        for alert in expectation["exp_alerts"]
        if (alert["exp_labels"]["service"], alert["exp_labels"]["severity"]) == (service, "critical")
    )
    assert critical["exp_labels"] == {
        "component": service,
        "service": service,
        "severity": "critical",
        "signal": "error_ratio",
        "system": "shop",
        "team": "sales",
    }
    assert critical["exp_annotations"] == {
        "description": f"Error ratio 5.04% on {service} of The shop. {in_words}",
        "runbook_url": "https://docs.example.com/runbooks/shop.md#errors",
        "summary": "The shop: Error ratio above 5%.",
        "value": "0.0504",
    }


@pytest.mark.parametrize("system", ["shop", "ledger"])
def test_every_alert_of_every_severity_is_seen_to_fire_and_seen_to_be_silent(system: str) -> None:
    """Each alert has all annotations of its rule, filled in."""
    rules = [
        rule
        for group in content(conventions.rules_path(system))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert rules
    for rule in rules:
        looks = [
            expectation for test in proofs_of(rule["alert"], system=system) for expectation in test["alert_rule_test"]
        ]
        severity = rule["labels"]["severity"]
        fired = [alert for look in looks for alert in look["exp_alerts"] if alert["exp_labels"]["severity"] == severity]
        assert fired, rule
        assert any(severity not in severities(look) for look in looks), rule
        for alert in fired:
            assert alert["exp_annotations"].keys() == rule["annotations"].keys()
            assert all(text and "{{" not in text for text in alert["exp_annotations"].values())
