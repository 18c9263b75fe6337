"""Tests of the side of a quantity that is trouble: who tells it, and the findings about limits on the other side."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from compiler import meaning
from compiler.compilation import compile_spec
from compiler.guides.vocabulary import vocabulary
from compiler.quantities import BYTES, COUNT, RATIO, Comparison, Quantity
from compiler.signals.bound import HIGH, LOW, Signal
from tests.compiler.base import LEDGER, SHOP, SPEC, codes, edit

BACKLOG = 'backlog:      {warning: "> 1000", critical: "> 5000", runbook: "#backlog"}'
LATENCY = 'latency_p95:     {warning: "> 150ms", critical: "> 200ms", runbook: "#slow-answers"}'


def comparison(text: str, unit: str = RATIO) -> Comparison:
    """Return a comparison with a number of this unit."""
    sign, number = text.split()
    return Comparison(sign, Quantity(Decimal(number), unit))


@pytest.mark.parametrize(
    ("signals", "side"),
    [
        (("error_ratio", "latency_p50", "latency_p95", "latency_p99", "latency_avg", "restarts", "queue_depth"), HIGH),
        (("cpu", "memory", "disk", "network", "connection_pool", "replication_lag"), HIGH),
        (("availability", "success_ratio", "cache_hit_ratio", "certificate_expiry"), LOW),
        (("request_rate", "metrics_missing", "no_such_signal"), None),
    ],
)
def test_a_built_in_signal_has_the_side_that_people_fear(signals: tuple[str, ...], side: str | None) -> None:
    """For the number of requests, nobody can say which side is trouble."""
    assert {meaning.builtin_side(signal) for signal in signals} == {side}


@pytest.mark.parametrize(
    ("kind", "inputs", "side"),
    [
        ("ratio", ("errors", "requests"), HIGH),
        ("ratio", ("successes", "attempts"), LOW),
        ("burn_rate", ("successes", "attempts"), LOW),
        ("gauge", ("since",), HIGH),
        ("gauge", ("until",), LOW),
        ("gauge", ("gauge",), None),
        ("rate", ("counter",), None),
        ("increase", ("counter",), HIGH),
        ("usage", ("available", "max"), HIGH),
        ("utilization", ("idle",), HIGH),
        ("quantile", ("histogram",), HIGH),
        ("average", ("total", "count"), HIGH),
        ("template", ("anything",), None),
    ],
)
def test_a_kind_tells_the_side_by_what_it_is_bound_to(kind: str, inputs: tuple[str, ...], side: str | None) -> None:
    """A custom gauge may be feared on either side, and its definition may say which."""
    assert meaning.side(Signal(id="x", kind=kind, unit=RATIO, title="X"), inputs) == side
    assert meaning.side(Signal(id="x", kind=kind, unit=RATIO, title="X", bad=LOW), inputs) == LOW


def test_guides_read_the_side_of_a_quantity_where_signals_say_it() -> None:
    """A word for the complement of a signal, such as misses, is feared on the other side."""
    for quantity in vocabulary().quantities:
        assert quantity.low == ((meaning.builtin_side(quantity.signal) == LOW) != quantity.complement)


@pytest.mark.parametrize(
    ("stated", "norm", "of_rest", "paging"),
    [
        (comparison("< 0.2"), False, True, comparison("> 0.8")),
        (comparison("<= 0.14"), False, True, comparison(">= 0.86")),
        (comparison("> 0.25"), True, True, comparison("> 0.75")),
        (comparison("<= 0.8"), True, False, comparison("> 0.8")),
        (comparison("<= 3", COUNT), True, False, comparison("> 3", COUNT)),
        (comparison("< 5", COUNT), True, False, comparison(">= 5", COUNT)),
        (comparison("> 0.1"), False, False, comparison("> 0.1")),
        (comparison("< 5", BYTES), False, True, None),
    ],
)
def test_what_pages_is_the_breach_of_a_norm_and_the_complement_of_a_rest(
    *, stated: Comparison, norm: bool, of_rest: bool, paging: Comparison | None
) -> None:
    """5 GB free are no share of anything."""
    assert meaning.paging(stated, norm=norm, of_rest=of_rest) == paging


@pytest.mark.usefixtures("base")
class TestLimits:
    """Limits of thresholds.yaml."""

    def test_whoever_means_the_other_side_says_so_beside_the_limits(self) -> None:
        """`bad: low` at one system's limits, or in a signal's definition, holds for all severities."""
        edit(SPEC, LATENCY, LATENCY.replace("> 150", "< 350").replace("> 200", "< 200"))
        edit(SHOP, "above 150 ms, critical above 200 ms", "below 350 ms, critical below 200 ms")
        assert codes() == ["against-direction"]
        edit(SPEC, 'critical: "< 200ms", ', 'critical: "< 200ms", bad: low, ')
        assert codes() == []

    def test_a_confirmed_side_is_held_too(self) -> None:
        """`bad: low` contradicts a limit above."""
        edit(SPEC, LATENCY, LATENCY.replace("runbook", "bad: low, runbook"))
        assert codes() == ["against-direction"]

    @pytest.mark.parametrize(("bad", "expected"), [("", []), ("bad: high, ", ["against-direction"])])
    def test_a_signal_of_ones_own_has_the_side_that_its_definition_says(self, bad: str, expected: list[str]) -> None:
        """A query may be feared on either side."""
        edit(SPEC, BACKLOG, BACKLOG.replace('"> 1000"', '"< 1000"').replace('"> 5000"', '"< 5"'))
        edit(LEDGER, "warning above 1000, critical above 5000", "warning below 1000, critical below 5")
        edit(
            SPEC,
            "    title: Backlog\n    unit: count\n",
            f"    title: Backlog\n    {bad and 'bad: high'}\n    unit: count\n",
        )
        assert codes() == expected

    def test_a_comment_with_a_reason_silences_it(self) -> None:
        """This holds for every finding about a limit that can still be compiled."""
        limits = '{warning: "< 15%", critical: off}'
        edit(
            SPEC,
            '{warning: ">= 85 of 100", critical: off}',
            f"{limits}  # tocsin: ignore[against-direction] half is spare",
        )
        edit(SHOP, "at least 85 of 100", "below 15 %")
        assert codes() == []

    def test_the_house_is_asked_once_for_all_who_take_its_limit(self) -> None:
        """There is one place, and so one mistake."""
        edit(
            SPEC,
            'connection_pool: {warning: "> 60%", critical: "> 80%"',
            'connection_pool: {warning: "< 60%", critical: "< 30%"',
        )
        edit(SPEC, '      connection_pool: {warning: ">= 85 of 100", critical: off}\n', "")
        edit(SHOP, "- Connection pool usage: warning at least 85 of 100.\n", "")
        (finding,) = compile_spec(Path(SPEC)).diagnostics
        assert (finding.code, [note.message for note in finding.related]) == (
            "against-direction",
            ["`shop` takes this limit of the house", "so does critical"],
        )


@pytest.mark.usefixtures("base")
class TestEvidence:
    """Sentences of a runbook about what is left, compared with limits of what is used."""

    STATED = "- Connection pool usage: warning at least 85 of 100.\n"
    LIMIT = '{warning: ">= 85 of 100", critical: off}'

    @pytest.mark.parametrize(
        "sentence",
        [
            "Warn when less than 15 % of the connections are free.",
            "At most 85 % of the connections may be in use, otherwise warn.",
            "The pool must keep at least 15 % of its connections free; below that it is a warning.",
            "- Idle connections under 15 %: warning",
        ],
    )
    def test_a_sentence_about_the_rest_documents_the_limit_of_what_is_used(self, sentence: str) -> None:
        """Less than 15 % free is more than 85 % used."""
        edit(SHOP, self.STATED, f"\n{sentence}\n")
        edit(SPEC, self.LIMIT, '{warning: "> 85%", critical: off}')
        assert codes() == []

    def test_a_difference_shows_what_the_sentence_says_and_what_that_is(self) -> None:
        """A person recognises the number of the sentence."""
        edit(SHOP, self.STATED, "\nWarn when less than 15 % of the connections are free.\n")
        edit(SPEC, self.LIMIT, '{warning: "> 80%", critical: off}')
        (finding,) = compile_spec(Path(SPEC)).diagnostics
        assert finding.message == (
            "the runbook says `< 15%` free, that is `> 85%`, and the warning limit of `connection_pool` is `> 80%`"
        )

    def test_a_signal_of_what_is_free_has_its_sentences_as_they_are(self) -> None:
        """The signal is in trouble when it is low, and measures what the sentence says."""
        edit(SHOP, self.STATED, "\nWarn when less than 15 % of the connections are free.\n")
        edit(SPEC, self.LIMIT, 'off\n      pool_free: {warning: "< 15%", runbook: "#connections"}')
        edit(
            SPEC,
            "  closing_time: {kind",
            "  pool_free: {kind: gauge, unit: ratio, title: Free connections of the pool, bad: low}\n  closing_time: {kind",
        )
        edit(
            SPEC,
            "      checkout_closed: {gauge",
            "      pool_free: {gauge: pool_free_ratio}\n      checkout_closed: {gauge",
        )
        assert codes() == []
