"""Tests that an impossible start, such as Alertmanager's zero time, is shown as unknown everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import NOON, FakeSender, alert
from webhook.timestamps import clock, iso

STARTS = ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2999-01-01T00:00:00Z")
RUBBISH = re.compile(r"0001-|\b1-01-01|1969-|9999-|2999-|\d{4,} d|\b0 s\b")


@pytest.mark.parametrize("start", STARTS)
def test_an_unknown_start_is_called_so(
    client: FlaskClient,
    post: Callable[..., Any],
    drain: Callable[..., int],
    senders: dict[str, FakeSender],
    start: str,
) -> None:
    """While the alert fires and when it is over, messages and the page say so, and show no duration."""
    for status, words in (("firing", "Its start is unknown; heard of since"), ("resolved", "its start is unknown")):
        post(alert(status=status) | {"startsAt": start})
        drain()
        page = client.get("/incidents/1").get_data(as_text=True)
        assert words in page
        assert RUBBISH.search(page) is None
    for sender in senders.values():
        for job in sender.jobs:
            message = job.message
            assert message.started_at is None
            assert "start is unknown" in message.since
            assert all("start unknown" in line.since for line in message.alerts)


@pytest.mark.parametrize("start", STARTS[:2])
def test_the_interface_has_no_start_where_there_is_none(
    client: FlaskClient, post: Callable[..., Any], start: str
) -> None:
    """The start is null, not a time of the year 1."""
    post(alert() | {"startsAt": start})
    assert client.get("/v1/incidents/1").get_json()["alerts"][0]["started_at"] is None


def test_one_known_start_of_several_counts(client: FlaskClient, post: Callable[..., Any]) -> None:
    """The unknown start does not hide it."""
    post(alert(component="a") | {"startsAt": STARTS[0]}, alert(component="b"))
    page = client.get("/incidents/1").get_data(as_text=True)
    assert "Since " in page
    assert "start unknown" in page


def test_a_time_of_the_year_1_has_four_digits() -> None:
    """RFC 3339 requires four digits; people read that the start is unknown."""
    assert iso(-62_135_596_800) == "0001-01-01T00:00:00Z"
    assert clock(-62_135_596_800, now=NOON) == "an unknown time"
    assert iso(NOON + 0.5) == iso(NOON)
