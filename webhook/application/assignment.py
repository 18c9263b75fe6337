"""Find the incidents that an alert batch concerns, and lock them. `alert_batches` applies the parts.

`placement` decides which incident gets which alert; this module loads what that decision needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from webhook.incidents import alertmanager_state
from webhook.incidents.flapping import REOPEN_SECONDS
from webhook.incidents.incident import AlertBatch, Incident, Owner, dedup_key, group_hash, groups_left_out
from webhook.incidents.placement import assign_alerts, of_owners
from webhook.storage import store


def parts(connection: Connection, event: AlertBatch, now: float) -> Iterator[tuple[Incident | None, AlertBatch]]:
    """Yield each incident that the batch concerns, and its part of it; the part with the most severe alert is first."""
    key = group_hash(event.group_labels)
    store.lock_alerts(connection, key, [alert.fingerprint for alert in event.alerts])
    yielded: set[int] = set()
    for owner, owner_batch in of_owners(event):
        for before, part in _parts_of(connection, owner_batch, owner, now):
            yielded |= {before.id} if before else set()
            yield before, part
    ended_alerts = {alert.fingerprint: alert for alert in event.alerts if not alert.firing}
    for incident_id in store.in_doubt(connection, list(ended_alerts)):
        incident = None if incident_id in yielded else store.incident_by_id(connection, incident_id, lock=True)
        if incident is not None:
            # If a later firing has ended, the report of the firing in doubt was outdated. This holds in any incident.
            doubtful_fingerprints = {firing.fingerprint for firing in alertmanager_state.doubtful(incident)}
            yield (
                incident,
                replace(
                    event,
                    alerts=tuple(
                        ended_alerts[fingerprint]
                        for fingerprint in ended_alerts
                        if fingerprint in doubtful_fingerprints
                    ),
                    is_whole=False,
                ),
            )
    if event.truncated:
        return
    none_fires = not any(alert.firing for alert in event.alerts)
    ids_of_group = store.open_numbers(connection, key)
    for incident_id in dict.fromkeys((*ids_of_group, *store.open_truncated(connection))):
        incident = None if incident_id in yielded else store.incident_by_id(connection, incident_id, lock=True)
        if incident is None:
            continue
        # The alert batch is complete for its group: nothing is left out any more, and what it omits is in doubt.
        left_out = any(group.group_labels == event.group_labels for group in groups_left_out(incident))
        if left_out or (none_fires and incident_id in ids_of_group):
            yield incident, replace(event, alerts=())


def _parts_of(
    connection: Connection, event: AlertBatch, owner: Owner | None, now: float
) -> Iterator[tuple[Incident | None, AlertBatch]]:
    """Yield the incidents that one owner's part of a batch concerns; the group's own incident comes first."""
    own = store.open_incident(connection, group_hash(event.group_labels), owner=owner, lock=True)
    known = {firing.fingerprint for firing in own.open_firings} if own else set()
    not_own = [alert.fingerprint for alert in event.alerts if alert.fingerprint not in known]
    identities = [(alert.fingerprint, alert.started) for alert in event.alerts if alert.firing]
    ended = store.ended(connection, [identity for identity in identities if identity[0] not in known])
    event = replace(event, ended_before=frozenset(ended))
    open_incidents = store.open_incident_by_fingerprint(connection, not_own)
    of_same_owner = frozenset[int]() if owner is None else store.owned(connection, open_incidents.values(), owner)
    for part in assign_alerts(event, own=own is not None, open_incidents=open_incidents, of_same_owner=of_same_owner):
        if part.number is None and own is None:
            yield _reopened(connection, part.event, owner, ended, now)
            continue
        if part.number is None:
            yield own, part.event
            continue
        incident = store.incident_by_id(connection, part.number, lock=True)
        yield incident, replace(part.event, is_whole=part.whole or incident is None)


def _reopened(
    connection: Connection,
    event: AlertBatch,
    owner: Owner | None,
    ended: Mapping[tuple[str, str], int],
    now: float,
) -> tuple[Incident | None, AlertBatch]:
    """Return the incident that these alerts may reopen and the event for it, or None and the event for a new incident.

    No open incident has these alerts. `ended` has those of their firings that ended earlier: it maps the identity of a
    firing to the number of the incident that had it.
    """
    if owner is None:
        return None, event
    key = group_hash(event.group_labels)
    latest = store.latest_incident(connection, key, owner=owner, since=now - REOPEN_SECONDS)
    if latest is not None:
        return latest, event
    earlier = _ended_in(connection, event, ended)
    if earlier is not None:
        # That incident may have another group or owner, so it must not take over how many alerts this batch leaves out.
        return earlier, replace(event, is_whole=False)
    return None, replace(event, shared=store.is_anothers(connection, key, dedup_key(event.group_key), owner))


def _ended_in(connection: Connection, event: AlertBatch, ended: Mapping[tuple[str, str], int]) -> Incident | None:
    """Return the latest incident in which these firings ended; None if one of them did not end before."""
    identities = [(alert.fingerprint, alert.started) for alert in event.alerts if alert.firing]
    if event.verified or not identities or not all(identity in ended for identity in identities):
        return None
    return store.incident_by_id(connection, max(ended[identity] for identity in identities), lock=True)
