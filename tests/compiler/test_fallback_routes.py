"""Tests of what reaches the catalogue: fallback routes, words for severities, and Alertmanager's login."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.alertmanager_matchers import MatcherError, read
from compiler.compilation import compile_spec
from compiler.diagnostics import render
from tests.compiler.base import SPEC, codes, compiled, edit
from webhook.catalog.file import load
from webhook.catalog.model import Catalog

FALLBACK = "fallback: {team: sales, escalation: standard}"
pytestmark = pytest.mark.usefixtures("base")


def routes(*given: str) -> None:
    """Write these routes into the specification, one list item in each line."""
    lines = "".join(f"\n      - {route}" for route in given)
    edit(SPEC, FALLBACK, f"fallback:\n    team: sales\n    escalation: standard\n    routes:{lines}")


def artifacts() -> dict[str, bytes]:
    """Return the content of the artifacts, by path."""
    return {artifact.path: artifact.content for artifact in compiled().artifacts}


def loaded(tmp_path: Path) -> Catalog:
    """Return the catalogue as the webhook reads it."""
    for name, content in artifacts().items():
        if name.startswith("catalog"):
            (tmp_path / name).write_bytes(content)
    return load(tmp_path / "catalog.json")


def test_routes_reach_the_catalogue_as_matchers() -> None:
    """The order stays, and every notation works. What a route leaves out is the fallback's."""
    routes(
        """{matchers: 'namespace=~"shop-.*", env!=test', team: books, severity: critical}""",
        """{matchers: ['{job="till"}', 'zone!~"a|b"'], team: sales, escalation: standard}""",
        "{matchers: {namespace: ledger, shard: 7}, team: books}",
    )
    data: dict[str, Any] = json.loads(artifacts()["catalog.json"])
    assert data["fallback"]["routes"] == [
        {
            "matchers": [
                {"label": "namespace", "operator": "=~", "value": "shop-.*"},
                {"label": "env", "operator": "!=", "value": "test"},
            ],
            "team": "books",
            "policy": "standard",
            "severity": "critical",
        },
        {
            "matchers": [
                {"label": "job", "operator": "=", "value": "till"},
                {"label": "zone", "operator": "!~", "value": "a|b"},
            ],
            "team": "sales",
            "policy": "standard",
        },
        {
            "matchers": [
                {"label": "namespace", "operator": "=", "value": "ledger"},
                {"label": "shard", "operator": "=", "value": "7"},
            ],
            "team": "books",
            "policy": "standard",
        },
    ]


def test_the_webhook_goes_by_the_routes(tmp_path: Path) -> None:
    """The webhook reads what the compiler writes."""
    routes("""{matchers: 'namespace=~"(?i)shop-\\\\d+"', team: books}""")
    catalog = loaded(tmp_path)
    assert catalog.match({"alertname": "X", "namespace": "SHOP-12"}).team == "books"
    assert catalog.match({"alertname": "X", "namespace": "shop-x"}).team == "sales"
    assert catalog.match({"alertname": "X", "team": "books"}).team == "books"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('job="x" env="y"', "job", "is no matcher"),
        ('job="x", env=="y"', "env", "is no matcher"),
        ('a="b\\d"', "\\d", "is no escape"),
        ("a-b=c", "a-b", "is no label's name"),
        ('ok="1", job=~"a\\\\b"', "job", "the webhook does not match"),
    ],
)
def test_a_matcher_that_cannot_be_read_is_told_with_its_place(text: str, place: str, message: str) -> None:
    """The error shows the wrong part, not the whole list."""
    with pytest.raises(MatcherError, match=message) as error:
        read(text)
    assert text[error.value.start :].startswith(place)
    assert error.value.length > 0


def test_a_finding_on_a_matcher_shows_it_and_a_way_out() -> None:
    """The finding has file, line, column, caret and hint."""
    routes("""{matchers: [namespace="a", "job='x'"], team: books}""")
    diagnostics = compile_spec(Path(SPEC)).diagnostics
    (finding,) = diagnostics
    shown = render(finding, diagnostics)
    assert shown.startswith("thresholds.yaml:34:37: error[matcher]: `job='x'` is no matcher")
    assert 'hint: put the value into double quotes: `namespace="payments"`' in shown


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("{matchers: {a: x}, team: sales}", "{matchers: {a: y}, team: sales}"), []),
        (("{matchers: {a: x, b: y}, team: sales}", "{matchers: {a: x}, team: sales}"), []),
        (("{matchers: {a: x}, team: sales}", "{matchers: {b: y, a: x}, team: books}"), ["route-never-taken"]),
        (("""{matchers: 'a="x",a!="y"', team: sales}""",), []),
        (("{matchers: {alertname: SomebodyElses}, team: sales}",), []),
    ],
)
def test_a_route_that_takes_no_alert_is_told(given: tuple[str, ...], expected: list[str]) -> None:
    """A narrower route may stand before a wider one."""
    routes(*given)
    assert codes() == expected


def test_words_of_labels_reach_the_catalogue(tmp_path: Path) -> None:
    """The house's own words take precedence over the built-in ones. An alert of `none` concerns nobody."""
    edit(
        SPEC, "signals:\n", "severities: {P1: emergency, wake-up: critical, Heart Beat: none, 3: warning}\n\nsignals:\n"
    )
    catalog = loaded(tmp_path)
    labels = ["P1", "prio 1", "wake up", "page", "fatal", "error", "err", "ticket", "P5", "debug", "3", "warn", "crit"]
    severities = {label: catalog.read({"severity": label}) for label in labels}
    assert [severity.unknown for severity in severities.values() if severity.unknown] == []
    assert [severity.severity for severity in severities.values()] == [
        *("emergency", "emergency", "critical", "critical", "critical", "critical", "critical"),
        *("warning", "info", "info", "warning", "warning", "critical"),
    ]
    assert [catalog.read({"severity": label}).is_none for label in ("none", "heart-beat")] == [True, True]
    assert catalog.read({"severity": "4"}).unknown == "4"


def test_a_word_for_none_is_no_severity_in_a_runbook() -> None:
    """No limit has this severity, so statements are read as before."""
    edit(SPEC, "signals:\n", "severities: {quiet: none}\n\nsignals:\n")
    assert codes() == []


def test_alertmanager_logs_in_as_the_file_says() -> None:
    """The login has a name and a file, in every receiver of the webhook."""
    edit(
        SPEC,
        "token_file: /etc/alertmanager/token",
        "basic_auth: {username: alertmanager, password_file: /etc/alertmanager/password}",
    )
    contents = artifacts()
    config = yaml.safe_load(contents["alertmanager/alertmanager.yml"])
    http = [config["http_config"] for receiver in config["receivers"] for config in receiver.get("webhook_configs", ())]
    login = {"username": "alertmanager", "password_file": "/etc/alertmanager/password"}
    assert all(options == {"follow_redirects": False, "basic_auth": login} for options in http)
    assert len(http) > 1
