"""Tests of which notifications a trigger causes."""

from __future__ import annotations

from dataclasses import replace

from tests.webhook.samples import NOON
from webhook.incidents.incident import Incident, NotificationTrigger
from webhook.incidents.new_notifications import new_notifications, ordering_key_of
from webhook.incidents.notifications import NotifiedDestination
from webhook.incidents.recipients import Recipient

INCIDENT = Incident(
    id=7,
    group_hash="h",
    group_labels={},
    dedup_key="key",
    receiver="r",
    external_url="",
    title="X",
    severity="critical",
    team="t",
    policy="p",
    opened_at=NOON,
    paged_at=NOON,
)
CHANNELS = {
    "slack": frozenset({"open", "join", "update", "resolve"}),
    "email": frozenset({"open", "join", "resolve"}),
    "log": frozenset({"open", "resolve"}),
}
SLACK = Recipient(channel="slack", destination="#ops", who="Operations")
MAIL = Recipient(channel="email", destination="a@example.com", who="DevOps team")
SMS = Recipient(channel="sms", destination="+1", who="DevOps team")


def notified(recipient: Recipient, *, configured: bool = True) -> NotifiedDestination:
    ordering_key = ordering_key_of(INCIDENT, recipient.channel, recipient.destination)
    return NotifiedDestination(
        channel=recipient.channel,
        destination=recipient.destination,
        who=recipient.who,
        ordering_key=ordering_key,
        configured=configured,
    )


def actions(trigger: str, recipients: list[Recipient], known: list[NotifiedDestination]) -> list[tuple[str, str, str]]:
    rows = new_notifications(
        INCIDENT, NotificationTrigger(kind=trigger), recipients=recipients, told=known, channels=CHANNELS
    )  # type: ignore[arg-type]
    return [(row.channel, row.action, row.state) for row in rows]


def test_channel_without_a_sender_is_written_down() -> None:
    """The notification is a row with a reason, and is not dropped."""
    rows = new_notifications(
        INCIDENT, NotificationTrigger(kind="opened"), recipients=[SLACK, SMS], told=[], channels=CHANNELS
    )
    assert [(row.channel, row.state, row.last_error) for row in rows] == [
        ("slack", "waiting", None),
        ("sms", "unconfigured", "not configured"),
    ]


def test_log_hears_of_it_when_nobody_else_can() -> None:
    """A fresh installation without any receiver still writes to the log."""
    assert actions("opened", [SMS], []) == [("sms", "open", "unconfigured"), ("log", "open", "waiting")]


def test_missing_contact_is_the_reason_even_where_the_channel_works() -> None:
    """The reason names what somebody has to mend."""
    nobody = Recipient(channel="email", destination="", who="CTO", missing="CTO has no email contact")
    rows = new_notifications(
        INCIDENT, NotificationTrigger(kind="opened"), recipients=[SLACK, nobody], told=[], channels=CHANNELS
    )
    assert rows[1].last_error == "CTO has no email contact"


def test_join_edits_and_calls_again_whom_it_knows_and_opens_for_others() -> None:
    """Slack needs an edit and a reply, because an edit notifies nobody."""
    assert actions("joined", [SLACK, MAIL], [notified(SLACK)]) == [
        ("slack", "update", "waiting"),
        ("slack", "join", "waiting"),
        ("email", "open", "waiting"),
    ]


def test_join_does_not_repeat_that_a_channel_is_missing() -> None:
    """The missing channel is recorded once."""
    assert actions("joined", [SLACK, SMS], [notified(SLACK), notified(SMS, configured=False)]) == [
        ("slack", "update", "waiting"),
        ("slack", "join", "waiting"),
    ]


def test_channel_that_was_there_and_is_no_more_does_not_swallow_a_call() -> None:
    """The channel worked before a restart and is missing now; the record says so."""
    assert actions("joined", [SLACK, SMS], [notified(SLACK), notified(SMS)]) == [
        ("slack", "update", "waiting"),
        ("slack", "join", "waiting"),
        ("sms", "open", "unconfigured"),
    ]


def test_log_hears_of_it_when_every_channel_that_was_told_is_gone() -> None:
    """An earlier success on another channel does not count for this call."""
    assert actions("escalated", [SMS], [notified(SMS)]) == [
        ("sms", "escalate", "unconfigured"),
        ("log", "open", "waiting"),
    ]


def test_destination_outside_the_new_tier_keeps_a_true_picture() -> None:
    """The destination's message is edited, and nobody there is called."""
    assert actions("joined", [MAIL], [notified(SLACK)]) == [
        ("email", "open", "waiting"),
        ("slack", "update", "waiting"),
    ]


def test_resolve_goes_to_whoever_was_told_and_to_nobody_else() -> None:
    """Earlier notifications decide, not the present recipients."""
    assert actions("resolved", [SLACK, MAIL], [notified(MAIL), notified(SMS, configured=False)]) == [
        ("email", "resolve", "waiting")
    ]


def test_acknowledgement_is_an_edit_where_the_channel_has_no_word_for_it() -> None:
    """Slack is edited, mail is silent."""
    assert actions("acknowledged", [], [notified(SLACK), notified(MAIL)]) == [("slack", "update", "waiting")]


def test_first_pages_go_before_everything_else_and_emergencies_before_them() -> None:
    """A worker takes due notifications in this order."""

    def urgency(incident: Incident, kind: str) -> int:
        return new_notifications(
            incident,
            NotificationTrigger(kind=kind),
            recipients=[SLACK],
            told=[notified(SLACK)] if kind != "opened" else [],
            channels=CHANNELS,
        )[0].urgency  # type: ignore[arg-type]

    emergency = replace(INCIDENT, severity="emergency")
    order = [
        urgency(emergency, "opened"),
        urgency(INCIDENT, "opened"),
        urgency(emergency, "resolved"),
        urgency(emergency, "updated"),
    ]
    assert order == sorted(set(order))
