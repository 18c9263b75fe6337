"""Tests that compiler, webhook and every list name the same channels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compiler import channels as named
from compiler import schema
from tests.compiler.base import ROOT
from webhook import channels as sent
from webhook.web.api import openapi

THRESHOLDS: dict[str, Any] = json.loads(schema.text(schema.THRESHOLDS))
ADDRESSES = {"team": "the team's", "contact": "each person's", "service": "one, in its settings"}
"""Whose address a channel uses, in the words of the page."""
CATALOG: dict[str, Any] = json.loads(schema.text(schema.CATALOG))


def test_both_programs_declare_the_same_channels() -> None:
    """The webhook can send on every channel of the catalogue, and both take the address from the same place."""
    ours = {name: (channel.scopes, channel.address) for name, channel in named.CHANNELS.items()}
    assert ours == {name: (channel.scopes, channel.address) for name, channel in sent.CHANNELS.items()}


@pytest.mark.parametrize("scope", named.SCOPES)
def test_the_schemas_admit_the_channels_of_each_scope(scope: named.Scope) -> None:
    """Both thresholds.yaml and the catalogue refuse a channel where it makes no sense."""
    tiers = [CATALOG["$defs"]["tier"], THRESHOLDS["$defs"]["tier"]]
    policies = [CATALOG["properties"]["policies"]["additionalProperties"], THRESHOLDS["$defs"]["policy"]]
    for owner in policies if scope == "fallback" else tiers:
        assert owner["properties"][scope]["items"]["enum"] == named.in_scope(scope)


def test_people_and_teams_have_the_keys_of_their_channels() -> None:
    """An address stands under the name of its channel."""
    for owner in ("level", "turn"):
        keys = set(THRESHOLDS["$defs"][owner]["properties"])
        assert keys & set(named.CHANNELS) == set(named.CONTACTS)
    teams = {name for name, channel in named.CHANNELS.items() if channel.address == "team"}
    assert set(THRESHOLDS["$defs"]["team"]["properties"]) & set(named.CHANNELS) == teams


def test_the_page_declares_every_channel_as_the_program_does() -> None:
    """The table below "Who is told" has every property of a channel that its readers can notice."""
    section = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8").partition("\n## Who is told\n")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.split("\n") if line.startswith("| `")
    ]
    answers = {True: "yes", False: "no"}
    assert rows[: len(sent.CHANNELS)] == [
        [
            f"`{name}`",
            channel.word,
            f"`{channel.setting}`" if channel.setting else "always there",
            ", ".join(f"`{scope}`" for scope in named.SCOPES if scope in channel.scopes),
            ADDRESSES[channel.address] if channel.setting else "none",
            answers[channel.interrupts],
            answers[channel.batches],
        ]
        for name, channel in sent.CHANNELS.items()
    ]


def test_the_page_lists_every_variable_of_a_channel() -> None:
    """Whoever sets a channel up finds its variables in the tables of settings."""
    page = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8")
    variables = {
        name for channel in sent.CHANNELS.values() for name in (channel.setting, channel.companion) if name is not None
    }
    assert {name for name in variables if f"\n| `{name}`" not in page} == set()


def test_the_api_names_every_channel() -> None:
    """The API names them in the order in which people read about them."""
    channel = openapi()["components"]["schemas"]["Notification"]["properties"]["channel"]
    assert channel["enum"] == list(sent.CHANNELS)
