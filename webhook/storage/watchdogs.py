"""The Watchdogs that have been heard, one row for each set of labels and each Alertmanager that delivers them.

`heartbeat` says which of them are silent. Their number is bounded: labels come from outside.
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
"""So many are told apart; of more it is only known that one of all is heard."""
_KEY = re.compile(r"[0-9a-f]{64}\Z")
"""SHA-256 (hex), as `heartbeat.key_of` makes it."""
MOST_STARTS = 2
"""So many starts of one Watchdog are kept: two that fire at once are as telling as ten."""


STARTS_SECONDS = 900.0
"""For so long after it was last told an earlier start of a Watchdog may be that of another Prometheus."""


def hear(
    connection: Connection, heard: Iterable[Mapping[str, str]], now: float, *, source: str = "", beside: float = 0.0
) -> int:
    """Record the Watchdogs of these labels as heard at `now`; return how many there was no room for.

    `source` is the external URL of their Alertmanager. One with the same labels that was heard from another within
    `beside` seconds is another heartbeat from now on.
    """
    source = source[:LONGEST_SOURCE]
    by_key = {key_of(labels): labels for labels in heard}
    rows = _locked(connection, sorted(by_key))
    left_out = 0
    for alike, labels in sorted(by_key.items()):
        own = _own(rows.get(alike, ()), source)
        others = [row for row in rows.get(alike, ()) if row is not own and row["source"] is not None]
        apart = [row for row in others if now - row["heard_at"] <= beside]
        if own is None and connection.execute(select(func.count()).select_from(watchdogs)).scalar_one() >= MOST_KNOWN:
            left_out += 1
            continue
        if own is None:
            row = {"key": key_at(alike, source), "labels": own_labels(labels), "alike": alike, "gaps": []}
            _add(connection, row, source, now, is_apart=bool(apart))
        else:
            _repeat(connection, own, source, now, is_apart=bool(apart))
        if apart:
            keys = [row["key"] for row in apart]
            connection.execute(update(watchdogs).where(watchdogs.c.key.in_(keys)).values(is_apart=True))
    return left_out


def _add(connection: Connection, row: Mapping[str, Any], source: str, now: float, *, is_apart: bool) -> None:
    values = {"heard_at": now, "stopped_at": None, "source": source}
    new = upsert(connection, watchdogs).values(**row, **values, is_apart=is_apart)
    connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=values))


def _repeat(connection: Connection, own: RowMapping, source: str, now: float, *, is_apart: bool) -> None:
    gaps = list(with_gap(own["gaps"], now - own["heard_at"]))
    values = {"heard_at": now, "stopped_at": None, "source": source, "gaps": gaps}
    query = update(watchdogs).where(watchdogs.c.key == own["key"])
    connection.execute(query.values(**values, is_apart=own["is_apart"] or is_apart))


def stop(connection: Connection, ended: Iterable[Mapping[str, str]], now: float, *, source: str = "") -> None:
    """Record that this Alertmanager takes these Watchdogs for ended; what it has said before stays."""
    rows = _locked(connection, sorted({key_of(labels) for labels in ended}))
    own = [_own(of_labels, source[:LONGEST_SOURCE]) for of_labels in rows.values()]
    still = [row["key"] for row in own if row is not None and row["stopped_at"] is None]
    if still:
        connection.execute(update(watchdogs).where(watchdogs.c.key.in_(still)).values(stopped_at=now))


def known(connection: Connection) -> tuple[Beat, ...]:
    """Return all Watchdogs that have been heard and not forgotten, sorted by key."""
    return tuple(_beat(row) for row in connection.execute(select(watchdogs).order_by(watchdogs.c.key)).mappings())


def find(connection: Connection, key: str, *, lock: bool = False) -> Beat | None:
    """Return the one with this key, or None; what is no key, as out of an address, is not looked for."""
    if not _KEY.match(key):
        return None
    query = select(watchdogs).where(watchdogs.c.key == key)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _beat(row)


def forget(connection: Connection, keys: Iterable[str]) -> None:
    """Forget these Watchdogs, until they are heard again, and that an Alertmanager has told of them.

    One that several Alertmanagers deliver in turns is forgotten with all its rows.
    """
    for key in keys:
        beat = find(connection, key, lock=True)
        if beat is None:
            continue
        told_of = told_watchdogs.c.alike == beat.like
        if beat.is_apart:
            own = watchdogs.c.key == key
            told_of = and_(told_of, told_watchdogs.c.source == beat.source)
        else:
            own = or_(watchdogs.c.key == key, and_(watchdogs.c.alike == beat.like, watchdogs.c.is_apart.is_(False)))
        connection.execute(delete(watchdogs).where(own))
        connection.execute(delete(told_watchdogs).where(told_of))


def told(
    connection: Connection,
    heard: Iterable[Heard],
    now: float,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    source: str = "",
) -> None:
    """Record that these Watchdogs were delivered at `now`; there is room for `MOST_KNOWN`.

    One that was told with another start and has not ended stays: two that fire at once are of two Prometheus servers
    whose Alertmanagers have one external URL, and no single one of them speaks for both.
    `labels` are theirs by fingerprint, and `source` stands for their Alertmanager as in `hear`.
    """
    of_heard = labels or {}
    for one in sorted(heard, key=lambda heard: (heard.url, heard.fingerprint)):
        values = {
            "heard_at": now,
            "alike": key_of(of_heard[one.fingerprint]) if one.fingerprint in of_heard else None,
            "source": source[:LONGEST_SOURCE],
        }
        same_start = _of(one) & (told_watchdogs.c.starts_at == one.starts_at)
        if connection.execute(update(told_watchdogs).where(same_start).values(**values)).rowcount:
            continue
        _make_room(connection, one, now)
        if _number(connection) < MOST_KNOWN:
            row = {"url": one.url, "fingerprint": one.fingerprint, "starts_at": one.starts_at}
            insert = upsert(connection, told_watchdogs).values(**row, **values)
            connection.execute(insert.on_conflict_do_update(index_elements=list(row), set_=values))


def awaited(connection: Connection) -> tuple[Heard, ...]:
    """Return the Watchdogs that were told and not forgotten, with more than one start where several tell of them.

    One that has ended is awaited too: an Alertmanager that has lost its Prometheus ends it as it ends everything. An
    earlier start is, for as long as it may be another Prometheus' that is still heard.
    """
    rows = connection.execute(select(told_watchdogs).order_by(told_watchdogs.c.heard_at.desc())).all()
    last: dict[tuple[str, str], float] = {}
    return tuple(
        Heard(url=row.url, fingerprint=row.fingerprint, starts_at=row.starts_at)
        for row in rows
        if last.setdefault((row.url, row.fingerprint), row.heard_at) - row.heard_at <= STARTS_SECONDS
    )


def _of(one: Heard) -> ColumnElement[bool]:
    return (told_watchdogs.c.url == one.url) & (told_watchdogs.c.fingerprint == one.fingerprint)


def _number(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(told_watchdogs)).scalar_one())


def _make_room(connection: Connection, one: Heard, now: float) -> None:
    """Forget of this Watchdog's starts all but those that were told last, and where it is full what is a day old."""
    if _number(connection) >= MOST_KNOWN:
        connection.execute(delete(told_watchdogs).where(told_watchdogs.c.heard_at <= now - DAY))
    columns = (told_watchdogs.c.starts_at, told_watchdogs.c.heard_at)
    starts = connection.execute(select(*columns).where(_of(one)).order_by(told_watchdogs.c.heard_at)).all()
    too_many = [row.starts_at for row in starts[: max(0, len(starts) + 1 - MOST_STARTS)]]
    if too_many:
        connection.execute(delete(told_watchdogs).where(_of(one), told_watchdogs.c.starts_at.in_(too_many)))


def _locked(connection: Connection, keys: Sequence[str]) -> dict[str, list[RowMapping]]:
    """Return the rows of these labels' keys by that; locked in order, so that two deliveries cannot cross."""
    found: dict[str, list[RowMapping]] = {}
    for start in range(0, len(keys), MOST_VALUES):
        chosen = watchdogs.c.alike.in_(keys[start : start + MOST_VALUES])
        query = select(watchdogs).where(chosen).order_by(watchdogs.c.key)
        for row in connection.execute(query.with_for_update()).mappings():
            found.setdefault(row["alike"], []).append(row)
    return found


def _own(rows: Sequence[RowMapping], source: str) -> RowMapping | None:
    """Return the row of this Alertmanager, or else the one of which nobody knows whose it is."""
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
