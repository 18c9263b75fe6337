"""The webhook's own metrics, in a registry of their own; Prometheus reads them through `api`.

Queue, failures, incidents and Watchdogs are read from the store at each scrape, so they survive a restart and include
other processes. Everything that only this process sees is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from webhook.catalog.file import CatalogFile
from webhook.catalog.model import Catalog
from webhook.channels import CHANNELS
from webhook.incidents.dead_mans_switch import LEFT_OUT, WATCHDOG
from webhook.incidents.heartbeat import Beat, interval_of
from webhook.incidents.notifications import State
from webhook.severity import SEVERITIES, Severity
from webhook.storage import counters, store, timers, watchdogs
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.notifications import outbox_report
from webhook.storage.probe import Probe

# Do not expose a `_created` series beside each counter; nobody queries it.
disable_created_metrics()  # type: ignore[no-untyped-call]

OUTCOMES = ("sent", "temporary_failure", "permanent_failure")


class Metrics:
    """The counters of this process, and all metrics as text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tocsin_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._deliveries = Counter(
            "tocsin_alertmanager_deliveries",
            "Deliveries taken, by what they led to.",
            ["result"],
            registry=self.registry,
        )
        self._unknown = Counter(
            "tocsin_alerts_of_unknown_severity",
            "Firing alerts delivered whose severity is not known, by the severity that it counted as.",
            ["severity"],
            registry=self.registry,
        )
        for severity in SEVERITIES:
            self._unknown.labels(severity)
        self._ignored = Counter(
            "tocsin_alerts_ignored",
            "Firing alerts delivered that nobody is told of, because their severity is none.",
            registry=self.registry,
        )
        self._wrong_tokens = Counter(
            "tocsin_wrong_tokens", "Requests refused because their token is not valid.", registry=self.registry
        )
        self._attempts = Counter(
            "tocsin_send_attempts", "Attempts to send a message.", ["channel", "outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "tocsin_send_seconds", "How long an attempt to send took.", ["channel"], registry=self.registry
        )

    def answered(self, method: str, route: str, status: int) -> None:
        """Count a request; `route` is the pattern, not the path, so that the label has few values."""
        self._requests.labels(method, route, str(status)).inc()

    def wrong_token(self) -> None:
        """Count a request whose token is not valid."""
        self._wrong_tokens.inc()

    def delivered(self, result: str) -> None:
        """Count a delivery by Alertmanager, with its result."""
        self._deliveries.labels(result).inc()

    def unusual(self, unknown: Iterable[Severity], ignored: int) -> None:
        """Count a delivery's alerts of unknown severity, by the severity assumed, and the ignored alerts."""
        for severity in unknown:
            self._unknown.labels(severity).inc()
        self._ignored.inc(ignored)

    def sent(self, channel: str, outcome: str) -> None:
        """Count an attempt to send; `outcome` is one of `OUTCOMES`."""
        self._attempts.labels(channel, outcome).inc()

    @contextmanager
    def sending(self, channel: str) -> Iterator[None]:
        """Measure how long an attempt to send takes."""
        with self._seconds.labels(channel).time():
            yield

    def watch(
        self,
        catalog: CatalogFile,
        database: Database,
        clock: Callable[[], float],
        probe: Probe,
        *,
        ahead: Callable[[], float],
    ) -> None:
        """Add the metrics of catalogue and store; `ahead` returns how far our clock is ahead of the store's."""
        offset = Gauge(
            "tocsin_clock_ahead_seconds",
            "How far this machine's clock is ahead of the store's clock, which the webhook uses.",
            registry=self.registry,
        )
        offset.set_function(ahead)
        self.registry.register(_Catalogue(catalog))
        self.registry.register(_Store(catalog, database, clock, probe))

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)


class _Catalogue(Collector):
    def __init__(self, catalog: CatalogFile) -> None:
        self._catalog = catalog

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "tocsin_catalog_last_load_ok",
            "Whether the catalogue on disk is the one in force.",
            value=0 if self._catalog.error else 1,
        )
        yield GaugeMetricFamily(
            "tocsin_catalog_alerts", "Alert names in the catalogue in force.", value=len(self._catalog.current.alerts)
        )


class _Store(Collector):
    def __init__(self, catalog: CatalogFile, database: Database, clock: Callable[[], float], probe: Probe) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock
        self._probe = probe

    def collect(self) -> Iterator[Metric]:
        try:
            with self._database.read() as connection:
                beats = watchdogs.known(connection)
                families = [
                    *_queue(outbox_report.depths(connection, self._clock()), self._clock()),
                    *_totals(outbox_report.totals(connection)),
                    _incidents(store.open_counts(connection)),
                    *_batched(outbox_report.batched(connection)),
                    _overdue(timers.oldest_due(connection, self._clock()), self._clock()),
                    GaugeMetricFamily(
                        "tocsin_timers_overdue",
                        "Steps of escalations that are due and not yet taken.",
                        value=timers.overdue(connection, self._clock()),
                    ),
                    *_counted(connection),
                    *_heartbeat(store.last_heard(connection, WATCHDOG)),
                    *_watchdogs([beat.heard_at for beat in beats]),
                    *_heartbeats(beats, self._catalog.current, left_out=store.last_heard(connection, LEFT_OUT)),
                ]
        except StoreUnavailable:
            families = []
        up = bool(families) and self._probe.problem() is None
        yield GaugeMetricFamily("tocsin_store_up", "Whether the store could be read and written.", value=int(up))
        yield from families

    def describe(self) -> list[Metric]:
        """Return nothing: registering must not touch the store."""
        return []


def _queue(depths: Mapping[str, outbox_report.Depth], now: float) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("tocsin_outbox_waiting", "Messages that wait to be sent.", labels=["channel"])
    oldest = GaugeMetricFamily("tocsin_outbox_oldest_seconds", "Age of the oldest waiting message.", labels=["channel"])
    for channel in CHANNELS:
        depth = depths.get(channel)
        waiting.add_metric([channel], depth.waiting if depth else 0)
        oldest.add_metric([channel], max(0.0, now - depth.oldest) if depth else 0)
    yield waiting
    yield oldest


def _totals(totals: Mapping[tuple[str, State], int]) -> Iterator[Metric]:
    ended = CounterMetricFamily("tocsin_notifications", "Messages by how they ended.", labels=["channel", "state"])
    failed = CounterMetricFamily("tocsin_notifications_failed", "Messages that failed for good.", labels=["channel"])
    for channel in CHANNELS:
        for state in outbox_report.ENDED:
            ended.add_metric([channel, state], totals.get((channel, state), 0))
        failed.add_metric([channel], totals.get((channel, "failed"), 0))
    yield ended
    yield failed


def _batched(batches: Mapping[str, outbox_report.Batched]) -> Iterator[Metric]:
    # These are gauges: they fall when retention archives messages.
    messages = GaugeMetricFamily(
        "tocsin_storm_messages", "Messages in the store, each on many incidents.", labels=["channel"]
    )
    incidents = GaugeMetricFamily(
        "tocsin_storm_incidents", "Incidents that those messages were about.", labels=["channel"]
    )
    for channel in CHANNELS:
        batched = batches.get(channel)
        messages.add_metric([channel], batched.messages if batched else 0)
        incidents.add_metric([channel], batched.incidents if batched else 0)
    yield messages
    yield incidents


def _counted(connection: Connection) -> Iterator[Metric]:
    for name, description, labels in (
        (
            "steps",
            "Timers that were due, by what they led to; `escalated` means that a level was told.",
            ("result", "severity"),
        ),
        ("escalations", "Levels told because nobody had acknowledged; 1 is the first.", ("level",)),
    ):
        family = CounterMetricFamily(f"tocsin_{name}", description, labels=labels)
        for label_values, count in counters.read(connection, name):
            family.add_metric([label_values.get(label, "") for label in labels], count)
        yield family


def _incidents(counts: Mapping[tuple[str, str], int]) -> Metric:
    gauge = GaugeMetricFamily("tocsin_open_incidents", "Incidents that are not over.", labels=["severity", "status"])
    for severity in SEVERITIES:
        for status, word in (("open", "open"), ("acknowledged", "acknowledged"), ("resolved", "fires_on")):
            gauge.add_metric([severity, word], counts.get((severity, status), 0))
    return gauge


def _overdue(since: float | None, now: float) -> Metric:
    return GaugeMetricFamily(
        "tocsin_timers_overdue_seconds",
        "For how long the oldest overdue step of an escalation has been due.",
        value=0 if since is None else max(0.0, now - since),
    )


def _heartbeat(heard_at: float | None) -> Iterator[Metric]:
    # Absent until the first heartbeat: a zero would mean 1970.
    if heard_at is not None:
        yield GaugeMetricFamily(
            "tocsin_watchdog_last_heard_timestamp_seconds", "When the Watchdog was last heard.", value=heard_at
        )


def _watchdogs(heard_at: Sequence[float]) -> Iterator[Metric]:
    yield GaugeMetricFamily("tocsin_watchdogs_known", "Watchdogs that have been heard, by labels.", value=len(heard_at))
    if heard_at:
        yield GaugeMetricFamily(
            "tocsin_watchdog_longest_silent_timestamp_seconds",
            "When the Watchdog that has been silent for longest was last heard.",
            value=min(heard_at),
        )


def _heartbeats(beats: Sequence[Beat], catalog: Catalog, *, left_out: float | None) -> Iterator[Metric]:
    # The store knows at most `watchdogs.MOST_KNOWN` heartbeats.
    # The label is the beginning of the key, because names must not be shown without a token.
    labels = ["heartbeat"]
    last = GaugeMetricFamily(
        "tocsin_heartbeat_last_heard_timestamp_seconds", "When each heartbeat was last heard.", labels=labels
    )
    interval = GaugeMetricFamily(
        "tocsin_heartbeat_interval_seconds", "In how many seconds each heartbeat is expected again.", labels=labels
    )
    for beat in beats:
        label_values = [beat.key[:12]]
        last.add_metric(label_values, beat.heard_at)
        interval.add_metric(label_values, interval_of(beat, catalog))
    yield last
    yield interval
    if left_out is not None:
        yield GaugeMetricFamily(
            "tocsin_heartbeats_left_out_timestamp_seconds",
            "When a heartbeat last arrived that is not told apart from others, because there are too many.",
            value=left_out,
        )
