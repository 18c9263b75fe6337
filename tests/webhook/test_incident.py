"""The state machine of an incident, without any I/O."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import NOON, PATIENT
from webhook.catalog.model import Match
from webhook.incidents.episode import Sighting
from webhook.incidents.incident import (
    Acknowledged,
    Delivered,
    Incident,
    Outcome,
    ResolvedByHand,
    dedup_key,
    group_hash,
)
from webhook.incidents.transitions import transition
from webhook.severity import Severity


def sighting(
    fingerprint: str = "a", *, firing: bool = True, start: int = 100, end: float | None = None, **changes: object
) -> Sighting:
    severity: Severity = changes.pop("severity", "critical")
    kind: str = changes.pop("kind", "runbooks/x.md#one")
    return Sighting(
        fingerprint=fingerprint,
        firing=firing,
        started=f"{start}.000000000",
        starts_at=float(start),
        ends_at=-62135596800.0 if firing else (NOON if end is None else end),
        labels={"alertname": "X", "instance": fingerprint},
        annotations=changes.pop("annotations", {}),
        generator_url="",
        match=Match(title="X", severity=severity, team="t", policy="p", kind=kind, alert=None, limit_known=False),
    )


def delivered(*sightings: Sighting, **changes: object) -> Delivered:
    event = Delivered(
        group_key="{}:{a}",
        group_labels={"alertname": "X"},
        receiver="r",
        external_url="u",
        truncated=0,
        sightings=sightings,
    )
    return replace(event, **changes)


def opened(*sightings: Sighting) -> Incident:
    incident = transition(None, delivered(*sightings), NOON).incident
    assert incident is not None
    return replace(incident, id=1)


def kind_of(outcome: Outcome) -> str | None:
    return outcome.notice.kind if outcome.notice else None


def test_first_firing_alert_opens_an_incident() -> None:
    """Its severity, team and policy are those of the most severe alert, and somebody hears of it."""
    outcome = transition(None, delivered(sighting("a", severity="warning"), sighting("b", severity="emergency")), NOON)
    assert outcome.incident is not None
    assert (outcome.result, kind_of(outcome), outcome.incident.severity) == ("opened", "opened", "emergency")
    assert outcome.incident.paged_at == NOON


def test_resolved_alert_nobody_knows_opens_nothing() -> None:
    """A resolve of something that was never told is no news."""
    assert transition(None, delivered(sighting(firing=False)), NOON) == Outcome(result="unchanged", incident=None)


def test_repeat_changes_nothing() -> None:
    """The same episodes again: no notice, nothing to write."""
    before = opened(sighting("a"), sighting("b"))
    outcome = transition(before, delivered(sighting("b"), sighting("a"), group_key="other"), NOON + 60)
    assert outcome == Outcome(result="repeated", incident=before)


def test_repeat_with_a_new_value_is_kept_without_a_notice() -> None:
    """The page shows the latest number; nobody is called for it."""
    outcome = transition(opened(sighting()), delivered(sighting(annotations={"value": "2"})), NOON)
    assert (outcome.result, outcome.notice) == ("repeated", None)
    assert outcome.changed[0].annotations == {"value": "2"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "updated"),
        ({"kind": "runbooks/x.md#two"}, "joined"),
        ({"severity": "emergency"}, "joined"),
        ({"severity": "warning"}, "updated"),
    ],
)
def test_joining_alert_notifies_only_when_its_kind_is_new(changes: dict[str, Any], expected: str) -> None:
    """New is another runbook section, or a severity higher than any so far."""
    outcome = transition(opened(sighting("a")), delivered(sighting("a"), sighting("b", **changes)), NOON)
    assert (outcome.result, kind_of(outcome)) == (expected, expected)


def test_severity_that_was_reached_before_is_not_new_again() -> None:
    """Any so far includes what has ended."""
    incident = opened(sighting("a", severity="warning"), sighting("b", severity="critical"))
    lower = transition(incident, delivered(sighting("b", firing=False)), NOON).incident
    assert lower is not None
    assert lower.severity == "warning"
    again = transition(lower, delivered(sighting("c", severity="critical")), NOON)
    assert kind_of(again) == "updated"


def test_joining_of_new_kind_restarts_the_deadline() -> None:
    """Who is called again has the tier's time again."""
    outcome = transition(opened(sighting()), delivered(sighting("b", kind="k2")), NOON + 600)
    assert outcome.incident is not None
    assert outcome.incident.paged_at == NOON + 600


def test_incident_resolves_when_its_last_alert_does() -> None:
    """One of two is an update, the last is the end."""
    incident = opened(sighting("a"), sighting("b"))
    half = transition(incident, delivered(sighting("a", firing=False)), NOON)
    assert kind_of(half) == "updated"
    end = transition(half.incident, delivered(sighting("b", firing=False)), NOON + 5)
    assert end.incident is not None
    assert (kind_of(end), end.incident.status, end.incident.resolved_at) == ("resolved", "resolved", NOON + 5)


def test_alert_that_is_not_listed_is_not_resolved() -> None:
    """It may be truncated, silenced or inhibited: silence is no resolve."""
    incident = opened(sighting("a"), sighting("b"))
    outcome = transition(incident, delivered(sighting("a", firing=False), truncated=1), NOON)
    assert outcome.incident is not None
    assert [one.fingerprint for one in outcome.incident.open_episodes] == ["b"]
    assert outcome.incident.truncated == 1


def test_end_of_all_that_a_truncated_delivery_lists_ends_nothing() -> None:
    """Alertmanager sends a group's first alerts and says how many more there are: these may fire."""
    incident = opened(sighting("a"))
    outcome = transition(incident, delivered(sighting("a", firing=False), truncated=3), NOON)
    assert outcome.incident is not None
    assert (kind_of(outcome), outcome.incident.status) == ("updated", "open")
    assert outcome.entry is not None
    assert outcome.entry.detail == "no alert that was told of fires now; 3 more were left out, so it stays open"
    end = transition(outcome.incident, delivered(sighting("a", firing=False), truncated=0), NOON + 5)
    assert kind_of(end) == "resolved"


def test_resolve_of_an_earlier_episode_does_not_end_the_present_one() -> None:
    """The end lies before the present start: it is about the past."""
    incident = opened(sighting(start=500))
    outcome = transition(incident, delivered(sighting(start=100, firing=False, end=200.0)), NOON)
    assert (outcome.result, outcome.notice) == ("repeated", None)


def test_resolve_with_a_merged_start_still_ends_the_episode() -> None:
    """Alertmanager merges what two Prometheus servers say and may tell another start at the end."""
    outcome = transition(opened(sighting(start=500)), delivered(sighting(start=100, firing=False, end=900.0)), NOON)
    assert kind_of(outcome) == "resolved"


def test_alert_that_starts_anew_replaces_its_own_episode_quietly() -> None:
    """Its resolve was never delivered; an alert fires once at a time."""
    outcome = transition(opened(sighting(start=100)), delivered(sighting(start=200)), NOON)
    assert outcome.incident is not None
    assert kind_of(outcome) == "updated"
    assert [one.starts_at for one in outcome.incident.open_episodes] == [200.0]


def test_late_replica_does_not_bring_a_replaced_episode_back() -> None:
    """One replica still tells the old start: that alert is firing already, under its new one."""
    newer = transition(opened(sighting(start=100)), delivered(sighting(start=200)), NOON).incident
    outcome = transition(newer, delivered(sighting(start=100)), NOON)
    assert outcome == Outcome(result="repeated", incident=newer)


def test_episode_that_alertmanager_ended_and_tells_again_is_asked_about() -> None:
    """Alertmanager ends what Prometheus stops sending; when it comes back the start is the old one, as in an old picture."""
    incident = opened(sighting("a"), sighting("b"))
    half = transition(incident, delivered(sighting("a", firing=False)), NOON).incident
    again = transition(half, delivered(sighting("a"), sighting("b")), NOON)
    assert again.incident is not None
    assert (again.notice, again.incident.doubted_at, len(again.incident.open_episodes)) == (None, NOON, 1)
    asked = transition(again.incident, delivered(sighting("a"), verified=True), NOON)
    assert asked.incident is not None
    assert (kind_of(asked), asked.incident.doubted_at, len(asked.incident.open_episodes)) == ("updated", None, 2)


def test_incident_closed_by_hand_is_not_opened_by_the_same_alerts() -> None:
    """Who has closed it has seen them; a new episode opens a new incident."""
    closed = transition(opened(sighting()), ResolvedByHand(actor="on-call"), NOON)
    assert closed.incident is not None
    assert closed.changed[0].ended_by == "person"
    dismissed = frozenset({closed.changed[0].identity})
    assert transition(None, delivered(sighting(), dismissed=dismissed), NOON).notice is None
    assert kind_of(transition(None, delivered(sighting(start=999), dismissed=dismissed), NOON)) == "opened"


def test_acknowledging_is_told_once() -> None:
    """The second who acknowledges changes nothing."""
    first = transition(opened(sighting()), Acknowledged(actor="one"), NOON)
    second = transition(first.incident, Acknowledged(actor="two"), NOON)
    assert (kind_of(first), second.result, second.notice) == ("acknowledged", "unchanged", None)
    assert second.incident is not None
    assert second.incident.acknowledged_by == "one"


def test_resolved_incident_is_neither_acknowledged_nor_resolved_again() -> None:
    """What is over stays as it ended."""
    over = transition(opened(sighting()), delivered(sighting(firing=False)), NOON).incident
    assert transition(over, Acknowledged(actor="x"), NOON).incident == over
    assert transition(over, ResolvedByHand(actor="x"), NOON).result == "unchanged"


def test_group_is_its_labels_whatever_their_order() -> None:
    """Receivers and routes change, the labels that group do not."""
    assert group_hash({"a": "1", "b": "2"}) == group_hash({"b": "2", "a": "1"}) != group_hash({"a": "1"})


def test_dedup_key_is_alertmanager_s_own() -> None:
    """SHA-256 of the group key, so that the native page and ours merge (measured)."""
    assert dedup_key("{}:{a}") == hashlib.sha256(b"{}:{a}").hexdigest()


SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.sampled_from("abc"),
        start=st.integers(1, 3),
        firing=st.booleans(),
        kind=st.sampled_from(["k1", "k2"]),
        severity=st.sampled_from(["warning", "critical"]),
    ),
    max_size=6,
    unique_by=lambda one: one.fingerprint,
)


@PATIENT
@given(st.lists(SIGHTINGS, max_size=6), st.randoms())
def test_order_of_alerts_in_a_delivery_does_not_matter(history: list[list[Sighting]], shuffled: random.Random) -> None:
    """Alertmanager sorts them by its own rules; what becomes of the incident does not depend on it."""
    one: Incident | None = None
    other: Incident | None = None
    for alerts in history:
        mixed = shuffled.sample(alerts, len(alerts))
        first, second = transition(one, delivered(*alerts), NOON), transition(other, delivered(*mixed), NOON)
        assert (first.result, first.notice) == (second.result, second.notice)
        one = first.incident if first.incident and first.incident.status != "resolved" else None
        other = second.incident if second.incident and second.incident.status != "resolved" else None
        assert (one and one.open_episodes) == (other and other.open_episodes)


@PATIENT
@given(st.lists(SIGHTINGS, min_size=1, max_size=6))
def test_same_delivery_twice_never_notifies_twice(history: list[list[Sighting]]) -> None:
    """Alertmanager posts again what it thinks was not taken."""
    incident: Incident | None = None
    for alerts in history:
        outcome = transition(incident, delivered(*alerts), NOON)
        incident = outcome.incident if outcome.incident and outcome.incident.status != "resolved" else None
        if incident is not None:
            again = transition(incident, delivered(*alerts), NOON)
            assert again.notice is None
            incident = again.incident
