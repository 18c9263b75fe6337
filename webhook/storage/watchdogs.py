"""The Watchdogs that were heard: one row for each set of labels and each Alertmanager that delivers them.

`heartbeat` decides which of them are silent. The number of rows is bounded, because labels come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, or_, select, update

from webhook.incidents.alertmanager_state import Heard
from webhook.incidents.heartbeat import LONGEST_SOURCE, Beat, key_at, key_of, own_labels, with_gap
from webhook.storage.tables import MOST_VALUES, told_watchdogs, watchdogs
from webhook.storage.upserts import upsert
from webhook.timestamps import DAY

MOST_KNOWN = 200
"""Most Watchdogs that are told apart. If more are heard, the store only knows that some Watchdog is heard."""
_KEY = re.compile(r"[0-9a-f]{64}\Z")
"""A SHA-256 in hex, as `heartbeat.key_of` returns it."""
MOST_STARTS = 2
"""Most start times kept of one Watchdog: two that fire at once prove as much as ten."""


STARTS_SECONDS = 900.0
"""For so many seconds after it was last told, an earlier start may belong to another Prometheus."""


def hear(
    connection: Connection, heard: Iterable[Mapping[str, str]], now: float, *, source: str = "", beside: float = 0.0
) -> int:
    """Record the Watchdogs with these labels as heard at `now`; return the number for which there was no room.

    `source` is the external URL of their Alertmanager. If a Watchdog with the same labels was heard from another
    Alertmanager within the last `beside` seconds, the two count as separate heartbeats from now on.
    """
    source = source[:LONGEST_SOURCE]
    by_key = {key_of(labels): labels for labels in heard}
    rows = _locked(connection, sorted(by_key))
    left_out = 0
    for labels_key, labels in sorted(by_key.items()):
        own_row = _own(rows.get(labels_key, ()), source)
        other_rows = [row for row in rows.get(labels_key, ()) if row is not own_row and row["source"] is not None]
        separate_rows = [row for row in other_rows if now - row["heard_at"] <= beside]
        if (
            own_row is None
            and connection.execute(select(func.count()).select_from(watchdogs)).scalar_one() >= MOST_KNOWN
        ):
            left_out += 1
            continue
        if own_row is None:
            row = {"key": key_at(labels_key, source), "labels": own_labels(labels), "alike": labels_key, "gaps": []}
            _add(connection, row, source, now, is_apart=bool(separate_rows))
        else:
            _repeat(connection, own_row, source, now, is_apart=bool(separate_rows))
        if separate_rows:
            keys = [row["key"] for row in separate_rows]
            connection.execute(update(watchdogs).where(watchdogs.c.key.in_(keys)).values(is_apart=True))
    return left_out


def _add(connection: Connection, row: Mapping[str, Any], source: str, now: float, *, is_apart: bool) -> None:
    values = {"heard_at": now, "stopped_at": None, "source": source}
    new = upsert(connection, watchdogs).values(**row, **values, is_apart=is_apart)
    connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=values))


def _repeat(connection: Connection, own_row: RowMapping, source: str, now: float, *, is_apart: bool) -> None:
    gaps = list(with_gap(own_row["gaps"], now - own_row["heard_at"]))
    values = {"heard_at": now, "stopped_at": None, "source": source, "gaps": gaps}
    query = update(watchdogs).where(watchdogs.c.key == own_row["key"])
    connection.execute(query.values(**values, is_apart=own_row["is_apart"] or is_apart))


def stop(connection: Connection, ended: Iterable[Mapping[str, str]], now: float, *, source: str = "") -> None:
    """Record that this Alertmanager reports these Watchdogs as ended; an earlier recorded end stays."""
    rows = _locked(connection, sorted({key_of(labels) for labels in ended}))
    own_rows = [_own(same_labels, source[:LONGEST_SOURCE]) for same_labels in rows.values()]
    keys = [row["key"] for row in own_rows if row is not None and row["stopped_at"] is None]
    if keys:
        connection.execute(update(watchdogs).where(watchdogs.c.key.in_(keys)).values(stopped_at=now))


def known(connection: Connection) -> tuple[Beat, ...]:
    """Return all Watchdogs that were heard and not forgotten, sorted by key."""
    return tuple(_beat(row) for row in connection.execute(select(watchdogs).order_by(watchdogs.c.key)).mappings())


def find(connection: Connection, key: str, *, lock: bool = False) -> Beat | None:
    """Return the Watchdog with this key, or None; text that is not a key, perhaps from a URL, is not looked up."""
    if not _KEY.match(key):
        return None
    query = select(watchdogs).where(watchdogs.c.key == key)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _beat(row)


def forget(connection: Connection, keys: Iterable[str]) -> None:
    """Forget these Watchdogs until they are heard again, and that an Alertmanager delivered them.

    A Watchdog that several Alertmanagers deliver in turns loses all its rows.
    """
    for key in keys:
        beat = find(connection, key, lock=True)
        if beat is None:
            continue
        is_told = told_watchdogs.c.alike == beat.like
        if beat.is_apart:
            is_own = watchdogs.c.key == key
            is_told = and_(is_told, told_watchdogs.c.source == beat.source)
        else:
            is_own = or_(watchdogs.c.key == key, and_(watchdogs.c.alike == beat.like, watchdogs.c.is_apart.is_(False)))
        connection.execute(delete(watchdogs).where(is_own))
        connection.execute(delete(told_watchdogs).where(is_told))


def told(
    connection: Connection,
    heard: Iterable[Heard],
    now: float,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    source: str = "",
) -> None:
    """Record that these Watchdogs were delivered at `now`; at most `MOST_KNOWN` are recorded.

    A Watchdog that was delivered with another start and has not ended stays. Two that fire at once belong to two
    Prometheus servers whose Alertmanagers share one external URL, and neither Alertmanager speaks for both.
    `labels` holds the labels by fingerprint, and `source` identifies their Alertmanager as in `hear`.
    """
    labels_by_fingerprint = labels or {}
    for watchdog in sorted(heard, key=lambda watchdog: (watchdog.url, watchdog.fingerprint)):
        values = {
            "heard_at": now,
            "alike": key_of(labels_by_fingerprint[watchdog.fingerprint])
            if watchdog.fingerprint in labels_by_fingerprint
            else None,
            "source": source[:LONGEST_SOURCE],
        }
        is_same_start = _of(watchdog) & (told_watchdogs.c.starts_at == watchdog.starts_at)
        if connection.execute(update(told_watchdogs).where(is_same_start).values(**values)).rowcount:
            continue
        _make_room(connection, watchdog, now)
        if _number(connection) < MOST_KNOWN:
            row = {"url": watchdog.url, "fingerprint": watchdog.fingerprint, "starts_at": watchdog.starts_at}
            insert = upsert(connection, told_watchdogs).values(**row, **values)
            connection.execute(insert.on_conflict_do_update(index_elements=list(row), set_=values))


def awaited(connection: Connection) -> tuple[Heard, ...]:
    """Return the Watchdogs that were delivered and not forgotten, with several starts if several servers send them.

    An ended Watchdog is included: an Alertmanager that lost its Prometheus ends it as it ends every alert. An earlier
    start is included for as long as it may belong to another Prometheus that is still heard.
    """
    rows = connection.execute(select(told_watchdogs).order_by(told_watchdogs.c.heard_at.desc())).all()
    last_heard: dict[tuple[str, str], float] = {}
    return tuple(
        Heard(url=row.url, fingerprint=row.fingerprint, starts_at=row.starts_at)
        for row in rows
        if last_heard.setdefault((row.url, row.fingerprint), row.heard_at) - row.heard_at <= STARTS_SECONDS
    )


def _of(watchdog: Heard) -> ColumnElement[bool]:
    return (told_watchdogs.c.url == watchdog.url) & (told_watchdogs.c.fingerprint == watchdog.fingerprint)


def _number(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(told_watchdogs)).scalar_one())


def _make_room(connection: Connection, watchdog: Heard, now: float) -> None:
    """Delete all but the latest starts of this Watchdog and, if the table is full, rows that are a day old."""
    if _number(connection) >= MOST_KNOWN:
        connection.execute(delete(told_watchdogs).where(told_watchdogs.c.heard_at <= now - DAY))
    columns = (told_watchdogs.c.starts_at, told_watchdogs.c.heard_at)
    starts = connection.execute(select(*columns).where(_of(watchdog)).order_by(told_watchdogs.c.heard_at)).all()
    surplus = [row.starts_at for row in starts[: max(0, len(starts) + 1 - MOST_STARTS)]]
    if surplus:
        connection.execute(delete(told_watchdogs).where(_of(watchdog), told_watchdogs.c.starts_at.in_(surplus)))


def _locked(connection: Connection, keys: Sequence[str]) -> dict[str, list[RowMapping]]:
    """Return the rows by the key of their labels, locked in key order so that deliveries cannot deadlock."""
    by_labels_key: dict[str, list[RowMapping]] = {}
    for start in range(0, len(keys), MOST_VALUES):
        chosen = watchdogs.c.alike.in_(keys[start : start + MOST_VALUES])
        query = select(watchdogs).where(chosen).order_by(watchdogs.c.key)
        for row in connection.execute(query.with_for_update()).mappings():
            by_labels_key.setdefault(row["alike"], []).append(row)
    return by_labels_key


def _own(rows: Sequence[RowMapping], source: str) -> RowMapping | None:
    """Return this Alertmanager's row, or else the row whose Alertmanager is unknown."""
    return next((row for row in rows if row["source"] == source), None) or next(
        (row for row in rows if row["source"] is None), None
    )


def _beat(row: RowMapping) -> Beat:
    return Beat(
        key=row["key"],
        labels=row["labels"],
        heard_at=row["heard_at"],
        stopped_at=row["stopped_at"],
        like=row["alike"],
        source=row["source"] or "",
        gaps=tuple(row["gaps"]),
        is_apart=row["is_apart"],
    )
