"""A call that cannot be delivered moves on to the policy's fallback channels. Part of `dispatch`'s transaction.

The row that failed keeps its state, and is tried again where it failed only for now; another row stands in for it and
says so. `escalation` knows the ways to people, `outgoing` what a row is, `outbox` keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from webhook import deliveries, outbox, reasons, store
from webhook.catalog import Catalog
from webhook.escalation import Recipient, ways
from webhook.incident import TOCSIN, Entry, Incident, Notice
from webhook.outbox import Claim
from webhook.outgoing import CALLS, Action, Channels, able, stand_in

TRIES = 3
"""After so many failures a call moves on, though it goes on being tried."""
LONGEST_WAIT = 60.0
"""Seconds: a destination that asks for more patience than this is not waited for."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What has become of a call: why, and after how many tries; 0 is refused for good."""

    claim: Claim
    reason: str
    tries: int
    word: str
    """The channel in words."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Finds the channel that a call moves on to."""

    catalog: Catalog
    channels: Channels
    words: dict[str, str]
    """Every channel in words."""

    def move_on(self, connection: Connection, incident: Incident, failed: Failed, now: float) -> bool:
        """Put messages into the outbox that stand in for the failed one; return whether there are any.

        The first of the policy's fallback channels counts that leads to somebody. Whoever is called there anyway is
        not called twice.
        """
        claim = failed.claim
        if claim.action not in CALLS or incident.status != "open" or outbox.stood_in_for(connection, claim.id):
            return False
        calls = {
            key: call
            for key, call in deliveries.calls(connection, incident.id).items()
            if call.created_at >= incident.paged_at
        }
        for channel in self.catalog.policy(incident.policy).fallback:
            usable = [
                way
                for way in self._ways(incident, channel, now)
                if _key(way) not in calls or calls[_key(way)].state != "failed"
            ]
            if channel == claim.channel or not usable:
                continue
            # Whom a message of this page has been meant for already need not get another.
            fresh = [way for way in usable if _key(way) not in calls]
            if fresh:
                self._stand_in(connection, incident, failed, fresh, now)
            return bool(fresh)
        return False

    def _ways(self, incident: Incident, channel: str, now: float) -> list[Recipient]:
        found = ways(self.catalog, incident, channel, now=now)
        return [way for way in found if way.missing is None and channel in self.channels]

    def _stand_in(
        self, connection: Connection, incident: Incident, failed: Failed, fresh: list[Recipient], now: float
    ) -> None:
        claim = failed.claim
        channel = fresh[0].channel
        why = reasons.moved_on(failed.word, failed.reason, failed.tries, self.words.get(channel, channel))
        whom = ", ".join(dict.fromkeys(way.who for way in fresh))
        wanted: tuple[Action, ...] = (claim.action, "join", "open")
        action = able(channel, wanted, self.channels) or "open"
        entry = Entry(kind="fallback", actor=TOCSIN, detail=f"{whom}: {why}")
        cause = store.note(connection, incident.id, entry, now)
        # The earlier sentence stays: whoever is reached has to know that it was an escalation that failed, say.
        earlier = claim.why.replace(reasons.reached_by(failed.word), "", 1)
        notice = Notice(kind="escalated", focus=claim.focus, why=f"{why} {earlier}".strip())
        rows = [stand_in(incident, action, notice, to=way, instead_of=claim.id) for way in fresh]
        outbox.enqueue(connection, incident.id, rows, cause=cause, now=now)


def _key(way: Recipient) -> tuple[str, str]:
    return way.channel, way.destination
