"""What a specification means: defaults, inheritance, components, and what the runbook says of a limit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic
from compiler.promql import Matcher
from compiler.quantities import Rate
from tests.compiler.base import LEDGER, SHOP, SPEC, codes, compiled, edit, system, tiers, watched

pytestmark = pytest.mark.usefixtures("base")


def only_finding() -> Diagnostic:
    """Return the one thing that is wrong."""
    (found,) = compile_spec(Path(SPEC)).diagnostics
    return found


def shown(signal: str, identifier: str = "shop") -> dict[str, tuple[str, bool]]:
    """Return the limits of a signal as written, and whether they are the house's."""
    return {severity: (limit.text, limit.default) for severity, limit in tiers(compiled(), identifier, signal).items()}


def test_a_system_takes_the_house_limits_of_what_it_binds() -> None:
    """Not a word in `limits:`; no statement either, as the house documents its own."""
    assert shown("error_ratio") == {"warning": ("> 1%", True), "critical": ("> 5%", True)}
    assert all(limit.statement is None for limit in tiers(compiled(), "shop", "error_ratio").values())


def test_a_tier_of_ones_own_leaves_the_other_tiers_to_the_house() -> None:
    """Tier by tier: only what is named is replaced."""
    edit(SPEC, '{warning: ">= 85 of 100", critical: off}', '{warning: ">= 70%"}')
    edit(SHOP, "at least 85 of 100", "at least 70 %")
    assert shown("connection_pool") == {"warning": (">= 70%", False), "critical": ("> 80%", True)}


def test_off_drops_a_tier() -> None:
    """The house's critical limit does not come back."""
    assert shown("connection_pool") == {"warning": (">= 85 of 100", False)}


def test_off_drops_a_signal() -> None:
    """Its metrics may stay, for the day when it comes back."""
    signals = [one.bound.signal.id for one in system(compiled(), "ledger").signals]
    assert signals == ["availability", "backlog", "closing_time", "metrics_missing"]


@pytest.mark.parametrize("word", ["off", "false", "'off'", "False"])
def test_off_may_have_gone_through_an_editor_of_yaml_1_1(word: str) -> None:
    """There, `off` is false."""
    edit(SPEC, "critical: off}", f"critical: {word}}}")
    assert set(shown("connection_pool")) == {"warning"}


def test_a_house_limit_that_the_runbook_states_is_documented_by_it() -> None:
    """Then the runbook is the source, and a difference would be an error."""
    edit(SHOP, "- Connection pool", "- Error ratio: warning above 1 %.\n- Connection pool")
    limits = tiers(compiled(), "shop", "error_ratio")
    assert limits["warning"].statement is not None
    assert (limits["warning"].default, limits["critical"].default) == (False, True)


def test_the_time_until_an_alert_fires_comes_from_the_nearest_place() -> None:
    """The signal's own `for`, the house's for this signal, the system's, `defaults`, and what the compiler assumes."""
    edit(SPEC, 'critical: "> 5%",  runbook: "#errors"}', 'critical: "> 5%",  runbook: "#errors", for: {critical: 7m}}')
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    for: {warning: 20m}')
    compilation = compiled()
    assert {severity: limit.hold for severity, limit in tiers(compilation, "shop", "latency_p95").items()} == {
        "warning": 1200,
        "critical": 300,
    }
    assert {severity: limit.hold for severity, limit in tiers(compilation, "shop", "error_ratio").items()} == {
        "warning": 1200,
        "critical": 420,
    }
    assert tiers(compilation, "shop", "checkout_closed")["emergency"].hold == 120
    assert tiers(compilation, "ledger", "backlog")["warning"].hold == 600


def test_one_duration_holds_for_all_severities() -> None:
    """`for: 3m` instead of a mapping."""
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop"\n    for: 3m')
    assert {limit.hold for limit in tiers(compiled(), "shop", "latency_p95").values()} == {180}


def test_what_nobody_says_is_assumed() -> None:
    """Without `defaults:` everything has a value all the same."""
    edit(SPEC, "  for: {warning: 10m, critical: 5m}\n", "")
    edit(SPEC, ", for: 2m}", "}")
    compilation = compiled()
    assert tiers(compilation, "shop", "latency_p95")["warning"].hold == 600
    assert tiers(compilation, "shop", "checkout_closed")["emergency"].hold == 60
    binding = watched(compilation, "shop", "latency_p95").bound.binding
    assert (binding.window, binding.minimum_traffic) == (300, Rate(Decimal(1), 60))


def test_selector_window_and_traffic_are_inherited_until_a_binding_says_otherwise() -> None:
    """From `defaults` to the system to the binding; an empty selector is none."""
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
    """A list of labels, one label, a `component`, or neither."""
    compilation = compiled()
    assert watched(compilation, "ledger", "backlog").bound.binding.per == ("region", "queue")
    assert watched(compilation, "ledger", "backlog").component is None
    assert watched(compilation, "shop", "latency_p95").component is None
    assert watched(compilation, "ledger", "closing_time").component == "closer"
    assert watched(compilation, "ledger", "availability").component == "ledger"


def test_a_signal_of_ones_own_may_replace_a_built_in_one() -> None:
    """The file has the last word."""
    edit(
        SPEC,
        "signals:\n",
        "signals:\n  latency_p95: {kind: quantile, quantile: 0.9, unit: seconds, title: 95th percentile latency}\n",
    )
    assert watched(compiled(), "shop", "latency_p95").bound.signal.parameters == {"quantile": Decimal("0.9")}


def test_a_state_needs_no_definition() -> None:
    """Its limit says that it is one, its id is its name."""
    signal = watched(compiled(), "shop", "checkout_closed").bound.signal
    assert (signal.kind, signal.unit, signal.title) == ("state", "state", "Checkout closed")


@pytest.mark.parametrize(("text", "low"), [("< 99.5%", True), ("<= 99.5%", True)])
def test_a_signal_with_a_lower_limit_is_low(text: str, low: bool) -> None:  # noqa: FBT001 - a column of the table
    """So that the worst of several series is the lowest."""
    edit(SPEC, '"< 99.5%"', f'"{text}"')
    edit(LEDGER, "below 99.5 %", "below 99.5 %" if text[1] != "=" else "at most 99.5 %")
    assert watched(compiled(), "ledger", "availability").bound.low is low
    assert watched(compiled(), "ledger", "backlog").bound.low is False


def test_the_statement_of_a_limit_is_the_runbooks_sentence() -> None:
    """With the line that people can look up."""
    statement = tiers(compiled(), "shop", "latency_p95")["critical"].statement
    assert statement is not None
    assert (statement.span.path, statement.span.line) == (SHOP, 9)
    assert statement.text.startswith("95th percentile latency: warning above 150 ms, critical above 200 ms.")


def test_a_statement_may_name_the_signal_by_its_id() -> None:
    """For those who copy from thresholds.yaml."""
    edit(SHOP, "95th percentile latency:", "latency_p95:")
    assert codes() == []


def test_a_quotation_documents_a_limit_by_words_elsewhere() -> None:
    """The limit comes from prose; the words must stand there."""
    statement = tiers(compiled(), "ledger", "closing_time")["warning"].statement
    assert statement is not None
    assert (statement.span.line, statement.text) == (
        3,
        "The day should be closed within 90 minutes; later, the banks do not take the file.",
    )


def test_a_difference_to_the_runbook_shows_both_places() -> None:
    """Nobody has to search for the other one."""
    edit(LEDGER, "critical above 5000", "critical above 9000")
    found = only_finding()
    assert (found.code, found.span.path, found.span.line) == ("limit-differs", SPEC, 66)
    assert (found.related[0].span.path, found.related[0].span.line) == (LEDGER, 8)


def test_another_comparator_is_a_difference() -> None:
    """At 5000 itself, one of the two fires."""
    edit(LEDGER, "critical above 5000", "critical at least 5000")
    assert only_finding().code == "limit-differs"


def test_another_unit_of_the_same_size_is_no_difference() -> None:
    """150 ms are 0.15 s."""
    edit(SHOP, "above 150 ms", "above 0.15 s")
    assert codes() == []


def test_a_statement_that_no_alert_carries_is_an_error_where_it_stands() -> None:
    """A documented limit that nobody watches is what this program is against."""
    edit(LEDGER, "- Backlog:", "- Disk usage: critical above 95 %.\n- Backlog:")
    found = only_finding()
    assert (found.code, found.span.path, found.span.line) == ("unwatched-statement", LEDGER, 8)


def test_a_statement_of_a_signal_that_is_off_is_unwatched() -> None:
    """Switching an alert off must not leave people with a promise."""
    edit(SPEC, '{warning: "> 1000", critical: "> 5000", runbook: "#backlog"}', "off")
    assert codes() == ["unwatched-statement", "unwatched-statement", "unused-section"]


def test_a_statement_that_stands_twice_is_reported_once_where_it_is_not_used() -> None:
    """Two sentences can come to differ."""
    edit(LEDGER, "- Backlog:", "- Backlog: warning above 999.\n- Backlog:")
    found = only_finding()
    assert (found.code, found.span.line) == ("unwatched-statement", 8)


@pytest.mark.parametrize(("key", "least"), [("group_wait", 0), ("group_interval", 1), ("repeat_interval", 1)])
def test_times_that_alertmanager_refuses_are_refused(key: str, least: int) -> None:
    """Zero makes sense for waiting alone."""
    edit(SPEC, "routing:\n", f"routing:\n  {key}: 1s\n")
    assert codes() == []
    edit(SPEC, f"{key}: 1s", f"{key}: 0s")
    assert codes() == (["quantity"] if least else [])


def test_the_watchdog_repeats_at_the_least_each_second() -> None:
    """Its group interval is shorter than that, and never zero."""
    edit(SPEC, "routing:\n", "routing:\n  watchdog: {repeat: 1s}\n")
    artifact = next(one for one in compiled().artifacts if one.path.startswith("alertmanager/"))
    watchdog = yaml.safe_load(artifact.content)["route"]["routes"][0]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1s", "1s")
    edit(SPEC, "repeat: 1s", "repeat: 0s")
    assert codes() == ["quantity"]


def test_policies_and_levels_are_filled_with_what_they_leave_out() -> None:
    """A severity that a policy does not name is logged and no more; `now` is 0, `never` is none."""
    model = compiled().model
    assert model is not None
    (policy,) = model.policies
    assert (policy.tiers["info"].respond, policy.tiers["info"].notify) == (None, ("log",))
    assert (policy.tiers["emergency"].respond, policy.tiers["emergency"].escalate) == (0, None)
    assert model.routing.pagerduty_severities == ("critical", "emergency")
    assert model.routing.fallback.severity == "warning"


def test_links_lead_to_the_runbook_and_to_its_section() -> None:
    """Without an anchor the sign before it goes too."""
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
    """A statement is watched when any of them carries it."""
    Path(SPEC).write_text(Path(SPEC).read_text(encoding="utf-8") + ANNEX, encoding="utf-8")
    assert system(compiled(), "shop-annex").runbook == SHOP


def test_a_statement_of_a_shared_runbook_that_none_carries_is_reported_once() -> None:
    """And it names all of them."""
    Path(SPEC).write_text(Path(SPEC).read_text(encoding="utf-8") + ANNEX, encoding="utf-8")
    edit(SHOP, "- Checkout closed: emergency.", "- Checkout closed: emergency.\n- Queue depth: warning above 5.")
    assert "no alert of `shop` or `shop-annex` carries" in only_finding().message


def test_places_in_a_runbook_are_named_from_where_the_caller_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor can open them; the catalogue names the runbook as the file does."""
    here = Path.cwd()
    monkeypatch.chdir(here.parent)
    compilation = compile_spec(Path(here.name) / SPEC)
    catalog = next(one for one in compilation.artifacts if one.path == "catalog.json")
    paths = {alert["documented"]["path"] for alert in json.loads(catalog.content)["alerts"] if alert["documented"]}
    assert paths == {SHOP, LEDGER}
    edit(f"{here.name}/{SHOP}", "- Checkout closed: emergency.", "- Checkout closed: never.")
    spans = [one.span.path for one in compile_spec(Path(here.name) / SPEC).diagnostics]
    assert f"{here.name}/{SHOP}" in spans
    assert all(Path(path).is_file() for path in spans)


def test_a_signal_that_is_off_is_no_misspelling_of_another() -> None:
    """What resembles it still takes the house's limits."""
    edit(SPEC, '      connection_pool: {warning: ">= 85 of 100", critical: off}\n', "      error_ratios: off\n")
    edit(SPEC, "      connection_pool: {used: pool_in_use, max: 100, per: service}\n", "")
    edit(SHOP, "- Connection pool usage: warning at least 85 of 100.\n", "")
    edit(SHOP, "## Connections\n", "### Connections\n")
    assert set(shown("error_ratio")) == {"warning", "critical"}
