"""Tests of times, numbers and untrusted text in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import NOON, PATIENT
from webhook.quantity import Unit, measured
from webhook.timestamps import clock, iso, parse_rfc3339, span
from webhook.untrusted import breaks_line, one_line, shorten, visible, web_address


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("1970-01-01T00:00:00Z", "0.000000000"),
        ("2026-11-22T12:00:00.5Z", "1795348800.500000000"),
        ("2026-11-22T12:00:00.123456789Z", "1795348800.123456789"),
        ("2026-11-22T13:30:00+01:30", "1795348800.000000000"),
        ("2026-11-22T04:00:00-08:00", "1795348800.000000000"),
        ("0001-01-01T00:00:00Z", "-62135596800.000000000"),
        ("0001-01-01T00:00:00-08:00", "-62135568000.000000000"),
        ("0001-01-01T00:00:00+08:00", "-62135625600.000000000"),
        ("9999-12-31T23:59:59-23:59", "253402387139.000000000"),
    ],
)
def test_times_are_parsed_exactly(text: str, exact: str) -> None:
    """Nine decimals, any zone, and the ends of the calendar that overflow `datetime` are parsed."""
    assert parse_rfc3339(text).exact == exact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T12:00:00",
        "0000-01-01T00:00:00Z",
        "２026-11-22T12:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """The parser raises a ValueError, which the payload turns into a 400."""
    with pytest.raises(ValueError, match=r"RFC 3339|range|month"):
        parse_rfc3339(text)


def test_clock_shows_the_date_only_when_it_is_another_day() -> None:
    """At night the deadline may be on the next day."""
    assert clock(NOON, now=NOON) == "12:00 UTC"
    assert clock(NOON + 13 * 3_600, now=NOON) == "2026-11-23 01:00 UTC"


@pytest.mark.parametrize("seconds", [-1e18, 1e18, -62135596800 - 1])
def test_time_outside_the_calendar_is_no_crash(seconds: float) -> None:
    """An alert may claim any start."""
    assert iso(seconds) == ""
    assert clock(seconds, now=NOON) == "an unknown time"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min"),
        (3_600, "1 h"),
        (5_400, "1 h 30 min"),
        (90_061, "1 d 1 h"),
        (86_400, "1 d"),
        (86_460, "1 d"),
        (-5, "0 s"),
    ],
)
def test_span_names_two_units_at_most(seconds: float, text: str) -> None:
    """The text is long enough to understand and short enough to read."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.073", "ratio", "7.3%"),
        ("0.07321", "ratio", "7.32%"),
        ("1", "ratio", "100%"),
        ("0.00004", "ratio", "0.004%"),
        ("0.213", "seconds", "213 ms"),
        ("1.5", "seconds", "1.5 s"),
        ("90", "seconds", "90 s"),
        ("600", "seconds", "10 min"),
        ("7200", "seconds", "2 h"),
        ("0", "seconds", "0 s"),
        ("65536", "bytes", "64 KiB"),
        ("1.5e9", "bytes", "1.4 GiB"),
        ("512", "bytes", "512 B"),
        ("6", "count", "6"),
        ("123456", "count", "123456"),
        ("2.5", "per_second", "2.5/s"),
        ("NaN", "ratio", "not a number (NaN)"),
        ("+Inf", "count", "infinite"),
        ("-Inf", "count", "minus infinity"),
        ("1", "state", None),
        ("a lot", "ratio", None),
        (None, "ratio", None),
        ("-0.5", "ratio", "-50%"),
        ("1e300", "count", "1e+300"),
    ],
)
def test_number_is_said_in_its_unit(value: str | None, unit: Unit, text: str | None) -> None:
    """A raw float of an annotation becomes what a person says."""
    assert measured(value, unit) == text


@PATIENT
@given(st.floats())
def test_every_float_can_be_said(number: float) -> None:
    """Every unit with a number accepts any float."""
    for unit in ("ratio", "seconds", "bytes", "count", "per_second"):
        assert measured(str(number), unit)


def test_what_is_obeyed_instead_of_seen_is_removed() -> None:
    """Terminal sequences, reversed text and zero-width characters are removed."""
    assert visible("a\x1b[31mb\x07\u202ec\u200bd\r\ne\tf") == "a[31mbcd\ne\tf"
    assert one_line("a\r\nBcc: x\n\n b\u2028c") == "a Bcc: x b c"
    assert breaks_line("a\nb")
    assert breaks_line("a\u202eb")
    assert not breaks_line("ä · 你好")


@PATIENT
@given(st.text(alphabet=st.characters()), st.integers(1, 50))
def test_one_line_is_one_short_line(text: str, limit: int) -> None:
    """This holds for any text."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not breaks_line(line)


def test_shortened_text_says_so() -> None:
    """Its last character is an ellipsis."""
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a/b",
        "//host/x",
        "http://",
        "http://[::1",
        "https://a b",
        "http://a\nb",
        "x" * 3_000,
        "",
        None,
        "HTTP:/x",
        "https://host/" + "x" * 2_000,
    ],
)
def test_only_web_addresses_are_links(text: str | None) -> None:
    """Other texts and too long ones give no link."""
    assert web_address(text) is None


def test_web_address_is_kept_as_it_is() -> None:
    """Upper case, queries and fragments stay."""
    assert web_address("HTTPS://Example.com:8443/a?b=c#d") == "HTTPS://Example.com:8443/a?b=c#d"
