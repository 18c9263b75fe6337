"""The Watchdogs that have been heard, each by its labels: one row for each Prometheus that sends one.

`heartbeat` says which of them are silent. Their number is bounded: labels come from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, select, update

from webhook.incidents.heartbeat import Beat, key_of, own_labels
from webhook.incidents.truth import Heard
from webhook.storage.tables import MOST_VALUES, told_watchdogs, watchdogs
from webhook.storage.upserts import upsert
from webhook.timestamps import DAY

MOST_KNOWN = 200
"""So many are told apart; of more it is only known that one of all is heard."""


def hear(connection: Connection, heard: Iterable[Mapping[str, str]], now: float) -> int:
    """Record the Watchdogs of these labels as heard at `now`; return how many there was no room for."""
    by_key = {key_of(labels): labels for labels in heard}
    known = _locked(connection, sorted(by_key))
    if known:
        _set(connection, known, {"heard_at": now, "stopped_at": None})
    new = [key for key in sorted(by_key) if key not in known]
    if not new:
        return 0
    room = max(0, MOST_KNOWN - connection.execute(select(func.count()).select_from(watchdogs)).scalar_one())
    insert = upsert(connection, watchdogs)
    rows = [{"key": key, "labels": own_labels(by_key[key]), "heard_at": now, "stopped_at": None} for key in new[:room]]
    if rows:
        connection.execute(
            insert.on_conflict_do_update(index_elements=["key"], set_={"heard_at": now, "stopped_at": None}), rows
        )
    return len(new) - len(rows)


def stop(connection: Connection, ended: Iterable[Mapping[str, str]], now: float) -> None:
    """Record that Alertmanager takes these Watchdogs for ended; what it has said before stays."""
    known = _locked(connection, sorted({key_of(labels) for labels in ended}))
    still = [key for key, stopped_at in known.items() if stopped_at is None]
    if still:
        _set(connection, still, {"stopped_at": now})


def known(connection: Connection) -> tuple[Beat, ...]:
    """Return all Watchdogs that have been heard and not forgotten, sorted by key."""
    return tuple(
        Beat(key=row.key, labels=row.labels, heard_at=row.heard_at, stopped_at=row.stopped_at)
        for row in connection.execute(select(watchdogs).order_by(watchdogs.c.key))
    )


def forget(connection: Connection, keys: Iterable[str]) -> None:
    """Forget these Watchdogs, until they are heard again."""
    for key in keys:
        connection.execute(delete(watchdogs).where(watchdogs.c.key == key))


def told(connection: Connection, heard: Iterable[Heard], now: float) -> None:
    """Record that these Watchdogs were delivered at `now`; there is room for `MOST_KNOWN`."""
    for one in sorted(heard, key=lambda heard: (heard.url, heard.fingerprint)):
        values = {"starts_at": one.starts_at, "heard_at": now}
        mine = (told_watchdogs.c.url == one.url) & (told_watchdogs.c.fingerprint == one.fingerprint)
        known_already = connection.execute(update(told_watchdogs).where(mine).values(**values)).rowcount
        number = select(func.count()).select_from(told_watchdogs)
        if not known_already and connection.execute(number).scalar_one() < MOST_KNOWN:
            insert = upsert(connection, told_watchdogs).values(url=one.url, fingerprint=one.fingerprint, **values)
            connection.execute(insert.on_conflict_do_update(index_elements=["url", "fingerprint"], set_=values))


def untold(connection: Connection, ended: Iterable[Heard]) -> None:
    """Record that these Watchdogs have ended, by the word of the Alertmanager that told of them."""
    for one in sorted(ended, key=lambda heard: (heard.url, heard.fingerprint)):
        mine = (told_watchdogs.c.url == one.url) & (told_watchdogs.c.fingerprint == one.fingerprint)
        connection.execute(delete(told_watchdogs).where(mine))


def awaited(connection: Connection, now: float) -> tuple[Heard, ...]:
    """Return the Watchdogs that were told within the last day and have not ended."""
    query = select(told_watchdogs).where(told_watchdogs.c.heard_at > now - DAY)
    return tuple(
        Heard(url=row.url, fingerprint=row.fingerprint, starts_at=row.starts_at) for row in connection.execute(query)
    )


def _locked(connection: Connection, keys: Sequence[str]) -> dict[str, float | None]:
    """Return which are known, and when each was said to have ended; in order, so that two deliveries cannot cross."""
    found: dict[str, float | None] = {}
    for start in range(0, len(keys), MOST_VALUES):
        chosen = watchdogs.c.key.in_(keys[start : start + MOST_VALUES])
        query = select(watchdogs.c.key, watchdogs.c.stopped_at).where(chosen).order_by(watchdogs.c.key)
        found.update((row.key, row.stopped_at) for row in connection.execute(query.with_for_update()))
    return found


def _set(connection: Connection, keys: Iterable[str], values: Mapping[str, float | None]) -> None:
    # No more than there are rows, which are few.
    connection.execute(update(watchdogs).where(watchdogs.c.key.in_(list(keys))).values(**values))
