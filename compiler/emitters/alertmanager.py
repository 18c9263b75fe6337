"""Emit: the Alertmanager configuration: routing by severity, inhibition, receivers; secrets by file only.

Every receiver of a severity hands its alerts to the webhook. For severities that page, the same receiver also holds
Alertmanager's own PagerDuty integration: its `dedup_key` is the SHA-256 of the group key (Alertmanager,
`notify.Key.Hash`), which the webhook uses too, so that PagerDuty shows one incident, whichever of the two came through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from compiler import conventions
from compiler.alerts import AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Model, Routing
from compiler.quantities import duration_text


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the configuration."""
    direct = [system.id for system in model.systems if system.direct]
    content = {
        "route": _route(model.routing, direct),
        "inhibit_rules": _inhibitions(model),
        "receivers": _receivers(model, direct=bool(direct)),
    }
    yield yaml_artifact(conventions.ALERTMANAGER_PATH, content, model.renewal)


def _route(routing: Routing, direct: list[str]) -> dict[str, Any]:
    watchdog = {
        "receiver": conventions.RECEIVER_WATCHDOG,
        "matchers": [f'alertname="{conventions.WATCHDOG}"'],
        # Each Prometheus has its own, whatever tells them apart: in one group one would speak for all.
        "group_by": [conventions.ALL_LABELS],
        "group_wait": "0s",
        # A repeat is sent at a tick of the group interval, so that must be much the shorter of the two.
        "group_interval": duration_text(max(1, routing.watchdog_repeat // 5)),
        "repeat_interval": duration_text(routing.watchdog_repeat),
    }
    straight = {"receiver": conventions.RECEIVER_DIRECT, "matchers": [conventions.direct_matcher(direct)]}
    by_severity = [
        {"receiver": conventions.receiver(severity), "matchers": [f'severity="{severity}"']}
        for severity in reversed(conventions.SEVERITIES)
    ]
    return {
        "receiver": conventions.RECEIVER_DEFAULT,
        "group_by": list(routing.group_by),
        "group_wait": duration_text(routing.group_wait),
        "group_interval": duration_text(routing.group_interval),
        "repeat_interval": duration_text(routing.repeat_interval),
        "routes": [watchdog, *([straight] if direct else []), *by_severity],
    }


def _inhibitions(model: Model) -> list[dict[str, Any]]:
    """Return the rules by which a graver severity silences a milder one of the same alert, system and component.

    And of the same installation: what is down in one cluster says nothing of another. A label that both lack is equal
    (Alertmanager, "inhibition").
    """
    return [
        {
            "source_matchers": [f'severity="{graver}"', 'signal!=""'],
            "target_matchers": [f'severity=~"{"|".join(conventions.SEVERITIES[:rank])}"', 'signal!=""'],
            "equal": [*conventions.INHIBITION_EQUAL, *model.all_dimensions],
        }
        for rank, graver in enumerate(conventions.SEVERITIES)
        if graver in _INHIBITING
    ]


_INHIBITING: Final = frozenset({"critical", "emergency"})


def _receivers(model: Model, *, direct: bool) -> list[dict[str, Any]]:
    routing = model.routing
    webhook = [_webhook(routing)]
    receivers: list[dict[str, Any]] = [
        {"name": conventions.RECEIVER_DEFAULT, "webhook_configs": webhook},
        {"name": conventions.RECEIVER_WATCHDOG, "webhook_configs": webhook},
    ]
    if direct:
        receivers.append({"name": conventions.RECEIVER_DIRECT, "pagerduty_configs": [_pagerduty(model, _OWN_SEVERITY)]})
    for severity in reversed(conventions.SEVERITIES):
        receiver: dict[str, Any] = {"name": conventions.receiver(severity), "webhook_configs": webhook}
        if routing.pagerduty_key_file is not None and severity in routing.pagerduty_severities:
            receiver["pagerduty_configs"] = [_pagerduty(model, severity)]
        receivers.append(receiver)
    return receivers


def _webhook(routing: Routing) -> dict[str, Any]:
    config: dict[str, Any] = {
        "url": routing.webhook_url,
        "send_resolved": True,
        "max_alerts": conventions.MOST_ALERTS_DELIVERED,
    }
    # A redirect would turn the POST into a GET and lose the body.
    config["http_config"] = {"follow_redirects": False}
    if routing.webhook_token_file is not None:
        config["http_config"]["authorization"] = {"type": "Bearer", "credentials_file": routing.webhook_token_file}
    return config


_PAGERDUTY_SEVERITIES: Final = {"info": "info", "warning": "warning", "critical": "critical", "emergency": "critical"}
"""PagerDuty knows critical, error, warning and info (Events API v2)."""


_OWN_SEVERITY: Final = (
    '{{ if eq .CommonLabels.severity "emergency" }}critical{{ else }}{{ .CommonLabels.severity }}{{ end }}'
)


def _pagerduty(model: Model, severity: str) -> dict[str, Any]:
    title = "{{ with .CommonAnnotations.summary }}{{ . }}{{ else }}{{ .CommonLabels.alertname }}{{ end }}"
    where = "".join(f"{{{{ with .CommonLabels.{one} }}}} ({one} {{{{ . }}}}){{{{ end }}}}" for one in model.dimensions)
    return {
        "routing_key_file": model.routing.pagerduty_key_file,
        "send_resolved": True,
        "severity": _PAGERDUTY_SEVERITIES.get(severity, severity),
        "description": title + where,
        "component": "{{ .CommonLabels.component }}",
        "group": "{{ .CommonLabels.system }}",
        "class": "{{ .CommonLabels.alertname }}",
        "client": "Alertmanager",
        "client_url": "{{ .ExternalURL }}",
        "details": {
            "description": "{{ range .Alerts.Firing }}{{ .Annotations.description }}\n{{ end }}",
            "runbook": "{{ .CommonAnnotations.runbook_url }}",
        },
        "links": [{"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook section"}],
    }
