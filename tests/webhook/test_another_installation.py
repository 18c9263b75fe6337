"""An alert with the same labels in another installation is news to whoever acknowledged the first alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import FakeAlertmanagerState, FakeSender, alert
from webhook.incidents.alertmanager_state import Active

Post = Callable[..., Any]
Let = Callable[..., None]

A, B = {"externalURL": "http://am-a:9093"}, {"externalURL": "http://am-b:9093"}
FIRST = "2026-11-22T11:50:00.123456789Z"
EARLIER, LATER = "2026-11-22T11:45:00.2Z", "2026-11-22T11:55:00.2Z"


def shown(client: FlaskClient) -> dict[str, Any]:
    return client.get("/v1/incidents/1").get_json()  # type: ignore[no-any-return]


@pytest.fixture
def acknowledged(post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState) -> None:
    """Let A's alert fire, and let a person acknowledge it."""
    alertmanager_state.answer = Active()
    post(alert(started=FIRST), **A)
    let()
    assert client.post("/v1/incidents/1/acknowledge", json={"actor": "ann"}).status_code == 200
    let()


def calls(senders: dict[str, FakeSender]) -> list[str]:
    return [job.action for job in senders["email"].jobs]


@pytest.mark.parametrize("started", [EARLIER, LATER])
def test_alert_of_another_alertmanager_is_news_to_whoever_has_taken_the_first(  # noqa: PLR0917  fixtures
    acknowledged: None, started: str, post: Post, client: FlaskClient, let: Let, senders: dict[str, FakeSender]
) -> None:
    """The new alert calls once; repeats of either alert call nobody."""
    assert post(alert(started=started), **B)["result"] == "joined"
    let(seconds=1)
    assert calls(senders) == ["open", "join"]
    incident = shown(client)
    assert incident["status"] == "open"
    assert incident["timeline"][-1]["detail"] == "1 alert joined, which ann has not acknowledged"
    client.post("/v1/incidents/1/acknowledge", json={"actor": "bob"})
    for repeat, reporter in ((alert(started=started), B), (alert(started=FIRST), A), (alert(started=started), B)):
        assert post(repeat, **reporter)["result"] == "repeated"
    let(seconds=1)
    assert calls(senders) == ["open", "join"]
    post(alert(started=FIRST, status="resolved"), **A)
    assert shown(client)["status"] == "acknowledged", "B's burns on, and bob has it"
    assert post(alert(started=started, status="resolved"), **B)["result"] == "resolved"


def test_same_start_is_the_same_firing_whoever_tells_of_it(
    acknowledged: None, post: Post, client: FlaskClient, let: Let, senders: dict[str, FakeSender]
) -> None:
    """One Prometheus may send to two Alertmanagers that nobody has configured as peers."""
    assert post(alert(started=FIRST), **B)["result"] == "repeated"
    let(seconds=1)
    assert calls(senders) == ["open"]
    assert shown(client)["status"] == "acknowledged"


def test_installation_that_has_called_before_is_no_news(
    acknowledged: None, post: Post, client: FlaskClient, let: Let, senders: dict[str, FakeSender]
) -> None:
    """Its alert ends and fires again while the first installation's alert fires."""
    post(alert(started=LATER), **B)
    let(seconds=1)
    client.post("/v1/incidents/1/acknowledge", json={"actor": "bob"})
    post(alert(started=FIRST), **A)
    post(alert(started=LATER, status="resolved"), **B)
    let(seconds=1)
    assert post(alert(started="2026-11-22T11:59:30.2Z"), **B)["result"] == "updated"
    let(seconds=1)
    assert calls(senders) == ["open", "join"]
    assert shown(client)["status"] == "acknowledged"


def test_alert_of_another_alertmanager_undoes_a_resolve_by_hand(
    acknowledged: None, post: Post, client: FlaskClient, let: Let, senders: dict[str, FakeSender]
) -> None:
    """Whoever resolved the incident has not seen this alert."""
    client.post("/v1/incidents/1/resolve", json={"actor": "ann"})
    let(seconds=1)
    assert post(alert(started=EARLIER), **B)["result"] == "reopened"
    let(seconds=1)
    assert calls(senders)[-1] == "join"
