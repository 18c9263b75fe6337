"""Example metrics and limits of the built-in signals, for people who ask how to bind a signal.

`compiler.listing` and the hints of `compiler.schema` show them. tests/compiler/test_listing.py checks that every
example compiles. The metrics are those of widely used exporters.
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
"""The ways to bind each signal, the usual one first; a signal without an entry has the examples of its kind."""

LIMITS: Final[Mapping[str, tuple[str, str]]] = {"last_success_age": ("> 26h", "> 50h")}
"""A warning and a critical limit for signals whose limits differ in size from those of their kind."""


def metric(signal: str, name: str) -> str | None:
    """Return an example metric for the input `name` of a built-in signal; None where there is none."""
    return next((form[name] for form in METRICS.get(signal, ()) if name in form), None)


def forms(signal: str) -> tuple[Collection[str], ...]:
    """Return the input names of a built-in signal by form, the usual form first; none if the kind's forms apply."""
    return tuple(METRICS.get(signal, ()))
