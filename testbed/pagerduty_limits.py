"""Check events against the documented limits of PagerDuty's Events API v2. `pagerduty.py` calls this module.

Fields: https://developer.pagerduty.com/docs/send-alert-event. Size of the whole event: the overview beside that page.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_BODY_BYTES = 512 * 1024
ROUTING_KEY_CHARACTERS = 32
MAX_DEDUP_KEY = 255
MAX_SUMMARY = 1_024
ACTIONS = ("trigger", "acknowledge", "resolve")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z", flags=re.ASCII)
SEVERITIES = ("critical", "error", "warning", "info")


def parse(raw: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the event and PagerDuty's errors about it."""
    if len(raw) > MAX_BODY_BYTES:
        return {}, [f"Event payload is larger than {MAX_BODY_BYTES // 1024} KB"]
    try:
        body = json.loads(raw)
    except ValueError:
        return {}, ["Event is not valid JSON"]
    if not isinstance(body, dict):
        return {}, ["Event is not an object"]
    return body, list(_errors(body))


def _errors(body: dict[str, Any]) -> Iterator[str]:
    if len(str(body.get("routing_key") or "")) != ROUTING_KEY_CHARACTERS:
        yield f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARACTERS} characters)"
    action, key = body.get("event_action"), body.get("dedup_key")
    if action not in ACTIONS:
        yield f"'event_action' is invalid (must be one of the following: {', '.join(ACTIONS)})"
    if key is not None and not isinstance(key, str):
        yield "'dedup_key' must be a string"
    elif len(key or "") > MAX_DEDUP_KEY:
        yield f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)"
    if action in {"acknowledge", "resolve"} and not key:
        yield "'dedup_key' is missing or blank"
    if action == "trigger":
        yield from _payload_errors(body.get("payload"))
    for name, required in (("links", "href"), ("images", "src")):
        yield from _list_errors(name, required, body.get(name))


def _payload_errors(payload: object) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    for name in ("summary", "source", "severity"):
        if not isinstance(payload.get(name), str) or not payload[name].strip():
            yield f"'payload.{name}' is missing or blank"
    if len(str(payload.get("summary") or "")) > MAX_SUMMARY:
        yield f"'payload.summary' is too long (maximum is {MAX_SUMMARY} characters)"
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of the following: {', '.join(SEVERITIES)})"
    for name in ("component", "group", "class", "timestamp"):
        if not isinstance(payload.get(name, ""), str):
            yield f"'payload.{name}' must be a string"
    if "timestamp" in payload and not _TIMESTAMP.match(str(payload["timestamp"])):
        yield "'payload.timestamp' is not in ISO 8601"
    if not isinstance(payload.get("custom_details", {}), dict):
        yield "'payload.custom_details' must be an object"
    misplaced = sorted(payload.keys() & {"links", "images", "client", "client_url"})
    # PagerDuty silently ignores these fields here; a test should not.
    yield from (f"'payload.{name}' belongs to the top level" for name in misplaced)


def _list_errors(name: str, required: str, items: object) -> Iterator[str]:
    if items is None:
        return
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get(required) for item in items):
        yield f"'{name}' must be a list of objects with '{required}'"
    elif not all(str(item[required]).startswith(("http://", "https://")) for item in items):
        yield f"'{name}' must have web addresses as '{required}'"
