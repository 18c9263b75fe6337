"""Tests of reading what Alertmanager posts, and of refusing everything else."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT, alert, payload
from webhook.payload import MOST_PROBLEMS, PayloadError, parse_payload


def parsed_error(data: object) -> PayloadError:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(PayloadError) as caught:
        parse_payload(body)
    return caught.value


def test_payload_becomes_types() -> None:
    """Nine decimals and Go's zero time are read too."""
    delivery = parse_payload(json.dumps(payload(alert(), truncatedAlerts=3)).encode())
    assert delivery.truncated == 3
    assert delivery.alerts[0].starts_at.exact == "1795348200.123456789"
    assert delivery.alerts[0].ends_at == -62135596800


def test_unknown_keys_are_ignored() -> None:
    """Newer releases add keys, at both levels."""
    data = payload({**alert(), "new": 1}, notification_reason="x", routeLabels={})
    assert len(parse_payload(json.dumps(data).encode()).alerts) == 1


@pytest.mark.parametrize(
    "key",
    [
        "version",
        "groupKey",
        "status",
        "receiver",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
        "alerts",
    ],
)
def test_missing_key_is_named(key: str) -> None:
    """The message names the key and its place."""
    data = payload(alert())
    del data[key]
    assert str(parsed_error(data)) == f"$: lacks `{key}`"


@pytest.mark.parametrize(
    "key", ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"]
)
def test_missing_key_of_an_alert_is_named(key: str) -> None:
    """The message names the alert's index."""
    data = payload(alert(), alert(instance="b"))
    del data["alerts"][1][key]
    assert str(parsed_error(data)) == f"$.alerts[1]: lacks `{key}`"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": "3"}, '$.version: must be "4" (as Alertmanager posts it) or "1" (as Grafana does), not "3"'),
        ({"version": 4}, '$.version: must be "4" (as Alertmanager posts it) or "1" (as Grafana does), not 4'),
        ({"status": "odd"}, '$.status: must be one of firing, resolved, not "odd"'),
        ({"groupLabels": []}, "$.groupLabels: must be an object, not an array"),
        ({"groupLabels": {"a": 1}}, "$.groupLabels.a: must be a string, not a number"),
        ({"alerts": None}, "$.alerts: must be an array, not null"),
        ({"alerts": [7]}, "$.alerts[0]: must be an object, not a number"),
        ({"truncatedAlerts": True}, "$.truncatedAlerts: must be an integer, not a boolean"),
        (
            {"alerts": [{**alert(), "startsAt": "yesterday"}]},
            "$.alerts[0].startsAt: is not an RFC 3339 time such as 2026-01-31T03:12:00.123456789Z",
        ),
    ],
)
def test_wrong_value_is_named_with_its_place(change: dict[str, Any], expected: str) -> None:
    """The message says exactly what is wrong, with its JSON path."""
    assert str(parsed_error(payload(alert(), **change))) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe\x00",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        json.dumps(payload(alert())).encode("utf-16"),
        b"[" * 100_000,
        b"1" * 10_000,
        b"NaN",
        b"null",
        b"[]",
        b'"text"',
    ],
)
def test_what_is_no_payload_is_refused_without_a_traceback(body: bytes) -> None:
    """The bodies are truncated, binary, endlessly nested, or no object."""
    assert parsed_error(body).problems[0].path == "$"


@pytest.mark.parametrize("text", ["a", "\\ud800"])
def test_whatever_is_too_deep_first_it_is_refused(text: str) -> None:
    """JSON, the replacing of characters and the schema reach the end of the stack at different depths."""
    whole = json.dumps(payload(alert(instance="deep", fingerprint="f")))
    for depth in (*range(100, 800, 50), *range(800, sys.getrecursionlimit(), 2)):
        nested = f'{"[" * depth}"{text}"{"]" * depth}'
        assert parsed_error(whole.replace('"deep"', nested).encode()).problems


def test_all_problems_are_told_at_once_and_not_without_end() -> None:
    """A thousand wrong alerts do not cause a thousand lines."""
    data = payload(alert(), alerts=[{**alert(), "labels": 1}] * 1_000)
    assert len(parsed_error(data).problems) == MOST_PROBLEMS


def test_error_does_not_repeat_a_huge_value() -> None:
    """The answer does not send the value back."""
    assert len(str(parsed_error(payload(alert(), status="x" * 100_000)))) < 300


def test_text_that_no_store_holds_is_replaced() -> None:
    """NUL and lone surrogates arrive as escapes and would break a commit."""
    body = json.dumps(payload(alert(annotations={"summary": "a\x00b\ud800c"}))).encode()
    assert parse_payload(body).alerts[0].annotations == {"summary": "a\ufffdb\ufffdc"}


def test_huge_count_of_truncated_alerts_fits_a_column() -> None:
    """The number is shown, not computed with."""
    assert parse_payload(json.dumps(payload(alert(), truncatedAlerts=10**30)).encode()).truncated == 2**31 - 1


@PATIENT
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_is_taken_or_refused(data: object) -> None:
    """No other exception is raised."""
    whole = payload(alert())
    for key in whole:
        with contextlib.suppress(PayloadError):
            parse_payload(json.dumps({**whole, key: data}).encode())
