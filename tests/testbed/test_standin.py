import time

import pytest
import requests

from testbed.fixtures import ROUTING_KEY
from testbed.pagerduty import PagerDuty
from testbed.patience import PATIENCE_SECONDS
from testbed.standin import Failure, NothingCameError


def _trigger(pagerduty: PagerDuty, timeout: float = PATIENCE_SECONDS) -> requests.Response:
    payload = {"summary": "s", "source": "a", "severity": "info"}
    body = {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "k", "payload": payload}
    return requests.post(pagerduty.events_url, json=body, timeout=timeout)


def test_failures_are_played_in_order_and_then_it_answers_again(pagerduty: PagerDuty) -> None:
    """Each requested failure occurs once, in the requested order; a failed request changes nothing."""
    pagerduty.fail(Failure.rate_limited(7))
    pagerduty.fail(Failure.error(503))
    limited, unavailable, accepted = (_trigger(pagerduty) for _ in range(3))
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert (unavailable.status_code, "Retry-After" in unavailable.headers) == (503, False)
    assert accepted.status_code == 202
    assert len(pagerduty.requests) == 3
    assert len(pagerduty.incidents[0].events) == 1


def test_a_closed_connection_has_no_answer(pagerduty: PagerDuty) -> None:
    """`close` drops the connection; the client sees a network error, not a status."""
    pagerduty.fail(Failure.close())
    with pytest.raises(requests.ConnectionError):
        _trigger(pagerduty)


def test_a_hang_outlasts_the_clients_patience_but_not_the_stand_in() -> None:
    """`hang` says nothing, and leaving the block does not wait for it."""
    with PagerDuty() as pagerduty:
        pagerduty.fail(Failure.hang(2 * PATIENCE_SECONDS))
        with pytest.raises(requests.ReadTimeout):
            _trigger(pagerduty, timeout=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_a_wait_that_failed_says_what_came_instead(pagerduty: PagerDuty) -> None:
    """The message of a wait in vain holds what was awaited and what is there."""
    _trigger(pagerduty)
    with pytest.raises(NothingCameError, match=r"the resolve did not come within 0\.1 s; .*triggered: s \(1 events\)"):
        pagerduty.await_incident(lambda incident: incident.status == "resolved", 0.1, "the resolve")


def test_a_stopped_stand_in_has_no_address() -> None:
    """The address is known only while it listens."""
    with pytest.raises(RuntimeError, match="PagerDuty is not started"):
        _ = PagerDuty().events_url
