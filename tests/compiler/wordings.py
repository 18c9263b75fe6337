"""Sentences of guides and their meaning: which signal pages somebody, beyond which value, and on which side of it.

The values `bad` and `good` are measured by the signal, in base units: the first must fire with the severity, the second
must not. For an absence, the value is the number of seconds since the last event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A piece of a guide and its one limit, as thresholds.yaml writes it, with a value on either side."""

    text: str
    signal: str
    limit: str
    bad: float
    good: float
    severity: str = "critical"


def _of(
    signal: str, bad: float, good: float, *pairs: tuple[str, str], severity: str = "critical"
) -> tuple[Wording, ...]:
    return tuple(
        Wording(text=text, signal=signal, limit=limit, bad=bad, good=good, severity=severity) for limit, text in pairs
    )


def _table(*rows: str) -> str:
    head, *others = rows
    return "\n".join([head, "|".join(["", *("---" for _ in head.strip("|").split("|")), ""]), *others])


COMPLEMENTS: Final = (
    *_of(
        "disk",
        0.95,
        0.5,
        ("> 85%", "Disk: page when less than 15 % is free."),
        ("> 85%", "Page if the free space on a volume falls below 15 %."),
        ("> 88%", "- 🔴 disk: < 12 % left on /data"),
        ("> 90%", "We page as soon as the disk space left on a node sinks to 10 %."),
        ("> 80%", "The volume must keep at least 20 % free, otherwise page."),
        ("> 75%", "Keep disk headroom above 25 %, page otherwise."),
        ("> 92%", "# P1: disk with less than 8 % free space"),
        ("> 85%", _table("| Check | Threshold | Severity |", "| Disk space available | < 15 % | page |")),
        ("> 90%", _table("| Metric | Free (critical) |", "| Disk of the ledger | 10 % |")),
        ("> 85%", "### Free disk space\n\n- Critical: below 15 %"),
        ("> 90%", "```yaml\nalerts:\n  - metric: disk_free_percent\n    threshold: 10%\n    severity: critical\n```"),
        ("> 90%", "Critical: under 10 % of the inodes on any disk remain."),
        ("> 93%", "If only 7 % of the disk is left, page."),
    ),
    *_of(
        "memory",
        0.97,
        0.6,
        ("> 90%", "Page if available memory drops below 10 %."),
        ("> 95%", "When free memory is under 5 percent, that is critical."),
        ("> 88%", "- spare memory < 12 %: critical"),
        ("> 92%", "Free memory must not drop below 8 %; if it does, page."),
        ("> 80%", "The heap needs 20 % headroom; below that it is critical."),
        ("> 85%", _table("| What | Critical |", "| Memory remaining | 15 % |")),
    ),
    *_of(
        "connection_pool",
        0.96,
        0.5,
        ("> 90%", "- Headroom of the connection pool below 10 %: critical"),
        ("> 85%", "If fewer than 15 % of the connections are unused, page."),
        ("> 95%", "Page when fewer than 5 of 100 connections are free."),
        ("> 70%", "At least 30 % of the connections should be idle, otherwise it is critical."),
    ),
    *_of(
        "cpu",
        0.97,
        0.4,
        ("> 92%", "CPU idle below 8 % for 10 minutes: page"),
        ("> 80%", "P1 if less than 20 % of the CPU is idle."),
        ("> 95%", "```yaml\n- alert: Busy\n  expr: avg(rate(cpu_seconds_total{mode='idle'}[5m])) < 0.05\n  labels: {severity: critical}\n```"),
    ),
    *_of("network", 0.95, 0.3, ("> 90%", "Critical when the uplink has less than 10 % of its bandwidth to spare.")),
    *_of("cache_hit_ratio", 0.4, 0.8, ("< 60%", "A cache miss ratio above 40 % is critical.")),
    *_of("availability", 0.98, 0.999, ("< 99.5%", "Downtime above 0.5 % is critical.")),
    *_of("disk_free", 2e9, 9e9, ("< 5000000000B", "Page when there is less than 5 GB of free disk space.")),
    *_of("connections_free", 3, 40, ("< 10", "Page when fewer than 10 connections are left in the pool.")),
)  # fmt: skip

ABSENCES: Final = (
    *_of(
        "silence",
        3000,
        120,
        ("> 30m", "If no invoice has been written for 30 minutes, that is critical."),
        ("> 30m", "Critical: no new block for half an hour."),
        ("> 5m", "Page if the payment stream is silent for 5 minutes."),
        ("> 10m", "When telemetry stops arriving for 10 minutes, page."),
        ("> 15m", "If nothing is received for 15 minutes, page the owner."),
        ("> 45m", "If there is no new invoice within 45 minutes, that's critical."),
        ("> 10m", "No data for 10 min = page"),
        ("> 30m", "After 30 minutes without a heartbeat, page."),
        ("> 15m", "An order must arrive at least every 15 minutes, otherwise page."),
        ("> 20m", "Page if no message has been consumed in the last 20 minutes."),
        ("> 12m", _table("| Alert | Condition | Severity |", "| Stuck | no new block for 12 minutes | critical |")),
        ("> 30m", "### No orders come in\n\n- critical: 30 minutes"),
        ("> 20m", _table("| Check | Critical |", "| No orders | 20 min |")),
        ("> 5m", "# P1: no heartbeat for more than 5 minutes"),
    ),
    *_of(
        "last_success_age",
        120_000,
        7200,
        ("> 1d2h", "No successful backup in 26 hours: page."),
        ("> 1d2h", "The nightly export hasn't run since 26 hours: page the owner."),
        ("> 1d2h", "Page when the last successful backup is older than 26 hours."),
        ("> 1d", "The reconciliation job has not succeeded for a day: page."),
        ("> 1d2h", "- time since last backup > 26 h: critical"),
        ("> 1d", "Backups must succeed every 24 hours; otherwise it is critical."),
        ("> 1d2h", "More than 26 hours since the last successful snapshot is critical."),
        ("> 1d2h", _table("| Check | Critical |", "| Last successful backup | > 26 h |")),
        ("> 12h", "- The price list has not been updated for 12 hours: critical"),
    ),
)

NORMS: Final = (
    *_of(
        "restarts",
        30,
        1,
        ("> 3", "At most 3 restarts an hour, otherwise page."),
        (">= 5", "Restarts must stay below 5 per hour, anything beyond is critical."),
        ("> 4", "Restarts: no more than 4 in 30 minutes. More than that pages."),
        ("> 3", _table("| Check | Threshold | Severity |", "| restarts per hour | at most 3 | page |")),
    ),
    *_of(
        "cpu",
        0.95,
        0.4,
        ("> 80%", "CPU should never exceed 80 %, page if it does."),
        ("> 85%", "CPU usage must remain under 85 %, else it is critical."),
    ),
    *_of(
        "error_ratio",
        0.2,
        0.001,
        ("> 2%", "No more than 2 % of requests may fail; beyond that it is critical."),
        ("> 5%", "### Critical\n\n- The error rate must stay below 5 %"),
    ),
    *_of("latency_p95", 3, 0.1, ("> 400ms", "p95 latency must stay below 400 ms; anything slower is critical.")),
    *_of("latency_p95", 3, 0.1, ("> 200ms", "p95 latency: target < 200 ms"), severity="warning"),
    *_of("latency_p99", 3, 0.1, ("> 900ms", "p99 shall not exceed 900 ms. When it does, that is critical.")),
    *_of("queue_depth", 900, 20, (">= 500", "The queue must stay below 500 messages. Anything beyond is critical.")),
    *_of("cache_hit_ratio", 0.5, 0.97, ("< 90%", "Keep the cache hit ratio above 90 % or we page.")),
    *_of("availability", 0.95, 0.9999, ("< 99.9%", "Availability must be at least 99.9 %; below that, page.")),
    *_of("replication_lag", 90, 2, ("> 30s", "The replication lag should stay within 30 s; a breach pages.")),
    *_of("certificate_expiry", 432_000, 8_640_000, ("< 14d", "Certificates must be valid for at least 14 days, otherwise page.")),
)  # fmt: skip

PLAIN: Final = (
    *_of(
        "disk",
        0.95,
        0.5,
        ("> 85%", "Page when more than 85 % of the disk is used."),
        ("> 90%", "Storage: 90 % full → page"),
        ("> 85%", "Disk usage above 85 % (15 % free) is critical."),
    ),
    *_of("memory", 0.97, 0.6, ("> 90%", "Memory use above 90 % of the available memory pages.")),
    *_of("cpu", 0.97, 0.4, ("> 85%", "Critical if CPU usage exceeds 85 % of the available cores.")),
    *_of("success_ratio", 0.9, 0.99, ("< 95%", "If less than 95 % of jobs succeed, page, otherwise wait.")),
    *_of("availability", 0.9, 0.9999, ("< 99%", "Availability below 99 % is critical.")),
    *_of("latency_p95", 3, 0.1, ("> 2s", "Page if p95 exceeds 2 s, otherwise ignore it.")),
)

WORDINGS: Final = (*COMPLEMENTS, *ABSENCES, *NORMS, *PLAIN)
