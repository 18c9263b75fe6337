"""Tests of every sender with the kit, then of each sender's own features."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
import structlog
from syrupy.assertion import SnapshotAssertion

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import NOON, alert, message_of
from tests.webhook.sender_kit import (
    DESTINATIONS,
    HTTP_SENDERS,
    PASSWORD,
    RIGS,
    ROUTING_KEY,
    TOKEN,
    Answer,
    Rig,
    dribbling,
)
from webhook import logs
from webhook.catalog.model import Catalog
from webhook.channels import CHANNELS
from webhook.incidents.notifications import Action
from webhook.mail_server import parse_smtp_url
from webhook.render.sms import MOST_SEGMENTS, segments
from webhook.secret import Secret
from webhook.senders import contract, gateway, transport
from webhook.senders import mail as mail_sender
from webhook.senders.contract import Answering, Failure, Job, PermanentFailure, TemporaryFailure
from webhook.senders.log import LogSender
from webhook.senders.mail import MailSender
from webhook.senders.slack import TEMPORARY
from webhook.senders.transport import wait_of
from webhook.workers.dispatch import LEASE_SECONDS

OF_HTTP = {"Accept", "Accept-Encoding", "Connection", "Content-Length", "Host", "User-Agent"}
"""Headers that the client adds to every request."""
HOSTILE = (
    "<!channel> <!here> @channel\r\nBcc: everybody@example.com\r\n\r\n<script>alert(1)</script>\x1b[31m\u202e`$(id)`"
)


@pytest.fixture(params=sorted(RIGS))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with RIGS[request.param]() as built:
        yield built


@pytest.fixture(params=HTTP_SENDERS)
def http_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with RIGS[request.param]() as built:
        yield built


@pytest.fixture
def slack() -> Iterator[Rig]:
    with RIGS["slack"]() as built:
        yield built


@pytest.fixture
def pagerduty() -> Iterator[Rig]:
    with RIGS["pagerduty"]() as built:
        yield built


@pytest.fixture
def mail() -> Iterator[Rig]:
    with RIGS["email"]() as built:
        yield built


def for_rig(job: Job, rig: Rig, action: Action = "open", provider_id: str | None = None) -> Job:
    return dataclasses.replace(job, destination=rig.destination, action=action, provider_id=provider_id)


# The kit: every sender.


def test_kit_has_a_rig_for_every_channel_that_leaves_the_process() -> None:
    """A new sender must get a rig of the kit, or this test fails."""
    assert set(RIGS) | {"log"} == set(CHANNELS)
    assert set(HTTP_SENDERS) == set(RIGS) - {"email"}, "only the rigs of HTTP senders have the tests of HTTP"


def test_first_message_is_sent_with_number_limit_and_tier(rig: Rig, job: Job) -> None:
    """On every channel the essence arrives."""
    rig.sender.send(for_rig(job, rig))
    assert "Error ratio is 7.3%" in rig.shown()
    assert "L1 DevOps team" in rig.shown()


def test_request_is_what_the_provider_documents(http_rig: Rig, job: Job, snapshot: SnapshotAssertion) -> None:
    """Read the golden against the provider's documentation: method, path, headers and body of the first message."""
    http_rig.sender.send(for_rig(job, http_rig))
    request = http_rig.received[0]
    headers = {name: value for name, value in request.pop("_headers").items() if name not in OF_HTTP}
    assert {"headers": headers, **request} == snapshot


@pytest.mark.parametrize("channel", [name for name, addresses in DESTINATIONS.items() if len(addresses) > 1])
def test_message_goes_to_its_recipient(channel: str, job: Job) -> None:
    """Two messages to two people differ by more than a header of time."""
    with RIGS[channel]() as rig:
        shown = []
        for address in DESTINATIONS[channel]:
            rig.received.clear()
            rig.sender.send(dataclasses.replace(for_rig(job, rig), destination=address))
            shown.append(
                re.sub(r"(?m)^(Date|Message-ID|References|In-Reply-To):.*$|tocsin-[0-9a-f]+@", "", rig.shown())
            )
    assert shown[0] != shown[1]


def test_every_channel_of_addresses_has_two_in_the_kit() -> None:
    """A sender that calls the wrong person must not pass the kit."""
    assert {name: len(DESTINATIONS[name]) > 1 for name in RIGS} == {
        name: channel.address != "service" for name, channel in CHANNELS.items() if name != "log"
    }


def test_every_action_of_the_channel_can_be_sent(rig: Rig, job: Job) -> None:
    """A sender can send every action that it declares."""
    for action in sorted(rig.sender.actions):
        rig.sender.send(for_rig(job, rig, action, None if action == "open" else "C1/1.2"))
    assert len(rig.received) == len(rig.sender.actions)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_status_of_success_is_a_receipt_or_is_asked_again(http_rig: Rig, job: Job, status: int) -> None:
    """If the provider never uses this status, nobody knows whether it has the message: it is not recorded as sent."""
    http_rig.answer(
        dataclasses.replace(http_rig.usual, status=status, body=b"" if status == 204 else http_rig.usual.body)
    )
    if status in http_rig.accepted:
        http_rig.sender.send(for_rig(job, http_rig))
        return
    with pytest.raises(TemporaryFailure):
        http_rig.sender.send(for_rig(job, http_rig))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422])
def test_status_that_needs_somebody_is_permanent(http_rig: Rig, job: Job, status: int) -> None:
    """Trying again would change nothing; a redirect is not followed, because the secret would go with it."""
    http_rig.answer(Answer(status=status, headers={"Location": "http://127.0.0.1:1/elsewhere"}))
    with pytest.raises(PermanentFailure, match=f"HTTP {status}"):
        http_rig.sender.send(for_rig(job, http_rig))
    assert len(http_rig.received) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_status_that_passes_is_temporary(http_rig: Rig, job: Job, status: int) -> None:
    """The request is right, and may work later."""
    http_rig.answer(Answer(status=status, body=b"<html>busy</html>"))
    with pytest.raises(TemporaryFailure, match=f"HTTP {status}"):
        http_rig.sender.send(for_rig(job, http_rig))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_handed_on(http_rig: Rig, job: Job, status: int) -> None:
    """The worker decides how long to wait; a provider gives the time in seconds or as a date."""
    date = format_datetime(datetime.now(tz=UTC) + timedelta(seconds=120), usegmt=True)
    for header, least, most in (("17", 17, 17), (date, 100, 121)):
        http_rig.answer(Answer(status=status, headers={"Retry-After": header}))
        with pytest.raises(TemporaryFailure) as caught:
            http_rig.sender.send(for_rig(job, http_rig))
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (421, TemporaryFailure),
        (451, TemporaryFailure),
        (452, TemporaryFailure),
        (550, PermanentFailure),
        (552, PermanentFailure),
        (554, PermanentFailure),
    ],
)
def test_mail_server_s_refusal_is_sorted_by_its_first_digit(
    mail: Rig, job: Job, code: int, failure: type[Exception]
) -> None:
    """RFC 5321: 4yz may work later, 5yz will not."""
    mail.answer(Answer(status=code, body=b"no"))
    with pytest.raises(failure, match=f"SMTP {code}: no"):
        mail.sender.send(for_rig(job, mail))


def test_connection_that_is_closed_before_the_answer_is_temporary(http_rig: Rig, job: Job) -> None:
    """Somebody may have restarted the provider."""
    http_rig.answer(Answer(close=True))
    with pytest.raises(TemporaryFailure):
        http_rig.sender.send(for_rig(job, http_rig))


def test_connection_that_is_closed_midway_is_temporary(http_rig: Rig, job: Job) -> None:
    """The head promised success, but half a body does not prove it."""
    http_rig.answer(dataclasses.replace(http_rig.usual, status=200, body=b"{", cut=True))
    with pytest.raises(TemporaryFailure):
        http_rig.sender.send(for_rig(job, http_rig))


def test_hanging_provider_is_given_up(http_rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider never answers, and the thread is needed."""
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    http_rig.answer(Answer(hang=True))
    with pytest.raises(TemporaryFailure, match="no answer in time"):
        http_rig.sender.send(for_rig(job, http_rig))


@pytest.mark.parametrize("answer", [Answer(body=b"x" * 1_000_000, drip=True), Answer(drip_head=True)])
def test_dripping_provider_is_given_up(
    http_rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """Each byte comes in time, but neither the body nor the head ever ends."""
    for room in (transport, gateway):
        monkeypatch.setattr(room, "LONGEST_SEND", 0.3)
    http_rig.answer(answer)
    with pytest.raises(TemporaryFailure, match="no answer in time"):
        http_rig.sender.send(for_rig(job, http_rig))


@pytest.mark.parametrize("status", [200, 500])
def test_endless_answer_is_not_read_to_its_end(http_rig: Rig, job: Job, status: int) -> None:
    """Memory is bounded: the sender stops reading, and the reason fits a line."""
    http_rig.answer(Answer(status=status, body=b"x" * 50_000_000))
    reason = ""
    try:
        http_rig.sender.send(for_rig(job, http_rig))
    except TemporaryFailure as failure:
        reason = str(failure)
    assert http_rig.left.wait(PATIENCE_SECONDS)
    assert len(reason) <= 300


def test_provider_that_cannot_be_reached_is_temporary(rig: Rig, job: Job) -> None:
    """Nothing listens at the address."""
    rig.stop()
    with pytest.raises(TemporaryFailure):
        rig.sender.send(for_rig(job, rig))


@pytest.mark.parametrize(("count", "length"), [(5_000, 200), (50, 20_000)])
def test_huge_incident_is_told_within_the_provider_s_limits(
    rig: Rig, job: Job, catalog: Catalog, count: int, length: int
) -> None:
    """A storm of alerts or labels of many kilobytes: the message gives the number, and the provider takes it."""
    long = "ü" * length
    alerts = [
        alert(
            "Nobody",
            instance=f"{number}{long}",
            annotations={"summary": long, "description": long},
            fingerprint=f"{number:016x}",
        )
        for number in range(count)
    ]
    rig.sender.send(dataclasses.replace(for_rig(job, rig), message=message_of(catalog, *alerts)))
    assert len(rig.shown()) < rig.largest
    if rig.sender.channel not in {"sms", "phone"}:
        assert f"and {count - 10} more" in rig.shown()


def test_hostile_labels_do_no_harm(rig: Rig, job: Job, catalog: Catalog) -> None:
    """There is no mention, header, control character or markup, and no address holds more than an address."""
    script = "javascript:alert(document.domain)"
    texts = {"summary": HOSTILE, "description": HOSTILE, "runbook_url": script}
    message = message_of(
        catalog,
        alert("Nobody" + HOSTILE, component=HOSTILE, instance=HOSTILE, annotations=texts, generator=script),
        externalURL=script,
    )
    rig.sender.send(dataclasses.replace(for_rig(job, rig), message=message))
    shown = rig.shown()
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", shown)
    assert "\\u001b" not in shown
    assert script not in shown
    HARMLESS.get(rig.sender.channel, harmless_as_json)(rig)


def harmless_in_slack(rig: Rig) -> None:
    """Slack parses mrkdwn, and nothing else; the header is plain text, which it does not parse."""
    texts = [rig.received[0]["text"], json.dumps(rig.received[0]["blocks"][1:])]
    assert "<!" not in "".join(texts)
    assert (rig.received[0]["link_names"], rig.received[0]["parse"]) == (False, "none")


def harmless_in_mail(rig: Rig) -> None:
    assert rig.received[0]["Bcc"] is None
    assert rig.received[0]["X-Envelope-To"] == "devops@example.com"
    assert "<script" not in rig.received[0].get_body(("html",)).get_content()


def harmless_in_sms(rig: Rig) -> None:
    assert segments(rig.received[0]["message"]) <= MOST_SEGMENTS


def harmless_in_a_call(rig: Rig) -> None:
    assert re.fullmatch(r"<Response><Say>[^<&]*</Say></Response>", rig.received[0]["Twiml"])


def harmless_as_json(rig: Rig) -> None:
    """Text stays text; a program that shows it must escape it, as every label."""
    assert json.loads(rig.bodies[0])


HARMLESS: dict[str, Callable[[Rig], None]] = {
    "slack": harmless_in_slack,
    "email": harmless_in_mail,
    "sms": harmless_in_sms,
    "phone": harmless_in_a_call,
}
"""How channels are checked that people read directly; others post JSON to a program."""


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Return a function that gives everything that was logged, at the most verbose level of the program."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("DEBUG")
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("status", [200, 401, 500])
def test_no_log_shows_a_secret(http_rig: Rig, job: Job, logged: Callable[[], str], status: int) -> None:
    """Neither our logs nor a library's hold a secret, whatever the provider answers, even without an answer."""
    http_rig.answer(Answer(status=status, body=http_rig.secrets[0].encode()))
    for stop in (lambda: None, http_rig.stop):
        stop()
        with suppress(Failure):
            http_rig.sender.send(for_rig(job, http_rig))
    structlog.get_logger("kit").info("still logging")
    logged_text = logged()
    assert "still logging" in logged_text
    assert not [secret for secret in http_rig.secrets if secret in logged_text]


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500])
def test_no_failure_shows_a_secret(http_rig: Rig, job: Job, status: int) -> None:
    """The failure holds no secret even if the provider repeats it, plain or encoded."""
    for secret in http_rig.secrets:
        http_rig.answer(Answer(status=status, body=f'{{"error": "bad {secret}", "message": "{secret}"}}'.encode()))
        with pytest.raises(Failure) as caught:
            http_rig.sender.send(for_rig(job, http_rig))
        assert "***" in str(caught.value)
        assert secret not in f"{caught.value!s}{caught.value!r}{caught.value.__cause__!r}"
        assert secret not in f"{http_rig.sender!r}{vars(http_rig.sender)}{vars(http_rig.sender).values()}"


def test_unreachable_provider_s_address_is_not_told_with_its_token(http_rig: Rig, job: Job) -> None:
    """Libraries name the whole path in their errors."""
    http_rig.stop()
    with pytest.raises(TemporaryFailure) as caught:
        http_rig.sender.send(for_rig(job, http_rig))
    assert not [secret for secret in http_rig.secrets if secret in f"{caught.value!r}"]


def test_credentials_of_the_environment_are_not_used(
    http_rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Otherwise a .netrc for the provider's host would replace the token, or be sent though there is no token."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    http_rig.sender.send(for_rig(job, http_rig))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    http_rig.sender.send(for_rig(job, http_rig))
    without, beside = (body["_headers"].get("Authorization") for body in http_rig.received)
    assert without == beside


def test_token_is_sent_as_bearer(slack: Rig, job: Job) -> None:
    """Slack requires it."""
    slack.sender.send(for_rig(job, slack))
    assert slack.received[0]["_headers"]["Authorization"] == f"Bearer {TOKEN}"


def test_no_compressed_answer_is_asked_for(http_rig: Rig, job: Job) -> None:
    """A small compressed answer could become a large one in memory."""
    http_rig.sender.send(for_rig(job, http_rig))
    assert http_rig.received[0]["_headers"]["Accept-Encoding"] == "identity"


def test_lease_is_longer_than_any_send() -> None:
    """Otherwise a slow send would be done twice."""
    assert LEASE_SECONDS > contract.LONGEST_SEND + contract.CONNECT_SECONDS + contract.READ_SECONDS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17),
        ("0", 0),
        ("-1", None),
        ("soon", None),
        (None, None),
        ("999999", 3_600),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3; an upper bound limits a provider that asks for a year."""
    assert wait_of(header, NOON) == seconds


# Slack.


def test_slack_message_is_posted_to_the_channel_and_its_place_kept(slack: Rig, job: Job) -> None:
    """An edit needs the channel's id, not its name."""
    assert slack.sender.send(for_rig(job, slack)).provider_id == "C024BE91L/1503435956.000247"
    body = slack.received[0]
    assert (body["_path"], body["channel"]) == ("/api/chat.postMessage", "#ops")
    assert (body["link_names"], body["parse"], body["unfurl_links"]) == (False, "none", False)
    assert body["metadata"] == {"event_type": "tocsin_incident", "event_payload": {"incident": 12, "notification": 5}}


@pytest.mark.parametrize("action", ["update", "resolve"])
def test_slack_message_is_edited_in_its_place(slack: Rig, job: Job, action: Action) -> None:
    """The incident has one message from the first alert to the resolve."""
    assert slack.sender.send(for_rig(job, slack, action, "C1/1.2")).provider_id is None
    assert (slack.received[0]["_path"], slack.received[0]["channel"], slack.received[0]["ts"]) == (
        "/api/chat.update",
        "C1",
        "1.2",
    )


def test_slack_news_is_a_reply_that_the_channel_sees(slack: Rig, job: Job) -> None:
    """An edit notifies nobody; the reply must not become the message that later edits go to."""
    assert slack.sender.send(for_rig(job, slack, "join", "C1/1.2")).provider_id is None
    body = slack.received[0]
    assert (body["_path"], body["channel"], body["thread_ts"], body["reply_broadcast"]) == (
        "/api/chat.postMessage",
        "C1",
        "1.2",
        True,
    )


def test_slack_edit_without_a_message_is_posted(slack: Rig, job: Job) -> None:
    """The first message was never sent."""
    assert slack.sender.send(for_rig(job, slack, "resolve")).provider_id == "C024BE91L/1503435956.000247"
    assert slack.received[0]["_path"] == "/api/chat.postMessage"


def test_slack_message_that_somebody_has_deleted_is_posted_anew(slack: Rig, job: Job) -> None:
    """The incident must stay visible."""
    slack.answer(Answer(body=b'{"ok": false, "error": "message_not_found"}'))
    assert slack.sender.send(for_rig(job, slack, "update", "C1/1.2")).provider_id is not None
    assert [body["_path"] for body in slack.received] == ["/api/chat.update", "/api/chat.postMessage"]


@pytest.mark.parametrize(
    "error",
    [
        "channel_not_found",
        "invalid_auth",
        "not_in_channel",
        "is_archived",
        "token_revoked",
        "invalid_blocks",
        "msg_too_long",
        "something_new",
    ],
)
def test_slack_error_that_needs_somebody_is_permanent(slack: Rig, job: Job, error: str) -> None:
    """Slack reports the error with status 200."""
    slack.answer(
        Answer(
            body=json.dumps({"ok": False, "error": error, "response_metadata": {"messages": ["[ERROR] here"]}}).encode()
        )
    )
    with pytest.raises(PermanentFailure, match=error):
        slack.sender.send(for_rig(job, slack))


@pytest.mark.parametrize("error", sorted(TEMPORARY))
def test_slack_error_that_passes_is_temporary(slack: Rig, job: Job, error: str) -> None:
    """The failure says how long Slack asks to wait."""
    slack.answer(Answer(body=json.dumps({"ok": False, "error": error}).encode(), headers={"Retry-After": "3"}))
    with pytest.raises(TemporaryFailure, match=error) as caught:
        slack.sender.send(for_rig(job, slack))
    assert caught.value.retry_after == 3


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"ok": "yes"}', b'{"ok": true}', b'{"ok": true, "channel": 1, "ts": 2}']
)
def test_answer_that_is_not_slack_s_is_temporary(slack: Rig, job: Job, body: bytes) -> None:
    """A proxy's page with status 200 is no success."""
    slack.answer(Answer(body=body))
    with pytest.raises(TemporaryFailure):
        slack.sender.send(for_rig(job, slack))


# PagerDuty.


@pytest.mark.parametrize(
    ("action", "event"),
    [("open", "trigger"), ("join", "trigger"), ("acknowledge", "acknowledge"), ("resolve", "resolve")],
)
def test_pagerduty_events_carry_the_incident_s_key(pagerduty: Rig, job: Job, action: Action, event: str) -> None:
    """The key is that of Alertmanager's own receiver, so that both events merge."""
    pagerduty.sender.send(for_rig(job, pagerduty, action))
    body = pagerduty.received[0]
    assert (body["_path"], body["event_action"], body["dedup_key"], body["routing_key"]) == (
        "/v2/enqueue",
        event,
        "d" * 64,
        ROUTING_KEY,
    )
    assert ("payload" in body) == (event == "trigger")


# Mail.


def test_mails_of_an_incident_are_one_thread(mail: Rig, job: Job) -> None:
    """The first mail's Message-ID can be computed, so that the thread survives a restart."""
    mail.sender.send(for_rig(job, mail))
    mail.sender.send(dataclasses.replace(for_rig(job, mail, "resolve"), id=6))
    first, second = mail.received
    assert second["References"] == second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert second["Subject"] == f"Re: {first['Subject']}"


def test_thread_keeps_its_subject_when_the_incident_has_changed(mail: Rig, job: Job, catalog: Catalog) -> None:
    """Gmail begins a new conversation with every new subject; the sender's name shows the new state."""
    kept = mail.sender.send(for_rig(job, mail)).provider_id
    over = message_of(catalog, alert(component="checkout"), alert(component="search"), resolve=True)
    for number, action in ((6, "join"), (7, "resolve")):
        later = for_rig(job, mail, action, kept)
        mail.sender.send(dataclasses.replace(later, id=number, message=over if action == "resolve" else job.message))
    subject = "[Tocsin 12] CRITICAL: API platform: Error ratio (checkout)"
    assert [received["Subject"] for received in mail.received] == [subject, f"Re: {subject}", f"Re: {subject}"]
    names = [received["From"].addresses[0].display_name for received in mail.received]
    assert names == ["Tocsin CRITICAL", "Tocsin CRITICAL", "Tocsin RESOLVED"]
    assert mail.received[2].get_body(("plain",)).get_content().startswith("RESOLVED: API platform: Error ratio")


def test_subject_from_the_store_is_no_header_of_its_own(mail: Rig, job: Job) -> None:
    """The subject was a label once."""
    mail.sender.send(for_rig(job, mail, "resolve", "<id@example.com> [Tocsin 12] a\r\nBcc: x@example.com"))
    assert mail.received[0]["Bcc"] is None
    assert mail.received[0]["Subject"] == "Re: [Tocsin 12] a Bcc: x@example.com"


def test_mail_server_that_says_nothing_is_given_up(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts the connection and sends nothing."""
    monkeypatch.setattr(mail_sender, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = MailSender(parse_smtp_url(Secret(f"smtp://127.0.0.1:{server.getsockname()[1]}")))
        with pytest.raises(TemporaryFailure, match="timed out"):
            sender.send(dataclasses.replace(job, destination="a@example.com"))


def test_mail_server_that_dribbles_is_given_up(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte of its greeting comes in time, but the greeting never ends."""
    monkeypatch.setattr(mail_sender, "LONGEST_SEND", 0.3)
    with dribbling(b"2") as port:
        _gives_up(f"smtp://127.0.0.1:{port}", job)


@pytest.mark.parametrize("url", ["smtps://127.0.0.1:{port}", "smtp://127.0.0.1:{port}?starttls=yes"])
def test_mail_server_that_dribbles_while_tls_is_agreed_on_is_given_up(
    url: str, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server announces a record of 16 KiB and sends it byte by byte, before any line can be read."""
    monkeypatch.setattr(mail_sender, "LONGEST_SEND", 0.3)

    def begin(connection: socket.socket) -> None:
        if url.startswith("smtp:"):
            for line in (b"220 here\r\n", b"250-here\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                connection.sendall(line)
                connection.recv(1_024)
        connection.sendall(b"\x16\x03\x03\x40\x00")

    with dribbling(b"\x02", begin=begin) as port:
        _gives_up(url.format(port=port), job)


def _gives_up(url: str, job: Job) -> None:
    """Send a mail to the server at `url`, which never finishes; assert that the sender gives up for now."""
    sender = MailSender(parse_smtp_url(Secret(url)))
    with pytest.raises(TemporaryFailure, match="took too long"):
        sender.send(dataclasses.replace(job, destination="a@example.com"))


def test_mail_that_is_sent_twice_has_the_same_message_id(mail: Rig, job: Job) -> None:
    """Servers and mail programs drop the second."""
    for _ in range(2):
        mail.sender.send(for_rig(job, mail, "join"))
    assert mail.received[0]["Message-ID"] == mail.received[1]["Message-ID"]


def test_mail_has_the_headers_of_an_automatic_message(mail: Rig, job: Job) -> None:
    """Nobody gets holiday replies, and the date is the time of sending."""
    mail.sender.send(for_rig(job, mail))
    received = mail.received[0]
    assert (received["From"], received["To"], received["Importance"]) == (
        "Tocsin CRITICAL <tocsin@example.com>",
        "devops@example.com",
        "high",
    )
    assert (received["Auto-Submitted"], received["X-Auto-Response-Suppress"]) == ("auto-generated", "OOF, AutoReply")
    assert parsedate_to_datetime(received["Date"]).timestamp() == NOON
    assert received.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "a@example.com\r\nBcc: x@example.com", "a b@example.com", "<a@example.com>"]
)
def test_address_that_is_none_is_permanent(mail: Rig, job: Job, address: str) -> None:
    """The address is refused before anything is sent."""
    with pytest.raises(PermanentFailure):
        mail.sender.send(dataclasses.replace(job, destination=address))
    assert mail.received == []


def test_mail_password_is_never_shown(job: Job) -> None:
    """The server refuses STARTTLS: the password was not sent, and the failure does not hold it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = MailSender(
            parse_smtp_url(
                Secret(f"smtp://user:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{server.getsockname()[1]}?starttls=yes")
            )
        )
        server.settimeout(5)
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 here\r\n")
                heard.append(connection.recv(1_000))
                connection.sendall(b"250 plain only\r\n")
                heard.append(connection.recv(1_000))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(PermanentFailure) as caught:
            sender.send(dataclasses.replace(job, destination="a@example.com"))
        thread.join()
    assert "STARTTLS" in str(caught.value)
    assert PASSWORD not in f"{caught.value!r} {sender!r} {vars(sender)}"
    assert not re.search(b"AUTH|p4ss", b"".join(heard))


# The log.


def test_log_line_is_json_that_names_tier_and_runbook(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """The line is for those who read logs."""
    with structlog.testing.capture_logs() as lines:
        LogSender().send(job)
    assert lines[0]["event"] == "CRITICAL: API platform: Error ratio (checkout)"
    assert lines[0]["tier"] == "L1 DevOps team: acknowledge within 30 min, by 12:20 UTC."
    assert lines[0]["runbook"].endswith("#high-error-rate")


def test_slack_answer_is_seen_by_one_person(slack: Rig) -> None:
    """Whoever presses a button that changes nothing is told why; nobody is mentioned."""
    assert isinstance(slack.sender, Answering)
    slack.sender.answer("C024BE91L", "U024BE7LH", "Incident 1 is resolved already.")
    sent = slack.received[0]
    assert sent["_path"] == "/api/chat.postEphemeral"
    assert (sent["channel"], sent["user"]) == ("C024BE91L", "U024BE7LH")
    assert (sent["text"], sent["parse"]) == ("Incident 1 is resolved already.", "none")
