"""Tests of limits, durations and rates: reading exactly what people write, and printing it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import schema
from compiler.quantities import (
    BYTES,
    COUNT,
    EXAMPLES,
    PER_SECOND,
    RATIO,
    SECONDS,
    Quantity,
    QuantityError,
    decimal_text,
    duration_text,
    number_promql,
    parse_comparison,
    parse_duration,
    parse_quantity,
    parse_rate,
    quantity_text,
    without_comparator,
)

UNITS_HINT = "units are %, ms, s, m, h, d, B, kB, KiB … TiB, `per second`, `per minute`, `per hour` and none"


@pytest.mark.parametrize(
    ("text", "comparator", "value", "unit"),
    [
        ("> 5%", ">", "0.05", RATIO),
        (">5 %", ">", "0.05", RATIO),
        ("< 99.5%", "<", "0.995", RATIO),
        (">= 85 of 100", ">=", "0.85", RATIO),
        ("at least 95 of 100", ">=", "0.95", RATIO),
        ("> 0.1 of 0.4", ">", "0.25", RATIO),
        ("> 7%", ">", "0.07", RATIO),
        ("> 200ms", ">", "0.2", SECONDS),
        ("above 150 ms", ">", "0.15", SECONDS),
        ("> 2s", ">", "2", SECONDS),
        ("≥ 10 min", ">=", "600", SECONDS),
        ("over 10m", ">", "600", SECONDS),
        ("> 1.5 h", ">", "5400", SECONDS),
        ("> 1h30m", ">", "5400", SECONDS),
        ("less than 14d", "<", "1209600", SECONDS),
        ("AT MOST 2 days", "<=", "172800", SECONDS),
        ("> 512MiB", ">", "536870912", BYTES),
        ("> 1.5kB", ">", "1500", BYTES),
        ("more than 5", ">", "5", COUNT),
        ("under 10", "<", "10", COUNT),
        ("≤ 3", "<=", "3", COUNT),
        ("== 0", "==", "0", COUNT),
        ("> 100 per second", ">", "100", PER_SECOND),
        ("> 90 per minute", ">", "1.5", PER_SECOND),
        ("> 1000 per minute", ">", "16.66666666666666666666666667", PER_SECOND),
        ("> 60000/h", ">", "16.66666666666666666666666667", PER_SECOND),
        ("at most 7  per  min", "<=", "0.1166666666666666666666666667", PER_SECOND),
        ("> 100/s", ">", "100", PER_SECOND),
    ],
)
def test_a_limit_is_a_comparator_an_exact_number_and_a_unit(text: str, comparator: str, value: str, unit: str) -> None:
    """Signs and words mean the same. Numbers are decimals in base units, not floats near them."""
    comparison = parse_comparison(text)
    assert (comparison.comparator, comparison.quantity) == (comparator, Quantity(Decimal(value), unit))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("5%", "`5%` is not a limit", None),
        ("", "`` is not a limit", None),
        ("> ", "`> ` is not a limit", None),
        ("> five", "`five` is not a quantity", None),
        ("> -5%", "`-5%` is not a quantity", None),
        ("> .5%", "`.5%` is not a quantity", None),
        ("> 1e3", "`1e3` is not a quantity", None),
        ("> 5 M", "`M` is not a unit", UNITS_HINT),
        ("> 2 of 3", "`2 of 3` has no exact decimal", "write it as a percentage"),
        ("> 1 of 3", "`1 of 3` has no exact decimal", "write it as a percentage"),
        ("> 1 of 0", "`1 of 0` divides by zero", None),
        ("> 1 of", "`of` is not a unit", UNITS_HINT),
        ("> 0." + "1" * 40, "the number is too long to be kept exactly", None),
        ("> " + "9" * 27 + " min", "the number is too long to be kept exactly", None),
        ("> " + "9" * 20, "the number is too long to be kept exactly", None),
    ],
)
def test_what_is_no_limit_is_refused_with_the_reason(text: str, message: str, hint: str | None) -> None:
    """The message quotes the unreadable part. The error has a hint if it depends on the text."""
    with pytest.raises(QuantityError) as caught:
        parse_comparison(text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_each_unit_has_an_example_that_can_be_read() -> None:
    """Hints must not mislead, and the units are those of the catalogue."""
    units = json.loads(schema.text(schema.CATALOG))["$defs"]["alert"]["properties"]["unit"]["enum"]
    assert list(EXAMPLES) == units
    for unit in {*units} - {"state"}:
        for example in EXAMPLES[unit].split("`")[1::2]:
            assert parse_comparison(example).quantity.unit == unit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("1d1h1m1s", 90061), ("90m", 5400)],
)
def test_a_duration_is_read_as_prometheus_reads_it(text: str, seconds: int) -> None:
    """The units go from the largest to the smallest, each at most once."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "1m1h", "1.5h", "200ms", "5m ", "-5m", "5m5m", "5min"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """`for` and windows take no milliseconds, fractions and blanks."""
    with pytest.raises(QuantityError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["107000d", "999999999999s"])
def test_a_duration_beyond_what_prometheus_counts_is_refused(text: str) -> None:
    """64 bits of nanoseconds are about 292 years."""
    with pytest.raises(QuantityError, match="longer than Prometheus can count"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=292 * 365 * 86400))
def test_a_printed_duration_reads_as_the_same(seconds: int) -> None:
    """Law: printing and parsing are inverse."""
    assert parse_duration(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "promql", "words"),
    [
        ("1 per minute", "1 / 60", "1 event per minute"),
        ("10 per second", "10", "10 events per second"),
        ("2.5/s", "2.5", "2.5 events per second"),
        ("100 / h", "100 / 3600", "100 events per hour"),
        ("3 per min", "3 / 60", "3 events per minute"),
    ],
)
def test_a_rate_stays_exact_in_promql_and_in_words(text: str, promql: str, words: str) -> None:
    """A sixtieth has no exact decimal, so the division is left to Prometheus."""
    rate = parse_rate(text)
    assert (rate.promql, rate.text) == (promql, words)


@pytest.mark.parametrize("text", ["", "1", "per minute", "1 per day", "one per minute", "-1 per minute"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    """A rate is a number in a second, a minute or an hour."""
    with pytest.raises(QuantityError, match="is not a rate") as caught:
        parse_rate(text)
    assert caught.value.hint == "write `1 per minute` or `10 per second`"


@pytest.mark.parametrize(
    ("text", "promql", "words"),
    [
        ("1000 per minute", "1000 / 60", "1000 per minute"),
        ("60000 per hour", "1000 / 60", "1000 per minute"),
        ("7 per hour", "7 / 3600", "7 per hour"),
        ("2.5 / min", "2.5 / 60", "2.5 per minute"),
        ("3 per minute", "0.05", "0.05 per second"),
        ("10 per second", "10", "10 per second"),
    ],
)
def test_a_limit_that_has_no_decimal_a_second_keeps_its_period(text: str, promql: str, words: str) -> None:
    """The guide does not say 16.666…, and a counter of whole events cannot be exactly there."""
    quantity = parse_quantity(text)
    assert (number_promql(quantity.value), quantity_text(quantity)) == (promql, words)


@given(st.integers(1, 10**9), st.sampled_from(["second", "minute", "hour"]))
def test_a_printed_rate_reads_as_the_same(count: int, period: str) -> None:
    """Law: printing and parsing are inverse, and Prometheus divides to exactly the number that the proof uses."""
    quantity = parse_quantity(f"{count} per {period}")
    assert parse_quantity(quantity_text(quantity)) == quantity
    dividend, _, divisor = number_promql(quantity.value).partition(" / ")
    assert float(dividend) / float(divisor or "1") == float(quantity.value)


def test_a_rate_of_none_is_off() -> None:
    """A floor of zero would admit 0 / 0, which the floor must prevent."""
    with pytest.raises(QuantityError) as caught:
        parse_rate("0 per minute")
    assert caught.value.hint == "write `off` for none"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.05", RATIO, "5%"),
        ("0.995", RATIO, "99.5%"),
        ("1", RATIO, "100%"),
        ("0.0725", RATIO, "7.25%"),
        ("0.2", SECONDS, "200ms"),
        ("0", SECONDS, "0s"),
        ("1", SECONDS, "1s"),
        ("1.5", SECONDS, "1.5s"),
        ("90", SECONDS, "1m30s"),
        ("5400", SECONDS, "1h30m"),
        ("536870912", BYTES, "512MiB"),
        ("1500", BYTES, "1500B"),
        ("20000000000", BYTES, "20GB"),
        ("1500000000", BYTES, "1500MB"),
        ("2000", BYTES, "2kB"),
        ("1610612736", BYTES, "1536MiB"),
        ("1099511627776", BYTES, "1TiB"),
        ("1024", BYTES, "1KiB"),
        ("100", PER_SECOND, "100 per second"),
        ("5", COUNT, "5"),
        ("1000", COUNT, "1000"),
    ],
)
def test_a_quantity_is_printed_as_people_write_it(value: str, unit: str, text: str) -> None:
    """The text is short, exact, and without an exponent."""
    assert quantity_text(Quantity(Decimal(value), unit)) == text


@given(
    st.decimals(min_value=0, max_value=10**9, places=6, allow_nan=False, allow_infinity=False),
    st.sampled_from([RATIO, SECONDS, BYTES, COUNT, PER_SECOND]),
)
def test_a_printed_quantity_reads_as_the_same(value: Decimal, unit: str) -> None:
    """Law: the limit that a hint proposes for the runbook is read back as the limit of thresholds.yaml."""
    quantity = Quantity(value, unit)
    assert parse_quantity(quantity_text(quantity)) == quantity


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False))
def test_a_printed_decimal_is_the_same_number_without_exponent(value: Decimal) -> None:
    """Law: Prometheus and people read the same number, to the last digit."""
    text = decimal_text(value)
    assert Decimal(text) == value
    assert "E" not in text.upper()
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("text", "rest"),
    [(">= 85 of 100", "85 of 100"), ("at least 85 of 100", "85 of 100"), ("> 5%", "5%"), ("no limit", "no limit")],
)
def test_the_words_behind_the_comparator_can_be_had(text: str, rest: str) -> None:
    """`85 of 100` says more to a person than `85%`."""
    assert without_comparator(text) == rest
