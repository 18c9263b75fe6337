"""What Alertmanager says of an incident's alerts when it is asked, and what follows from it. Pure.

`alertmanager_api` asks, `steps` acts. The webhook alone does not know: an alert that is silenced while it fires and
then ends sends no resolved notification (alertmanager#226; measured on 0.25 and 0.33).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webhook.incidents.incident import Incident, Suppression


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An alert that Alertmanager lists; `suppression` says why it tells nobody of it, None when it would."""

    fingerprint: str
    labels: Mapping[str, str]
    suppression: Suppression | None


@dataclass(frozen=True, kw_only=True)
class Active:
    """At least one alert of the incident fires and nobody has silenced it."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Alerts of the incident fire, and every one of them is suppressed."""

    by: Suppression


@dataclass(frozen=True, kw_only=True)
class Absent:
    """None of the incident's alerts is listed."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """It could not be found out; `reason` says why, for people."""

    reason: str


Answer = Active | Quiet | Absent | Unknown


def judge(incident: Incident, listed: Iterable[Listed]) -> Answer:
    """Return what the list says of the incident.

    An alert is the incident's by its fingerprint. Where Alertmanager has left alerts out of a delivery nobody knows
    their fingerprints: then every listed alert with the labels of the group counts, for what was never listed to us
    must not be taken for resolved.
    """
    known = {episode.fingerprint for episode in incident.open_episodes}
    found = [one for one in listed if one.fingerprint in known or (incident.truncated and _of_group(one, incident))]
    if not found:
        return Absent()
    reasons = [one.suppression for one in found]
    first = reasons[0]
    return Active() if first is None or None in reasons else Quiet(by=first)


def _of_group(one: Listed, incident: Incident) -> bool:
    return all(one.labels.get(name, "") == value for name, value in incident.group_labels.items())
