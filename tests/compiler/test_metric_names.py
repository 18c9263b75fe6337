"""Tests of names of metrics from the field: what they say about units and types, and what they leave open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.metric_names import InputType, contradiction, unit_of, whole_of
from compiler.quantities import BYTES, COUNT, METRIC_UNITS, PER_SECOND, RATIO, SECONDS

CLEAR = {
    "http_request_duration_seconds": "s",
    "http_server_duration_milliseconds": "ms",
    "rpc_latency_ms": "ms",
    "rpc_latency_ms_p95": "ms",
    "rpc_latency_p95_ms": "ms",
    "latency_99th_percentile_milliseconds": "ms",
    "kafka_request_TotalTimeMs": "ms",
    "redis_command_call_duration_usec": "us",
    "scheduler_delay_microseconds": "us",
    "etcd_apply_nanoseconds_total": "ns",
    "node_time_offset_nanos": "ns",
    "mysql_slave_status_seconds_behind_master": "s",
    "backup_age_hours": "h",
    "certificate_days_left": "d",
    "queue_oldest_minutes": "m",
    "job:request_latency_milliseconds:p95": "ms",
    "milliseconds_per_request": "ms",
    "go_memstats_alloc_bytes_total": "B",
    "memory_bytes_used": "B",
    "ifInOctets": "B",
    "kafka_BytesInPerSec": "B",
    "jvm_heap_used_kib": "KiB",
    "heapUsedMiB": "MiB",
    "disk_free_gibibytes": "GiB",
    "line_speed_bits": "bit",
    "line_speed_megabits": "Mbit",
    "cache_hit_ratio": "ratio",
    "instance:node_memory_utilisation:ratio": "ratio",
}
OPEN = {
    "host_cpu_load_percent": ("percent", "ratio"),
    "disk_used_percentage_5m": ("percent", "ratio"),
    "swap_used_pct": ("percent", "ratio"),
    "app_heap_used_kilobytes": ("KiB", "kB"),
    "process_memory_kb": ("KiB", "kB"),
    "java_heap_usedMB": ("MiB", "MB"),
    "disk_free_gb": ("GiB", "GB"),
    "uplink_mbps": ("Mbit", "MB", "MiB"),
    "gc_pause_us": ("us",),
    "gc_pause_ns": ("ns",),
}
SILENT = {
    "node_load1": RATIO,
    "node_load15": SECONDS,
    "load_last_5_minutes": SECONDS,
    "http_requests_total": SECONDS,
    "http_request_duration_seconds_count": SECONDS,
    "rpc_latency_ms_bucket": SECONDS,
    "requests_per_second": SECONDS,
    "active_users_us": COUNT,
    "kube_ns": BYTES,
    "ms_sql_query_time": SECONDS,
    "instance:node_cpu_seconds:rate5m": SECONDS,
    "kube_pod_info": SECONDS,
    "up": SECONDS,
    "disk_kb_io_time": SECONDS,
    "percent_idle_count": RATIO,
}


@pytest.mark.parametrize("metric", CLEAR)
def test_a_name_that_means_one_unit_says_it(metric: str) -> None:
    """The name is sure if the limit has the same base unit."""
    reading = unit_of(metric, METRIC_UNITS[CLEAR[metric]].base)
    assert reading is not None
    assert (reading.units, reading.sure) == ((CLEAR[metric],), True)


@pytest.mark.parametrize("metric", OPEN)
def test_a_name_that_may_mean_several_units_leaves_it_open(metric: str) -> None:
    """A guess would be wrong in some houses."""
    reading = unit_of(metric, METRIC_UNITS[OPEN[metric][0]].base)
    assert reading is not None
    assert (reading.units, reading.sure) == (OPEN[metric], False)


@pytest.mark.parametrize("metric", SILENT)
def test_a_word_that_may_be_no_unit_says_nothing(metric: str) -> None:
    """These are regions, namespaces, products, counts, rates, and spans over which something is taken."""
    assert unit_of(metric, SILENT[metric]) is None


@pytest.mark.parametrize(
    ("metric", "against"),
    [
        ("response_size_bytes", {COUNT, RATIO, SECONDS}),
        ("response_time_milliseconds_max", {BYTES, COUNT, PER_SECOND, RATIO}),
        ("sick_days", {BYTES, RATIO}),
        ("room_celsius", {BYTES, RATIO, SECONDS}),
        ("cpu_percent", {BYTES, SECONDS}),
        ("latency_ms", set()),
        ("bytes_per_second", set()),
        ("seconds_behind_master", set()),
    ],
)
def test_only_words_that_are_sure_and_end_a_name_contradict_a_limit(metric: str, against: set[str]) -> None:
    """A count of days is no time, and a rate per second no longer has the unit of what it counts."""
    assert {base for base in (BYTES, COUNT, PER_SECOND, RATIO, SECONDS) if _contradicts(metric, base)} == against


def _contradicts(metric: str, base: str) -> bool:
    reading = unit_of(metric, base)
    return reading is not None and base in reading.against


TYPES: tuple[tuple[str, InputType, str | None], ...] = (
    ("pod_restarts_total", "gauge", "counter"),
    ("pod_restarts_total", "counter", None),
    ("pod_restarts_total", "histogram", "counter"),
    ("pod_restarts_total", "instant", "counter"),
    ("disk_total", "amount", None),
    ("node_memory_MemTotal_bytes", "gauge", None),
    ("http_request_duration_seconds_sum", "gauge", "part"),
    ("http_request_duration_seconds_count", "gauge", "part"),
    ("http_request_duration_seconds_bucket", "gauge", "part"),
    ("http_request_duration_seconds_bucket", "histogram", "part"),
    ("http_request_duration_seconds_bucket", "counter", None),
    ("rpc_latency_count", "gauge", "part"),
    ("kube_deployment_replicas_count", "gauge", None),
    ("s3_objects_in_bucket", "gauge", None),
    ("aws_applicationelb_httpcode_elb_5_xx_count_sum", "gauge", None),
    ("aws_elb_latency_seconds_sum", "gauge", None),
    ("orders_count", "histogram", "part"),
    ("http_requests_in_flight", "counter", "gauge"),
    ("http_requests_in_flight", "gauge", None),
    ("pool_in_use_bytes", "counter", "gauge"),
    ("cpu_utilization", "counter", "gauge"),
    ("disk_used_percent", "counter", "gauge"),
    ("queue_depth", "counter", "gauge"),
    ("http_requests", "counter", None),
    ("node_cpu", "counter", None),
    ("node_network_receive_bytes", "counter", None),
    ("process_start_time_seconds", "gauge", "instant"),
    ("process_start_time_seconds", "instant", None),
    ("node_boot_time_seconds", "gauge", "instant"),
    ("kube_pod_created", "gauge", "instant"),
    ("backup_finished_timestamp_seconds", "gauge", "instant"),
    ("backup_finished_timestamp_ms", "instant", None),
    ("backup_seconds_since_epoch", "instant", None),
    ("backup_epoch_seconds", "gauge", "instant"),
    ("beacon_current_epoch", "gauge", None),
    ("application_started_time_seconds", "gauge", None),
    ("probe_ssl_earliest_cert_expiry", "instant", None),
    ("probe_ssl_earliest_cert_expiry", "gauge", "instant"),
    ("x509_cert_not_after", "gauge", "instant"),
    ("ssl_cert_not_before", "gauge", "instant"),
    ("ssl_cert_not_after", "instant", None),
    ("kube_job_status_completion_time", "gauge", "instant"),
    ("kube_cronjob_status_last_successful_time", "gauge", "instant"),
    ("kube_cronjob_next_schedule_time", "gauge", "instant"),
    ("backup_last_success_time", "gauge", "instant"),
    ("backup_last_success_time_seconds", "gauge", "instant"),
    ("node_textfile_mtime_seconds", "gauge", "instant"),
    ("container_start_time_seconds", "gauge", "instant"),
    ("cert_expiry_days", "gauge", None),
    ("cert_expiry_seconds", "gauge", None),
    ("cert_expires_in_seconds", "gauge", None),
    ("seconds_until_cert_expiry", "gauge", None),
    ("cert_days_to_expiry", "gauge", None),
    ("task_completion_time", "gauge", None),
    ("job_success_time_seconds", "gauge", None),
    ("jvm_gc_last_time", "gauge", None),
    ("replication_timestamp_lag_seconds", "gauge", None),
    ("price_age_seconds", "instant", "span"),
    ("process_uptime_seconds", "instant", "span"),
    ("seconds_since_last_backup", "instant", "span"),
    ("certificate_days_left", "instant", "span"),
    ("backup_age_hours", "instant", "span"),
    ("backup_age_hours", "gauge", None),
    ("kube_pod_info", "gauge", "info"),
    ("kube_pod_info", "counter", "info"),
    ("job:http_requests_total:rate5m", "gauge", None),
    ("total", "gauge", None),
    ("count", "histogram", None),
)


@pytest.mark.parametrize(("metric", "used_as", "expected"), TYPES)
def test_a_name_says_its_type_where_it_can_hardly_mean_another(
    metric: str, used_as: InputType, expected: str | None
) -> None:
    """`_count` and `_sum` alone are names of gauges too, and a maximum may be called a total."""
    finding = contradiction(metric, used_as)
    assert (None if finding is None else finding.type) == expected


def test_the_name_of_a_histogram_is_that_of_its_series_without_their_suffix() -> None:
    """The hint of the finding shows it."""
    assert whole_of("grpc_call_seconds_bucket") == "grpc_call_seconds"
    assert whole_of("grpc_call_seconds") == "grpc_call_seconds"


@given(
    st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,30}", fullmatch=True),
    st.sampled_from((BYTES, COUNT, PER_SECOND, RATIO, SECONDS, None)),
    st.sampled_from(("counter", "gauge", "amount", "histogram", "instant")),
)
def test_every_name_is_read(metric: str, base: str | None, used_as: InputType) -> None:
    """Law: every name that Prometheus accepts is read, and a name with several units is never sure."""
    reading = unit_of(metric, base)
    assert reading is None or not (reading.sure and len(reading.units) > 1)
    contradiction(metric, used_as)
