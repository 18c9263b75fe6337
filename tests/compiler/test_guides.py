"""The reader of guides: what a line of Markdown states, what only looks like a limit, and the score on the corpus."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from compiler.guides.grammar import statements
from testbed.guides import score

CORPUS = Path(__file__).parents[1] / "corpus"

Stated = tuple[str, str, str, str, str, int | None, str]


def stated(text: str) -> list[Stated]:
    """Return what a guide states, without its places."""
    return [
        (one.signal, one.comparator, f"{one.value:f}", one.unit, one.severity, one.hold, one.kind)
        for one in statements("guide.md", text)
    ]


def table(*rows: str) -> str:
    """Return a table whose first row is its head."""
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
        ("Pool: page at 95 of 100 connections", ("connection_pool", ">=", "0.95", "ratio", "critical", None, "alert")),
        ("Free disk space: warn at 15 %", ("disk", "<", "0.15", "ratio", "warning", None, "alert")),
        ("Uplink over 80 % (info)", ("network", ">", "0.8", "ratio", "info", None, "alert")),
        ("Page when three or more nodes restarted.", ("restarts", ">=", "3", "count", "critical", None, "alert")),
        ("Timeouts: 2 % or more → critical", ("error_ratio", ">=", "0.02", "ratio", "critical", None, "alert")),
        ("Replica lag should be under 5 seconds.", ("replication_lag", "<", "5", "seconds", "none", None, "target")),
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
        ("```\n# critical\n- errors > 5%\n```", ("error_ratio", ">", "0.05", "ratio", "critical", None, "alert")),
    ],
)  # fmt: skip
def test_a_line_states_a_limit(text: str, expected: Stated) -> None:
    """Number, unit and comparator of the line; quantity, severity and duration of the words around and above it."""
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
        table("| Metric | Interval |", "| CPU | 30 s |"),
        table("| Setting | Value |", "| Workers | 12 |"),
    ],
)
def test_what_only_looks_like_a_limit_is_left_out(text: str) -> None:
    """Settings, history, durations of work, names with numbers, comments, code and columns of other things."""
    assert stated(text) == []


def test_a_line_may_state_several_limits() -> None:
    """Each number belongs to the severity beside it, whether that stands before or behind."""
    before = stated("Share of 5xx replies: target below 0.1 %; warning above 0.5 %; critical above 2 %")
    assert [(value, severity, kind) for _, _, value, _, severity, _, kind in before] == [
        ("0.001", "none", "target"),
        ("0.005", "warning", "alert"),
        ("0.02", "critical", "alert"),
    ]
    behind = stated("DNS p95: 50 ms (warn) / 250 ms (crit)")
    assert [(value, severity) for _, _, value, _, severity, _, _ in behind] == [
        ("0.05", "warning"),
        ("0.25", "critical"),
    ]


def test_a_range_keeps_its_end() -> None:
    """The limit is where the range begins; the unit belongs to both ends."""
    (one,) = statements("guide.md", "- Error rate, warning: 1-3%")
    assert (one.value, one.value_to, one.unit) == (Decimal("0.01"), Decimal("0.03"), "ratio")


def test_a_statement_knows_its_line() -> None:
    """Lines count from 1 and are those of the file, behind comments, in tables and in the middle of a paragraph."""
    text = "<!-- a\nb -->\n\nSome words\ngo on; page when errors exceed 5 %\nand so on.\n\n| x | Critical |\n|---|---|\n| CPU | 9 % |\n"
    assert [one.line for one in statements("guide.md", text)] == [5, 10]


def test_most_of_the_corpus_is_read_and_little_else() -> None:
    """Of the guides that the words were written by, nine limits in ten are found, and 95 % of what is read is right."""
    seen = score(CORPUS / "seen")
    assert seen.recall >= 0.9, seen
    assert seen.precision >= 0.95, seen
