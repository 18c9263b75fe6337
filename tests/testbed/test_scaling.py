import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.durations import ScalingError, scale_duration, scale_expr
from testbed.scaling import Endpoints, scale_alertmanager, scale_generated, scale_rules

ENDPOINTS = Endpoints(
    webhook="http://127.0.0.1:1/v1/alertmanager", pagerduty="http://127.0.0.1:2/v2/enqueue", smarthost="127.0.0.1:3"
)
SECRETS = {"credentials_file": "token", "routing_key_file": "key"}


@pytest.mark.parametrize(
    ("text", "scaled"),
    [
        ("5m", "5s"),
        ("1m", "1s"),
        ("30s", "1s"),
        ("12h", "12m"),
        ("1h30m", "1m30s"),
        ("1d", "24m"),
        ("90s", "1s500ms"),
        ("100s", "1s667ms"),
        ("0s", "0s"),
        ("1w", "2h48m"),
    ],
)
def test_a_duration_is_divided_exactly_and_kept_above_the_floor(text: str, scaled: str) -> None:
    """A sixtieth, rounded up to a millisecond, at least a second; none at all stays none."""
    assert scale_duration(text, 60, 1) == scaled


@given(st.integers(min_value=1, max_value=10_000))
def test_a_duration_scaled_by_one_is_the_same_length(seconds: int) -> None:
    """Writing a duration loses nothing."""
    scaled = scale_duration(f"{seconds}s", 1, 0)
    assert scale_duration(scaled, 1, 0) == scaled
    assert scale_duration(f"{seconds * 60}s", 60, 0) == scaled


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "1.5h", "5M"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A typing error is not passed on."""
    with pytest.raises(ScalingError):
        scale_duration(text, 60, 1)


@pytest.mark.parametrize(
    ("expr", "scaled"),
    [
        ("rate(http_requests_total[5m])", "rate(http_requests_total[5s])"),
        ("rate(a[1m])", "rate(a[4s])"),
        ("max_over_time(rate(a[10m])[1h:1m])", "max_over_time(rate(a[10s])[1m:1s])"),
        ("max_over_time(a[1h:])", "max_over_time(a[1m:])"),
        ("rate(a[ 5m ] offset 1h) > 3600", "rate(a[ 5s ] offset 1m) > 3600"),
        ("a offset -1h", "a offset -1m"),
        ("service:errors:ratio_rate5m > 0.05", "service:errors:ratio_rate5m > 0.05"),
        ('a{path="[5m]",x="\\"[5m]"} + rate(b[5m])', 'a{path="[5m]",x="\\"[5m]"} + rate(b[5s])'),
        ("a{path='[5m]'} + b{p=`[5m]`}", "a{path='[5m]'} + b{p=`[5m]`}"),
        ("a # not [5m], it's a comment\n+ rate(b[5m])", "a # not [5m], it's a comment\n+ rate(b[5s])"),
        ("myoffset5m", "myoffset5m"),
    ],
)
def test_windows_steps_and_offsets_are_scaled_and_strings_names_and_limits_are_not(expr: str, scaled: str) -> None:
    """Only durations that PromQL reads as such change; a window holds at least four scrapes."""
    assert scale_expr(expr, 60) == scaled


def test_texts_of_a_rule_stay_as_they_are() -> None:
    """A label or annotation may be called anything and hold anything."""
    rule = {
        "alert": "A",
        "expr": "rate(a[5m]) > 1",
        "for": "10m",
        "keep_firing_for": "5m",
        "labels": {"for": "10m", "interval": "5m"},
        "annotations": {"description": "Over [5m] for 10m.", "expr": "rate(a[5m])"},
    }
    [group] = scale_rules({"groups": [{"name": "5m", "interval": "2m", "rules": [rule]}]}, 60)["groups"]
    assert (group["name"], group["interval"]) == ("5m", "2s")
    assert group["rules"] == [rule | {"expr": "rate(a[5s]) > 1", "for": "10s", "keep_firing_for": "5s"}]


def _receiver(**integration: object) -> dict[str, Any]:
    return {"route": {"receiver": "r"}, "receivers": [{"name": "r", **integration}]}


def test_a_routes_timing_is_scaled_at_every_depth() -> None:
    """A child route's timing counts as much as the root's."""
    inner = {"receiver": "r", "group_wait": "10s", "repeat_interval": "4h"}
    config = {"route": {"receiver": "r", "group_interval": "5m", "routes": [{"receiver": "r", "routes": [inner]}]}}
    route = scale_alertmanager(config, 60, ENDPOINTS)["route"]
    assert route["group_interval"] == "5s"
    assert route["routes"][0]["routes"][0] == {"receiver": "r", "group_wait": "1s", "repeat_interval": "4m"}


def test_receivers_lead_to_the_stand_ins() -> None:
    """Whatever a receiver named before, it now speaks to loopback."""
    config = _receiver(
        webhook_configs=[{"url": "https://tocsin.example.com/v1/alertmanager"}, {"url_file": "/etc/url"}],
        pagerduty_configs=[{"routing_key_file": "/etc/key", "client_url": "https://example.com"}],
        email_configs=[{"to": "a@example.com", "smarthost": "mail.example.com:25", "require_tls": True}],
    )
    [scaled] = scale_alertmanager(config, 60, ENDPOINTS)["receivers"]
    assert scaled["webhook_configs"] == [{"url": ENDPOINTS.webhook}, {"url": ENDPOINTS.webhook}]
    assert scaled["pagerduty_configs"][0]["url"] == ENDPOINTS.pagerduty
    assert scaled["email_configs"] == [{"to": "a@example.com", "smarthost": "127.0.0.1:3", "require_tls": False}]


def test_a_receiver_that_speaks_to_another_machine_is_refused() -> None:
    """The copy never leaves loopback, not even by mistake."""
    with pytest.raises(ScalingError, match="`api_url` leads to another machine"):
        scale_alertmanager(_receiver(slack_configs=[{"api_url": "https://hooks.example.com"}]), 60, ENDPOINTS)


def test_the_copy_holds_every_secret_in_a_file_of_its_own(generated: Path, tmp_path: Path) -> None:
    """The copy reads no `…_file` of the original."""
    scaled = scale_generated(generated, tmp_path, endpoints=ENDPOINTS, secrets=SECRETS)
    [page] = [
        receiver for receiver in json.loads(scaled.alertmanager.read_text())["receivers"] if receiver["name"] == "page"
    ]
    token = page["webhook_configs"][0]["http_config"]["authorization"]["credentials_file"]
    key = page["pagerduty_configs"][0]["routing_key_file"]
    assert [Path(path).read_text() for path in (token, key)] == ["token", "key"]
    assert {Path(path).parent for path in (token, key)} == {tmp_path / "secrets"}


def test_a_secret_that_nobody_gave_is_an_error(generated: Path, tmp_path: Path) -> None:
    """A server would fail on it much later, and say less."""
    with pytest.raises(ScalingError, match="no secret is given for `routing_key_file`"):
        scale_generated(generated, tmp_path, endpoints=ENDPOINTS, secrets={"credentials_file": "token"})


def test_a_system_without_rules_is_an_error(generated: Path, tmp_path: Path) -> None:
    """A misspelt system would leave a pipeline in which nothing ever fires."""
    with pytest.raises(ScalingError, match="no rule file"):
        scale_generated(generated, tmp_path, endpoints=ENDPOINTS, secrets=SECRETS, systems={"misspelt"})
