"""Tests of how long a failed message waits before the next attempt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT
from webhook.workers.backoff import FIRST_SECONDS, LONGEST_SECONDS, delay, gives_up


def test_waits_double_up_to_a_limit() -> None:
    """The first retry comes soon, because most outages are short and a page waits."""
    assert [delay(tries, 0.0) for tries in (1, 2, 3, 8, 9, 1_000)] == [2, 4, 8, 256, 300, 300]


@PATIENT
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_wait_is_scattered_within_its_half(attempts: int, chance: float) -> None:
    """Messages that one outage stopped do not all retry at one moment; none waits longer than the limit."""
    longest = delay(attempts, 0.0)
    assert FIRST_SECONDS / 2 <= longest / 2 <= delay(attempts, chance) <= longest <= LONGEST_SECONDS


def test_old_message_still_gets_its_tries() -> None:
    """A message is not given up because of its age alone."""
    assert not gives_up(4, 1e9)
    assert not gives_up(1_000, 86_400)
    assert gives_up(5, 86_401)
