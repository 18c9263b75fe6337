"""The inputs that several kinds share; each name that a binding can hold is defined once."""

from __future__ import annotations

from typing import Final

from compiler.signals.contract import Input, Measure

COUNTER: Final = Input(
    name="counter",
    description="A counter of events or of used seconds or bytes.",
    example="actor_restarts_total",
    measure=Measure.LIMITED,
)
CAPACITY: Final = Input(
    name="capacity",
    description=(
        "How much of the counted thing there is a second; without it, 1 (a counter of CPU seconds then gives cores)."
    ),
    example="node_network_speed_bytes",
    type="amount",
    measure=Measure.PART,
)
GAUGE: Final = Input(
    name="gauge",
    description="A value that goes up and down.",
    example="pg_replication_lag_seconds",
    type="gauge",
    measure=Measure.LIMITED,
)
SINCE: Final = Input(
    name="since",
    description="The time, in seconds since the epoch, from which an age is counted.",
    example="price_updated_timestamp_seconds",
    type="instant",
    measure=Measure.INSTANT,
)
UNTIL: Final = Input(
    name="until",
    description="The time, in seconds since the epoch, to which the time left is counted.",
    example="probe_ssl_earliest_cert_expiry",
    type="instant",
    measure=Measure.INSTANT,
)
USED: Final = Input(
    name="used",
    description="How much is in use.",
    example="db_pool_connections_in_use",
    type="gauge",
    measure=Measure.PART,
)
AVAILABLE: Final = Input(
    name="available",
    description="How much is left, where the used part is not exported.",
    example="node_memory_MemAvailable_bytes",
    type="gauge",
    measure=Measure.PART,
)
MAX: Final = Input(
    name="max",
    description="How much there is; a metric or a number.",
    example="db_pool_connections_max",
    type="amount",
    measure=Measure.PART,
)
HISTOGRAM: Final = Input(
    name="histogram",
    description="A histogram's name without `_bucket`, `_count` or `_sum`.",
    example="http_request_duration_seconds",
    type="histogram",
    measure=Measure.LIMITED,
)
