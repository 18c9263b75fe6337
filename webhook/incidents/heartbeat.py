"""Defines heartbeats: which Watchdogs form one heartbeat, and how often each is expected. Pure.

A heartbeat is a Watchdog, by its labels, and the Alertmanager that delivers it; configured peers count as one. Peers
that are not configured deliver in turns, each while the other is down. So two Alertmanagers that never delivered at the
same time are one heartbeat. Each heartbeat is expected at the interval at which it actually arrives. `dead_mans_switch`
decides about silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from webhook.catalog.model import Catalog
from webhook.timestamps import DAY
from webhook.untrusted import one_line

INTERVALS = 3
"""So many intervals without a Watchdog are silence: Alertmanager repeats a little late, one delivery may be lost."""
MOST_GAPS = 8
"""So many of the latest times between two arrivals are kept for each heartbeat."""
LEAST_GAP = 1.0
"""Seconds: a Watchdog that arrives sooner than this after the last one is the same arrival, delivered again."""
SHORTEST_INTERVAL = 30.0
LONGEST_INTERVAL = float(DAY)
"""Seconds: a Watchdog that arrives less often than this is no heartbeat."""
BESIDE = 0.5
"""Fraction of an interval: two Watchdogs that arrive closer together than this come from two Alertmanagers that both
work. An Alertmanager that stands in for another delivers when the other's next arrival is due."""
MOST_LABELS = 20
LONGEST_VALUE = 200
LONGEST_SOURCE = 500
_COMMON = frozenset({"alertname", "severity"})
"""Labels that every Watchdog has."""


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that tell a Watchdog from others: the first `MOST_LABELS` by name, values cut to a length."""
    own = sorted((name, value) for name, value in labels.items() if name not in _COMMON and value)
    return {name[:LONGEST_VALUE]: value[:LONGEST_VALUE] for name, value in own[:MOST_LABELS]}


def key_of(labels: Mapping[str, str]) -> str:
    """Return the key of the Watchdog with these labels: SHA-256 (hex) of all labels but those that all have."""
    own = {name: value for name, value in labels.items() if name not in _COMMON and value}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def key_at(like: str, source: str) -> str:
    """Return the key of the heartbeat that the Alertmanager `source` delivers and whose Watchdog has the key `like`."""
    return hashlib.sha256(f"{like} {source}".encode()).hexdigest() if source else like


def with_gap(gaps: Sequence[float], gap: float) -> tuple[float, ...]:
    """Return the latest times between two arrivals with `gap` added, in seconds, the newest last."""
    return tuple(gaps) if gap < LEAST_GAP else (*gaps, gap)[-MOST_GAPS:]


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What the store knows of one heartbeat, in epoch seconds."""

    key: str
    labels: Mapping[str, str]
    heard_at: float
    stopped_at: float | None
    """When Alertmanager reported its end, because its Prometheus no longer sends it. None while it fires."""
    like: str = ""
    """The key of its labels alone, without the Alertmanager."""
    source: str = ""
    """The external URL of its Alertmanager, in plain form; empty if it is not known."""
    gaps: tuple[float, ...] = ()
    """The latest times between two arrivals in seconds, the newest last."""
    is_apart: bool = False
    """Whether another Alertmanager delivered a Watchdog with the same labels at the same time."""


def interval_of(beat: Beat, catalog: Catalog) -> float:
    """Return the interval in seconds at which a heartbeat is expected: the catalogue's, or the heartbeat's own.

    A longer interval than the catalogue's counts if the last two gaps were longer, because a single long gap may be an
    outage. A shorter one needs eight short gaps, because a repeated delivery also arrives soon.
    """
    usual = catalog.watchdog.interval_seconds
    if len(beat.gaps) > 1 and min(beat.gaps[-2:]) > usual:
        return min(*beat.gaps[-2:], LONGEST_INTERVAL) if usual < LONGEST_INTERVAL else usual
    if len(beat.gaps) == MOST_GAPS and max(beat.gaps) < usual / 2:
        return min(usual, max(*beat.gaps, SHORTEST_INTERVAL))
    return usual


def is_beating(beat: Beat, catalog: Catalog, now: float) -> bool:
    """Return whether this Watchdog arrived lately and Alertmanager has not reported its end."""
    return beat.stopped_at is None and now - beat.heard_at <= silent_after(beat, catalog)


def silent_after(beat: Beat, catalog: Catalog) -> float:
    """Return after how many seconds without an arrival a heartbeat is silent."""
    return INTERVALS * interval_of(beat, catalog)


def together(beats: Sequence[Beat]) -> tuple[tuple[Beat, ...], ...]:
    """Return the heartbeats, each as a tuple of rows: one row, or the rows of Alertmanagers that deliver in turns.

    The row that was heard last comes first in its tuple.
    """
    grouped: dict[str, list[Beat]] = {}
    for beat in beats:
        grouped.setdefault(beat.key if beat.is_apart or not beat.like else f"like {beat.like}", []).append(beat)
    return tuple(tuple(sorted(rows, key=lambda row: (-row.heard_at, row.key))) for rows in grouped.values())


def name_of(labels: Mapping[str, str]) -> str:
    """Return the name of a Watchdog, made of its labels: `cluster eu, replica a`."""
    return one_line(", ".join(f"{name} {value}" for name, value in sorted(labels.items())), 200) or "no label"


State = Literal["heard", "late", "ended"]


def state(beat: Beat, beats: Sequence[Beat], catalog: Catalog, now: float) -> State:
    """Return whether a heartbeat is heard from any of the Alertmanagers that deliver it in turns."""
    rows = next(rows for rows in together(beats) if any(row.key == beat.key for row in rows))
    if is_beating(rows[0], catalog, now):
        return "heard"
    return "late" if rows[0].stopped_at is None else "ended"
