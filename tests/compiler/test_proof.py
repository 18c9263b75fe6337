"""The generated rule tests: which values, times and words they try, as somebody reads them who opens the file.

Series are judged by their samples, not by the names of their components: a limit is proved by what lies around it.
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
    """One series of a test: its metric, its labels, and its phases, each a first sample, a growth and a count.

    `steady` is one that goes on as it begins, from the first sample to the last.
    """

    metric: str
    labels: dict[str, str]
    phases: tuple[tuple[Decimal, Decimal, int], ...]
    steady: bool

    @property
    def level(self) -> Decimal:
        """The value of a gauge that stays as it is."""
        ((first, growth, _),) = self.phases
        assert growth == 0
        return first

    def at(self, passed: int) -> Decimal:
        """Return the level of a gauge that is scraped once a minute, after so many seconds."""
        samples = [first for first, _, count in self.phases for _ in range(count + 1)]
        return samples[passed // 60]

    @property
    def growth(self) -> Decimal:
        """By how much a counter that grows steadily does so from sample to sample."""
        ((_, growth, _),) = self.phases
        return growth


def contents(system: str) -> Iterator[dict[str, Any]]:
    """Yield the test files of a system: a slow signal's are apart."""
    for one in compiled().artifacts:
        if one.path.startswith(f"{conventions.TESTS_FOLDER}/{system}."):
            yield yaml.safe_load(one.content)


def content(path: str) -> dict[str, Any]:
    """Return a generated YAML file of the specification in the current directory."""
    (found,) = (one for one in compiled().artifacts if one.path == path)
    parsed: dict[str, Any] = yaml.safe_load(found.content)
    return parsed


def proofs_of(alert: str, what: str = "", *, system: str = "shop") -> Iterator[dict[str, Any]]:
    """Yield the tests whose name ends in `what` and whose expectations are about an alert, and those only."""
    for test in (test for file in contents(system) for test in file["tests"]):
        about = [one for one in test["alert_rule_test"] if one["alertname"] == alert]
        if about and test["name"].endswith(what):
            yield test | {"alert_rule_test": about}


def courses(test: dict[str, Any], **labels: str) -> list[Course]:
    """Return the series of a test that have these labels."""
    found = [course(one) for one in test["input_series"]]
    return [one for one in found if labels.items() <= one.labels.items()]


def course(series: dict[str, str]) -> Course:
    """Return a series as promtool's notation means it: `3x4`, `0+2x4` or, where nothing is scraped, `_x4`."""
    metric, _, inside = series["series"].partition("{")
    phases = re.findall(r"(-?[\d.]+)(?:\+(-?[\d.]+))?x(\d+)", series["values"])
    return Course(
        metric=metric,
        labels=dict(re.findall(r'(\w+)="([^"]*)"', inside)),
        phases=tuple((Decimal(first), Decimal(growth or 0), int(count)) for first, growth, count in phases),
        steady=" " not in series["values"],
    )


def severities(expectation: dict[str, Any], **labels: str) -> set[str]:
    """Return of which severities an alert is expected to fire for the component with these labels."""
    fired = [one["exp_labels"] for one in expectation["exp_alerts"]]
    return {one["severity"] for one in fired if labels.items() <= one.items()}


def levels(alert: str, metric: str) -> dict[Decimal, set[str]]:
    """Return which severities fire at which level of a gauge, of all components that have but one steady series."""
    (test,) = proofs_of(alert, "limits")
    (expectation,) = test["alert_rule_test"]
    return {
        one.level: severities(expectation, service=one.labels["service"])
        for one in courses(test, job="shop")
        if one.metric == metric and "replica" not in one.labels and one.steady
    }


def ratios(alert: str) -> dict[str, tuple[Decimal, Decimal, set[str]]]:
    """Return errors and requests a minute, and which severities fire, of every component of the shop."""
    (test,) = proofs_of(alert, "limits")
    (expectation,) = test["alert_rule_test"]
    found: dict[str, tuple[Decimal, Decimal, set[str]]] = {}
    for one in courses(test, job="shop"):
        if one.metric == "http_requests_total" and "replica" not in one.labels and one.steady:
            errors, requests, _ = found.get(one.labels["service"], (Decimal(), Decimal(), set()))
            failed = one.growth if "code" in one.labels else Decimal()
            fired = severities(expectation, service=one.labels["service"])
            found[one.labels["service"]] = (errors + failed, requests + one.growth, fired)
    return found


def shares() -> dict[Decimal, set[str]]:
    """Return which severities fire at which share of errors, of the components with plenty of traffic."""
    return {e / r: fired for e, r, fired in ratios("ShopErrorRatio").values() if r > 100}


def seconds(text: str) -> int:
    """Return what `9m30s` means."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([hms])", text))


def timeline(alert: str, what: str = "for and recovery") -> list[tuple[int, set[str]]]:
    """Return when a test looks, in seconds, and what fires then."""
    (test,) = proofs_of(alert, what)
    return [(seconds(one["eval_time"]), severities(one)) for one in test["alert_rule_test"]]


@pytest.mark.parametrize("comparator", [">", ">="])
def test_an_upper_limit_is_tried_just_below_exactly_at_and_just_above(comparator: str) -> None:
    """Exactly at the limit `>` is silent and `>=` fires; the neighbours lie closer than one step of the limit."""
    edit(SPEC, POOL, f'{{warning: "{comparator} 85 of 100", critical: off}}')
    edit(SHOP, "warning at least 85", f"warning {'above' if comparator == '>' else 'at least'} 85")
    below, at, above = sorted(level for level in levels("ShopConnectionPool", "pool_in_use") if 84 < level < 86)
    assert below < at == 85 < above
    found = levels("ShopConnectionPool", "pool_in_use")
    assert found[below] == set()
    assert found[at] == ({"warning"} if comparator == ">=" else set())
    assert found[above] == {"warning"}


@pytest.mark.parametrize("comparator", ["<", "<="])
def test_a_lower_limit_is_tried_from_the_other_side(comparator: str) -> None:
    """Too little is the trouble: below it fires, above it does not."""
    edit(SPEC, "\nsignals:\n", "\nsignals:\n  stock: {kind: gauge, unit: count, title: Stock}\n")
    edit(SPEC, POOL, f'{POOL}\n      stock: {{warning: "{comparator} 20", runbook: "#errors"}}')
    edit(SPEC, "max: 100, per: service}", "max: 100, per: service}\n      stock: {gauge: stock_left, per: service}")
    stated = f"- Stock: warning {'below' if comparator == '<' else 'at most'} 20.\n"
    edit(SHOP, "- Checkout closed: emergency.\n", "- Checkout closed: emergency.\n" + stated)
    found = levels("ShopStock", "stock_left")
    below, at, above = sorted(level for level in found if 19 < level < 21)
    assert below < at == 20 < above
    assert found[below] == {"warning"}
    assert found[at] == ({"warning"} if comparator == "<=" else set())
    assert found[above] == set()


def test_each_severity_has_its_own_values_around_its_limit() -> None:
    """Above 1 % warns, above 5 % is critical as well; at 5 % it is a warning still."""
    found = shares()
    for limit, before, beyond in (("0.01", set(), {"warning"}), ("0.05", {"warning"}, {"warning", "critical"})):
        near = {share: fired for share, fired in found.items() if abs(share - Decimal(limit)) < Decimal("0.005")}
        assert near[Decimal(limit)] == before
        assert [fired for share, fired in near.items() if share > Decimal(limit)] == [beyond]
    assert found[max(share for share in found if share < Decimal("0.01"))] == set()


@pytest.mark.parametrize("for_seconds", ["7m", "10m", "1h30m"])
def test_for_is_tried_one_evaluation_before_it_has_passed_and_when_it_has(for_seconds: str) -> None:
    """The gauge is beyond its limit from the first sample on, so that only `for` keeps the alert waiting."""
    edit(SPEC, POOL, POOL.replace("off}", f"off, for: {for_seconds}}}"))
    step = seconds(content(conventions.tests_path("shop"))["evaluation_interval"])
    found = timeline("ShopConnectionPool")
    assert found[:2] == [(seconds(for_seconds) - step, set()), (seconds(for_seconds), {"warning"})]
    (test,) = proofs_of("ShopConnectionPool", "for and recovery")
    (pool,) = (one for one in courses(test) if one.metric == "pool_in_use")
    assert all(pool.at(at) > 85 for at in range(0, seconds(for_seconds) + 1, 60))


def test_each_severity_waits_for_its_own_for() -> None:
    """Critical after 5 minutes, the warning after 10: nothing, then the one, then both; two looks around each."""
    step = seconds(content(conventions.tests_path("shop"))["evaluation_interval"])
    (*_, nothing), (first, *_), (*_, last), (both, *_) = (
        [at for at, fired in timeline("ShopErrorRatio")[:-1] if fired == wanted]
        for wanted in (set(), {"critical"}, {"critical"}, {"critical", "warning"})
    )
    # A counter has its first rate at the second sample, a minute in; a recorded value may come one evaluation late.
    assert (nothing, first) == (60 + 300 - step, 60 + 300 + step)
    assert (last, both) == (60 + 600 - step, 60 + 600 + step)


def test_without_a_recovery_limit_the_limit_ends_the_alert() -> None:
    """The value falls to just short of the limit, and nothing fires any more."""
    assert timeline("ShopConnectionPool")[-1][1] == set()
    (test,) = proofs_of("ShopConnectionPool", "for and recovery")
    (pool,) = (one for one in courses(test) if one.metric == "pool_in_use")
    assert 84 < pool.phases[-1][0] < 85
    assert not list(proofs_of("ShopConnectionPool", "recovery of warning"))


def test_with_a_recovery_limit_the_alert_goes_on_until_it_is_reached() -> None:
    """Beyond the limit, between the two, recovered, between again: the last fires nothing, for nothing is held."""
    edit(SPEC, POOL, POOL.replace("off}", 'off, recover: {warning: "< 70 of 100"}}'))
    (test,) = proofs_of("ShopConnectionPool", "recovery of warning")
    (pool,) = (one for one in courses(test) if one.metric == "pool_in_use")
    found = [(pool.at(at), fired) for at, fired in timeline("ShopConnectionPool", "recovery of warning")]
    (bad, waiting), (_, beyond), (between, held), (recovered, over), (again, still) = found
    assert bad > 85 > between == again > 70 > recovered > 69
    assert (waiting, beyond, held, over, still) == (set(), {"warning"}, {"warning"}, set(), set())


def test_a_component_that_only_comes_between_the_limits_never_fires() -> None:
    """A recovery limit is no second limit: what has not fired is not held."""
    edit(SPEC, POOL, POOL.replace("off}", 'off, recover: {warning: "< 70 of 100"}}'))
    between = {level: fired for level, fired in levels("ShopConnectionPool", "pool_in_use").items() if 70 < level < 85}
    assert between
    assert set().union(*between.values()) == set()


def test_too_little_traffic_is_tried_and_just_enough() -> None:
    """All requests fail each time: below one a minute that is silent, from there on it fires."""
    bad = {requests: fired for errors, requests, fired in ratios("ShopErrorRatio").values() if errors == requests}
    assert {requests: fired for requests, fired in bad.items() if requests <= 1} == {
        Decimal(0): set(),
        Decimal("0.99"): set(),
        Decimal(1): {"critical", "warning"},
    }


def test_another_least_traffic_is_tried_at_its_own_edge() -> None:
    """The floor in the specification is the one that is proved."""
    edit(SPEC, "per: service}\n      latency", "per: service, minimum_traffic: 30 per minute}\n      latency")
    bad = {requests: fired for errors, requests, fired in ratios("ShopErrorRatio").values() if errors == requests}
    assert bad[Decimal("29.7")] == set()
    assert bad[Decimal(30)] == {"critical", "warning"}


def test_a_share_of_nothing_is_tried() -> None:
    """A pool without any connections divides by zero: nothing fires; with the least there is, it does."""
    edit(SPEC, "max: 100, per: service}", "max: pool_size, per: service}")
    edit(SPEC, POOL, '{warning: ">= 85%", critical: off}')
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    sizes = {
        one.labels["service"]: one.level
        for one in courses(test, job="shop")
        if one.metric == "pool_size" and "replica" not in one.labels and one.steady
    }
    (nothing,) = (service for service, size in sizes.items() if size == 0)
    assert severities(expectation, service=nothing) == set()
    (least,) = (service for service, size in sizes.items() if size == 1)
    assert severities(expectation, service=least) == {"warning"}


def test_data_that_end_in_trouble_are_tried() -> None:
    """What fired on its last samples fires no more once these are forgotten."""
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    pools = [one for one in test["input_series"] if one["series"].startswith("pool_in_use{")]
    ended = [one for one in pools if "stale _x" in one["values"] and "replica" not in one["series"]]
    (pool,) = map(course, ended)
    assert pool.phases[0][0] > 85
    assert severities(expectation, service=pool.labels["service"]) == set()


def test_missing_metrics_are_tried_in_each_way_that_they_can_be_missing() -> None:
    """Nothing fires while all is there, or never was; one critical alert a job without a target, else warnings."""
    found: dict[str, tuple[str | None, set[str], list[tuple[str, str]]]] = {}
    for test in proofs_of("ShopMetricsMissing"):
        what = test["name"].partition(": ")[2]
        shops = [one for one in test["input_series"] if 'job="shop"' in one["series"] and ":" not in one["series"]]
        series = {one["series"].partition("{")[0]: one["values"] for one in reversed(shops)}
        (*_, expectation) = test["alert_rule_test"]
        labels = [one["exp_labels"] for one in expectation["exp_alerts"]]
        fired = [(one["severity"], one.get("metric") or one["job"]) for one in labels]
        found[what] = (series.pop("up", "").partition(" ")[2] or None, set(series), fired)
    metrics = {"checkout_open", "http_request_duration_seconds_count", "http_requests_total", "pool_in_use"}
    warned = [("warning", metric) for metric in sorted(metrics)]
    critical = [("critical", "shop")]
    told = {what: fired for what, (_, _, fired) in found.items()}
    assert told == {
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
    up = {what: course for what, (course, _, _) in found.items()}
    assert up["target gone"] is not None
    assert up["target gone"].startswith("stale")
    assert up["target down"] is not None
    assert up["target down"].startswith("0x")
    there = {what: names for what, (_, names, _) in found.items()}
    assert (there["all there"], there["never there"], there["metrics never there"]) == (metrics, set(), set())


def test_one_job_of_two_is_tried_where_a_place_may_have_two() -> None:
    """Its death is told, that of a job which no watched metric comes from is not."""
    edit(SPEC, 'selector: job="shop"', 'selector: job=~"shop|shop-.*"')
    for what, jobs in (
        ("one job of two gone", {"shop-a"}),
        ("one job of two down", {"shop-a"}),
        ("bystander gone", set()),
    ):
        (test,) = proofs_of("ShopMetricsMissing", f": {what}")
        (expectation,) = test["alert_rule_test"]
        assert {one["exp_labels"]["job"] for one in expectation["exp_alerts"]} == jobs


def test_every_component_is_judged_apart_from_those_that_share_a_label_with_it() -> None:
    """Of two labels that tell components apart, a neighbour without trouble shares now the one, now the other."""
    (test,) = proofs_of("LedgerBacklog", "limits", system="ledger")
    (expectation,) = test["alert_rule_test"]
    fired = {(one["exp_labels"]["region"], one["exp_labels"]["queue"]) for one in expectation["exp_alerts"]}
    silent = {(one.labels["region"], one.labels["queue"]) for one in courses(test)} - fired
    critical = {
        (one["exp_labels"]["region"], one["exp_labels"]["queue"])
        for one in expectation["exp_alerts"]
        if one["exp_labels"]["severity"] == "critical"
    }
    assert any(region == other and queue != apart for region, queue in critical for other, apart in silent)
    assert any(region != other and queue == apart for region, queue in critical for other, apart in silent)


def test_series_that_a_selector_keeps_out_are_there_and_change_nothing() -> None:
    """Another job's pool is full beside each component that is tried: without the matcher it would fire."""
    (test,) = proofs_of("ShopConnectionPool", "limits")
    (expectation,) = test["alert_rule_test"]
    strong_sample = {
        one.labels["service"] for one in courses(test, job="other") if one.metric == "pool_in_use" and one.level > 85
    }
    assert any(not severities(expectation, service=service) for service in strong_sample)


def test_a_part_of_one_component_and_a_whole_of_all_are_tried_in_that_component() -> None:
    """Of any other component the part would be missing, and a rule without a value fires for nothing."""
    edit(SPEC, 'http_requests_total{code=~"5.."}', 'failures_total{service="till"}')
    tried = [test for test in proofs_of("ShopErrorRatio") if severities(test["alert_rule_test"][-1])]
    assert tried
    for test in tried:
        assert {"failures_total", "http_requests_total"} <= {one.metric for one in courses(test, service="till")}
        fired = [one["exp_labels"] for part in test["alert_rule_test"] for one in part["exp_alerts"]]
        assert {one["service"] for one in fired} == {"till"}


def test_the_texts_of_an_alert_are_expected_word_for_word() -> None:
    """With the component, the value, the limit, the time and the runbook filled in."""
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
        one
        for one in expectation["exp_alerts"]
        if (one["exp_labels"]["service"], one["exp_labels"]["severity"]) == (service, "critical")
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
    """With all the annotations of its rule, each filled in."""
    rules = [
        rule
        for group in content(conventions.rules_path(system))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert rules
    for rule in rules:
        looks = [one for test in proofs_of(rule["alert"], system=system) for one in test["alert_rule_test"]]
        severity = rule["labels"]["severity"]
        fired = [one for look in looks for one in look["exp_alerts"] if one["exp_labels"]["severity"] == severity]
        assert fired, rule
        assert any(severity not in severities(look) for look in looks), rule
        for one in fired:
            assert one["exp_annotations"].keys() == rule["annotations"].keys()
            assert all(text and "{{" not in text for text in one["exp_annotations"].values())
