"""Metrics and limits as examples for the built-in signals: what people see who ask how a signal is bound.

For `compiler.listing` and the hints of `compiler.schema`. What stands here must compile, which
tests/compiler/test_listing.py sees to. Metrics are those of widely used exporters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

METRICS: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "cpu": (
        {"idle": 'node_cpu_seconds_total{mode="idle"}'},
        {"counter": "container_cpu_usage_seconds_total", "capacity": "machine_cpu_cores"},
        {"counter": "process_cpu_seconds_total"},
    ),
    "network": ({"counter": "node_network_transmit_bytes_total", "capacity": "node_network_speed_bytes"},),
    "memory": (
        {"available": "node_memory_MemAvailable_bytes", "max": "node_memory_MemTotal_bytes"},
        {"used": "container_memory_working_set_bytes", "max": "container_spec_memory_limit_bytes"},
    ),
    "disk": (
        {"available": "node_filesystem_avail_bytes", "max": "node_filesystem_size_bytes"},
        {"used": "kubelet_volume_stats_used_bytes", "max": "kubelet_volume_stats_capacity_bytes"},
    ),
    "connection_pool": (
        {"used": "db_pool_connections_in_use", "max": "db_pool_connections_max"},
        {"available": "db_pool_connections_idle", "max": "db_pool_connections_max"},
    ),
    "queue_depth": ({"gauge": "rabbitmq_queue_messages_ready"},),
    "replication_lag": (
        {"gauge": "pg_replication_lag_seconds"},
        {"since": "replica_last_applied_timestamp_seconds"},
    ),
    "certificate_expiry": (
        {"until": "probe_ssl_earliest_cert_expiry"},
        {"gauge": "certificate_remaining_seconds"},
    ),
    "last_success_age": (
        {"since": "backup_last_success_timestamp_seconds"},
        {"gauge": "backup_age_seconds"},
    ),
    "restarts": ({"counter": "kube_pod_container_status_restarts_total"},),
    "request_rate": ({"counter": "http_requests_total"},),
    "silence": ({"counter": "orders_received_total"},),
}
"""By signal, the ways to bind it, the usual one first; a signal that is not here has the examples of its kind."""

LIMITS: Final[Mapping[str, tuple[str, str]]] = {"last_success_age": ("> 26h", "> 50h")}
"""A warning and a critical limit of signals whose limits are of another size than those of their kind."""


def metric(signal: str, name: str) -> str | None:
    """Return an example of the metric that a built-in signal takes as the input `name`, None where it has none."""
    return next((form[name] for form in METRICS.get(signal, ()) if name in form), None)


def forms(signal: str) -> tuple[Collection[str], ...]:
    """Return the names of the inputs of a built-in signal by form, the usual form first; none where its kind says."""
    return tuple(METRICS.get(signal, ()))
