"""Tests of the buttons under a message in Slack: shown if presses can be received, and only for possible actions."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.webhook.samples import alert, message_of
from webhook.callback_events import slack_press
from webhook.catalog.model import Catalog
from webhook.incidents.notifications import Action
from webhook.render.slack import layout
from webhook.secret import Secret
from webhook.senders.registry import configured
from webhook.settings import read_settings


def rows(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if block["type"] == "actions"]


def actions(blocks: list[dict[str, Any]]) -> list[str]:
    return [element["action_id"] for block in rows(blocks) for element in block["elements"]]


@pytest.mark.parametrize("action", ["open", "join", "update"])
def test_open_incident_can_be_acknowledged_and_resolved(catalog: Catalog, action: Action) -> None:
    """The buttons are in the message and in the reply that tells the news."""
    blocks = layout(message_of(catalog, alert(), action=action), action=action, buttons=True).blocks
    assert actions(blocks) == ["tocsin.acknowledge", "tocsin.resolve"]


def test_acknowledged_incident_can_be_given_back(catalog: Catalog) -> None:
    """Whoever took the incident may have to leave it."""
    message = dataclasses.replace(message_of(catalog, alert()), status="acknowledged")
    assert actions(layout(message, buttons=True).blocks) == ["tocsin.unacknowledge", "tocsin.resolve"]


def test_resolved_incident_has_no_buttons(catalog: Catalog) -> None:
    """Nothing is left to do."""
    assert actions(layout(message_of(catalog, alert(), resolve=True), buttons=True).blocks) == []


def test_incident_that_was_resolved_by_hand_and_fires_on_can_be_reopened(catalog: Catalog) -> None:
    """A mistaken press can be undone in the same message, and the message does not look as if all were well."""
    message = dataclasses.replace(message_of(catalog, alert()), status="resolved", fires_on=True)
    content = layout(message, action="resolve", buttons=True)
    assert actions(content.blocks) == ["tocsin.reopen"]
    assert content.text.startswith("⚠️ RESOLVED BY HAND, STILL FIRING")
    assert "✅" not in json.dumps(content.blocks, ensure_ascii=False)


def test_buttons_stand_above_the_runbook(catalog: Catalog) -> None:
    """Nobody has to scroll to acknowledge."""
    blocks = layout(message_of(catalog, alert()), buttons=True).blocks
    types = [block["type"] for block in blocks]
    runbook = next(number for number, block in enumerate(blocks) if "📖" in json.dumps(block, ensure_ascii=False))
    assert types.index("actions") < runbook


def test_press_of_a_rendered_button_is_understood(catalog: Catalog) -> None:
    """`callback_events` reads what the renderer draws; a resolve asks for confirmation."""
    row = rows(layout(message_of(catalog, alert()), buttons=True).blocks)[0]
    for element, verb in zip(row["elements"], ("acknowledge", "resolve"), strict=True):
        payload = {"type": "block_actions", "user": {"name": "on.call"}, "actions": [element]}
        press = slack_press(urlencode({"payload": json.dumps(payload)}).encode())
        assert press is not None
        assert (press.verb, press.number, press.actor) == (verb, 12, "on.call (Slack)")
    assert ["confirm" in element for element in row["elements"]] == [False, True]


def test_texts_of_buttons_are_within_slack_s_limits(catalog: Catalog) -> None:
    """Button text 75, value 2,000, `block_id` 255; a dialogue's title 100, text 300, buttons 30."""
    row = rows(layout(message_of(catalog, alert()), buttons=True).blocks)[0]
    assert len(row["block_id"]) <= 255
    for element in row["elements"]:
        assert len(element["text"]["text"]) <= 75
        sizes = {key: len(part["text"]) for key, part in element.get("confirm", {}).items()}
        assert all(size <= {"title": 100, "text": 300}.get(key, 30) for key, size in sizes.items())


def test_large_message_with_buttons_stays_within_slack_s_limits(catalog: Catalog) -> None:
    """The runbook is shortened, the buttons are not."""
    alerts = [
        alert("Nobody", instance=f"{number}" + "<" * 2_000, annotations={"summary": "&" * 2_000})
        for number in range(20)
    ]
    blocks = layout(message_of(catalog, *alerts), buttons=True).blocks
    assert actions(blocks)
    assert len(blocks) <= 50
    assert len(json.dumps(blocks)) < 13_200


@pytest.mark.parametrize(
    ("given", "enabled"),
    [
        ({"SLACK_SIGNING_SECRET": "s", "PUBLIC_URL": "https://tocsin.example.com"}, True),
        ({"SLACK_SIGNING_SECRET": "s"}, False),
        ({"PUBLIC_URL": "https://tocsin.example.com"}, False),
    ],
)
def test_buttons_need_the_secret_and_the_public_address(given: dict[str, str], *, enabled: bool) -> None:
    """A button without a receiver shows a warning sign to whoever presses it."""
    settings = read_settings({f"TOCSIN_{name}": value for name, value in {**given, "SLACK_BOT_TOKEN": "x"}.items()})
    assert settings.slack_buttons is enabled
    assert configured(settings)["slack"]._buttons is enabled  # type: ignore[attr-defined]
    assert settings.slack_bot_token == Secret("x")
