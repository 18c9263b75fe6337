"""Tests of the evidence: which sentence of a runbook documents which limit of thresholds.yaml, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from compiler.compilation import compile_spec
from tests.compiler.base import LEDGER, SHOP, SPEC, codes, compiled, edit, tiers

pytestmark = pytest.mark.usefixtures("base")

HEADING = "## Slow answers\n"
IN_THE_SECTION = HEADING + "\n{}\n"
LATENCY_BULLET = (
    "- 95th percentile latency: warning above 150 ms, critical above 200 ms. See [Slow answers](#slow-answers).\n"
)


def say(words: str) -> None:
    """Write words into the section that the shop's latency leads to."""
    edit(SHOP, HEADING, IN_THE_SECTION.format(words))


@pytest.mark.parametrize(
    "words",
    [
        "It fires when answers take longer than 150 ms.",
        "Warning: p95 latency > 150 ms for 10 minutes.",
        "| | Warning | Critical |\n|---|---|---|\n| p95 latency | 150 ms | 200 ms |",
        "- p95 response time: warning 150-200 ms",
        "p95 latency should stay below 150 ms.",
        "Target: p95 latency < 0.2 s",
        "We page when the 95th percentile exceeds 200 milliseconds.",
    ],
    ids=["section", "duration", "table", "range", "promise", "target in another unit", "paging"],
)
def test_a_sentence_that_says_what_runs_is_fine(words: str) -> None:
    """Number, comparator, severity and duration agree, as far as the sentence has them."""
    say(words)
    assert codes() == []


@pytest.mark.parametrize(
    "words",
    [
        "It fires when answers take longer than 151 ms.",
        "It fires when answers take at least 150 ms.",
        "Critical: p95 latency > 150 ms.",
        "Warning: p95 latency > 150 ms for 11 minutes.",
        "| | Warning | Critical |\n|---|---|---|\n| p95 latency | 150 ms | 250 ms |",
        "p95 latency should stay below 175 ms.",
        "We page when the 95th percentile exceeds 200 seconds.",
    ],
    ids=["number", "comparator", "severity", "duration", "table", "target", "unit"],
)
def test_a_sentence_that_says_something_else_is_an_error(words: str) -> None:
    """One difference is enough."""
    say(words)
    assert codes() == ["limit-differs"]


def test_a_limit_comes_from_a_sentence_where_no_bullet_states_it() -> None:
    """`documented` is the line of the sentence, as it stands in the runbook."""
    edit(SHOP, LATENCY_BULLET, "")
    say("**Warning** above 150 ms, **critical** above 200 ms.")
    limits = tiers(compiled(), "shop", "latency_p95")
    statements = [limit.statement for limit in limits.values() if limit.statement]
    assert [statement.text for statement in statements] == ["**Warning** above 150 ms, **critical** above 200 ms."] * 2
    assert {statement.span.line for statement in statements} == {24}


def test_the_severity_decides_between_two_sentences() -> None:
    """A sentence with the severity takes precedence over one without it, wherever they stand."""
    edit(SHOP, LATENCY_BULLET, "")
    say("Answers take more than 200 ms.\n\nWarning: more than 150 ms. Critical: more than 200 ms.")
    critical = tiers(compiled(), "shop", "latency_p95")["critical"].statement
    assert critical is not None
    assert critical.text == "Warning: more than 150 ms. Critical: more than 200 ms."


def test_a_limit_whose_sentence_is_gone_is_an_error() -> None:
    """Each severity needs a sentence."""
    edit(SHOP, LATENCY_BULLET, "")
    assert codes() == ["undocumented-limit", "undocumented-limit"]


def test_a_limit_whose_sentence_says_something_else_is_told_once() -> None:
    """The finding is the difference. That the limit then has no sentence is no second finding."""
    edit(SHOP, LATENCY_BULLET, "")
    say("Warning above 150 ms, critical above 250 ms.")
    assert codes() == ["limit-differs"]


def test_a_bullet_of_a_title_that_no_signal_has_is_read_in_its_own_words() -> None:
    """A guide may call the error ratio an error rate, even below "Alert thresholds"."""
    edit(SHOP, "95th percentile latency: warning", "p95 response time: warning")
    assert codes() == []
    edit(SHOP, "critical above 200 ms", "critical above 205 ms")
    assert codes() == ["limit-differs"]


def test_a_bullet_of_another_form_is_as_good_where_its_sentence_can_be_read() -> None:
    """Nobody has to rewrite a guide that states the limit plainly. A bullet that cannot be read stays an error."""
    edit(SHOP, LATENCY_BULLET, "- Alert at p95 latency > 150 ms (warning) or > 200 ms (critical)\n")
    assert codes() == []
    edit(SHOP, "> 200 ms (critical)", "slow (critical)")
    assert codes() == ["undocumented-limit"]


def test_a_quotation_says_which_alert_its_sentence_speaks_of() -> None:
    """The quotation decides, whatever the words name, and wherever the alert leads."""
    edit(
        LEDGER,
        "The day should be closed within 90 minutes; later, the banks do not take the file.",
        "Hurry: 90 minutes.",
    )
    edit(SPEC, "should be closed within 90 minutes", "90 minutes")
    assert codes() == []


def test_a_target_beside_its_limits_says_what_is_usual() -> None:
    """A row of target, warning and critical needs no alert at its target if the alerts begin beyond the target."""
    row = "| | Target | Warning | Critical |\n|---|---|---|---|\n| p95 latency | < {} ms | > 150 ms | > 200 ms |"
    say(row.format(100))
    assert codes() == []
    edit(SHOP, "< 100 ms", "< 170 ms")
    assert codes() == ["limit-differs"]


def test_a_target_that_is_all_that_a_guide_says_is_the_limit() -> None:
    """No other sentence states the alert, so the target must equal the limit."""
    edit(LEDGER, "- Availability: warning below 99.5 %.\n", "")
    edit(LEDGER, "## Ledger fails\n", "## Ledger fails\n\nTarget: availability > 99.5 %\n")
    assert codes() == []
    edit(LEDGER, "availability > 99.5 %", "availability > 99.9 %")
    assert codes() == ["limit-differs"]


def test_whole_things_have_two_ways_to_be_counted() -> None:
    """At least 1001 entries are more than 1000."""
    edit(LEDGER, "## Backlog\n", "## Backlog\n\nAt least 1001 entries wait.\n")
    assert codes() == []


def test_a_target_of_whole_things_is_breached_at_its_number_or_above() -> None:
    """Fewer than 1000 entries, as a target, go with an alert above 1000."""
    edit(LEDGER, "## Backlog\n", "## Backlog\n\nTarget: fewer than 1000 entries wait.\n")
    assert codes() == []


def test_a_state_is_true_from_the_number_that_its_section_states() -> None:
    """The compiler compares `active` with the section that the state leads to."""
    edit(SPEC, 'gauge: checkout_open, active: "== 0", of: all', 'counter: refused_total, active: "> 7"')
    edit(SHOP, "## Checkout closed\n", "## Checkout closed\n\nThe checkout has refused more than 7 times.\n")
    assert codes() == []
    edit(SHOP, "more than 7 times", "more than 6 times")
    assert codes() == ["limit-differs"]


def test_a_waived_sentence_needs_no_alert() -> None:
    """A waiver may quote the sentence with other white space."""
    say("Call the data team when the replica lags  by more than 30 seconds.")
    assert codes() == ["unwatched-statement"]
    waiver = "    waive: [{statement: replica lags by more than 30 seconds, reason: the data team has its own alert}]\n"
    edit(SPEC, "    runbook: runbooks/shop.md\n", "    runbook: runbooks/shop.md\n" + waiver)
    model = compiled().model
    assert model is not None
    (waived,) = [statement for statement in model.documented if statement.waived]
    assert (waived.carriers, waived.waived) == ((), "the data team has its own alert")


def test_what_code_and_configuration_hold_is_no_limit() -> None:
    """A pool's size, a query's filter and a log line are nothing that an alert watches."""
    say("```sql\nSELECT * FROM q WHERE age > 30;\n```\n\nSet `DATABASE_POOL_SIZE=50`; time-outs are 30 s by default.")
    assert codes() == []


STORY: Final = "People buy what they like here, and parcels come by post. "


@pytest.mark.parametrize("end", ["", "\n"], ids=["one line", "wrapped"])
@pytest.mark.parametrize("before", [0, 90], ids=["at its beginning", "at its end"])
def test_a_limit_in_a_long_paragraph_is_read(before: int, end: str) -> None:
    """The length of the text around it does not matter, nor whether it stands on one line or on many."""
    told = f"{STORY}{end}"
    say(f"{told * before}We page when p95 latency exceeds 200 ms. {told * (150 - before)}".rstrip())
    assert codes() == []
    edit(SHOP, "exceeds 200 ms", "exceeds 900 ms")
    assert codes() == ["limit-differs"]


RESTARTS = """version: 1
links: {runbook: "https://git.example.com/ops/blob/main/{path}#{anchor}"}
escalation: {std: {levels: [oncall], warning: {notify: [email]}, critical: {notify: [email]}}}
levels: {oncall: {title: On call, email: [oncall@example.com]}}
teams: {shop: {title: Shop team, slack: "#shop"}}
routing: {webhook: {url: "http://127.0.0.1:9095/v1/alertmanager"}, fallback: {team: shop, escalation: std}}
signals: {crash: {kind: state, unit: state, title: Crash}}
systems:
  mill:
    title: Mill
    team: shop
    runbook: mill.md
    escalation: std
    selector: job="mill"
    limits:
      SIGNAL
      metrics_missing: off
    metrics:
      BINDING
"""
AS_LIMIT = (
    'restarts: {critical: "> 8", for: 3m, runbook: "#help"}',
    "restarts: {counter: restarts_total, window: 20m, per: pod}",
)
AS_STATE = (
    'crash: {critical: when true, for: 3m, runbook: "#help"}',
    'crash: {counter: restarts_total, active: "> 8", window: 20m, per: pod}',
)


@pytest.mark.parametrize("form", [AS_LIMIT, AS_STATE], ids=["limit", "state"])
@pytest.mark.parametrize(
    ("words", "differs"),
    [
        ("More than 8 restarts within 2 hours: critical.", "within 2h"),
        ("More than 8 restarts an hour: critical.", "within 1h"),
        ("More than 8 restarts in the last day: critical.", "within 1d"),
        ("More than 8 restarts within 20 minutes: critical.", ""),
        ("More than 8 restarts in the last 20 minutes for 3 minutes: critical.", ""),
    ],
)
def test_events_are_counted_within_the_time_that_the_sentence_states(
    form: tuple[str, str], words: str, differs: str
) -> None:
    """The message shows both times."""
    signal, binding = form
    Path(SPEC).write_text(RESTARTS.replace("SIGNAL", signal).replace("BINDING", binding), encoding="utf-8")
    bullet = "## Alert thresholds\n\n- Crash: critical.\n\n" if form is AS_STATE else ""
    Path("mill.md").write_text(f"# Mill\n\n{bullet}## Help\n\n{words}\n", encoding="utf-8")
    findings = compile_spec(Path(SPEC)).diagnostics.found
    assert [finding.code for finding in findings] == (["limit-differs"] if differs else [])
    assert all(
        f"`> 8` {differs}" in finding.message and finding.message.endswith("`> 8` within 20m") for finding in findings
    )
