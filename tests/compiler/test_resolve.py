"""Tests of what a specification means: defaults, inheritance, components, and the runbook's statements."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic
from compiler.model import WatchedSignal
from compiler.promql import Matcher
from compiler.quantities import Rate
from tests.compiler.base import LEDGER, SHOP, SPEC, codes, compiled, edit, system, tiers, watched

pytestmark = pytest.mark.usefixtures("base")


def only_finding() -> Diagnostic:
    """Return the only finding."""
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    return finding


def shown(signal: str, identifier: str = "shop") -> dict[str, tuple[str, bool]]:
    """Return the limits of a signal as written, and whether they are the house's."""
    return {severity: (limit.text, limit.default) for severity, limit in tiers(compiled(), identifier, signal).items()}


def test_a_system_takes_the_house_limits_of_what_it_binds() -> None:
    """The system has no word in `limits:`, and no statement, because the house documents its own limits."""
    assert shown("error_ratio") == {"warning": ("> 1%", True), "critical": ("> 5%", True)}
    assert all(limit.statement is None for limit in tiers(compiled(), "shop", "error_ratio").values())


def test_a_tier_of_ones_own_leaves_the_other_tiers_to_the_house() -> None:
    """Only the tiers that the system names are replaced."""
    edit(SPEC, '{warning: ">= 85 of 100", critical: off}', '{warning: ">= 70%"}')
    edit(SHOP, "at least 85 of 100", "at least 70 %")
    assert shown("connection_pool") == {"warning": (">= 70%", False), "critical": ("> 80%", True)}


def test_off_drops_a_tier() -> None:
    """The house's critical limit does not come back."""
    assert shown("connection_pool") == {"warning": (">= 85 of 100", False)}


def test_off_drops_a_signal() -> None:
    """Its metrics may stay, for the day when it comes back."""
    signals = [watched_signal.bound.signal.id for watched_signal in system(compiled(), "ledger").signals]
    assert signals == ["availability", "backlog", "closing_time", "metrics_missing"]


@pytest.mark.parametrize("word", ["off", "false", "'off'", "False"])
def test_off_may_have_gone_through_an_editor_of_yaml_1_1(word: str) -> None:
    """YAML 1.1 reads `off` as false."""
    edit(SPEC, "critical: off}", f"critical: {word}}}")
    assert set(shown("connection_pool")) == {"warning"}


def test_a_house_limit_that_the_runbook_states_is_documented_by_it() -> None:
    """Then the runbook is the source, and a difference would be an error."""
    edit(SHOP, "- Connection pool", "- Error ratio: warning above 1 %.\n- Connection pool")
    limits = tiers(compiled(), "shop", "error_ratio")
    assert limits["warning"].statement is not None
    assert (limits["warning"].default, limits["critical"].default) == (False, True)


def test_the_time_until_an_alert_fires_comes_from_the_nearest_place() -> None:
    """In order: the signal's `for`, the house's for this signal, the system's, `defaults`, the compiler's own."""
    edit(SPEC, 'critical: "> 5%",  runbook: "#errors"}', 'critical: "> 5%",  runbook: "#errors", for: {critical: 7m}}')
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    for: {warning: 20m}')
    compilation = compiled()
    assert {severity: limit.for_seconds for severity, limit in tiers(compilation, "shop", "latency_p95").items()} == {
        "warning": 1200,
        "critical": 300,
    }
    assert {severity: limit.for_seconds for severity, limit in tiers(compilation, "shop", "error_ratio").items()} == {
        "warning": 1200,
        "critical": 420,
    }
    assert tiers(compilation, "shop", "checkout_closed")["emergency"].for_seconds == 120
    assert tiers(compilation, "ledger", "backlog")["warning"].for_seconds == 600


def test_one_duration_holds_for_all_severities() -> None:
    """`for: 3m` may replace a mapping."""
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    for: 3m')
    assert {limit.for_seconds for limit in tiers(compiled(), "shop", "latency_p95").values()} == {180}


def test_what_nobody_says_is_assumed() -> None:
    """Everything has a value even without `defaults:`."""
    edit(SPEC, "  for: {warning: 10m, critical: 5m}\n", "")
    edit(SPEC, ", for: 2m}", "}")
    compilation = compiled()
    assert tiers(compilation, "shop", "latency_p95")["warning"].for_seconds == 600
    assert tiers(compilation, "shop", "checkout_closed")["emergency"].for_seconds == 60
    binding = watched(compilation, "shop", "latency_p95").bound.binding
    assert (binding.window, binding.minimum_traffic) == (300, Rate(Decimal(1), 60))


def test_selector_window_and_traffic_are_inherited_until_a_binding_says_otherwise() -> None:
    """They go from `defaults` to the system to the binding. An empty selector means no selector."""
    edit(SPEC, "defaults:\n", "defaults:\n  window: 7m\n")
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop",env="live"\n    minimum_traffic: 5 per minute')
    edit(
        SPEC,
        "per: service}\n      latency_p95:",
        "per: service, selector: '', window: 4m, minimum_traffic: off}\n      latency_p95:",
    )
    compilation = compiled()
    inherits = watched(compilation, "shop", "latency_p95").bound
    assert inherits.selector("histogram").matchers == (Matcher("job", "=", "shop"), Matcher("env", "=", "live"))
    assert (inherits.binding.window, inherits.binding.minimum_traffic) == (420, Rate(Decimal(5), 60))
    own = watched(compilation, "shop", "error_ratio").bound
    assert own.selector("requests").matchers == ()
    assert (own.binding.window, own.binding.minimum_traffic) == (240, None)
    assert watched(compilation, "ledger", "availability").bound.binding.window == 3600


def test_a_metrics_own_matcher_stands_in_for_the_inherited_one_of_its_label() -> None:
    """Two different values of one label would match nothing."""
    edit(SPEC, "histogram: http_request_duration_seconds", "histogram: 'http_request_duration_seconds{job=\"edge\"}'")
    assert watched(compiled(), "shop", "latency_p95").bound.selector("histogram").matchers == (
        Matcher("job", "=", "edge"),
    )


def test_a_component_is_told_by_labels_by_name_or_is_the_system() -> None:
    """It is told by a list of labels, one label, a `component`, or none of these."""
    compilation = compiled()
    assert watched(compilation, "ledger", "backlog").bound.binding.per == ("region", "queue")
    assert watched(compilation, "ledger", "backlog").component is None
    assert watched(compilation, "shop", "latency_p95").component is None
    assert watched(compilation, "ledger", "closing_time").component == "closer"
    assert watched(compilation, "ledger", "availability").component == "ledger"


def test_a_signal_of_ones_own_may_replace_a_built_in_one() -> None:
    """The file takes precedence."""
    edit(
        SPEC,
        "signals:\n",
        "signals:\n  latency_p95: {kind: quantile, quantile: 0.9, unit: seconds, title: 95th percentile latency}\n",
    )
    assert watched(compiled(), "shop", "latency_p95").bound.signal.parameters == {"quantile": Decimal("0.9")}


def test_a_state_needs_no_definition() -> None:
    """Its limit says that it is a state, and its id is its name."""
    signal = watched(compiled(), "shop", "checkout_closed").bound.signal
    assert (signal.kind, signal.unit, signal.title) == ("state", "state", "Checkout closed")


@pytest.mark.parametrize(("text", "low"), [("< 99.5%", True), ("<= 99.5%", True)])
def test_a_signal_with_a_lower_limit_is_low(text: str, low: bool) -> None:  # noqa: FBT001 - a column of the table
    """So the worst of several series is the lowest."""
    edit(SPEC, '"< 99.5%"', f'"{text}"')
    edit(LEDGER, "below 99.5 %", "below 99.5 %" if text[1] != "=" else "at most 99.5 %")
    assert watched(compiled(), "ledger", "availability").bound.low is low
    assert watched(compiled(), "ledger", "backlog").bound.low is False


def test_the_statement_of_a_limit_is_the_runbooks_sentence() -> None:
    """The statement has the line, so that people can look it up."""
    statement = tiers(compiled(), "shop", "latency_p95")["critical"].statement
    assert statement is not None
    assert (statement.span.path, statement.span.line) == (SHOP, 9)
    assert statement.text.startswith("95th percentile latency: warning above 150 ms, critical above 200 ms.")


def test_a_statement_may_name_the_signal_by_its_id() -> None:
    """This helps users who copy from thresholds.yaml."""
    edit(SHOP, "95th percentile latency:", "latency_p95:")
    assert codes() == []


def test_a_quotation_documents_a_limit_by_words_elsewhere() -> None:
    """The limit comes from prose, and its words must stand there."""
    statement = tiers(compiled(), "ledger", "closing_time")["warning"].statement
    assert statement is not None
    assert (statement.span.line, statement.text) == (
        3,
        "The day should be closed within 90 minutes; later, the banks do not take the file.",
    )


def test_a_difference_to_the_runbook_shows_both_places() -> None:
    """Nobody has to search for the other place."""
    edit(LEDGER, "critical above 5000", "critical above 9000")
    finding = only_finding()
    assert (finding.code, finding.span.path, finding.span.line) == ("limit-differs", LEDGER, 8)
    assert (finding.related[0].span.path, finding.related[0].span.line) == (SPEC, 66)


def test_another_comparator_is_a_difference() -> None:
    """At 5000 itself, one of the two fires."""
    edit(LEDGER, "critical above 5000", "critical at least 5000")
    assert only_finding().code == "limit-differs"


def test_another_unit_of_the_same_size_is_no_difference() -> None:
    """150 ms are 0.15 s."""
    edit(SHOP, "above 150 ms", "above 0.15 s")
    assert codes() == []


def test_a_statement_that_no_alert_carries_is_an_error_where_it_stands() -> None:
    """This program exists to prevent documented limits that nobody watches."""
    edit(LEDGER, "- Backlog:", "- Disk usage: critical above 95 %.\n- Backlog:")
    finding = only_finding()
    assert (finding.code, finding.span.path, finding.span.line) == ("unwatched-statement", LEDGER, 8)


def test_a_statement_of_a_signal_that_is_off_is_unwatched() -> None:
    """Switching an alert off must not leave a promise in the runbook."""
    edit(SPEC, '{warning: "> 1000", critical: "> 5000", runbook: "#backlog"}', "off")
    assert codes() == ["unwatched-statement", "unwatched-statement", "unused-section"]


def test_a_statement_that_stands_twice_is_reported_once_where_it_is_not_used() -> None:
    """Two sentences can come to differ."""
    edit(LEDGER, "- Backlog:", "- Backlog: warning above 999.\n- Backlog:")
    finding = only_finding()
    assert (finding.code, finding.span.line) == ("unwatched-statement", 8)


@pytest.mark.parametrize(("key", "least"), [("group_wait", 0), ("group_interval", 1), ("repeat_interval", 1)])
def test_times_that_alertmanager_refuses_are_refused(key: str, least: int) -> None:
    """Zero makes sense only for waiting."""
    edit(SPEC, "routing:\n", f"routing:\n  {key}: 1s\n")
    assert codes() == []
    edit(SPEC, f"{key}: 1s", f"{key}: 0s")
    assert codes() == (["quantity"] if least else [])


def test_the_watchdog_repeats_at_the_least_each_second() -> None:
    """Its group interval is shorter, and never zero."""
    edit(SPEC, "routing:\n", "routing:\n  watchdog: {repeat: 1s}\n")
    artifact = next(candidate for candidate in compiled().artifacts if candidate.path.startswith("alertmanager/"))
    watchdog = yaml.safe_load(artifact.content)["route"]["routes"][0]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1s", "1s")
    edit(SPEC, "repeat: 1s", "repeat: 0s")
    assert codes() == ["quantity"]


def test_policies_and_levels_are_filled_with_what_they_leave_out() -> None:
    """A severity that a policy does not name is only logged. `now` is 0, `never` is none."""
    model = compiled().model
    assert model is not None
    (policy,) = model.policies
    assert (policy.tiers["info"].respond, policy.tiers["info"].notify) == (None, ("log",))
    assert (policy.tiers["emergency"].respond, policy.tiers["emergency"].escalate) == (0, None)
    assert model.routing.pagerduty_severities == ("critical", "emergency")
    assert model.routing.fallback.severity == "warning"


def test_links_lead_to_the_runbook_and_to_its_section() -> None:
    """Without an anchor, the sign before it is dropped too."""
    model = compiled().model
    assert model is not None
    assert model.runbook_url(SHOP) == "https://docs.example.com/runbooks/shop.md"
    assert model.runbook_url(SHOP, "errors") == "https://docs.example.com/runbooks/shop.md#errors"
    assert model.runbook_url("über uns.md", "größe") == "https://docs.example.com/%C3%BCber%20uns.md#gr%C3%B6%C3%9Fe"


ANNEX = """
  shop-annex:
    team: sales
    runbook: runbooks/shop.md
    escalation: standard
    metrics:
      error_ratio: {requests: annex_requests_total, errors: 'annex_requests_total{code=~"5.."}', per: service}
"""


def test_systems_may_share_a_runbook() -> None:
    """A statement is watched if any of the systems carries it."""
    Path(SPEC).write_text(Path(SPEC).read_text(encoding="utf-8") + ANNEX, encoding="utf-8")
    assert system(compiled(), "shop-annex").runbook == SHOP


def test_a_statement_of_a_shared_runbook_that_none_carries_is_reported_once() -> None:
    """The finding names all systems."""
    Path(SPEC).write_text(Path(SPEC).read_text(encoding="utf-8") + ANNEX, encoding="utf-8")
    edit(SHOP, "- Checkout closed: emergency.", "- Checkout closed: emergency.\n- Queue depth: warning above 5.")
    assert "no alert of `shop` or `shop-annex` carries" in only_finding().message


def test_places_in_a_runbook_are_named_from_where_the_caller_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor can open them. The catalogue names the runbook as the file does."""
    folder = Path.cwd()
    monkeypatch.chdir(folder.parent)
    compilation = compile_spec(Path(folder.name) / SPEC)
    catalog = next(artifact for artifact in compilation.artifacts if artifact.path == "catalog.json")
    paths = {alert["documented"]["path"] for alert in json.loads(catalog.content)["alerts"] if alert["documented"]}
    assert paths == {SHOP, LEDGER}
    edit(f"{folder.name}/{SHOP}", "- Checkout closed: emergency.", "- Checkout closed: never.")
    spans = [finding.span.path for finding in compile_spec(Path(folder.name) / SPEC).diagnostics]
    assert f"{folder.name}/{SHOP}" in spans
    assert all(Path(path).is_file() for path in spans)


def test_a_signal_that_is_off_is_no_misspelling_of_another() -> None:
    """A signal with a similar name still takes the house's limits."""
    edit(SPEC, '      connection_pool: {warning: ">= 85 of 100", critical: off}\n', "      error_ratios: off\n")
    edit(SPEC, "      connection_pool: {used: pool_in_use, max: 100, per: service}\n", "")
    edit(SHOP, "- Connection pool usage: warning at least 85 of 100.\n", "")
    edit(SHOP, "## Connections\n", "### Connections\n")
    assert set(shown("error_ratio")) == {"warning", "critical"}


def missing(identifier: str) -> dict[str, WatchedSignal]:
    """Return a system's signals of missing metrics, by the place that the metrics come from."""
    signals = [
        watched_signal
        for watched_signal in system(compiled(), identifier).signals
        if watched_signal.bound.signal.id == "metrics_missing"
    ]
    by_place = {str(watched_signal.source): watched_signal for watched_signal in signals}
    assert len(by_place) == len(signals)
    return by_place


def severities(watched_signal: WatchedSignal) -> dict[str, str]:
    """Return the limits of a signal by severity, as written."""
    return {limit.severity: limit.text for limit in watched_signal.limits}


def test_a_system_is_told_of_missing_metrics_once_for_each_place_they_come_from() -> None:
    """There is not one alert for each rule, because the metrics of one selector go silent together."""
    (shop,) = missing("shop").values()
    assert (shop.source, shop.component) == ("shop", "shop")
    edit(SPEC, "of: all}", "of: all, selector: 'job=\"tills\"'}")
    places = missing("shop")
    assert set(places) == {"shop", "tills"}
    assert [str(metric) for metric in places["tills"].bound.metrics] == ['checkout_open{job="tills"}']
    assert places["tills"].bound.binding.targets == (Matcher("job", "=", "tills"),)


def test_a_metric_of_several_signals_is_missed_once() -> None:
    """A counter of events that may never have happened is not missed at all."""
    edit(SPEC, "gauge: checkout_open", "gauge: pool_in_use")
    (shop,) = missing("shop").values()
    assert [selector.metric for selector in shop.bound.metrics] == [
        "http_request_duration_seconds_count",
        "http_requests_total",
        "pool_in_use",
    ]


def test_places_of_the_same_values_are_told_apart_by_their_labels() -> None:
    """Two alerts of one name and one component would be the same alert."""
    edit(SPEC, "of: all}", "of: all, selector: 'namespace=\"shop\"'}")
    first, second = missing("shop")
    assert first != second
    assert {first.partition("=")[0], second.partition("=")[0]} == {"job", "namespace"}


def test_a_target_that_is_down_and_a_metric_that_is_gone_are_two_severities() -> None:
    """This needs targets that are known to deliver the metrics: those that the metrics' selector selects."""
    (shop,) = missing("shop").values()
    assert severities(shop) == {"warning": "when metric gone", "critical": "when target down"}
    assert shop.bound.binding.targets == (Matcher("job", "=", "shop"),)


def test_of_metrics_that_nothing_selects_only_their_being_gone_is_told() -> None:
    """Without a selector these would be all targets, and nobody could say which one is down."""
    (ledger,) = missing("ledger").values()
    assert severities(ledger) == {"warning": "when metric gone"}
    assert ledger.bound.binding.targets is None


def test_targets_may_be_others_than_the_metrics_matchers() -> None:
    """Such a target is an exporter whose metrics carry the labels of what it observes."""
    edit(SPEC, 'selector: job="shop"', 'selector: namespace="shop"\n    targets: job="cadvisor"')
    (shop,) = missing("shop").values()
    assert shop.bound.binding.source == (Matcher("namespace", "=", "shop"),)
    assert shop.bound.binding.targets == (Matcher("job", "=", "cadvisor"),)


@pytest.mark.parametrize("word", ["off", "false"])
def test_where_nobody_can_tell_the_targets_only_the_metrics_are_missed(word: str) -> None:
    """`targets: off` is for metrics that are pushed, or that come from elsewhere."""
    edit(SPEC, 'selector: job="shop"', f'selector: job="shop"\n    targets: {word}')
    (shop,) = missing("shop").values()
    assert severities(shop) == {"warning": "when metric gone"}


def test_metrics_that_may_be_absent_are_not_missed() -> None:
    """`no_data: ok` stands in the binding. If a place has no other metrics, it has no alert."""
    edit(SPEC, "of: all}", "of: all, no_data: ok}")
    assert "checkout_open" not in {selector.metric for selector in missing("shop")["shop"].bound.metrics}
    edit(SPEC, "no_data: ok}", "no_data: ok, selector: 'job=\"tills\"'}")
    assert set(missing("shop")) == {"shop"}


def test_nobody_is_told_of_missing_metrics_where_that_is_off() -> None:
    """It may be off for one system, or in `defaults:` for all."""
    edit(SPEC, "    limits:\n      latency", "    limits:\n      metrics_missing: off\n      latency")
    edit(SHOP, "## Metrics missing\n\nIs the target up?\n", "")
    assert (missing("shop"), len(missing("ledger"))) == ({}, 1)
    edit(LEDGER, "## Metrics missing\n\nIs the target up?\n", "")
    edit(SPEC, "  limits:\n    error_ratio", "  limits:\n    metrics_missing: off\n    error_ratio")
    assert missing("ledger") == {}


def test_gauges_are_taken_over_the_window_as_the_nearest_place_says() -> None:
    """The mean is used by default, and a signal without a gauge has no such function."""

    def taken() -> dict[str, str | None]:
        signals = system(compiled(), "shop").signals
        return {watched_signal.bound.signal.id: watched_signal.bound.binding.over_time for watched_signal in signals}

    assert taken()["connection_pool"] == "avg"
    assert taken()["error_ratio"] is None
    edit(SPEC, "defaults:\n", "defaults:\n  over_time: min\n")
    assert taken()["connection_pool"] == "min"
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    over_time: max')
    assert taken()["connection_pool"] == "max"
    edit(SPEC, "max: 100, per: service", "max: 100, per: service, over_time: off")
    assert taken()["connection_pool"] is None
    assert taken()["error_ratio"] is None


def test_a_point_in_time_is_taken_as_it_is() -> None:
    """Its mean over the window would be a time that never was."""
    assert watched(compiled(), "ledger", "closing_time").bound.binding.over_time is None
    edit(SPEC, "{since: day_started_timestamp_seconds", "{gauge: day_open_seconds")
    assert watched(compiled(), "ledger", "closing_time").bound.binding.over_time == "avg"


def test_the_scrape_interval_comes_from_the_nearest_place() -> None:
    """In order: the binding, its system, `defaults`, and the compiler's own value of a minute."""

    def seconds() -> int:
        return watched(compiled(), "shop", "latency_p95").bound.binding.scrape_interval

    assert seconds() == 60
    edit(SPEC, "defaults:\n", "defaults:\n  scrape_interval: 50s\n")
    assert seconds() == 50
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    scrape_interval: 30s')
    assert seconds() == 30
    edit(SPEC, "duration_seconds, per: service", "duration_seconds, per: service, scrape_interval: 15s")
    assert seconds() == 15
    assert watched(compiled(), "ledger", "backlog").bound.binding.scrape_interval == 50


def test_a_query_settles_when_its_definition_says() -> None:
    """No value is not the same as zero."""
    assert watched(compiled(), "ledger", "backlog").bound.signal.settles is None
    edit(SPEC, "    title: Backlog\n", "    title: Backlog\n    settles: 1m30s\n")
    assert watched(compiled(), "ledger", "backlog").bound.signal.settles == 90
    edit(SPEC, "settles: 1m30s", "settles: 0s")
    assert watched(compiled(), "ledger", "backlog").bound.signal.settles == 0


def test_only_a_query_settles() -> None:
    """A kind knows its own value."""
    edit(SPEC, "{kind: gauge, unit: seconds", "{kind: gauge, settles: 1m, unit: seconds")
    assert codes() == ["signal"]


def test_inputs_of_a_query_of_ones_own_may_be_one_metric() -> None:
    """Its example says what each input is."""
    edit(SPEC, "done: entries_done", "done: entries_taken")
    assert codes() == []
