"""Alertmanager's webhook payload, version 4: bytes → types. Pure; called by `api`, read by `ingest`.

Unknown keys are ignored; what is missing or of the wrong type is named with its place (JSON path) in a PayloadError,
several at once.
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

MOST_PROBLEMS = 20
MOST_TRUNCATED = 2**31 - 1
MOST_OBJECTS = 250_000
"""An alert is three; an empty object takes thirty times the memory of its text."""

# Text that no store holds: NUL (PostgreSQL) and lone surrogates (UTF-8). Looked for in the raw bytes first, because
# both can only arrive as escapes and a storm's body is large.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_VALIDATOR = Draft202012Validator(
    json.loads(resources.files("webhook.schema").joinpath("alertmanager-v4.schema.json").read_bytes())
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a payload."""

    path: str
    message: str


class PayloadError(Exception):
    """The body is not a version-4 payload; `problems` says what is wrong and where, at most `MOST_PROBLEMS`."""

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
    """Epoch seconds; far below zero while the alert fires (Go's zero time)."""
    generator_url: str


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One notification of Alertmanager's: the alerts of one group."""

    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    external_url: str
    alerts: tuple[PostedAlert, ...]
    truncated: int
    """How many alerts of the group are not in `alerts`: Alertmanager left them out, or the payload was too large."""


def parse_payload(body: bytes) -> Payload:
    """Return the payload in `body`; raises PayloadError."""
    try:
        return _parsed(body)
    except RecursionError:  # from whichever of the steps comes to the bottom first
        raise PayloadError(Problem(path="$", message="is nested too deeply")) from None


def _parsed(body: bytes) -> Payload:
    return payload_of(_decoded(body))


def payload_of(data: Any, *, left_out: int = 0) -> Payload:  # noqa: ANN401  JSON
    """Return the payload that the decoded body is, of which `left_out` alerts were not kept; raises PayloadError."""
    errors = sorted(islice(_VALIDATOR.iter_errors(data), MOST_PROBLEMS), key=lambda error: list(map(str, error.path)))
    if errors:
        # `required` is one error for each missing key, but one sentence for all of them.
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
    if body.count(b"{") > MOST_OBJECTS or body.count(b"[") > MOST_OBJECTS:
        raise PayloadError(Problem(path="$", message=f"has more than {MOST_OBJECTS:,} objects or arrays"))
    try:
        # Decoded here: given bytes, `json` lets lone surrogates pass, and takes UTF-16, which RFC 8259 does not.
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
    """Return what is wrong without repeating the value: a payload can be large and is not ours to echo."""
    found, rule = _kind(error.instance), cast("Any", error.validator_value)
    if error.validator == "type":
        return f"must be {_article(rule)}, not {found}"
    if error.validator == "required":
        missing = sorted(set(rule) - set(cast("Any", error.instance)))
        return f"lacks {', '.join(f'`{key}`' for key in missing)}"
    if error.validator == "const":
        return f'must be "{rule}" (the payload version this program reads), not {_shown(error)}'
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


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _alert(entry: Mapping[str, Any], index: int) -> PostedAlert:
    return PostedAlert(
        fingerprint=entry["fingerprint"],
        status=entry["status"],
        labels=entry["labels"],
        annotations=entry["annotations"],
        starts_at=_moment(entry, index, "startsAt"),
        ends_at=_moment(entry, index, "endsAt").seconds,
        generator_url=entry["generatorURL"],
    )


def _moment(entry: Mapping[str, Any], index: int, key: str) -> Moment:
    try:
        return parse_rfc3339(entry[key])
    except ValueError:
        message = "is not an RFC 3339 time such as 2026-01-31T03:12:00.123456789Z"
        raise PayloadError(Problem(path=f"$.alerts[{index}].{key}", message=message)) from None
