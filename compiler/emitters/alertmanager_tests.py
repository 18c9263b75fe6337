"""Emit: what the Alertmanager configuration must do: which receiver gets each alert, and which alert suppresses which.

This emitter uses nothing of `compiler.emitters.alertmanager`: its expectations come from the model, so that they reveal
a wrong matcher, receiver or time there. No program of Alertmanager reads such a file; `testbed.routing` checks it with
amtool, a simulator and the servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from compiler import conventions, wording
from compiler.alerts import Alert, AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Model, Routing
from compiler.quantities import duration_text


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the test file.

    `routes` are in order, with what they inherit. `receivers` say what an integration must have; it may have more.
    `alerts` are examples; the `labels` of an entry are common to its alerts, and an empty label is an absent one.
    `inhibition` applies to any two of these alerts: `alike` ones differ only in severity, `apart` ones also in one more
    label, such as any of the `dimensions`, which an alert need not have.
    """
    content = {
        "routes": _routes(model),
        "receivers": _receivers(model),
        "alerts": [*_alerts(groups), *_undefined(model)],
        "inhibition": _inhibition(model),
    }
    yield yaml_artifact(conventions.ROUTING_TESTS_PATH, content, model.renewal)


def _routes(model: Model) -> list[dict[str, Any]]:
    routing = model.routing
    usual = _timing(routing.group_wait, routing.group_interval, routing.repeat_interval)
    # Only the Watchdog's repetition is itself the message; a repeat goes out at a tick of the group interval.
    watchdog = _timing(0, max(1, routing.watchdog_repeat // 5), routing.watchdog_repeat)
    by_labels = {"group_by": list(routing.group_by)}
    order = [conventions.RECEIVER_DEFAULT, conventions.RECEIVER_WATCHDOG]
    order += [conventions.RECEIVER_DIRECT] if _is_direct(model) else []
    order += [conventions.receiver(severity) for severity in reversed(conventions.SEVERITIES)]
    return [
        {"receiver": name}
        | ({"group_by": ["..."]} | watchdog if name == conventions.RECEIVER_WATCHDOG else by_labels | usual)
        for name in order
    ]


def _timing(wait: int, interval: int, repeat: int) -> dict[str, str]:
    times = {"group_wait": wait, "group_interval": interval, "repeat_interval": repeat}
    return {key: duration_text(seconds) for key, seconds in times.items()}


def _is_direct(model: Model) -> bool:
    return any(system.direct for system in model.systems)


def _receivers(model: Model) -> list[dict[str, Any]]:
    routing = model.routing
    receivers: list[dict[str, Any]] = [
        {"name": conventions.RECEIVER_DEFAULT, "webhook_configs": [_webhook(routing)]},
        {"name": conventions.RECEIVER_WATCHDOG, "webhook_configs": [_webhook(routing)]},
    ]
    if _is_direct(model):
        receivers.append({"name": conventions.RECEIVER_DIRECT, "pagerduty_configs": [_pagerduty(routing)]})
    for severity in reversed(conventions.SEVERITIES):
        receiver: dict[str, Any] = {"name": conventions.receiver(severity)}
        receiver["webhook_configs"] = [_webhook(routing)]
        if routing.pagerduty_key_file is not None and severity in routing.pagerduty_severities:
            # PagerDuty knows critical, error, warning and info (Events API v2).
            paged = "critical" if severity == "emergency" else severity
            receiver["pagerduty_configs"] = [_pagerduty(routing) | {"severity": paged}]
        receivers.append(receiver)
    return receivers


def _webhook(routing: Routing) -> dict[str, Any]:
    http: dict[str, Any] = {"follow_redirects": False}
    if routing.webhook_token_file is not None:
        http["authorization"] = {"type": "Bearer", "credentials_file": routing.webhook_token_file}
    if routing.webhook_login is not None:
        http["basic_auth"] = dict(zip(("username", "password_file"), routing.webhook_login, strict=True))
    if routing.webhook_tls:
        http["tls_config"] = dict(routing.webhook_tls)
    return {"url": routing.webhook_url, "send_resolved": True, "http_config": http}


def _pagerduty(routing: Routing) -> dict[str, Any]:
    return {"routing_key_file": routing.pagerduty_key_file, "send_resolved": True}


_COMMON: Final = ("severity", "system", "team")


def _alerts(groups: tuple[AlertGroup, ...]) -> list[dict[str, Any]]:
    """Return the project's alerts, with one entry for all alerts of one system and severity."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for severity in conventions.SEVERITIES:
        for group in groups:
            for alert in (candidate for candidate in group.alerts if candidate.labels["severity"] == severity):
                labels = _labels(alert)
                entry = entries.setdefault((alert.system.id, severity), _entry(alert, labels))
                own_labels = {name: text for name, text in sorted(labels.items()) if name not in _COMMON}
                entry["alerts"].append({"alertname": alert.name} | own_labels)
    return [entry for _, entry in sorted(entries.items(), key=lambda item: item[0][0])]


def _entry(alert: Alert, labels: dict[str, str]) -> dict[str, Any]:
    receiver = conventions.RECEIVER_DIRECT if alert.system.direct else conventions.receiver(labels["severity"])
    return {"receivers": [receiver], "labels": {name: labels[name] for name in _COMMON}, "alerts": []}


def _labels(alert: Alert) -> dict[str, str]:
    """Return the labels of an example component's alert."""
    example = {label: f"{label}-a" for label in alert.watched.bound.binding.per}
    stated = dict(alert.labels)
    for label, value in example.items():
        template = wording.component((label,))
        stated = {name: text.replace(template, value) for name, text in stated.items()}
    return example | stated


_OTHER_SEVERITY: Final = "none"
_OTHER_ALERT: Final = "SomebodyElses"


def _undefined(model: Model) -> Iterator[dict[str, Any]]:
    """Yield Watchdogs, and alerts that nobody defined: none of them is lost, and their severity routes them, too."""
    for labels in ({"severity": _OTHER_SEVERITY}, {"severity": _OTHER_SEVERITY, "watchdog": "tocsin"}):
        yield _expect(conventions.RECEIVER_WATCHDOG, conventions.WATCHDOG, labels)
    for severity in conventions.SEVERITIES:
        yield _expect(conventions.receiver(severity), _OTHER_ALERT, {"severity": severity})
    for severity in (_OTHER_SEVERITY, ""):
        yield _expect(conventions.RECEIVER_DEFAULT, _OTHER_ALERT, {"severity": severity})
    for system in model.systems:
        if system.direct:
            yield _expect(conventions.RECEIVER_DIRECT, _OTHER_ALERT, {"system": system.id})


def _expect(receiver: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"receivers": [receiver], "labels": labels, "alerts": [{"alertname": name}]}


def _inhibition(model: Model) -> dict[str, Any]:
    """Return which alert suppresses which: only a less severe one of the same name, system, component and place."""
    alike = [
        {
            "firing": severity,
            "suppressed": list(conventions.SEVERITIES[:rank])
            if severity in conventions.CRITICAL_AND_MORE_SEVERE
            else [],
        }
        for rank, severity in enumerate(conventions.SEVERITIES)
    ]
    apart = [{"alertname": _OTHER_ALERT}, {"component": "another"}, {"system": "another"}, {"signal": ""}]
    return {
        "alike": [*alike, {"firing": _OTHER_SEVERITY, "suppressed": []}],
        "apart": apart,
        "dimensions": list(model.all_dimensions),
    }
