"""Tests that no renderer ever makes a message that a provider refuses, by the documented limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from testbed import pagerduty_limits, slack_limits
from testbed.mail_limits import mail_errors
from tests.webhook.samples import NOON, alert, incident_of
from webhook.catalog.model import Catalog
from webhook.commands import Filled
from webhook.incidents.notifications import Action
from webhook.mail_server import parse_smtp_url
from webhook.render import pagerduty, slack, sms, speech, webhook
from webhook.render.links import Link
from webhook.render.message import AlertLine, Message, Section, compose
from webhook.render.wording import Context
from webhook.secret import Secret
from webhook.senders.contract import Job
from webhook.senders.mail import MailSender

MANY = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
ACTIONS: tuple[Action, ...] = get_args(Action)
LONGEST_TWILIO = 1_600
"""Characters of a text: https://www.twilio.com/docs/api/errors/21617."""

fragments = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "\t",
        "x",
        "word ",
        "&",
        "<",
        "*",
        "`",
        "```\n",
        '"',
        "\\",
        "🔥",
        "ü",
        "\u200b",
        "\x00",
        "\ud800",
        "~",
    ]
)
texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=60),
    st.builds(lambda piece, times: piece * times, fragments, st.sampled_from([0, 1, 3, 200, 3_000, 30_000])),
)
short = st.builds(lambda text: text[:300], texts)
addresses = st.builds(lambda path: f"https://x.example.com/{path}", st.text(alphabet="ab|&<>%\"'", max_size=1_900))
severities = st.sampled_from(["info", "warning", "critical", "emergency"])
alert_lines = st.builds(
    AlertLine, name=short, problem=short, brief=short, severity=severities, since=short, firing=st.booleans()
)
sections = st.builds(
    Section,
    title=short,
    url=addresses,
    markdown=texts,
    commands=st.dictionaries(short, st.builds(Filled, text=texts, language=short, notes=st.just(())), max_size=30),
    filled_from=texts,
    notes=st.lists(short, max_size=30).map(tuple),
)
messages = st.builds(
    Message,
    incident_id=st.integers(0, 2**63 - 1),
    status=st.sampled_from(["open", "acknowledged", "resolved"]),
    severity=severities,
    title=short,
    alert=short,
    source=short,
    problem=texts,
    started_at=st.floats(0, 4e9),
    standing=texts,
    system=short,
    group=short,
    component=short,
    installation=short,
    description=texts,
    since=short,
    tier=short,
    next_step=texts,
    news=texts,
    section=st.none() | sections,
    no_runbook=short,
    documented=texts,
    alerts=st.lists(alert_lines, max_size=10).map(tuple),
    more=st.integers(0, 5_000),
    unlisted=short,
    links=st.lists(st.builds(Link, text=short, url=addresses), max_size=6).map(tuple),
    undelivered=st.lists(texts, max_size=20).map(tuple),
    batch_size=st.sampled_from([0, 2, 3_000]),
    fires_on=st.booleans(),
)
EMPTY = Message(
    incident_id=1,
    status="open",
    severity="critical",
    title="",
    alert="",
    source="",
    problem="",
    started_at=0.0,
    standing="",
)


class Kept(MailSender):
    """A mail sender that keeps the mail instead of handing it over."""

    def _hand_over(self, message: EmailMessage, address: str) -> None:
        self.mail = message.as_bytes()


def job_of(message: Message, action: Action, destination: str = "oncall@example.com") -> Job:
    return Job(
        id=7,
        action=action,
        destination=destination,
        message=message,
        dedup_key="ab" * 32,
        thread="thread",
        sent_at=NOON,
        provider_id="<x@example.com> A subject",
    )


def check_slack(message: Message, action: Action, *, buttons: bool) -> None:
    content = slack.layout(message, action=action, buttons=buttons)
    assert slack_limits.block_errors(content.blocks) == []
    assert not slack_limits.too_long(content.blocks)
    assert 0 < len(content.text.strip()) <= 40_000


def check_pagerduty(message: Message) -> None:
    event = {"routing_key": "0" * 32, "event_action": "trigger", "dedup_key": "ab" * 32, **pagerduty.layout(message)}
    assert pagerduty_limits.parse(json.dumps(event).encode())[1] == []


def check_mail(message: Message, action: Action) -> None:
    sender = Kept(parse_smtp_url(Secret("smtp://localhost?from=tocsin@a-rather-long-name.of-a-department.example.com")))
    sender.send(job_of(message, action, "someone.with.a.long.name@another-long-name.of-a-department.example.com"))
    assert mail_errors(sender.mail) == ()


def check_telephone(message: Message) -> None:
    for text in (sms.layout(message), speech.layout(message)):
        assert 0 < len(text.strip()) <= LONGEST_TWILIO
        assert "\x00" not in text
        text.encode()


def check_all(message: Message, action: Action = "open") -> None:
    for buttons in (True, False):
        check_slack(message, action, buttons=buttons)
    check_pagerduty(message)
    check_mail(message, action)
    check_telephone(message)
    json.dumps(webhook.layout(message, action=action, dedup_key="ab" * 32, at=NOON)).encode()


@MANY
@given(messages, st.sampled_from(ACTIONS))
@example(EMPTY, "open")
@example(EMPTY, "join")
@example(replace(EMPTY, status="resolved"), "resolve")
@example(replace(EMPTY, problem='"' * 3_000, description='"' * 3_000, documented='"' * 9_000), "open")
def test_no_message_is_refused_by_a_provider(message: Message, action: Action) -> None:
    """The lengths, counts and non-empty texts are right: a refusal is final, so nobody would be told."""
    check_all(message, action)


@pytest.mark.parametrize("action", ["open", "join", "escalate", "update", "resolve"])
@pytest.mark.parametrize("text", ["", " ", "\u200b", "\n", "x" * 5_000, '"' * 5_000, "&" * 5_000, "🔥" * 5_000])
def test_alert_without_links_and_runbook_is_told(catalog: Catalog, action: Action, text: str) -> None:
    """Without a public URL, a runbook and a generator's address there are no links."""
    linkless = alert(
        "Nobody", generator="", annotations={"summary": text, "description": text}, instance=text, component=text
    )
    for resolve in (False, True):
        incident = incident_of(catalog, linkless, externalURL="", resolve=resolve)
        context = Context(catalog=catalog, now=NOON, public_url=None)
        message = compose(incident, context, action=action, trigger_fingerprint=linkless["fingerprint"], why=text)
        check_all(replace(message, links=()), action)


def test_context_without_a_word_is_left_out() -> None:
    """Slack answers an empty context with `invalid_blocks`, and sends nothing at all."""
    for action in ACTIONS:
        kinds = [block["type"] for block in slack.layout(EMPTY, action=action).blocks]
        assert "context" not in kinds


def test_what_somebody_must_know_is_kept_when_the_rest_is_cut() -> None:
    """A message that is too large keeps its title, deadline and links."""
    message = replace(
        EMPTY,
        title="Checkout: Error ratio",
        problem='"' * 3_000,
        description='"' * 9_000,
        standing="L1 DevOps team: acknowledge now.",
        documented='"' * 9_000,
        links=(Link(text="Incident 1", url="https://tocsin.example.com/incidents/1"),),
    )
    shown = json.dumps(slack.layout(message).blocks, ensure_ascii=False)
    for kept in ("Checkout · Error ratio", "acknowledge now.", "https://tocsin.example.com/incidents/1"):
        assert kept in shown


def test_thread_of_a_long_domain_is_found() -> None:
    """Other programs read the ids of a thread literally: an encoded id finds no thread."""
    sender = Kept(parse_smtp_url(Secret("smtp://localhost?from=tocsin@a-rather-long-name.of-a-department.example.com")))
    sender.send(replace(job_of(EMPTY, "join"), sent_at=datetime(2026, 11, 22, tzinfo=UTC).timestamp()))
    lines = sender.mail.split(b"\r\n")
    for name in (b"In-Reply-To: <tocsin.", b"References: <tocsin."):
        assert (
            sum(
                line.startswith(name) and line.endswith(b"@a-rather-long-name.of-a-department.example.com>")
                for line in lines
            )
            == 1
        )
