"""Tests of text messages and calls: what fits, what is said, and how a gateway is named."""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import re
from collections.abc import Iterator

import apprise
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import NOON, PATIENT
from tests.webhook.sender_kit import ACCOUNT, AUTH_TOKEN, Answer, Rig, phone_rig, sms_rig
from tests.webhook.test_settings import problems
from webhook.apprise_url import parse_apprise_url
from webhook.render import sms, speech
from webhook.render.links import Link
from webhook.render.message import Message
from webhook.secret import Secret
from webhook.senders.contract import Job, PermanentFailure, TemporaryFailure
from webhook.senders.gateway import say
from webhook.settings import read_settings

MESSAGE = Message(
    incident_id=12,
    status="open",
    severity="critical",
    title="API platform: Error ratio",
    system="API platform",
    group="api-platform",
    alert="ApiPlatformErrorRatio",
    source="host-1",
    problem="Error ratio is 7.3%, limit > 5%",
    since="Since 11:50 UTC (10 min).",
    started_at=NOON - 600,
    tier="L1 DevOps team",
    standing="L1 DevOps team: acknowledge within 30 min, by 12:20 UTC.",
    next_step="If nobody has by 12:50 UTC (after 1 h), escalate to L2 Engineering manager.",
)
TWILIO = f"twilio://{ACCOUNT}:{AUTH_TOKEN}@+12025550100/{{to}}"


@pytest.fixture
def text_rig() -> Iterator[Rig]:
    with sms_rig() as built:
        yield built


@pytest.fixture
def call_rig() -> Iterator[Rig]:
    with phone_rig() as built:
        yield built


@pytest.fixture
def job(job: Job) -> Job:
    return dataclasses.replace(job, destination="+12025550101")


# The content of a text message.


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_networks_count_them(text: str, count: int) -> None:
    """3GPP TS 23.038 and 23.040: 160 and 153 of GSM-7, its extension double, 70 and 67 UTF-16 units of UCS-2."""
    assert sms.segments(text) == count


def test_text_begins_with_how_bad_and_what_and_ends_with_where(job: Job) -> None:
    """The text fits half a screen, for somebody half asleep."""
    lines = sms.layout(job.message).split("\n")
    assert lines[0] == "CRITICAL: API platform: Error ratio (checkout)"
    assert lines[1] == "Error ratio is 7.3%, limit > 5%"
    assert lines[-1] == "https://tocsin.example.com/incidents/12"


def test_news_is_told_before_what_was_known() -> None:
    """The news says why somebody is called again, by text and by voice; the rest does not repeat it."""
    call = "Nobody has answered for an hour"
    for news, times in ((call, 1), (f"New in this incident: {MESSAGE.problem}", 1)):
        message = dataclasses.replace(MESSAGE, news=news)
        text, speech_text = sms.layout(message), speech.layout(message)
        assert text.split("\n")[1] == news
        assert text.count(MESSAGE.problem) == times
        assert speech_text.index(speech.spoken(news)) <= speech_text.index(speech.spoken(MESSAGE.problem))
        assert speech_text.count("Error ratio is") == times


def test_what_only_decorates_is_written_in_gsm_7() -> None:
    """One dash outside of GSM-7 would halve the room of the whole text."""
    assert sms.plain("– “pool” … ≥ 5 · naïve čas 🔥✅ a\nb ｆｕｌｌ") == '- "pool" ... >= 5 - naive cas a b full'
    assert sms.segments(sms.plain("– “x” … ≥ 5 ·" + "a" * 140)) == 1


def test_letters_of_other_scripts_are_kept() -> None:
    """A name that cannot be read is worth less than a shorter text."""
    assert sms.plain("база данных 数据库") == "база данных 数据库"


@PATIENT
@given(
    st.text(max_size=600),
    st.text(max_size=300),
    st.sampled_from([0, 20, 150, 199, 201, 1_000]),
    st.sampled_from("aж数"),
)
def test_text_is_never_more_than_three_segments(problem: str, title: str, length: int, script: str) -> None:
    """It holds whatever the labels hold, and the address is complete or left out."""
    url = "https://t.example.com/" + script * length
    message = dataclasses.replace(
        MESSAGE, title=title, problem=problem + script, links=(Link(text="Incident 12", url=url),)
    )
    text = sms.layout(message)
    assert sms.segments(text) <= 3
    assert text.startswith("CRITICAL")
    assert text.endswith(url) or "t.example.com" not in text


def test_address_that_would_fill_the_text_is_left_out() -> None:
    """The sentence matters more; the other channels have the address."""
    long = Link(text="Incident 12", url="https://t.example.com/" + "x" * 300)
    text = sms.layout(dataclasses.replace(MESSAGE, links=(long,)))
    assert "t.example.com" not in text
    assert MESSAGE.problem in text


# The words of a call.


def test_call_says_how_bad_what_and_who_by_when(job: Job) -> None:
    """The call speaks in sentences: nobody understands a spoken `>` or writes down an address."""
    assert speech.layout(job.message) == (
        "Tocsin calling: critical alert. API platform, Error ratio, checkout. Error ratio is 7.3%, limit above 5%. "
        "L1 DevOps team: acknowledge within 30 minutes, by 12:20 UTC. "
        "It is incident 12. Acknowledge it on its page or in the chat."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">= 85 of 100", "at least 85 of 100"),
        ("<= 3", "at most 3"),
        ("< 3 & > 1", "below 3 and above 1"),
        ("see https://x.example.com/a?b=c now", "see now"),
        ("db_pool_size", "db pool size"),
        ("after 1 h", "after 1 hour"),
        ("within 4 h", "within 4 hours"),
        ("45 s", "45 seconds"),
        ("a `$(id)` {b} | c", "a (id) b c"),
    ],
)
def test_signs_are_said_in_words_or_not_at_all(text: str, expected: str) -> None:
    """A voice reads `>=` as nothing at all, or as two words that nobody understands."""
    assert speech.spoken(text) == expected


@PATIENT
@given(st.text(max_size=2_000))
def test_no_label_becomes_an_instruction_to_the_gateway(text: str) -> None:
    """Twilio takes a text that begins with `<` for a script; and a call must end."""
    speech_text = speech.layout(dataclasses.replace(MESSAGE, title=text, problem=text))
    assert speech_text.startswith("Tocsin calling")
    assert not re.search("[<>&]", speech_text)
    assert len(speech_text) < 1_000


# The gateway.


def test_number_goes_where_the_url_says(text_rig: Rig, job: Job) -> None:
    """`{to}` in the query; digits only, with the country code."""
    text_rig.sender.send(dataclasses.replace(job, destination="+1 (202) 555-0101"))
    assert text_rig.received[0]["to"] == "+12025550101"


def test_number_goes_to_the_end_of_the_path_when_the_url_names_no_place(text_rig: Rig) -> None:
    """Nearly all of apprise's services expect it there."""
    gateway = parse_apprise_url(Secret(f"{text_rig.url.replace('http', 'json')}/sms/?+X-Team=ops"))
    assert say(gateway, "+12025550101", "text") == "sms-1"
    assert text_rig.received[0]["_path"] == "/sms/+12025550101"
    assert text_rig.received[0]["_headers"]["X-Team"] == "ops"


def test_call_is_asked_for_at_twilio(call_rig: Rig, job: Job) -> None:
    """The request has the credentials and numbers of the URL; the id of the call is kept."""
    assert call_rig.sender.send(job).provider_id == "CA1"
    request = call_rig.received[0]
    assert (request["_path"], request["From"], request["To"]) == (
        f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json",
        "+12025550100",
        "+12025550101",
    )
    assert request["Twiml"].startswith("<Response><Say>Tocsin calling")


@pytest.mark.parametrize("contact", ["", "nobody", "12", "+1202555010112345678", "+1 202 555 0101/x", "+١٢٠٢٥٥٥٠١٠١"])
def test_contact_that_is_no_number_is_permanent(text_rig: Rig, call_rig: Rig, job: Job, contact: str) -> None:
    """Otherwise Twilio's service would write to the account's own number and report success."""
    for rig in (text_rig, call_rig):
        with pytest.raises(PermanentFailure):
            rig.sender.send(dataclasses.replace(job, destination=contact))
        assert rig.received == []


def test_number_that_the_service_drops_is_permanent(call_rig: Rig, job: Job) -> None:
    """Without a target, Twilio's service in apprise calls nobody and reports success."""
    with pytest.raises(PermanentFailure, match="the gateway takes no such number"):
        call_rig.sender.send(dataclasses.replace(job, destination="+12345"))
    assert call_rig.received == []


def test_success_that_the_service_does_not_believe_is_temporary(call_rig: Rig, job: Job) -> None:
    """Nobody knows whether the call was made, so it is not recorded as sent."""
    call_rig.answer(Answer(status=202, body=b"queued"))
    with pytest.raises(TemporaryFailure, match="did not say that it took it: HTTP 202: queued"):
        call_rig.sender.send(job)


def test_service_that_breaks_is_temporary_and_says_nothing_of_the_url(
    text_rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package apprise has a hundred services by many authors."""

    def bug(*_: object, **__: object) -> None:
        raise KeyError(AUTH_TOKEN)

    monkeypatch.setattr(apprise.plugins.custom_json.NotifyJSON, "send", bug)
    with pytest.raises(TemporaryFailure, match="apprise failed: KeyError") as caught:
        text_rig.sender.send(job)
    assert AUTH_TOKEN not in repr(caught.value)


def test_certificate_is_checked_whatever_the_url_says(text_rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify=no` is one of apprise's options; a page must still check the certificate."""
    request_options: list[object] = []
    request = apprise.plugins.custom_json.requests.Session.request

    def spy(*args: object, **options: object) -> object:
        request_options.append((options["verify"], options["allow_redirects"], options["timeout"]))
        return request(*args, **options)

    monkeypatch.setattr("requests.Session.request", spy)
    gateway = parse_apprise_url(Secret(f"{text_rig.url.replace('http', 'json')}/?verify=no&rto=900&redirect=yes"))
    say(gateway, "+12025550101", "text")
    assert request_options == [(True, False, (5.0, 10.0))]


def test_other_users_of_apprise_in_this_process_are_left_alone(text_rig: Rig, job: Job) -> None:
    """Outside our sends the service's requests are plain ones."""
    text_rig.sender.send(job)
    target = apprise.Apprise()
    target.add(f"{text_rig.url.replace('http', 'json')}/other")
    assert target.notify(body="by somebody else")
    assert text_rig.received[-1]["_path"] == "/other"


# The settings.


@pytest.mark.parametrize(
    "url",
    ["hush", "hush://x/y", "twilio://hush", "twilio://ACx:hush@+12025550100", TWILIO.replace("@+12025550100", "@hush")],
)
def test_url_that_apprise_does_not_take_is_told_without_the_url(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The package itself would write the token into its log."""
    caplog.set_level(logging.DEBUG)
    text = problems(APPRISE_SMS=url, APPRISE_PHONE=url)
    assert text.splitlines() == [
        f"TOCSIN_APPRISE_{kind} is no URL that apprise takes, such as twilio://SID:TOKEN@+12025550100/{{to}}"
        for kind in ("SMS", "PHONE")
    ]
    assert "hush" not in caplog.text


def test_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is optional; without it nothing is imported and nothing else fails."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert problems(APPRISE_SMS=TWILIO) == "TOCSIN_APPRISE_SMS needs the package apprise: install tocsin[apprise]"


def test_gateway_shows_itself_to_nobody() -> None:
    """The text holds neither the URL nor a part of it."""
    text = repr(read_settings({"TOCSIN_APPRISE_SMS": TWILIO, "TOCSIN_APPRISE_PHONE": TWILIO + "?method=call"}))
    assert AUTH_TOKEN not in text
    assert ACCOUNT not in text
