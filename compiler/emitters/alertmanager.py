"""Emit: the Alertmanager configuration: routing by severity, inhibition, receivers; secrets only as names of files.

Every receiver of a severity sends its alerts to the webhook. For severities that page, the same receiver also has
Alertmanager's own PagerDuty integration. Its `dedup_key` is the SHA-256 of the group key (Alertmanager,
`notify.Key.Hash`). The webhook uses the same key, so PagerDuty shows one incident, whichever of the two reaches it.
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
        # Each Prometheus has its own Watchdog, which some label distinguishes. Each Watchdog is a group: in a common
        # group, one Watchdog would stand for all.
        "group_by": [conventions.ALL_LABELS],
        "group_wait": "0s",
        # Alertmanager repeats at a tick of the group interval, so this interval must be much shorter than the repeat
        # interval.
        "group_interval": duration_text(max(1, routing.watchdog_repeat // 5)),
        "repeat_interval": duration_text(routing.watchdog_repeat),
    }
    direct_route = {"receiver": conventions.RECEIVER_DIRECT, "matchers": [conventions.direct_matcher(direct)]}
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
        "routes": [watchdog, *([direct_route] if direct else []), *by_severity],
    }


def _inhibitions(model: Model) -> list[dict[str, Any]]:
    """Return the rules by which an alert inhibits less severe ones of the same name, system and component.

    Both belong to the same installation, because what is down in one cluster says nothing about another. For
    Alertmanager, a label that both lack is equal ("inhibition").
    """
    return [
        {
            "source_matchers": [f'severity="{more_severe}"', 'signal!=""'],
            "target_matchers": [f'severity=~"{"|".join(conventions.SEVERITIES[:rank])}"', 'signal!=""'],
            "equal": [*conventions.INHIBITION_EQUAL, *model.all_dimensions],
        }
        for rank, more_severe in enumerate(conventions.SEVERITIES)
        if more_severe in conventions.CRITICAL_AND_MORE_SEVERE
    ]


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
    if routing.webhook_login is not None:
        username, password_file = routing.webhook_login
        config["http_config"]["basic_auth"] = {"username": username, "password_file": password_file}
    if routing.webhook_tls:
        config["http_config"]["tls_config"] = dict(routing.webhook_tls)
    return config


_PAGERDUTY_SEVERITIES: Final = {"info": "info", "warning": "warning", "critical": "critical", "emergency": "critical"}
"""PagerDuty knows critical, error, warning and info (Events API v2)."""


# PagerDuty refuses a page with an unknown severity or with none. Alerts of one group may differ in their severity; then
# `CommonLabels` has none.
_OWN_SEVERITY: Final = (
    '{{ if match "^(critical|error|warning|info)$" .CommonLabels.severity }}{{ .CommonLabels.severity }}'
    "{{ else }}critical{{ end }}"
)

# PagerDuty refuses a summary of spaces.
_SHOWN: Final = r"[^\\s\\pZ\\pC]"
_TITLE: Final = (
    f'{{{{ if match "{_SHOWN}" .CommonAnnotations.summary }}}}{{{{ .CommonAnnotations.summary }}}}'
    f'{{{{ else if match "{_SHOWN}" .CommonLabels.alertname }}}}{{{{ .CommonLabels.alertname }}}}'
    "{{ else }}An alert without a name{{ end }}"
)

# A value that is not an address cannot be a link.
_RUNBOOK: Final = (
    r'{{ if match "^https?://[^\\s]{1,1000}$" .CommonAnnotations.runbook_url }}'
    "{{ .CommonAnnotations.runbook_url }}{{ end }}"
)

# Alertmanager (since 0.28) reads a rendered detail as YAML, and renders the texts of a mapping or a list as templates
# again: a label that holds `{{ $x }}` would break the whole page. Because the first line is plain, no text is a mapping
# or a list. Besides, the template parts braces that stand together. It does so twice, because three braces leave two.
_HARMLESS: Final = ' | reReplaceAll "[{][{]" "{ {" | reReplaceAll "[{][{]" "{ {"'


_DESCRIPTIONS: Final = (
    f"What is wrong\n{{{{ range .Alerts.Firing }}}}{{{{ .Annotations.description{_HARMLESS} }}}}\n{{{{ end }}}}"
)


def _listed(alerts: str) -> str:
    """Return a template that lists these alerts, one in each line; Alertmanager would render its own list twice."""
    pairs = f"{{{{ range .Labels.SortedPairs }}}}{{{{ .Name }}}}={{{{ .Value{_HARMLESS} }}}} {{{{ end }}}}"
    return f"Labels of each alert\n{{{{ range {alerts} }}}}{pairs}\n{{{{ end }}}}"


def _pagerduty(model: Model, severity: str) -> dict[str, Any]:
    where = "".join(
        f"{{{{ with .CommonLabels.{label} }}}} ({label} {{{{ . }}}}){{{{ end }}}}" for label in model.dimensions
    )
    return {
        "routing_key_file": model.routing.pagerduty_key_file,
        "send_resolved": True,
        "severity": _PAGERDUTY_SEVERITIES.get(severity, severity),
        "description": _TITLE + where,
        "component": "{{ .CommonLabels.component }}",
        "group": "{{ .CommonLabels.system }}",
        "class": "{{ .CommonLabels.alertname }}",
        "client": "Alertmanager",
        "client_url": "{{ .ExternalURL }}",
        "details": {
            "description": _DESCRIPTIONS,
            "firing": _listed(".Alerts.Firing"),
            "resolved": _listed(".Alerts.Resolved"),
            "runbook": _RUNBOOK.replace("{{ end }}", "{{ else }}no address is known{{ end }}"),
        },
        "links": [{"href": _RUNBOOK, "text": "Runbook section"}],
    }
