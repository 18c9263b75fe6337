"""Tests that the chaos proof can fail: it finds each kind of fault, and a storm follows its plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from testbed.chaos.faults import SLACK, Faults
from testbed.chaos.storm import Group, Storm, build
from testbed.chaos.verdict import Receivers, judge
from testbed.pagerduty import Event, Incident, PagerDuty
from testbed.slack import Call, Message, Slack
from testbed.smtp import Mail, Mailbox

Json = dict[str, Any]

GROUP = Group(name="A", cell="c", system="s", policy="p", severities=("critical", "critical"), fate="fires")
TIER = {"announce": ["slack", "pagerduty"], "notify": ["email", "sms"]}
CATALOG = {
    "policies": {"p": {"severities": {"critical": TIER, "warning": {"announce": ["slack"], "notify": ["email"]}}}},
    "alerts": [{"alert": "A", "severity": "critical", "system": "s", "policy": "p"}],
}


@dataclass(kw_only=True)
class Scene:
    """The state after a storm of one group in which all went well; tests damage it."""

    incidents: list[Json]
    receivers: Receivers
    logs: str = "all well"
    group: Group = GROUP

    def findings(self) -> tuple[str, ...]:
        """Return the faults that the verdict finds."""
        storm = Storm(groups=(self.group,), batches=())
        return judge(storm, CATALOG, self.incidents, self.receivers, disruptions=1, logs=self.logs).findings

    def row(self, channel: str) -> Json:
        """Return the first message to `channel`."""
        return next(row for row in self.incidents[0]["notifications"] if row["channel"] == channel)


def _row(channel: str, provider_id: str | None, **changes: object) -> Json:
    row = {"channel": channel, "action": "open", "state": "sent", "reason": None, "attempts": 1, "destination": "d"}
    return {**row, "id": 1, "batch_size": None, "superseded_by": None, "provider_id": provider_id, **changes}


def _post_to(slack: Slack) -> None:
    metadata = {"event_payload": {"incident": 1, "notification": 1}}
    slack.calls.append(Call(method="chat.postMessage", arguments={"channel": "d", "metadata": metadata}, error=None))


@pytest.fixture
def scene() -> Scene:
    slack, pagerduty, mailbox = Slack("t"), PagerDuty(), Mailbox()
    slack.messages["1.1"] = Message(channel="d", channel_id="C1", ts="1.1", text="", blocks=[])
    _post_to(slack)
    trigger = Event(action="trigger", dedup_key=GROUP.dedup_key, came_from="tocsin", body={})
    pagerduty.incidents.append(Incident(dedup_key=GROUP.dedup_key, routing_key="r", events=[trigger]))
    message = EmailMessage()
    message["Message-ID"] = "<m@example.com>"
    mailbox.mails.append(Mail(sender="", recipients=("d",), message=message))
    incident = {
        "id": 1,
        "status": "open",
        "severity": "critical",
        "policy": "p",
        "dedup_key": GROUP.dedup_key,
        "group_labels": {"alertname": "A", "cell": "c"},
        "alerts": [{"firing": True, "labels": {"instance": f"c-{number}"}} for number in range(2)],
        "timeline": [{"kind": "opened"}],
        "notifications": [
            _row("slack", "C1/1.1"),
            _row("pagerduty", GROUP.dedup_key),
            _row("email", "<m@example.com> [Tocsin 1] The subject"),
            _row("sms", None, state="unconfigured", reason="not configured"),
        ],
    }
    return Scene(incidents=[incident], receivers=Receivers(slack=slack, pagerduty=pagerduty, mailbox=mailbox))


def test_nothing_is_found_where_nothing_is_wrong(scene: Scene) -> None:
    """A disruption may have doubled one message."""
    assert scene.findings() == ()
    _post_to(scene.receivers.slack)
    assert scene.findings() == ()


def _forget(scene: Scene) -> None:
    scene.incidents.clear()


def _lose_an_alert(scene: Scene) -> None:
    scene.incidents[0]["alerts"].pop()


def _open_two(scene: Scene) -> None:
    scene.incidents.append(scene.incidents[0] | {"id": 2, "alerts": []})


def _keep_open(scene: Scene) -> None:
    scene.group = Group(name="A", cell="c", system="s", policy="p", severities=("critical",), fate="resolves")


def _claim_slack(scene: Scene) -> None:
    scene.receivers.slack.messages.clear()


def _claim_pagerduty(scene: Scene) -> None:
    scene.receivers.pagerduty.incidents.clear()


def _claim_mail(scene: Scene) -> None:
    scene.receivers.mailbox.mails.clear()


def _fold_while_open(scene: Scene) -> None:
    scene.row("email").update(state="superseded", reason="said by another")


def _wait(scene: Scene) -> None:
    scene.incidents[0]["notifications"].append(_row("slack", None, action="update", state="waiting"))


def _fail_in_silence(scene: Scene) -> None:
    scene.incidents[0]["notifications"].append(_row("slack", None, action="update", state="failed"))


def _leave_out_a_channel(scene: Scene) -> None:
    scene.incidents[0]["notifications"].remove(scene.row("sms"))


def _page_twice(scene: Scene) -> None:
    scene.receivers.pagerduty.incidents.append(Incident(dedup_key=GROUP.dedup_key, routing_key="r"))


def _leave_paged(scene: Scene) -> None:
    scene.incidents[0]["status"] = "resolved"


def _post_thrice(scene: Scene) -> None:
    _post_to(scene.receivers.slack)
    _post_to(scene.receivers.slack)


def _crash(scene: Scene) -> None:
    scene.logs = "Traceback (most recent call last)"


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (_forget, "never became an incident"),
        (_lose_an_alert, "the webhook knows of 1"),
        (_open_two, "has 2 open incidents"),
        (_keep_open, "c resolves and has 1 open"),
        (_claim_slack, "slack was not told"),
        (_claim_pagerduty, "pagerduty was not told"),
        (_claim_mail, "email was not told"),
        (_fold_while_open, "email was not told"),
        (_wait, "still waits"),
        (_fail_in_silence, "does not say why"),
        (_leave_out_a_channel, "no row says why sms was not told"),
        (_page_twice, "PagerDuty has 2 open, 1 should be"),
        (_leave_paged, "PagerDuty has 1 open, 0 should be"),
        (_post_thrice, "2 first posts too many, after 1 disruptions"),
        (_crash, "traceback"),
    ],
)
def test_what_is_wrong_is_found(scene: Scene, spoil: Callable[[Scene], None], finding: str) -> None:
    """With one fault, at least one sentence names it."""
    spoil(scene)
    assert any(finding in sentence for sentence in scene.findings()), scene.findings()


def test_message_of_an_incident_that_is_over_may_be_superseded(scene: Scene) -> None:
    """Nobody has to be woken for an alert that has ended before anybody could be."""
    scene.group = Group(name="A", cell="c", system="s", policy="p", severities=("critical",), fate="resolves")
    incident = scene.incidents[0]
    incident |= {"status": "resolved", "alerts": []}
    scene.row("pagerduty").update(state="superseded", reason="the incident was resolved before this could be sent")
    scene.receivers.pagerduty.incidents.clear()
    assert scene.findings() == ()


@pytest.mark.parametrize(("severity", "expected"), [("warning", 0), ("critical", 1)])
def test_incident_that_comes_back_pages_if_its_severity_does(scene: Scene, severity: str, expected: int) -> None:
    """It was critical and was over; PagerDuty's incident ended then, and a severity that pages needs another."""
    end = _row("pagerduty", None, action="resolve", id=2)
    scene.incidents[0]["notifications"].append(end)
    scene.incidents[0] |= {"severity": severity, "timeline": [{"kind": "opened"}, {"kind": "reopened"}]}
    scene.receivers.pagerduty.incidents[0].status = "resolved"
    wrong = f"PagerDuty has 0 open, {expected} should be"
    assert [wrong in sentence for sentence in scene.findings()] == [True] * expected


def test_storm_posts_every_alert_of_every_group_and_ends_what_is_to_end() -> None:
    """The same seed gives the same storm."""
    storm = build(CATALOG, groups=12, alerts=60, seed=5)
    posted = [alert for batch in storm.batches for alert in batch]
    fired = [alert for alert in posted if "endsAt" not in alert]
    ended = [alert for alert in posted if "endsAt" in alert]
    returned = sum(group.fate == "returns" for group in storm.groups)
    assert {group.fate for group in storm.groups} == {"fires", "resolves", "returns"}
    assert len(fired) == 60 + returned
    assert len(ended) == 5 * sum(group.fate != "fires" for group in storm.groups)
    assert storm.groups == build(CATALOG, groups=12, alerts=60, seed=5).groups


def test_faults_come_as_often_as_they_should_and_end() -> None:
    """The seed decides them, and every kind of fault occurs."""
    faults = Faults(1)
    draw = faults.of(SLACK)
    drawn = [draw() for _ in range(2_000)]
    assert {id(drawn_failure) for drawn_failure in drawn if drawn_failure} == {id(failure) for _, failure in SLACK}
    assert faults.count == sum(drawn_failure is not None for drawn_failure in drawn)
    assert 300 < faults.count < 500
    faults.stop()
    assert {draw() for _ in range(100)} == {None}
