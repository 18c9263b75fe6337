"""Tests of the reader of guides: what Markdown states, what only looks like a limit, and the corpus's score."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from compiler import meaning
from compiler.guides.grammar import read_guide, statements
from compiler.guides.unread import unread_lines
from testbed.guides import score

CORPUS = Path(__file__).parents[1] / "corpus"

Stated = tuple[str, str, str, str, str, int | None, str]


def stated(text: str) -> list[Stated]:
    """Return what a guide states, without the places."""
    return [
        (
            statement.signal,
            statement.comparator,
            f"{statement.value:f}",
            statement.unit,
            statement.severity,
            statement.for_seconds,
            statement.kind,
        )
        for statement in statements("guide.md", text)
    ]


def table(*rows: str) -> str:
    """Return a table. Its first row is the head."""
    return "\n".join([rows[0], "|".join(["", *("---" for _ in rows[0].strip("|").split("|")), ""]), *rows[1:]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- **Error rate**: > 5 % for 10 minutes", ("error_ratio", ">", "0.05", "ratio", "none", 600, "alert")),
        ("- ferry CPU at least 75 percent for 20 minutes", ("cpu", ">=", "0.75", "ratio", "none", 1200, "alert")),
        ("- sender memory > 1.5 GiB", ("memory", ">", "1610612736", "bytes", "none", None, "alert")),
        ("- log volume ≥ 80 % for half of it, page", ("disk", ">=", "0.8", "ratio", "critical", None, "alert")),
        ("Warn when more than 250 jobs are waiting.", ("queue_depth", ">", "250", "count", "warning", None, "alert")),
        ("Page at more than 1.2 billion queued mails.", ("queue_depth", ">", "1200000000", "count", "critical", None, "alert")),
        ("Page if the backlog exceeds 2,500 events for 5m.", ("queue_depth", ">", "2500", "count", "critical", 300, "alert")),
        ("- queue depth above 20k: ticket", ("queue_depth", ">", "20000", "count", "warning", None, "alert")),
        ("🔴 cache hit ratio < 70%", ("cache_hit_ratio", "<", "0.7", "ratio", "critical", None, "alert")),
        ("🟡 p95 latency > 300 ms for 15 min", ("latency_p95", ">", "0.3", "seconds", "warning", 900, "alert")),
        ("* **Critical** – p99 latency > 2s", ("latency_p99", ">", "2", "seconds", "critical", None, "alert")),
        ("Median render time above 40 ms (warning)", ("latency_p50", ">", "0.04", "seconds", "warning", None, "alert")),
        ("Average query time over 60 ms (P2)", ("latency_avg", ">", "0.06", "seconds", "warning", None, "alert")),
        ("Notify the team once a replica lags by more than 30 seconds.", ("replication_lag", ">", "30", "seconds", "warning", None, "alert")),
        ("Certificates: fewer than 7 days left → critical", ("certificate_expiry", "<", "604800", "seconds", "critical", None, "alert")),
        ("Container restarts: more than 5 in 15 minutes", ("restarts", ">", "5", "count", "none", None, "alert")),
        ("Pool usage: page at 95 of 100.", ("connection_pool", ">=", "0.95", "ratio", "critical", None, "alert")),
        ("Pool: page at 95 of 100 connections", ("connection_pool", ">=", "0.95", "ratio", "critical", None, "alert")),
        ("Free disk space: warn at 15 %", ("disk", "<", "0.15", "ratio", "warning", None, "alert")),
        ("Uplink over 80 % (info)", ("network", ">", "0.8", "ratio", "info", None, "alert")),
        ("Page when three or more nodes restarted.", ("restarts", ">=", "3", "count", "critical", None, "alert")),
        ("Timeouts: 2 % or more → critical", ("error_ratio", ">=", "0.02", "ratio", "critical", None, "alert")),
        ("Replica lag should be under 5 seconds.", ("replication_lag", "<", "5", "seconds", "none", None, "target")),
        ("Warn at more than 3 logins per minute", ("rate", ">", "0.05", "per_second", "warning", None, "alert")),
        ("Availability target: 99.9 %", ("availability", ">=", "0.999", "ratio", "none", None, "target")),
        ("The heap must stay below 6 GB.", ("memory", "<", "6000000000", "bytes", "none", None, "target")),
        ("Goal: p95 latency within 200 ms", ("latency_p95", "<=", "0.2", "seconds", "none", None, "target")),
        ("Delivery success rate > 99 %", ("success_ratio", ">", "0.99", "ratio", "none", None, "target")),
        ("ISR shrinks: warn above 6 per minute", ("rate", ">", "0.1", "per_second", "warning", None, "alert")),
        ("Evictions: > 100/s is critical", ("rate", ">", "100", "per_second", "critical", None, "alert")),
        ("## Critical alerts\n\n- Errors > 3 %", ("error_ratio", ">", "0.03", "ratio", "critical", None, "alert")),
        ("## Disk\n\n- Warning: 80%", ("disk", ">", "0.8", "ratio", "warning", None, "alert")),
        ("**Targets**\n\n- p99 latency: < 1s", ("latency_p99", "<", "1", "seconds", "none", None, "target")),
        ("- CPU\n  - page at 95 %", ("cpu", ">", "0.95", "ratio", "critical", None, "alert")),
        (table("| Metric | Critical |", "| CPU | 90 % |"), ("cpu", ">", "0.9", "ratio", "critical", None, "alert")),
        (table("| Metric | Healthy |", "| Hit ratio | > 95 % |"), ("cache_hit_ratio", ">", "0.95", "ratio", "none", None, "target")),
        (
            table("| Alert | Threshold | For | Severity |", "| Queue depth | > 50,000 | 10m | P3 |"),
            ("queue_depth", ">", "50000", "count", "warning", 600, "alert"),
        ),
        (
            table("| Condition | Threshold | For | Severity |", "| Sorter restarts | > 4 in 12 min | 6m | warning |"),
            ("restarts", ">", "4", "count", "warning", 360, "alert"),
        ),
        (
            table("| Condition | Threshold | Severity |", "| Sorter memory of its limit | ≥ 93% | page |"),
            ("memory", ">=", "0.93", "ratio", "critical", None, "alert"),
        ),
        ("## Disk\n\n- CPU of a sorter is normally near 30%; above 85% add sorters (up to 9, one per partition)", ("cpu", ">", "0.85", "ratio", "none", None, "alert")),
        ("- Refused parcels (share of all link packets)\n  - 🔴 > 25%", ("error_ratio", ">", "0.25", "ratio", "critical", None, "alert")),
        ("- Bad answers (share of failed requests): page at 6 %", ("error_ratio", ">", "0.06", "ratio", "critical", None, "alert")),
        ("## What the senders get\n\n- Availability of sorting: 99.7% per month", ("availability", ">=", "0.997", "ratio", "none", None, "target")),
        ("Certificates run out now and then; it pages at less than 9 days.", ("certificate_expiry", "<", "777600", "seconds", "critical", None, "alert")),
        (
            table("| Metric | Op | Limit | Level |", "| Hit ratio | < | 60 % | page |"),
            ("cache_hit_ratio", "<", "0.6", "ratio", "critical", None, "alert"),
        ),
        (
            "```yaml\n- alert: LedgerSlow\n  expr: ledger_p99_seconds > 2 * 60\n  for: 5m\n  labels: {severity: page}\n```",
            ("latency_p99", ">", "120", "seconds", "critical", 300, "alert"),
        ),
        (
            "```yaml\n- alert: Rollbacks\n  expr: |\n    rate(rollback[5m])\n      / rate(commit[5m]) > 0.05\n```",
            ("error_ratio", ">", "0.05", "ratio", "none", None, "alert"),
        ),
        ("### Disk\n\n- **Warning**: >80% used", ("disk", ">", "0.8", "ratio", "warning", None, "alert")),
        ("- Checkout **Critical**: >5% API errors", ("error_ratio", ">", "0.05", "ratio", "critical", None, "alert")),
        ("- queue at more than 70% of its length, page", ("queue_depth", ">", "0.7", "ratio", "critical", None, "alert")),
        ("- refund coverage drops below 98 %", ("other", "<", "0.98", "ratio", "none", None, "alert")),
        ("- Error rate >5% for >5 minutes", ("error_ratio", ">", "0.05", "ratio", "none", 300, "alert")),
        ("- pods restarting > 3 times in 10 minutes", ("restarts", ">", "3", "count", "none", None, "alert")),
        ("- latency > 3 times the usual", ("other", ">", "3", "other", "none", None, "alert")),
        ("- deadlocks exceed 12/minute", ("rate", ">", "0.2", "per_second", "none", None, "alert")),
        ("- egress > 8 Gbit/s", ("network", ">", "8000000000", "per_second", "none", None, "alert")),
        ("More than 1 in 50 bookings fails.", ("error_ratio", ">", "0.02", "ratio", "none", None, "alert")),
        ("**Alert threshold:** 88% of the disk", ("disk", ">", "0.88", "ratio", "none", None, "alert")),
        ("Latency (p95): yellow 200ms", ("latency_p95", ">", "0.2", "seconds", "warning", None, "alert")),
        ("## Memory of a node > 85%", ("memory", ">", "0.85", "ratio", "none", None, "alert")),
        ("### OrderEventLag\n\n- lag >60s", ("replication_lag", ">", "60", "seconds", "none", None, "alert")),
        ("### Slow\n\nSeverity: P1\n\nDuration: 4m\n\n- p99 > 2s", ("latency_p99", ">", "2", "seconds", "critical", 240, "alert")),
        ("### Lag\n\n- Expr: `replica_lag_seconds > 15`\n- For: 3m\n- Severity: page", ("replication_lag", ">", "15", "seconds", "critical", 180, "alert")),
        ("# Disk\n\nSeverity: P2\n\n## Limits\n\n- more than 90 % used", ("disk", ">", "0.9", "ratio", "warning", None, "alert")),
        ("# Disk\n\nSeverity: P2\n\n## Critical\n\n- more than 90 % used", ("disk", ">", "0.9", "ratio", "critical", None, "alert")),
        ("## Alert\n\n```prometheus\nstart_milliseconds > 200\n```", ("other", ">", "0.2", "seconds", "none", None, "alert")),
        ("```yaml\nexpr: a_memory_used / a_memory_max > 0.9\nfor: 5m\n```", ("memory", ">", "0.9", "ratio", "none", 300, "alert")),
        ("- queue holds more than 10 000 messages", ("queue_depth", ">", "10000", "count", "none", None, "alert")),
        ("- success ratio falls to 97 % or lower", ("success_ratio", "<=", "0.97", "ratio", "none", None, "alert")),
        ("- replicas drop to 0: page", ("count", "<=", "0", "count", "critical", None, "alert")),
        ("- p95 at or above 2 s", ("latency_p95", ">=", "2", "seconds", "none", None, "alert")),
        ("- errors between 5 and 10 %: warning", ("error_ratio", ">", "0.05", "ratio", "warning", None, "alert")),
        ("We page on 5 % errors.", ("error_ratio", ">", "0.05", "ratio", "critical", None, "alert")),
        (table("| Metric | Critical |", "| Write latency (ms) | 35 |"), ("latency_other", ">", "0.035", "seconds", "critical", None, "alert")),
        (table("| Metric | Critical |", "| CPU % | 90 |"), ("cpu", ">", "0.9", "ratio", "critical", None, "alert")),
        (table("| SLO | Target |", "| 5xx error rate | < 3% over 5m |"), ("error_ratio", "<", "0.03", "ratio", "none", None, "target")),
        ("### Disk\n\n" + table("| Threshold | Action |", "| > 90% | page storage |"), ("disk", ">", "0.9", "ratio", "critical", None, "alert")),
        ("```yaml\nerror_rate:\n  critical: 5%\n  for: 5m\n```", ("error_ratio", ">", "0.05", "ratio", "critical", 300, "alert")),
        ("```yaml\nalerts:\n  - metric: db_p95\n    threshold: 200ms\n    severity: warning\n```", ("latency_p95", ">", "0.2", "seconds", "warning", None, "alert")),
        ("```yaml\nalerts:\n  - condition: error_rate > 0.05\n    severity: page\n```", ("error_ratio", ">", "0.05", "ratio", "critical", None, "alert")),
        ("```yaml\n# ticket\nqueue_wait: > 3 min\n```", ("latency_other", ">", "180", "seconds", "warning", None, "alert")),
        ("```yaml\nfree_memory_mb:\n  critical: 350\n```", ("memory", "<", "350000000", "bytes", "critical", None, "alert")),
        ("## Alerts\n\n```promql\nhistogram_quantile(0.95, rate(x_seconds_bucket[5m])) > 0.7\n```", ("latency_p95", ">", "0.7", "seconds", "none", None, "alert")),
        ("```yaml\nalert: Slow\nexpr: x_seconds > 3\nseverity: page\n```", ("latency_other", ">", "3", "seconds", "critical", None, "alert")),
        ("```\n# critical\n- errors > 5%\n```", ("error_ratio", ">", "0.05", "ratio", "critical", None, "alert")),
        ("The hit ratio of the page cache must not fall below 93 %.", ("cache_hit_ratio", ">=", "0.93", "ratio", "none", None, "target")),
        ("The standby lag should never exceed 12 s.", ("replication_lag", "<=", "12", "seconds", "none", None, "target")),
        ("* mem of a proxy >88% 7m → CRIT", ("memory", ">", "0.88", "ratio", "critical", 420, "alert")),
        ("- p95 > 4s 12m: page", ("latency_p95", ">", "4", "seconds", "critical", 720, "alert")),
        ("- consumer lag: crit 3M msgs", ("queue_depth", ">", "3000000", "count", "critical", None, "alert")),
        ("- repl lag above 45s: WARN", ("replication_lag", ">", "45", "seconds", "warning", None, "alert")),
        ("- pvc used > 77%", ("disk", ">", "0.77", "ratio", "none", None, "alert")),
        ("- conns: crit 92% of max", ("connection_pool", ">", "0.92", "ratio", "critical", None, "alert")),
        ("- leaders != 1: CRIT", ("count", "!=", "1", "count", "critical", None, "alert")),
        ("- worker restarts > 6/min → WARN", ("restarts", ">", "0.1", "per_second", "warning", None, "alert")),
        ("- evictions > 36/h", ("rate", ">", "0.01", "per_second", "none", None, "alert")),
        ("Page if errors exceed 4 % for half an hour.", ("error_ratio", ">", "0.04", "ratio", "critical", 1800, "alert")),
        ("CPU above 75 % for a quarter of an hour: ticket", ("cpu", ">", "0.75", "ratio", "warning", 900, "alert")),
        ("CPU above 75 % for two consecutive hours: ticket", ("cpu", ">", "0.75", "ratio", "warning", 7200, "alert")),
        ("🔴 errors > 2 %, six minutes in a row", ("error_ratio", ">", "0.02", "ratio", "critical", 360, "alert")),
        ("Warn when a replica lags by more than half a minute.", ("replication_lag", ">", "30", "seconds", "warning", None, "alert")),
        ("Certificates: from 20 days before expiry it is a warning.", ("certificate_expiry", "<=", "1728000", "seconds", "warning", None, "alert")),
        ("Certificates: warn 20 days before expiry.", ("certificate_expiry", "<=", "1728000", "seconds", "warning", None, "alert")),
        ("A certificate with less than 9 days left\nbecomes critical.", ("certificate_expiry", "<", "777600", "seconds", "critical", None, "alert")),
        ("Deliveries fail: more than 7 % of all attempts for an hour\nis critical, and somebody calls.", ("error_ratio", ">", "0.07", "ratio", "critical", 3600, "alert")),
        ("## Tracking page is slow\n\n- p99 > 3s", ("latency_p99", ">", "3", "seconds", "none", None, "alert")),
        ("The page takes ages; p95 exceeds 3s.", ("latency_p95", ">", "3", "seconds", "none", None, "alert")),
        ("A page is sent when errors exceed 3 %.", ("error_ratio", ">", "0.03", "ratio", "critical", None, "alert")),
        ("## Warning\n\n- Job failure rate between 4% and 11%", ("error_ratio", ">", "0.04", "ratio", "warning", None, "alert")),
        ("## Warning\n\nIts error rate is over 6 %, and the pool pauses for a day.", ("error_ratio", ">", "0.06", "ratio", "warning", None, "alert")),
        ("## Warning\n\nAt more than 30 failed logins per second: block the address for 24 hours.", ("rate", ">", "30", "per_second", "warning", None, "alert")),
        ("# Targets\n\n- Availability: 99.7 %", ("availability", ">=", "0.997", "ratio", "none", None, "target")),
        ("# Targets\n\nWhen less than 10 % of the errors are left, tell us.", ("error_ratio", "<", "0.1", "ratio", "none", None, "alert")),
        ("95 % of all requests must complete within 250 ms.", ("latency_p95", "<=", "0.25", "seconds", "none", None, "target")),
        ("No more than 0.1 % of payments may fail.", ("error_ratio", "<=", "0.001", "ratio", "none", None, "target")),
        ("- **Page**: burn rate above 6 over 6 hours", ("other", ">", "6", "other", "critical", None, "alert")),
        ("- longest transaction > 40 min → kill it", ("other", ">", "2400", "seconds", "none", None, "alert")),
        ("Should the oldest job in the queue be older than 50 minutes, page.", ("other", ">", "3000", "seconds", "critical", None, "alert")),
        ("- Hosts with > 85% CPU for 5m", ("cpu", ">", "0.85", "ratio", "none", 300, "alert")),
        ("**Latency (p95)**\n\n- Warning: 40ms (look at the slow query log)", ("latency_p95", ">", "0.04", "seconds", "warning", None, "alert")),
        ("Queue state:\n\n- Warning: 20,000 messages", ("queue_depth", ">", "20000", "count", "warning", None, "alert")),
        ("- Open files: 50k (warn)", ("count", ">", "50000", "count", "warning", None, "alert")),
        ("- Memory: a node is unwell from 94 % upwards", ("memory", ">=", "0.94", "ratio", "none", None, "alert")),
        ("Alert thresholds: CPU 80%", ("cpu", ">", "0.8", "ratio", "none", None, "alert")),
        ("```\nIF cpu > 91%\n  THEN page\n```", ("cpu", ">", "0.91", "ratio", "critical", None, "alert")),
        ("```text\nif queue_depth > 5000 for 10m -> ticket\n```", ("queue_depth", ">", "5000", "count", "warning", 600, "alert")),
        ("Alert on `histogram_quantile(0.95, rate(edge_seconds_bucket[5m])) > 0.4`.", ("latency_p95", ">", "0.4", "seconds", "none", None, "alert")),
        (
            "```yaml\n- alert: Slow\n  expr: histogram_quantile(0.95, rate(x_seconds_bucket[5m])) > 0.4\n```",
            ("latency_p95", ">", "0.4", "seconds", "none", None, "alert"),
        ),
        (table("| Metric | Warn | Unit |", "| latency | 210 | ms |"), ("latency_other", ">", "0.21", "seconds", "warning", None, "alert")),
        (table("| SLI | Crit |", "| availability | < 98% / 5m |"), ("availability", "<", "0.98", "ratio", "critical", 300, "alert")),
        ("Any backlog above zero for nine minutes deserves a look.", ("queue_depth", ">", "0", "count", "none", 540, "alert")),
        ("# Objectives\n\n- DLQ > 3", ("queue_depth", ">", "3", "count", "none", None, "alert")),
        ("- p95: measured\n- sync older than 4h = sev1", ("other", ">", "14400", "seconds", "critical", None, "alert")),
        ("- p99 (target 170ms)", ("latency_p99", "<", "0.17", "seconds", "none", None, "target")),
        ("- queue holds more than 2000 messages", ("queue_depth", ">", "2000", "count", "none", None, "alert")),
        ("- wallet balance below 3 ETH: page", ("other", "<", "3", "other", "critical", None, "alert")),
        ("- drift index above 0.3: ticket", ("other", ">", "0.3", "other", "warning", None, "alert")),
        ("- bookings/min < 12: page", ("rate", "<", "0.2", "per_second", "critical", None, "alert")),
        ("- Clock skew: < 200 ms", ("other", "<", "0.2", "seconds", "none", None, "target")),
        ("99.8 % of all handshakes must succeed.", ("success_ratio", ">=", "0.998", "ratio", "none", None, "target")),
        ("If it has been rebuilding for more than 3 hours, the index is damaged.", ("other", ">", "10800", "seconds", "none", None, "alert")),
        ("A lock that is held for more than 4 minutes breaks the nightly run.", ("other", ">", "240", "seconds", "none", None, "alert")),
        ("Once the disk is more than 91 % full the broker stops; page storage.", ("disk", ">", "0.91", "ratio", "critical", None, "alert")),
        ("## Warning signs\n\n- CPU above 85 %", ("cpu", ">", "0.85", "ratio", "none", None, "alert")),
        ("## Emergency procedures\n\n- [ ] p95 below 300 ms", ("latency_p95", "<", "0.3", "seconds", "none", None, "target")),
        ("Its p95 should be about 3 ms; if p95 is over 30 ms, ask why.", ("latency_p95", ">", "0.03", "seconds", "none", None, "alert")),
        ("Fallbacks are by design; act only when their error rate is over 6 %.", ("error_ratio", ">", "0.06", "ratio", "none", None, "alert")),
        ("## Capacity\n\n- disk > 88 %", ("disk", ">", "0.88", "ratio", "none", None, "alert")),
        ("## Release process\n\nStop when p99 exceeds 2 s.", ("latency_p99", ">", "2", "seconds", "none", None, "alert")),
        ("A run with fewer than 93 % of the usual rows must not be promoted.", ("other", "<", "0.93", "ratio", "none", None, "alert")),
        (table("| Check | Attention |", "| CPU | > 80 % |"), ("cpu", ">", "0.8", "ratio", "warning", None, "alert")),
        (table("| Check | Alarm |", "| CPU | > 80 % |"), ("cpu", ">", "0.8", "ratio", "critical", None, "alert")),
        (table("| Metric | Critical |", "| Evicted keys per second | 300 |"), ("rate", ">", "300", "per_second", "critical", None, "alert")),
        (table("| Metric | Critical |", "| Deadlocks per minute | > 6 |"), ("rate", ">", "0.1", "per_second", "critical", None, "alert")),
        (table("| Alert | Expr | Severity |", "| Few | up(job[6h], 4*36) < 3 | page |"), ("count", "<", "3", "count", "critical", None, "alert")),
    ],
)  # fmt: skip
def test_a_line_states_a_limit(text: str, expected: Stated) -> None:
    """Number, unit and comparator come from the line; quantity, severity and duration also from its context."""
    assert stated(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "The API answers on port 6443 (critical).",
        "Set `timeout=300` and page the owner.",
        "The request timeout is 30 seconds.",
        "In 2024 the error rate reached 40 %.",
        "During the spring sale CPU rose above 95 %.",
        "Respond to critical alerts within 5 minutes.",
        "Lookups ordinarily take 1 to 3 ms.",
        "Do not raise the heap over 24 GB.",
        "The cluster scales to 60 nodes.",
        "Sessions are kept for 7 days.",
        "1. Wait at least 10 minutes, then restart the worker.",
        "- [Errors](#errors-over-5)",
        "<!-- errors > 5 %: page -->",
        "```sh\nkubectl scale deploy/dns --replicas=6\n```",
        "```conf\nmaxclients 10000\ntimeout 300\n```",
        "```yaml\n- record: errors:ratio\n  expr: errors / requests > 0.05\n```",
        "```yaml\n- alert: OldVersion\n  expr: build_info > 1.2.3\n```",
        "## Alerts\n\n1. Acknowledge the page (< 5 min)",
        "## Alerts\n\n- Level 3: head of platform (15+ minutes)",
        "Compress logs older than 7 days and delete dumps larger than 20 GB.",
        "Seats run on hosts with 8 cores; they are machines with more than 16 GB of RAM.",
        "The last tuning improved the response time by more than 30 %.",
        "The response of the 95th percentile is what counts.",
        "- Green: every service answers (target: 100%)",
        "## Warnings\n\nMails over 25 MB get a 413; uploads above 4 GB must use the bulk door.",
        "## Warnings\n\nSearches slower than 700 ms are written to the slow log.",
        "## Warnings\n\nThe autoscaler adds a worker when CPU is above 55 % for 4 minutes.",
        "## Warnings\n\n1. Confirm that the lag is below 4 seconds before you go on.",
        "## Warnings\n\n2. Expect p95 to rise above 900 ms for a while.",
        "We have more than 30 tenants on machines with more than 96 GB of memory.",
        "Escalate if there is no answer in over 15 minutes.",
        table("| Setting | Recommended |", "| pool_size | > 25 |"),
        table("| Step | Expected |", "| Drain | < 12 connections |"),
        table("| Tier | Resolution time |", "| P1 | < 5 h |"),
        "Promote once the error rate has been below 1 % for 15 minutes.",
        "Look for `WARN queue depth 5100 > 5000, shedding` in the log.",
        "The 5-minute average is what the dashboard shows, when errors are paged.",
        "```yaml\nescalation:\n  critical: 20m\n```",
        "```yaml\nlivenessProbe:\n  failureThreshold: 3\n```",
        "```yaml\ntargetCPUUtilizationPercentage: 70\npython: '>=3.11'\n```",
        "```\nReplication lag: 12ms\nCPU usage: 35%\nstatus: warning\n```",
        '```json\n{"warning": "2%", "critical": "7%"}\n```',
        "```promql\nsum(rate(scans_total[5m])) > 10\n```",
        table("| Severity | Respond within |", "| Critical | 20 minutes |"),
        table("| Metric | Interval |", "| CPU | 30 s |"),
        table("| Setting | Value |", "| Workers | 12 |"),
        "## Warnings\n\nOn-call acknowledges within 5 minutes.",
        "In January the p95 exceeded 250 ms on 9 days.",
        "It went well until the first Sunday of March, when p95 went up to 400 ms.",
        "Targets of others (not ours to alert on): the vendor answers within 300 ms.",
        "The vendor promises more than 99.5 % availability.",
        "## Warnings\n\nMessages over 30 MB are refused with 552, which is intended.",
        "Kill idle sessions older than an hour.",
        "Availability target: availability of 99.9 % leaves 40 minutes a month.",
        "Roll back if the release is younger than an hour (takes 4 min).",
        "- etcd: db size 8 GB max, fsync on a disk of its own",
        "## Critical\n\nThis holds for clips shorter than 10 minutes.",
        "With six or fewer it may turn red.",
        "# Normal\n\n- CPU: 30 %",
        "How much disk is left in four hours; below zero means full by then.",
        "## Critical alerts\n\nThe operator on duty answers within 12 minutes.",
        "An incident with more than 4 responders needs a lead.",
        "If a rotation has more than 9 pages, noise goes first.",
        "Changes need at least 2 approvals.",
        "Roll back if the release is less than 3 hours old.",
        "## Emergency procedures\n\n1. Compare the heights of at least 3 providers",
        "Repeat this until fewer than 20 connections remain.",
        "The restore takes more than 5 hours.",
        "Passwords have at least 14 characters.",
        "Tables with more than 20 million rows need a migration of their own.",
        "## Warnings\n\nThe index keeps up to 30,000 parcels in memory.",
        "The bridge pauses by itself when outflow is greater than 700 coins.",
        "The kernel evicts pods once memory is over 95 %.",
        "If a request takes longer than 40 seconds, the proxy returns 504.",
        "max_connections above 600 needs a restart of the pooler.",
        "Errors below 0.2 % are background noise.",
        "Latency above 2 s is expected while the cache is cold.",
        "The backlog reached 3 million messages.",
        "Since the fix, p95 fell below 130 ms.",
        "- the run must not end later than 06:30",
        "## Capacity\n\n- more than 40,000 parcels an hour",
        "- Every sorter needs a recent kernel and at least 6 GiB of memory",
        "Write down what paged, in at most 12 lines.",
        "## Objectives\n\nIn return, callers must send fewer than 70 parcels per second and set a time-out of at least 4 seconds.",
        "## Warnings\n\nThe audit file lists every query that took more than 700 ms.",
        "- A parcel above 85 °C or below -30 °C is a faulty probe and is discarded by the gateway",
        "A stamp that is wrong by more than 36 hours is replaced by the time of the scan.",
        "Above 88 % of memory the broker blocks all publishers.",
        "## Objectives\n\nIn the second quarter we reached 99.71 % and 340 ms.",
        "## What our customers get\n\n- statements of up to 12 months",
        "## Critical\n\n- weekdays, 07:30-19:00: the sorting team",
        table("| Metric | Normal |", "| Disk used | 25-45 % |"),
        table("| Metric | Today |", "| Disk used | 45 % |"),
        "## Rules of the house\n\n- No change takes longer than 1 hour",
        "The run has fewer than 12 steps in all.",
        table("| Indicator | Objective |", "| Recovery point | 5 minutes |"),
        table("| Metric | Unknown |", "| CPU | 5 minutes |"),
        "```sh\nif [ $errors -gt 5 ]; then page; fi\n```",
        "```\nif (errors > 5) { then(page); }\n```",
    ],
)
def test_what_only_looks_like_a_limit_is_left_out(text: str) -> None:
    """These are settings, history, demands, durations of work, names with numbers, code, and other columns."""
    assert stated(text) == []


def test_a_line_may_state_several_limits() -> None:
    """Each number belongs to the severity beside it, whether the severity stands before or behind the number."""
    before = stated("Share of 5xx replies: target below 0.1 %; warning above 0.5 %; critical above 2 %")
    assert [(value, severity, kind) for _, _, value, _, severity, _, kind in before] == [
        ("0.001", "none", "target"),
        ("0.005", "warning", "alert"),
        ("0.02", "critical", "alert"),
    ]
    for text in (
        "Errors: 1 % warn | 5 % page",
        "Errors over 1 % → ticket, over 5 % → page",
        "Errors: warn 1%, page 5%",
    ):
        limits = stated(text)
        assert [(value, severity) for _, _, value, _, severity, _, _ in limits] == [
            ("0.01", "warning"),
            ("0.05", "critical"),
        ]
    behind = stated("DNS p95: 50 ms (warn) / 250 ms (crit)")
    assert [(value, severity) for _, _, value, _, severity, _, _ in behind] == [
        ("0.05", "warning"),
        ("0.25", "critical"),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("- request handler idle < 30%: WARN, < 10%: CRIT", ("0.3", "0.1")),
        ("- disk: warn 75 / crit 90 %", ("0.75", "0.9")),
        ("- Disk warning/critical: 80/90 %", ("0.8", "0.9")),
        ("- consumer lag: warn 100k, crit 1M msgs", ("100000", "1000000")),
        ("- p95 (warn / crit): 400ms / 1.5s", ("0.4", "1.5")),
        ("- Memory per pod: 6 GB soft / 8 GB hard", ("6000000000", "8000000000")),
        ("More than 3 failed jobs are worth a ticket, and more than 20 are worth a page.", ("3", "20")),
        ("- export failures: ticket at 2 consecutive failures, page at 5", ("2", "5")),
        ("If p99 goes above 200 ms for 15 minutes, warn; above 1 s, page.", ("0.2", "1")),
        ("Lag is a ticket at 40,000 messages; at 500,000 the on-call is paged.", ("40000", "500000")),
        ("- **Investigate:** > 120 ms, **Urgent:** > 250 ms", ("0.12", "0.25")),
        (table("| Check | Warn/Crit |", "| CPU | 75/90 % |"), ("0.75", "0.9")),
        (table("| Check | Warning / Critical |", "| Lag | 10s / 60s |"), ("10", "60")),
        ("```\nIF errors > 1% THEN ticket\nELSE IF errors > 5% THEN page\n```", ("0.01", "0.05")),
    ],
)
def test_two_numbers_are_a_warning_and_a_critical_limit(text: str, values: tuple[str, str]) -> None:
    """Two numbers side by side share unit and quantity, and take the severities in their order."""
    limits = stated(text)
    assert [(value, severity) for _, _, value, _, severity, _, _ in limits] == [
        (values[0], "warning"),
        (values[1], "critical"),
    ]
    assert len({(signal, unit) for signal, _, _, unit, *_ in limits}) == 1


def test_a_severity_behind_a_limit_is_not_that_of_the_next() -> None:
    """A severity in the clause of one limit belongs to that limit. A severity before all limits belongs to all."""
    behind = stated("Pauses above 1 s are worth a ticket; above 5 s the node is lost.")
    assert [severity for *_, severity, _, _ in behind] == ["warning", "none"]
    before = stated("Critical: errors above 5 %, or CPU above 90 %")
    assert [severity for *_, severity, _, _ in before] == ["critical", "critical"]


def test_a_severity_behind_the_second_of_two_limits_is_its_own() -> None:
    """The words "and above" begin a limit of their own, and the text behind the second limit's colon explains it."""
    for text in (
        "Memory above 81 % is a warning and above 93 % is critical, because the kernel will choose.",
        "Temperature over 81 °C for 5 minutes is a warning, over 93 °C critical: the card slows down at 90.",
    ):
        assert [severity for *_, severity, _, _ in stated(text)] == ["warning", "critical"]


def test_a_title_grades_nothing_unless_it_says_little_else() -> None:
    """Text below the title "Ticket shop" is no ticket; everything below "Critical alerts" is critical."""
    for title, severity in (("Ticket shop: what to do", "none"), ("Critical alerts", "critical")):
        ((*_, stated_severity, _, _),) = stated(f"# {title}\n\n## Disk\n\n- more than 87 % used")
        assert stated_severity == severity


def test_what_is_free_stays_free_in_the_next_sentence() -> None:
    """If the sentence before speaks of what is free, a number without a comparator is a lower limit."""
    limits = stated("Hosts should have more than 25 % of the disk free. We get a page at 10 %.")
    assert [(comparator, value) for _, comparator, value, *_ in limits] == [(">", "0.25"), ("<", "0.1")]


@pytest.mark.parametrize(
    "text",
    [
        "Pauses above 3 s that last for more than 4 minutes are a\nwarning, above 9 s they are critical.",
        "When pauses go above 3 s, the heap is wrong; this is a warning at any hour. Above 9 s is critical.",
        "Pauses above 3 s hurt. That is a warning. Pauses above 9 s are critical.",
    ],
)
def test_what_a_limit_is_called_behind_it_grades_it(text: str) -> None:
    """Neither a duration nor the end of a sentence separates a limit from the severity behind it."""
    assert [(value, severity) for _, _, value, _, severity, _, _ in stated(text)] == [
        ("3", "warning"),
        ("9", "critical"),
    ]


def test_a_severity_of_another_limit_is_not_that_of_the_sentence_before() -> None:
    """The words "is critical when above 95 %" make 95 % critical, but not the limit of the sentence before."""
    limits = stated("CPU above 85 % is bad. It is critical when above 95 %.")
    assert [severity for *_, severity, _, _ in limits] == ["none", "critical"]


def test_what_follows_from_a_limit_does_not_unmake_it() -> None:
    """If more than the number "means" a loss, or causes one, people fear it."""
    for text in ("Lag above 40 s means that frames are dropped.", "- Queue depth > 900 (new jobs are dropped)"):
        assert len(stated(text)) == 1


def test_a_time_over_which_a_share_is_taken_is_no_limit() -> None:
    """Requests that fail "over five minutes" are counted for so long; requests that take "over 2 seconds" are slow."""
    assert [value for _, _, value, *_ in stated("Page when over 4 % of requests fail over twelve minutes.")] == ["0.04"]
    assert [value for _, _, value, *_ in stated("Warn if more than 5 % of requests take over 2 seconds.")] == [
        "0.05",
        "2",
    ]


@pytest.mark.parametrize(
    ("text", "window", "for_seconds", "severity"),
    [
        ("More than 8 restarts within 2 hours: critical.", 7200, None, "critical"),
        ("More than 8 restarts in 45 minutes is a warning.", 2700, None, "warning"),
        ("Critical: more than 3 restarts per day.", 86400, None, "critical"),
        ("More than eight failed jobs in the past hour: page.", 3600, None, "critical"),
        ("Over 12 failed jobs during the last 2 hours is critical.", 7200, None, "critical"),
        ("Within the last half an hour more than 4 restarts: warning.", 1800, None, "warning"),
        ("More than 7 restarts in any 15-minute window for 4 minutes: warning.", 900, 240, "warning"),
        ("Page if a worker restarts more than 11 times within 25 minutes.", 1500, None, "critical"),
        ("More than 90 jobs queued for 12 minutes: warning.", None, 720, "warning"),
        ("More than 90 jobs queued, each of which runs in 2 minutes: warning.", None, None, "warning"),
        ("CPU above 70 % during the last 6 minutes is a warning.", None, 360, "warning"),
    ],
)
def test_events_are_counted_within_a_time(
    text: str, window: int | None, for_seconds: int | None, severity: str
) -> None:
    """This time is no duration of the limit, and no limit of its own."""
    statement_times = [
        (statement.window, statement.for_seconds, statement.severity) for statement in statements("guide.md", text)
    ]
    assert statement_times == [(window, for_seconds, severity)]


def test_a_column_of_what_is_normal_promises_only_with_a_comparator() -> None:
    """Normally 30 % is an observation, normally below 50 % a target. The column's other cells help to decide."""
    observed = stated(table("| Metric | Normal | Warning |", "| CPU | 30 % | 75 % |"))
    promised = stated(table("| Metric | Normal | Warning |", "| CPU | 30 % | 75 % |", "| Disk | < 50 % | 80 % |"))
    assert [(value, kind) for _, _, value, _, _, _, kind in observed] == [("0.75", "alert")]
    assert [kind for *_, kind in promised] == ["target", "alert", "target", "alert"]


def test_how_many_there_are_is_no_target() -> None:
    """In a column of healthy values, a count whose warning is lower tells how many there are."""
    limits = stated(table("| Nodes | Healthy | Warning |", "| Ready nodes | 9 | ≤ 8 |"))
    assert [(comparator, value, severity) for _, comparator, value, _, severity, _, _ in limits] == [
        ("<=", "8", "warning")
    ]


def test_a_condition_of_its_own_is_no_duration_of_the_one_before() -> None:
    """A second condition in a sentence may consist of a duration only."""
    limits = stated(
        "Page if the queue wait time passes 45 minutes, or if a channel has been dark for more than 60 seconds."
    )
    assert [(signal, value, for_seconds) for signal, _, value, _, _, for_seconds, _ in limits] == [
        ("latency_other", "2700", None),
        ("other", "60", None),
    ]


def test_a_range_keeps_its_end() -> None:
    """The limit is the start of the range, and the unit belongs to both ends."""
    (statement,) = statements("guide.md", "- Error rate, warning: 1-3%")
    assert (statement.value, statement.value_to, statement.unit) == (Decimal("0.01"), Decimal("0.03"), "ratio")


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("p95 between 500 ms and 1 s: warning", ("0.5", "1")),
        ("- p95 latency (warning): 750ms to 1.5s", ("0.75", "1.5")),
        ("- p99 latency, warning: 90 s - 2 min", ("90", "120")),
        ("p95 between 1 and 2 s: warning", ("1", "2")),
        ("p95 above 500 ms to 1 s: warning", ("0.5", "1")),
        ("Disk free, critical: 512 MB to 1 GB", ("512000000", "1000000000")),
    ],
)
def test_each_end_of_a_range_keeps_its_own_unit(text: str, ends: tuple[str, str]) -> None:
    """Only a number without a unit takes the unit of the number behind it."""
    (statement,) = statements("guide.md", text)
    assert (f"{statement.value:f}", f"{statement.value_to:f}") == ends


def test_a_cell_below_a_severity_is_a_limit_even_where_it_might_be_a_year() -> None:
    """A year stands in a date or beside words. A bare number below "Critical" is no year, and the reader reads it."""
    text = table("| What | Warning | Critical |", "| Queue depth | 1900 | 2024 |") + "\n\n"
    text += table("| What | Threshold | Severity |", "| Messages waiting | 2099 | P1 |")
    guide = read_guide("guide.md", text)
    assert [f"{statement.value:f}" for statement in guide.statements] == ["1900", "2024", "2099"]
    assert unread_lines("guide.md", text, guide) == ()


@pytest.mark.parametrize(
    "text",
    [
        "In 2023 more than 500 jobs were waiting.",
        "More than 500 jobs were waiting on 2024-03-01.",
        "In the spring 2021 more than 500 jobs were waiting.",
        "The 2021 outage: more than 500 jobs were waiting.",
        "More than 500 jobs were waiting (2022).",
        "More than 500 jobs were waiting on 12.03.2022.",
    ],
)
def test_a_sentence_on_a_year_tells_what_was(text: str) -> None:
    """The reader reads no limit from it."""
    assert stated(text) == []


def test_a_quantity_of_its_own_is_not_that_of_the_items_before() -> None:
    """An item without a quantity is about that of the items before it; an item that names its own is not."""
    limits = stated("- Disk: warn at 80 %\n- page at 90 %\n- Coverage: page at 95 %")
    assert [signal for signal, *_ in limits] == ["disk", "disk", "other"]


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "1,",
        "> 5 % ",
        "[",
        "`a > 5` ",
        "<!-- a -->",
        "error rate > 5% ",
        "a: ",
        "|",
        " ",
        "1/2 ",
        "warn/crit: 1/2 ",
        "half an hour ",
    ],
)
@pytest.mark.parametrize("line", [200_000, 1000])
def test_text_that_nobody_wrote_is_data(piece: str, line: int) -> None:
    """Endless lines, and sentences of dozens of numbers, state nothing and take no time.

    The reader reads what follows.
    """
    text = (piece * (line // len(piece)) + "\n\n") * (20_000 // line or 1)
    (statement,) = statements("guide.md", f"{text}\n\n- Error rate: > 5 %")
    assert statement.signal == "error_ratio"


def test_a_statement_knows_its_line() -> None:
    """Lines count from 1 in the file, also behind comments, in tables and within a paragraph."""
    text = "<!-- a\nb -->\n\nSome words\ngo on; page when errors exceed 5 %\nand so on.\n\n| x | Critical |\n|---|---|\n| CPU | 9 % |\n"
    assert [statement.line for statement in statements("guide.md", text)] == [5, 10]


@pytest.mark.parametrize("part", ["seen", "unseen", "fresh", "blind", "final"])
def test_most_of_the_corpus_is_read_and_little_else(part: str) -> None:
    """The reader finds at least 95 of 100 limits, and at least 95 of 100 that it finds are right."""
    result = score(CORPUS / part)
    assert result.recall >= 0.95, result
    assert result.precision >= 0.95, result
    assert result.details["severity"] >= 0.95 * result.found, result


@pytest.mark.parametrize("piece", ["critical above 7 % and ", "warn above 3 %, then ", "p95 > 40 ms (page) "])
def test_a_text_without_end_is_told_as_not_read(piece: str) -> None:
    """A text that may hold a limit never goes unnoticed, however long its sentence is."""
    text = f"Story. {piece * 400}"
    (line,) = unread_lines("guide.md", text, read_guide("guide.md", text))
    assert (line.line, line.reason) == (1, "more than a sentence")


def test_every_sentence_of_a_long_line_is_read() -> None:
    """A paragraph of some thousand characters on one line states what its sentences state."""
    sentences = [f"Page when more than {number} jobs of shard {number} are waiting." for number in range(100, 400)]
    assert [value for _, _, value, *_ in stated(" ".join(sentences))] == [str(number) for number in range(100, 400)]


@pytest.mark.parametrize(
    ("text", "limit", "severity"),
    [
        ("Critical unless at least 97 % of the requests succeed.", "< 97%", "critical"),
        ("Warning when the volume is not at least 12 % free.", "> 88%", "warning"),
        ("If p95 latency isn't under 3 s for 4 minutes: critical", ">= 3s", "critical"),
        ("Page when free memory isn't above 7 %.", ">= 93%", "critical"),
        ("Page unless at least 6 % of the inodes are left.", "> 94%", "critical"),
        ("Warning once CPU usage is no longer below 65 %.", ">= 65%", "warning"),
        ("Call nobody unless more than 25 % of the uploads fail.", "> 25%", "none"),
        ("Warn unless p99 stays below 450 ms.", ">= 450ms", "warning"),
        ("Critical unless the success rate is not below 96 %.", "< 96%", "critical"),
        ("Non-success answers over 4 % are critical.", "> 4%", "critical"),
        ("The import must succeed at least once every 9 hours, otherwise page.", "> 9h", "critical"),
        ("Critical unless a snapshot has finished within the last 20 hours.", "> 20h", "critical"),
        ("Leave at least 15 % of the disk unused (critical).", "> 85%", "critical"),
    ],
)
def test_what_is_denied_is_not_read_as_its_opposite(text: str, limit: str, severity: str) -> None:
    """A demand, or an end of it ("no longer"), alerts on the other side."""
    (statement,) = statements("guide.md", text)
    assert statement.limit is not None
    assert (meaning.text(statement.limit), statement.severity) == (limit, severity)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("Page when errors exceed 6 %, unless traffic is below 20 requests per second.", ["> 6%"]),
        ("The hit rate may not drop more than 15 points below 80 %.", []),
        ("Warn when the hit ratio falls 12 percentage points below 75 %.", []),
    ],
)
def test_where_a_limit_holds_and_how_far_it_is_off_are_no_limits(text: str, limits: list[str]) -> None:
    """These are exceptions from a limit, and numbers from which a distance is measured."""
    comparisons = [statement.limit for statement in statements("guide.md", text)]
    assert [meaning.text(comparison) for comparison in comparisons if comparison is not None] == limits
