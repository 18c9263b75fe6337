"""Tests of the state machine of an incident, without any I/O."""

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
from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.incident import (
    Acknowledged,
    AlertBatch,
    Escalated,
    Event,
    FiresOn,
    Incident,
    Merged,
    Noted,
    Outcome,
    ReopenedByHand,
    ResolvedByHand,
    Resumed,
    Suppressed,
    Unacknowledged,
    dedup_key,
    group_hash,
)
from webhook.incidents.transitions import transition
from webhook.severity import Severity


def alert(
    fingerprint: str = "a", *, firing: bool = True, start: int = 100, end: float | None = None, **changes: object
) -> ReceivedAlert:
    severity: Severity = changes.pop("severity", "critical")
    kind: str = changes.pop("kind", "runbooks/x.md#one")
    return ReceivedAlert(
        fingerprint=fingerprint,
        firing=firing,
        started=f"{start}.000000000",
        starts_at=float(start),
        ends_at=-62135596800.0 if firing else (NOON if end is None else end),
        labels={"alertname": "X", "instance": fingerprint},
        annotations=changes.pop("annotations", {}),
        generator_url="",
        match=Match(
            title="X",
            severity=severity,
            team=changes.pop("team", "t"),
            policy=changes.pop("policy", "p"),
            kind=kind,
            alert=None,
            limit_known=False,
            part=changes.pop("part", ""),
        ),
    )


def delivered(*alerts: ReceivedAlert, **changes: object) -> AlertBatch:
    event = AlertBatch(
        group_key="{}:{a}",
        group_labels={"alertname": "X"},
        receiver="r",
        external_url="u",
        truncated=0,
        alerts=alerts,
    )
    return replace(event, **changes)


def opened(*alerts: ReceivedAlert) -> Incident:
    incident = transition(None, delivered(*alerts), NOON).incident
    assert incident is not None
    return replace(incident, id=1)


def kind_of(outcome: Outcome) -> str | None:
    return outcome.trigger.kind if outcome.trigger else None


def test_first_firing_alert_opens_an_incident() -> None:
    """The most severe alert gives the incident its severity, team and policy, and somebody is told."""
    outcome = transition(None, delivered(alert("a", severity="warning"), alert("b", severity="emergency")), NOON)
    assert outcome.incident is not None
    assert (outcome.result, kind_of(outcome), outcome.incident.severity) == ("opened", "opened", "emergency")
    assert outcome.incident.paged_at == NOON


def test_resolved_alert_nobody_knows_opens_nothing() -> None:
    """The end of an alert that was never told is no news."""
    assert transition(None, delivered(alert(firing=False)), NOON) == Outcome(result="unchanged", incident=None)


def test_repeat_changes_nothing() -> None:
    """The same firings come again: nobody is told, and nothing is written."""
    before = opened(alert("a"), alert("b"))
    outcome = transition(before, delivered(alert("b"), alert("a"), group_key="other"), NOON + 60)
    assert outcome == Outcome(result="repeated", incident=before)


def test_repeat_with_a_new_value_is_kept_without_a_notice() -> None:
    """The page shows the latest value; nobody is called for it."""
    outcome = transition(opened(alert()), delivered(alert(annotations={"value": "2"})), NOON)
    assert (outcome.result, outcome.trigger) == ("repeated", None)
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
    """A kind is new if its runbook section is new, or if its severity is higher than any so far."""
    outcome = transition(opened(alert("a")), delivered(alert("a"), alert("b", **changes)), NOON)
    assert (outcome.result, kind_of(outcome)) == (expected, expected)


def test_severity_that_was_reached_before_is_not_new_again() -> None:
    """Severities of alerts that have ended count too."""
    incident = opened(alert("a", severity="warning"), alert("b", severity="critical"))
    lower = transition(incident, delivered(alert("b", firing=False)), NOON).incident
    assert lower is not None
    assert lower.severity == "warning"
    again = transition(lower, delivered(alert("c", severity="critical")), NOON)
    assert kind_of(again) == "updated"


def test_joining_of_new_kind_restarts_the_deadline() -> None:
    """Whoever is called again has the whole time of the tier again."""
    outcome = transition(opened(alert()), delivered(alert("b", kind="k2")), NOON + 600)
    assert outcome.incident is not None
    assert outcome.incident.paged_at == NOON + 600


def test_incident_resolves_when_its_last_alert_does() -> None:
    """The end of one of two alerts is an update; the end of the last resolves the incident."""
    incident = opened(alert("a"), alert("b"))
    half = transition(incident, delivered(alert("a", firing=False)), NOON)
    assert kind_of(half) == "updated"
    end = transition(half.incident, delivered(alert("b", firing=False)), NOON + 5)
    assert end.incident is not None
    assert (kind_of(end), end.incident.status, end.incident.resolved_at) == ("resolved", "resolved", NOON + 5)


def test_alert_that_is_not_listed_is_not_resolved() -> None:
    """The alert may be truncated, silenced or inhibited; its absence does not resolve it."""
    incident = opened(alert("a"), alert("b"))
    outcome = transition(incident, delivered(alert("a", firing=False), truncated=1), NOON)
    assert outcome.incident is not None
    assert [firing.fingerprint for firing in outcome.incident.open_firings] == ["b"]
    assert outcome.incident.truncated == 1


def test_end_of_all_that_a_truncated_delivery_lists_ends_nothing() -> None:
    """Alertmanager sends a group's first alerts and says how many more there are; those may fire."""
    incident = opened(alert("a"))
    outcome = transition(incident, delivered(alert("a", firing=False), truncated=3), NOON)
    assert outcome.incident is not None
    assert (kind_of(outcome), outcome.incident.status) == ("updated", "open")
    assert outcome.entry is not None
    assert outcome.entry.detail == "no delivered alert fires now; 3 more were left out, so it stays open"
    end = transition(outcome.incident, delivered(alert("a", firing=False), truncated=0), NOON + 5)
    assert kind_of(end) == "resolved"


def test_resolve_of_an_earlier_firing_does_not_end_the_present_one() -> None:
    """The end lies before the present start, so it belongs to an earlier firing."""
    incident = opened(alert(start=500))
    outcome = transition(incident, delivered(alert(start=100, firing=False, end=200.0)), NOON)
    assert (outcome.result, outcome.trigger) == ("repeated", None)


def test_resolve_with_a_merged_start_still_ends_the_firing() -> None:
    """Alertmanager merges the alerts of two Prometheus servers and may name another start at the end."""
    outcome = transition(opened(alert(start=500)), delivered(alert(start=100, firing=False, end=900.0)), NOON)
    assert kind_of(outcome) == "resolved"


def test_alert_that_starts_anew_replaces_its_own_firing_quietly() -> None:
    """Its end was never delivered; an alert has one firing at a time."""
    outcome = transition(opened(alert(start=100)), delivered(alert(start=200)), NOON)
    assert outcome.incident is not None
    assert kind_of(outcome) == "updated"
    assert [firing.starts_at for firing in outcome.incident.open_firings] == [200.0]


def test_late_replica_does_not_bring_a_replaced_firing_back() -> None:
    """One replica still sends the old start, but the alert already fires under its new one."""
    newer = transition(opened(alert(start=100)), delivered(alert(start=200)), NOON).incident
    outcome = transition(newer, delivered(alert(start=100)), NOON)
    assert outcome == Outcome(result="repeated", incident=newer)


def test_firing_that_alertmanager_ended_and_tells_again_is_asked_about() -> None:
    """Alertmanager ends what Prometheus stops sending; a return has the old start, and so has an old alert batch."""
    incident = opened(alert("a"), alert("b"))
    half = transition(incident, delivered(alert("a", firing=False)), NOON).incident
    again = transition(half, delivered(alert("a"), alert("b")), NOON)
    assert again.incident is not None
    assert (again.trigger, again.incident.doubted_at, len(again.incident.open_firings)) == (None, NOON, 1)
    verified = transition(again.incident, delivered(alert("a"), verified=True), NOON)
    assert verified.incident is not None
    assert (kind_of(verified), verified.incident.doubted_at, len(verified.incident.open_firings)) == (
        "updated",
        None,
        2,
    )


def test_end_of_a_later_firing_that_was_never_told_is_remembered() -> None:
    """When it fires again with its old start, Alertmanager is asked; a late copy of the end puts it in doubt again."""
    incident = opened(alert("a", start=100), alert("b"))
    end = delivered(alert("a", start=300, firing=False, end=400.0), alert("b"))
    half = transition(incident, end, NOON).incident
    again = transition(half, delivered(alert("a", start=300), alert("b")), NOON + 30)
    assert again.incident is not None
    assert (again.trigger, again.incident.doubted_at, len(again.incident.open_firings)) == (None, NOON + 30, 1)
    resumed = delivered(alert("a", start=300), verified=True)
    verified = transition(again.incident, resumed, NOON + 60).incident
    assert verified is not None
    late = transition(verified, end, NOON + 90).incident
    assert late is not None
    assert late.doubted_at == NOON + 90


def test_resolve_by_hand_ends_no_alert() -> None:
    """A person's word is not Alertmanager's: the alerts of the incident go on firing, and a repeat is no news."""
    closed = transition(opened(alert()), ResolvedByHand(actor="on-call"), NOON)
    assert closed.incident is not None
    assert (closed.changed, closed.incident.fires_on, len(closed.incident.open_firings)) == ((), True, 1)
    repeated = transition(closed.incident, delivered(alert()), NOON + 60)
    assert repeated.incident is not None
    assert (repeated.result, repeated.trigger, repeated.incident.firing_at) == ("repeated", None, NOON + 60)


def test_new_alert_reopens_what_was_resolved_by_hand() -> None:
    """Whoever resolved the incident has not seen the new alert."""
    closed = transition(opened(alert("a")), ResolvedByHand(actor="on-call"), NOON).incident
    again = transition(closed, delivered(alert("a"), alert("b")), NOON + 60)
    assert again.incident is not None
    assert (again.result, again.incident.status, again.incident.fires_on) == ("reopened", "open", False)


def test_end_of_what_was_resolved_by_hand_is_told() -> None:
    """Alertmanager says that it is over, so there is nothing to tell again."""
    closed = transition(opened(alert()), ResolvedByHand(actor="on-call"), NOON).incident
    over = transition(closed, delivered(alert(firing=False)), NOON + 60)
    assert over.incident is not None
    assert (kind_of(over), over.incident.fires_on, over.incident.resolved_by) == ("resolved", False, "Alertmanager")


def test_resolve_by_hand_of_what_was_left_out_of_a_delivery_is_no_end() -> None:
    """Alerts that were never listed may fire: nobody has said that they do not."""
    incident = opened(alert())
    half = transition(incident, delivered(alert(firing=False), truncated=3), NOON).incident
    closed = transition(half, ResolvedByHand(actor="on-call"), NOON + 1).incident
    assert closed is not None
    assert (closed.open_firings, closed.fires_on) == ((), True)
    over = transition(closed, delivered(alert(firing=False)), NOON + 2).incident
    assert over is not None
    assert not over.fires_on


@pytest.mark.parametrize("event", [Acknowledged(actor="x"), ResolvedByHand(actor="y"), Escalated(level=1, why="z")])
def test_what_fires_on_is_reopened_before_anything_else_is_done_about_it(event: Event) -> None:
    """The incident asks for nobody's attention, so nobody can acknowledge it."""
    closed = transition(opened(alert()), ResolvedByHand(actor="on-call"), NOON).incident
    assert transition(closed, event, NOON + 1).result == "unchanged"


def test_reopening_by_hand_begins_the_escalation_anew() -> None:
    """The first level is asked, and the old acknowledgement is gone."""
    incident = replace(opened(alert()), level=2)
    acknowledged = transition(incident, Acknowledged(actor="one"), NOON).incident
    closed = transition(acknowledged, ResolvedByHand(actor="one"), NOON + 1).incident
    again = transition(closed, ReopenedByHand(actor="two", why="a mistake"), NOON + 2)
    assert again.incident is not None
    assert (kind_of(again), again.incident.status, again.incident.level) == ("reopened", "open", 0)
    assert (again.incident.paged_at, again.incident.acknowledged_by) == (NOON + 2, None)
    assert transition(again.incident, ReopenedByHand(actor="two", why=""), NOON + 3).result == "unchanged"


def test_what_is_over_is_not_reopened_by_hand() -> None:
    """No alert fires, so no end could ever resolve it again."""
    over = transition(opened(alert()), delivered(alert(firing=False)), NOON).incident
    assert transition(over, ReopenedByHand(actor="x", why=""), NOON).result == "unchanged"


def test_merge_elsewhere_resolves_nothing() -> None:
    """The person who merged works on it; only Alertmanager ends its alerts."""
    merged = transition(opened(alert()), Merged(actor="ana", into="Q2", by_person=True), NOON)
    assert merged.incident is not None
    assert merged.entry is not None
    assert (merged.result, merged.incident.status, merged.entry.kind) == ("merged", "acknowledged", "merged")
    alone = transition(opened(alert()), Merged(actor="PagerDuty", into="Q2", by_person=False), NOON)
    assert alone.incident is not None
    assert (alone.incident.status, alone.trigger) == ("open", None)


def test_another_component_is_news() -> None:
    """It is news even if its section and its severity are known."""
    outcome = transition(opened(alert("a", part="one")), delivered(alert("b", part="two")), NOON + 60)
    assert kind_of(outcome) == "joined"
    more = transition(opened(alert("a", part="one")), delivered(alert("b", part="one")), NOON + 60)
    assert kind_of(more) == "updated"


def test_component_that_becomes_graver_is_news() -> None:
    """It is news even if another component was as severe before."""
    before = opened(alert("a", part="one"), alert("b", part="two", severity="warning"))
    assert kind_of(transition(before, delivered(alert("c", part="two")), NOON)) == "joined"


@pytest.mark.parametrize("changes", [{"part": "two"}, {"kind": "k2"}, {"severity": "emergency"}])
def test_acknowledgement_covers_what_was_known_then(changes: dict[str, Any]) -> None:
    """News after the acknowledgement asks the first level again."""
    incident = replace(opened(alert("a", part="one")), level=1)
    acknowledged = transition(incident, Acknowledged(actor="ana"), NOON).incident
    outcome = transition(acknowledged, delivered(alert("b", **{"part": "one", **changes})), NOON + 900)
    assert outcome.incident is not None
    assert outcome.entry is not None
    assert (outcome.incident.status, outcome.incident.level, outcome.incident.paged_at) == ("open", 0, NOON + 900)
    assert outcome.entry.detail == "1 alert joined, which ana has not acknowledged"


def test_another_component_does_not_put_off_the_next_level() -> None:
    """Without an acknowledgement, components that fail one after another must not delay the manager's call."""
    incident = opened(alert("0", part="0"))
    for number in range(1, 30):
        incident = transition(
            incident, delivered(alert(str(number), part=str(number))), NOON + 60 * number
        ).incident or pytest.fail("there is no incident")
    assert incident.paged_at == NOON


def test_components_that_fail_together_are_few_calls() -> None:
    """Three failures within five minutes are one call; the next waits until the first is five minutes old."""
    incident, waits = opened(alert("0", part="0")), []
    for number in range(1, 50):
        outcome = transition(incident, delivered(alert(str(number), part=str(number))), NOON + number)
        assert outcome.incident is not None
        assert outcome.trigger is not None
        incident = outcome.incident
        waits.append(outcome.trigger.not_before)
    assert waits[:3] == [None, None, None]
    assert set(waits[3:]) == {NOON + 1 + 300}


def test_acknowledging_is_told_once() -> None:
    """A second acknowledgement changes nothing."""
    first = transition(opened(alert()), Acknowledged(actor="one"), NOON)
    second = transition(first.incident, Acknowledged(actor="two"), NOON)
    assert (kind_of(first), second.result, second.trigger) == ("acknowledged", "unchanged", None)
    assert second.incident is not None
    assert second.incident.acknowledged_by == "one"


def test_resolved_incident_is_neither_acknowledged_nor_resolved_again() -> None:
    """A resolved incident stays as it ended."""
    over = transition(opened(alert()), delivered(alert(firing=False)), NOON).incident
    assert transition(over, Acknowledged(actor="x"), NOON).incident == over
    assert transition(over, ResolvedByHand(actor="x"), NOON).result == "unchanged"


def test_group_is_its_labels_whatever_their_order() -> None:
    """Receivers and routes change; the group labels do not."""
    assert group_hash({"a": "1", "b": "2"}) == group_hash({"b": "2", "a": "1"}) != group_hash({"a": "1"})


def test_dedup_key_is_alertmanager_s_own() -> None:
    """It is the SHA-256 of the group key, so that the native page and ours merge (measured)."""
    assert dedup_key("{}:{a}") == hashlib.sha256(b"{}:{a}").hexdigest()


SIGHTINGS = st.lists(
    st.builds(
        alert,
        st.sampled_from("abc"),
        start=st.integers(1, 3),
        firing=st.booleans(),
        kind=st.sampled_from(["k1", "k2"]),
        severity=st.sampled_from(["warning", "critical"]),
    ),
    max_size=6,
    unique_by=lambda received: received.fingerprint,
)


@PATIENT
@given(st.lists(SIGHTINGS, max_size=6), st.randoms())
def test_order_of_alerts_in_a_delivery_does_not_matter(
    history: list[list[ReceivedAlert]], shuffled: random.Random
) -> None:
    """Alertmanager sorts alerts by its own rules; their order does not change the incident."""
    in_order: Incident | None = None
    reordered: Incident | None = None
    for alerts in history:
        mixed = shuffled.sample(alerts, len(alerts))
        first, second = transition(in_order, delivered(*alerts), NOON), transition(reordered, delivered(*mixed), NOON)
        assert (first.result, first.trigger) == (second.result, second.trigger)
        in_order = first.incident if first.incident and first.incident.status != "resolved" else None
        reordered = second.incident if second.incident and second.incident.status != "resolved" else None
        assert (in_order and in_order.open_firings) == (reordered and reordered.open_firings)


@PATIENT
@given(st.lists(SIGHTINGS, min_size=1, max_size=6))
def test_same_delivery_twice_never_notifies_twice(history: list[list[ReceivedAlert]]) -> None:
    """Alertmanager posts again what it thinks was not taken."""
    incident: Incident | None = None
    for alerts in history:
        outcome = transition(incident, delivered(*alerts), NOON)
        incident = outcome.incident if outcome.incident and outcome.incident.status != "resolved" else None
        if incident is not None:
            again = transition(incident, delivered(*alerts), NOON)
            assert again.trigger is None
            incident = again.incident


HANDS: tuple[Event, ...] = (
    Acknowledged(actor="ana"),
    Unacknowledged(actor="ana", why=""),
    ResolvedByHand(actor="ana"),
    ReopenedByHand(actor="ana", why=""),
    Merged(actor="ana", into="Q2", by_person=True),
    Noted(kind="reassigned", actor="ana", detail=""),
    Escalated(level=1, why=""),
    Resumed(why=""),
    FiresOn(why=""),
    Suppressed(by="silenced"),
)


@PATIENT
@given(st.lists(st.one_of(st.sampled_from(HANDS), st.tuples(st.integers(0, 2), st.booleans())), max_size=30))
def test_incident_is_over_by_alertmanagers_word_alone(steps: list[Event | tuple[int, bool]]) -> None:
    """While an alert fires its incident is open or fires on, whatever people, providers and the clock do."""
    firing, starts, incident = {0}, [100, 100, 100], opened(alert("0", part="0"))
    for number, step in enumerate(steps, 1):
        event: Event
        if isinstance(step, tuple):
            number_of_alert, begins = step
            if begins and number_of_alert not in firing:
                starts[number_of_alert] += number
            firing = firing | {number_of_alert} if begins else firing - {number_of_alert}
            event = delivered(
                *(alert(str(index), firing=index in firing, start=starts[index], part=str(index)) for index in range(3))
            )
        else:
            event = step
        changed = transition(incident, event, NOON + number).incident
        assert changed is not None
        incident = changed
        over = incident.status == "resolved" and not incident.fires_on
        assert not (over and firing)
        assert {open_firing.fingerprint for open_firing in incident.open_firings} == {
            str(open_firing) for open_firing in firing
        }
