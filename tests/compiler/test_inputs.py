"""Tests of metrics that are bound as the opposite of what their names and matchers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.compilation import compile_spec
from compiler.metric_parts import opposite
from compiler.promql import parse_selector
from tests.compiler.base import SPEC, edit

WRONG = [
    ("used", {"used": "node_memory_MemFree_bytes", "max": "node_memory_MemTotal_bytes"}, "bind it by `available:`"),
    ("used", {"used": '{"pool.slots.available"}', "max": "pool_slots"}, "bind it by `available:`"),
    ("available", {"available": "disk_used_bytes", "max": "disk_size_bytes"}, "bind it by `used:`"),
    ("used", {"used": "tank_capacity_litres", "max": "tank_used_litres"}, "exchange `used` and `max`"),
    ("available", {"available": "tank_capacity", "max": "tank_free"}, "exchange `available` and `max`"),
    ("errors", {"errors": "mails_succeeded_total"}, "bind it by `successes:` and all by `attempts:`"),
    ("errors", {"errors": 'calls_total{status_code=~"2..|3.."}'}, "bind it by `successes:`"),
    ("errors", {"errors": 'calls_total{http_code!~"5[0-9]{2}"}'}, "bind it by `successes:`"),
    ("errors", {"errors": 'calls_total{result="success"}'}, "bind it by `successes:`"),
    ("errors", {"errors": 'calls_total{error="false"}'}, "bind it by `successes:`"),
    ("successes", {"successes": "mails_failed_total"}, "bind it by `errors:` and all by `requests:`"),
    ("successes", {"successes": 'calls_total{outcome=~"failed|error"}'}, "bind it by `errors:`"),
    ("successes", {"successes": 'calls_total{code=~"(4|5).."}'}, "bind it by `errors:`"),
    ("hits", {"hits": "page_cache_misses_total"}, "bind it by `misses:`"),
    ("misses", {"misses": "page_cache_hits_total"}, "bind it by `hits:`"),
    ("counter", {"counter": 'node_cpu_seconds_total{mode="idle"}'}, "bind it by `idle:`"),
    ("idle", {"idle": 'node_cpu_seconds_total{mode=~"user|system"}'}, 'select `mode="idle"`'),
    ("total", {"total": "bake_seconds_count", "count": "bake_seconds_sum"}, "exchange `total` and `count`"),
    ("until", {"until": "cert_not_before_timestamp_seconds"}, "bind the time of its end"),
    ("since", {"since": "cert_expiry_timestamp_seconds"}, "bind it by `until:`"),
]
FINE = [
    ("used", {"used": "jvm_memory_used_bytes", "max": "jvm_memory_max_bytes"}),
    ("used", {"used": "free_plan_seats_used", "max": "seats_total"}),
    ("used", {"used": "db_connections_in_use", "max": "db_connections_limit"}),
    ("available", {"available": "node_filesystem_avail_bytes", "max": "node_filesystem_size_bytes"}),
    ("errors", {"errors": 'calls_total{code=~"[45].."}'}),
    ("errors", {"errors": 'calls_total{code!~"2..|3.."}'}),
    ("errors", {"errors": 'calls_total{code!~"4.."}'}),
    ("errors", {"errors": 'calls_total{result!="success"}'}),
    ("errors", {"errors": 'calls_total{path="/ok"}'}),
    ("errors", {"errors": "success_page_errors_total"}),
    ("successes", {"successes": 'calls_total{code!~"5.."}'}),
    ("successes", {"successes": 'calls_total{code=~"2..|3..|4.."}'}),
    ("successes", {"successes": 'calls_total{grpc_code="OK"}'}),
    ("hits", {"hits": "redis_keyspace_hits_total"}),
    ("counter", {"counter": 'node_cpu_seconds_total{mode!="idle"}'}),
    ("counter", {"counter": 'node_cpu_seconds_total{mode!~"idle|iowait"}'}),
    ("idle", {"idle": 'node_cpu_seconds_total{mode="idle"}'}),
    ("total", {"total": "bake_seconds_sum", "count": "bake_seconds_count"}),
    ("until", {"until": "cert_not_after"}),
    ("since", {"since": "backup_done_timestamp_seconds"}),
]


@pytest.mark.parametrize(("name", "inputs", "way_out"), WRONG)
def test_what_is_bound_as_its_opposite_is_told_with_the_way_out(
    name: str, inputs: dict[str, str], way_out: str
) -> None:
    """Such an alert stays silent in trouble, and its generated tests pass."""
    contradiction = opposite(name, {key: parse_selector(text) for key, text in inputs.items()})
    assert contradiction is not None
    assert contradiction.way_out.startswith(way_out)


@pytest.mark.parametrize(("name", "inputs"), FINE)
def test_what_is_bound_as_what_it_says_is_fine(name: str, inputs: dict[str, str]) -> None:
    """The compiler also says nothing if the words do not tell."""
    assert opposite(name, {key: parse_selector(text) for key, text in inputs.items()}) is None


@pytest.mark.usefixtures("base")
def test_a_wrong_name_is_confirmed_by_a_comment() -> None:
    """There is one finding, at the input, and a comment with a reason silences it."""
    edit(SPEC, "used: pool_in_use, max: 100, per: service}", "used: pool_slots_free, max: 100, per: service}")
    findings = [finding for finding in compile_spec(Path(SPEC)).diagnostics if finding.code == "input-contradicts-name"]
    assert [finding.message for finding in findings] == [
        "`pool_slots_free` is what is free by its name (`free`), and is bound as `used`"
    ]
    binding = "used: pool_slots_free, max: 100, per: service}"
    edit(SPEC, binding, f"{binding}  # tocsin: ignore[input-contradicts-name] the exporter has it the wrong way round")
    assert not list(compile_spec(Path(SPEC)).diagnostics)


@pytest.mark.usefixtures("base")
def test_a_matcher_of_the_source_tells_nothing_of_an_input() -> None:
    """It is the same for all inputs."""
    edit(SPEC, 'selector: job="shop"', 'selector: job="shop",status="ok"')
    assert "input-contradicts-name" not in [finding.code for finding in compile_spec(Path(SPEC)).diagnostics]


@pytest.mark.usefixtures("base")
def test_a_state_of_too_little_that_is_free_is_fine() -> None:
    """Its comparison says that a low value is the trouble."""
    edit(SPEC, 'gauge: checkout_open, active: "== 0", of: all', 'used: seats_free, max: seats, active: "< 5%"')
    assert "input-contradicts-name" not in [finding.code for finding in compile_spec(Path(SPEC)).diagnostics]
