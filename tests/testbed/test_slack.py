import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from testbed.fixtures import SLACK_TOKEN
from testbed.patience import PATIENCE_SECONDS
from testbed.slack import Slack

BEARER = {"Authorization": f"Bearer {SLACK_TOKEN}"}


def _section(text: str, **more: object) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def _button(text: str = "Go", **more: object) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, **more}


def _actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def _call(slack: Slack, method: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = requests.post(
        f"{slack.api_url}/{method}", json=body, headers=BEARER if headers is None else headers, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 200
    return answer.json()


def _post(slack: Slack, *blocks: dict[str, Any]) -> dict[str, Any]:
    return _call(slack, "chat.postMessage", {"channel": "#ops", "text": "t", "blocks": list(blocks)})


def test_a_post_answers_the_channels_id_and_a_ts_and_an_update_edits_that_message(slack: Slack) -> None:
    """`chat.update` takes what `chat.postMessage` answered; the message then stands as edited."""
    posted = _post(slack, _section("broken"))
    assert posted["ok"]
    assert posted["channel"].startswith("C")
    edit = {"channel": posted["channel"], "ts": posted["ts"], "text": "t", "blocks": [_section("mended")]}
    assert _call(slack, "chat.update", edit)["ok"]
    message = slack.messages[posted["ts"]]
    assert (message.words, message.edits, message.channel) == ("mended", 1, "#ops")
    assert [call.method for call in slack.calls] == ["chat.postMessage", "chat.update"]


def test_an_update_by_the_channels_name_finds_no_channel(slack: Slack) -> None:
    """Slack's newer methods take ids only."""
    posted = _post(slack, _section("x"))
    answer = _call(slack, "chat.update", {"channel": "#ops", "ts": posted["ts"], "text": "y"})
    assert answer == {"ok": False, "error": "channel_not_found"}


def test_an_update_of_an_unknown_ts_finds_no_message(slack: Slack) -> None:
    """A `ts` belongs to one message."""
    posted = _post(slack, _section("x"))
    answer = _call(slack, "chat.update", {"channel": posted["channel"], "ts": "1.2", "text": "y"})
    assert answer["error"] == "message_not_found"


@pytest.mark.parametrize(
    ("headers", "error"),
    [({}, "not_authed"), ({"Authorization": "Bearer wrong"}, "invalid_auth")],
    ids=["none", "wrong"],
)
def test_a_call_without_the_right_token_is_refused_with_200_and_ok_false(
    slack: Slack, headers: dict[str, str], error: str
) -> None:
    """Slack's refusals are 200s that say `ok: false`."""
    answer = _call(slack, "chat.postMessage", {"channel": "#ops", "text": "t"}, headers)
    assert answer == {"ok": False, "error": error}
    assert not slack.messages


def test_a_form_is_taken_like_json(slack: Slack) -> None:
    """Structures inside a form are JSON in a field."""
    form = {"channel": "#ops", "blocks": json.dumps([_section("from a form")]), "token": SLACK_TOKEN}
    answer = requests.post(f"{slack.api_url}/chat.postMessage", data=form, timeout=PATIENCE_SECONDS).json()
    assert slack.messages[answer["ts"]].words == "from a form"


LIMITS = [
    ("blocks", 50, lambda n: [{"type": "divider"}] * n, "no more than 50 items allowed [json-pointer:/blocks]"),
    (
        "section text",
        3000,
        lambda n: [_section("x" * n)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "fields",
        10,
        lambda n: [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * n}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        "field text",
        2000,
        lambda n: [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * n}]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        "header",
        150,
        lambda n: [{"type": "header", "text": {"type": "plain_text", "text": "x" * n}}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "context",
        10,
        lambda n: [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * n}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        "actions",
        25,
        lambda n: [_actions(*[_button()] * n)],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        "button text",
        75,
        lambda n: [_actions(_button("x" * n))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        "button value",
        2000,
        lambda n: [_actions(_button(value="x" * n))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        "button url",
        3000,
        lambda n: [_actions(_button(url="x" * n))],
        "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    (
        "block_id",
        255,
        lambda n: [_section("x", block_id="x" * n)],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
]


@pytest.mark.parametrize(("limit", "make", "error"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
def test_a_message_at_a_limit_is_taken_and_one_beyond_it_is_refused(
    slack: Slack, limit: int, make: Callable[[int], list[dict[str, Any]]], error: str
) -> None:
    """Each documented limit of Block Kit holds exactly, and the refusal points to the place."""
    assert _post(slack, *make(limit))["ok"]
    refused = _post(slack, *make(limit + 1))
    assert (refused["error"], refused["errors"]) == ("invalid_blocks", [error])
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ({"type": "carousel"}, "unsupported type: carousel [json-pointer:/blocks/0/type]"),
        ({"type": "section"}, "missing required field: text [json-pointer:/blocks/0]"),
        (_section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
            "must be one of: plain_text [json-pointer:/blocks/0/text/type]",
        ),
        (_actions(_button(style="red")), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"),
    ],
    ids=["unknown", "empty section", "empty text", "mrkdwn header", "style"],
)
def test_a_malformed_block_is_refused(slack: Slack, block: dict[str, Any], error: str) -> None:
    """Slack names the place of what it does not understand."""
    assert _post(slack, block)["errors"] == [error]


def test_a_block_id_given_twice_is_refused(slack: Slack) -> None:
    """Block ids are unique in a message."""
    assert _post(slack, _section("a", block_id="b"), _section("c", block_id="b"))["error"] == "invalid_blocks"


def test_blocks_that_are_together_too_long_are_refused(slack: Slack) -> None:
    """Each block may be fine and the message still too long."""
    assert _post(slack, *[_section("x" * 2_900)] * 4)["ok"]
    assert _post(slack, *[_section("x" * 2_900)] * 5)["error"] == "msg_blocks_too_long"


def test_blocks_inside_an_attachment_have_the_same_limits(slack: Slack) -> None:
    """A coloured bar at the side is no way around."""
    body = {"channel": "#ops", "attachments": [{"color": "#f00", "blocks": [_section("x" * 3_001)]}]}
    assert _call(slack, "chat.postMessage", body)["errors"][0].endswith(
        "[json-pointer:/attachments/0/blocks/0/text/text]"
    )


def test_an_empty_message_is_refused(slack: Slack) -> None:
    """There is nothing to show."""
    assert _call(slack, "chat.postMessage", {"channel": "#ops"})["error"] == "no_text"


def test_an_unescaped_mention_is_seen_as_a_broadcast_and_an_escaped_one_is_not(slack: Slack) -> None:
    """What would notify everybody is told apart from what only looks so."""
    loud = slack.messages[_post(slack, _section("<!channel> help"))["ts"]]
    quiet = slack.messages[_post(slack, _section("&lt;!channel&gt; help"))["ts"]]
    assert (loud.broadcasts, quiet.broadcasts) == (["<!channel>"], [])
    assert quiet.words == "<!channel> help"


def test_a_message_is_drawn_as_a_person_would_read_it(slack: Slack) -> None:
    """Links and buttons show their label, code stands indented; every line of the box is equally wide."""
    posted = _post(
        slack,
        {"type": "header", "text": {"type": "plain_text", "text": "Critical: errors"}},
        _section("*Critical: 20%*\n5 &lt; 9, see <https://example.com/r|the runbook>\n```\nkubectl get pods\n```"),
        {"type": "divider"},
        _actions(_button("Silence", url="https://example.com/s")),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "critical · respond within 30 min " + "x" * 90}]},
    )
    message = slack.messages[posted["ts"]]
    drawn = message.draw()
    for expected in ("5 < 9, see the runbook ↗", "     kubectl get pods", "[ Silence ↗ ]", "│ Critical: 20% "):
        assert expected in drawn
    assert not {"https:", "```", "*"} & set(re.split(r"[ /]", drawn))
    assert {len(line) for line in drawn.splitlines()} == {78}


def test_the_words_of_a_message_hold_the_addresses_that_its_view_hides(slack: Slack) -> None:
    """A test can look for the address behind a label."""
    posted = _post(
        slack, _section("<https://example.com/r|the runbook>"), _actions(_button(url="https://example.com/s"))
    )
    assert slack.messages[posted["ts"]].words == "the runbook (https://example.com/r)\n[ Go (https://example.com/s) ]"


def test_a_rate_limit_is_a_429_with_retry_after(slack: Slack) -> None:
    """Only this refusal of Slack's is not a 200."""
    slack.rate_limit(3)
    answer = requests.post(f"{slack.api_url}/chat.postMessage", json={}, headers=BEARER, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
