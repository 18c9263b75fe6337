"""Tests of who is told, by when, and who is next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.webhook.samples import NOON
from webhook.catalog.model import Catalog, Team
from webhook.incidents.escalation import standing
from webhook.incidents.recipients import people, recipients
from webhook.severity import Severity


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("info", [("log", "log")]),
        ("warning", [("slack", "#ops-platform"), ("email", "devops@example.com")]),
        (
            "critical",
            [
                ("slack", "#ops-platform"),
                ("pagerduty", "events"),
                ("sms", "+12025550101"),
                ("email", "devops@example.com"),
            ],
        ),
        (
            "emergency",
            [("slack", "#ops-platform"), ("pagerduty", "events"), ("phone", "+12025550101"), ("sms", "+12025550101")],
        ),
    ],
)
def test_each_severity_reaches_its_channels(
    catalog: Catalog, severity: Severity, expected: list[tuple[str, str]]
) -> None:
    """The catalogue's matrix sets the channels: first the team's, then those of the people of the first level."""
    destinations = recipients(catalog, policy="standard", team="platform", severity=severity, now=NOON)
    assert [(recipient.channel, recipient.destination) for recipient in destinations] == expected


def test_level_without_contact_is_not_skipped_in_silence(catalog: Catalog) -> None:
    """The channel is listed with the reason why it reaches nobody."""
    contacts = people(catalog, policy="standard", severity="critical", level=2, now=NOON)
    assert [contact.missing for contact in contacts] == [
        "CTO has no sms contact",
        "CTO has no email contact",
    ]


def test_team_without_slack_channel_is_not_skipped_in_silence(catalog: Catalog) -> None:
    """The missing channel is listed, as it is for people."""
    changed = replace(catalog, teams={**catalog.teams, "platform": Team(title="Platform team")})
    destinations = recipients(changed, policy="standard", team="platform", severity="warning", now=NOON)
    assert destinations[0].missing == "Platform team has no Slack channel"


def test_policy_that_a_new_catalogue_has_dropped_falls_back(catalog: Catalog) -> None:
    """An incident can outlive the catalogue that it was opened with."""
    assert recipients(catalog, policy="gone", team="gone", severity="warning", now=NOON)[0].destination == "#ops"


def test_standing_counts_from_the_page(catalog: Catalog) -> None:
    """Critical: answer within half an hour, the next level after an hour."""
    at = standing(catalog, policy="standard", severity="critical", paged_at=NOON)
    assert (at.level, at.title, at.respond_by, at.next_title, at.next_at) == (
        1,
        "DevOps team",
        NOON + 1_800,
        "Engineering manager",
        NOON + 3_600,
    )


def test_last_level_has_nobody_after_it(catalog: Catalog) -> None:
    """The message promises no further level."""
    at = standing(catalog, policy="standard", severity="critical", paged_at=NOON, level=2)
    assert (at.title, at.next_title, at.next_at) == ("CTO", None, None)


def test_severity_that_is_never_escalated_has_nobody_after_it(catalog: Catalog) -> None:
    """Info has no next level although the policy has more levels."""
    at = standing(catalog, policy="standard", severity="info", paged_at=NOON)
    assert (at.next_title, at.next_seconds) == (None, None)
