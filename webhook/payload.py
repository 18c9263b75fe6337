"""Parses Alertmanager's webhook payload, version 4, from bytes to types. Pure; `api` calls it.

Grafana posts the alerts that it manages itself in the same form, as version 1; its additional links and values become
annotations. Unknown keys are ignored. A PayloadError names several missing keys and wrong types at once, each with its
place (JSON path).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from typing import Any, Literal, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from webhook.timestamps import Moment, parse_rfc3339

VALUES = "values"
"""The annotation that holds the values that Grafana posts."""
OF_GRAFANA = {
    "dashboardURL": "dashboard_url",
    "panelURL": "panel_url",
    "silenceURL": "silence_url",
    "imageURL": "image_url",
}
"""By Grafana's key: the annotation that its value becomes, unless the alert has an annotation of this name already."""
_MOST_VALUES = 10
_LONGEST_NAME = 40
_LONGEST_EXTRA = 2_000
"""Characters of an address or of values; a longer address is left out, because a cut address leads nowhere."""

MOST_PROBLEMS = 20
MOST_TRUNCATED = 2**31 - 1
MOST_OBJECTS = 250_000
"""Objects in a body that is decoded at once. An alert is three. An empty one takes thirty times its text in memory."""

# Characters that no store can hold: NUL (PostgreSQL) and lone surrogates (UTF-8). The raw bytes are searched first,
# because both can only arrive as escapes and the body of a storm is large.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_VALIDATOR = Draft202012Validator(
    json.loads(resources.files("webhook.schema").joinpath("alertmanager.schema.json").read_bytes())
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a payload, with its place."""

    path: str
    message: str


class PayloadError(Exception):
    """The body is not a version-4 payload; `problems` has up to `MOST_PROBLEMS` mistakes with their places."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class PostedAlert:
    """One alert of a payload."""

    fingerprint: str
    status: Literal["firing", "resolved"]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: Moment
    ends_at: float
    """Epoch seconds; far below zero (Go's zero time) while the alert fires."""
    generator_url: str


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One alert batch: alerts of one group, as Alertmanager posts them."""

    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    external_url: str
    alerts: tuple[PostedAlert, ...]
    truncated: int
    """How many alerts of the group are not in `alerts`: Alertmanager left them out, or the payload was too large."""


def fits_at_once(body: bytes) -> bool:
    """Return whether `body` can be decoded at once in bounded memory; `payload_stream` decodes a larger one.

    Braces and brackets within texts count too, so the result must never decide whether a delivery is refused.
    """
    return body.count(b"{") <= MOST_OBJECTS and body.count(b"[") <= MOST_OBJECTS


def parse_payload(body: bytes) -> Payload:
    """Return the payload in `body`; raises PayloadError."""
    try:
        return _parsed(body)
    except RecursionError:  # from decoding, checking or cleaning
        raise PayloadError(Problem(path="$", message="is nested too deeply")) from None


def _parsed(body: bytes) -> Payload:
    return payload_of(_decoded(body))


def payload_of(data: Any, *, left_out: int = 0) -> Payload:  # noqa: ANN401  JSON
    """Return the payload of a decoded body from which `left_out` alerts were dropped; raises PayloadError."""
    errors = sorted(islice(_VALIDATOR.iter_errors(data), MOST_PROBLEMS), key=lambda error: list(map(str, error.path)))
    if errors:
        # The validator reports `required` once for each missing key; `_message` names all of them each time.
        raise PayloadError(*dict.fromkeys(Problem(path=error.json_path, message=_message(error)) for error in errors))
    alerts = tuple(_alert(entry, index) for index, entry in enumerate(data["alerts"]))
    return Payload(
        group_key=data["groupKey"],
        group_labels=data["groupLabels"],
        receiver=data["receiver"],
        external_url=data["externalURL"],
        alerts=alerts,
        truncated=min(int(data.get("truncatedAlerts", 0)) + left_out, MOST_TRUNCATED),
    )


def _decoded(body: bytes) -> Any:  # noqa: ANN401  JSON
    try:
        # Decode first: from bytes, `json` accepts lone surrogates, and UTF-16, which RFC 8259 forbids.
        data = json.loads(body.decode())
        return storable(data) if _SUSPECT.search(body) else data
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise PayloadError(Problem(path="$", message=message)) from None
    except ValueError as error:  # not UTF-8, or an integer of thousands of digits
        raise PayloadError(Problem(path="$", message=f"is not JSON: {str(error)[:200]}")) from None


def storable(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return `value` with U+FFFD for every character that no store can hold."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def _message(error: ValidationError) -> str:
    """Return the mistake without the value: a payload can be large and must not be echoed."""
    kind, rule = _kind(error.instance), cast("Any", error.validator_value)
    if error.validator == "type":
        return f"must be {_with_article(rule)}, not {kind}"
    if error.validator == "required":
        missing = sorted(set(rule) - set(cast("Any", error.instance)))
        return f"lacks {', '.join(f'`{key}`' for key in missing)}"
    if error.validator == "enum" and list(error.path) == ["version"]:
        return f'must be "4" (as Alertmanager posts it) or "1" (as Grafana does), not {_shown(error)}'
    if error.validator == "enum":
        return f"must be one of {', '.join(rule)}, not {_shown(error)}"
    return error.message[:200]


def _shown(error: ValidationError) -> str:
    return json.dumps(error.instance)[:60] if isinstance(error.instance, str | int | float) else _kind(error.instance)


def _kind(value: object) -> str:
    kinds: Iterator[tuple[type, str]] = iter(
        ((bool, "a boolean"), (str, "a string"), (int, "a number"), (float, "a number"), (list, "an array"))
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "an object" if value is not None else "null")


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _alert(entry: Mapping[str, Any], index: int) -> PostedAlert:
    return PostedAlert(
        fingerprint=entry["fingerprint"],
        status=entry["status"],
        labels=entry["labels"],
        annotations=_annotations(entry),
        starts_at=_moment(entry, index, "startsAt"),
        ends_at=_moment(entry, index, "endsAt").seconds,
        generator_url=entry["generatorURL"],
    )


def _annotations(entry: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the annotations with Grafana's links and values; those of a wrong type are left out."""
    annotations: Mapping[str, str] = entry["annotations"]
    texts = {name: entry.get(key) for key, name in OF_GRAFANA.items()}
    links = {name: text for name, text in texts.items() if isinstance(text, str) and 0 < len(text) <= _LONGEST_EXTRA}
    values = _values(entry)
    return {**links, **({VALUES: values} if values else {}), **annotations} if links or values else annotations


def _values(entry: Mapping[str, Any]) -> str:
    """Return `B = 22, C = 1`, or the text that Grafana before 9.4 posts instead."""
    values = entry.get("values")
    if not isinstance(values, Mapping):
        text = entry.get("valueString")
        return text[:_LONGEST_EXTRA] if isinstance(text, str) else ""
    numbers = ((name, _number(value)) for name, value in values.items())
    shown = (f"{name[:_LONGEST_NAME]} = {value}" for name, value in numbers if value)
    return ", ".join(islice(shown, _MOST_VALUES))


def _number(value: object) -> str:
    """Return a number with at most six significant digits, or an empty text if the value is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return f"{value:.6g}"
    except OverflowError:
        return ""


def _moment(entry: Mapping[str, Any], index: int, key: str) -> Moment:
    try:
        return parse_rfc3339(entry[key])
    except ValueError:
        message = "is not an RFC 3339 time such as 2026-01-31T03:12:00.123456789Z"
        raise PayloadError(Problem(path=f"$.alerts[{index}].{key}", message=message)) from None
