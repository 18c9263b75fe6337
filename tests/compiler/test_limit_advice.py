"""Tests of the advice about a text that is no limit: what it was meant to be, and how to write it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.limit_advice import advice, without_unit
from compiler.quantities import BYTES, COUNT, PER_SECOND, RATIO, SECONDS, parse_comparison


@pytest.mark.parametrize(
    ("text", "unit", "limit"),
    [
        ("5%", RATIO, "> 5%"),
        ("0.2", RATIO, "> 20%"),
        ("40", RATIO, "> 40%"),
        ("=>95 of 100", RATIO, ">= 95 of 100"),
        ("=< 2 percent", RATIO, "<= 2%"),
        ("lower than 90 pct", RATIO, "< 90%"),
        ("> 2,5 %", RATIO, "> 2.5 %"),
        ("> 4% - 9%", RATIO, "> 4%"),
        ("> 3–7 %", RATIO, "> 3%"),
        ("90%+", RATIO, ">= 90%"),
        ("above seven percent", RATIO, "above 7%"),
        ("> 250 millis", SECONDS, "> 250ms"),
        ("> 3 hrs", SECONDS, "> 3h"),
        ("> 90 SEC", SECONDS, "> 90sec"),
        ("> 2m30s500ms", SECONDS, "> 150500ms"),
        ("> 800ms over 10m", SECONDS, "> 800ms"),
        ("250", SECONDS, "> 250ms"),
        ("> 12,000", COUNT, "> 12000"),
        ("> 12 000 jobs", COUNT, None),
        ("> 3e2", COUNT, "> 300"),
        ("> 4 or < 1", COUNT, "> 4"),
        ("512mib", BYTES, "> 512MiB"),
        ("gt 10 rps", PER_SECOND, "> 10 per second"),
    ],
)
def test_a_hint_shows_a_limit_that_can_be_read(text: str, unit: str, limit: str | None) -> None:
    """A user who copies the hint has mended the file."""
    suggestion = advice(text, unit)
    shown = re.findall(r"`([^`]*)`", suggestion[1] or "") if suggestion else []
    assert (shown[0] if limit and shown else None) == limit
    if limit is not None:
        assert parse_comparison(limit).quantity.unit == unit


@pytest.mark.parametrize(
    ("text", "unit", "hint"),
    [
        ("> 0.05", RATIO, "write `> 5%`"),
        ("< 99", RATIO, "write `< 99%`"),
        ("> 300", RATIO, "write a percentage, such as `> 5%`"),
        ("> 90", SECONDS, "write `> 90ms` or `> 90s`"),
        ("> 90%%", RATIO, None),
    ],
)
def test_a_number_without_a_unit_gets_the_one_that_its_size_suggests(text: str, unit: str, hint: str | None) -> None:
    """A share of 0.05 is 5 %; a share of 300 is none."""
    assert without_unit(text, unit) == hint


@given(st.text(alphabet="<>=≥ 0123456789.,%-–+eEsmhd$orfabn/'_", max_size=14), st.sampled_from([RATIO, SECONDS, COUNT]))
def test_any_text_gets_advice_or_none(text: str, unit: str) -> None:
    """Law: the advice is text or none, and never an exception."""
    suggestion = advice(text, unit)
    assert suggestion is None or (
        suggestion[0] and (suggestion[1] is None or "`" in suggestion[1] or suggestion[1].startswith("write "))
    )


@pytest.mark.parametrize(
    "text", ["> 1" + " " * 10**5 + "x", "> " + "1-" * 10**5, "1," * 10**5], ids=["blanks", "ranges", "commas"]
)
def test_endless_text_takes_no_time(text: str) -> None:
    """A program may write such text, and must not keep the compiler busy."""
    assert advice(text, RATIO) in (None, advice(" ".join(text.split()), RATIO))
