"""The links of a message: runbook, Prometheus, a prepared silence, the incident's page. Pure; `message` uses it.

Grafana sends addresses of its own for the alerts that it manages; `payload` turns them into annotations.

This module returns only http and https addresses, and leaves out any other address that an alert contains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from webhook.catalog.model import Alert
from webhook.incidents.firing import AlertFiring
from webhook.incidents.incident import Incident
from webhook.untrusted import web_address, without_cluster

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link and its text; `url` is always http or https."""

    text: str
    url: str


def links(
    incident: Incident, lead: AlertFiring, alert: Alert | None, *, public_url: str | None, firing: Sequence[AlertFiring]
) -> tuple[Link, ...]:
    """Return the links that the reader may need, the most useful first."""
    runbook = alert.runbook.url if alert else lead.annotations.get("runbook_url")
    candidates = (
        ("Runbook section" if alert else "Runbook named by the alert", web_address(runbook)),
        (f"Incident {incident.id}", incident_page(public_url, incident.id)),
        (_source(lead.generator_url), web_address(lead.generator_url)),
        ("Dashboard", web_address(lead.annotations.get("dashboard_url"))),
        ("Panel", web_address(lead.annotations.get("panel_url"))),
        ("Image", web_address(lead.annotations.get("image_url"))),
        ("Silence", _silence(incident, lead, firing) if firing else None),
    )
    return tuple(Link(text=text, url=url) for text, url in candidates if url)


def _source(generator_url: str) -> str:
    """Return the name of the program to which the generator URL of an alert leads."""
    try:
        path = urlsplit(generator_url).path
    except ValueError:
        path = ""
    return next((name for name, pattern in _SOURCES.items() if pattern.search(path)), "Prometheus")


_SOURCES = {
    "vmalert": re.compile(r"/vmalert/|/api/v1/[0-9]+/[0-9]+/status\Z"),
    "VictoriaMetrics": re.compile(r"/vmui(?:/|\Z)"),
    "Grafana": re.compile(r"/alerting/|/explore\Z"),
}
"""The paths of generator URLs that lead to another program than Prometheus: to vmalert (newer and older releases), to
the target that vmalert's `-external.alert.source` names instead, or to Grafana."""


def _silence(incident: Incident, lead: AlertFiring, firing: Sequence[AlertFiring]) -> str | None:
    """Return the URL of a prepared silence: the one that the alert carries, or else that of Alertmanager's form."""
    own = web_address(lead.annotations.get("silence_url"))
    return own or silence(incident.external_url, _matchers(incident, firing))


def incident_page(public_url: str | None, number: int) -> str | None:
    """Return the URL of the incident's page, or None when no public URL is set."""
    return f"{public_url.rstrip('/')}/incidents/{number}" if public_url else None


def incidents_page(public_url: str | None) -> str | None:
    """Return the URL of the list of incidents, or None when no public URL is set."""
    return f"{public_url.rstrip('/')}/" if public_url else None


def silence(external_url: str, labels: Mapping[str, str]) -> str | None:
    """Return the URL of Alertmanager's form for a new silence that matches `labels`; None without usable labels."""
    matchers = [f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()) if _LABEL_NAME.match(name)]
    if not matchers:
        return None
    matcher_text = quote("{" + ", ".join(matchers) + "}", safe="")
    return web_address(f"{without_cluster(external_url).rstrip('/')}/#/silences/new?filter={matcher_text}")


def _matchers(incident: Incident, open_firings: Sequence[AlertFiring]) -> Mapping[str, str]:
    """Return the labels that a silence for this incident should match: those that all firing alerts have in common."""
    if not open_firings:
        return incident.group_labels
    common = dict(open_firings[0].labels)
    for firing in open_firings[1:]:
        common = {name: value for name, value in common.items() if firing.labels.get(name) == value}
    is_short = sum(len(name) + len(value) for name, value in common.items()) < 500
    return common if common and is_short else incident.group_labels


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
