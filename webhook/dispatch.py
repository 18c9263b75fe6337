"""What is done with one claimed message: written from the state of the moment, sent, and its ending written down.

`worker` claims; `render.message` composes; a sender sends; `outbox` keeps what came of it. A failure for now goes back
with a due time, a failure for good is told in the incident's timeline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from webhook import deliveries, fallback, outbox, store, timers
from webhook.backoff import delay, gives_up
from webhook.catalog import Catalog
from webhook.database import Database, StoreUnavailable
from webhook.incident import Entry, Incident
from webhook.metrics import Metrics
from webhook.outbox import Claim, Ending
from webhook.outgoing import CALLS
from webhook.render.message import compose
from webhook.render.undelivered import CHANNEL_WORDS, undelivered
from webhook.render.wording import Context
from webhook.senders.contract import Job, PermanentFailure, Receipt, Sender, TemporaryFailure

FINISH_AGAIN_SECONDS = 1.0
RESOLVED_FIRST = "the incident was resolved before this could be sent"
ACKNOWLEDGED_FIRST = "the incident was acknowledged before this could be sent"
FIRES_AGAIN = "it fires again: the end is no longer true"
INTERRUPTING = frozenset({"sms", "phone"})
"""Channels whose messages call somebody away from what they do, at night out of bed."""

log = structlog.get_logger("tocsin.dispatch")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known of a claimed message's incident when it is written."""

    incident: Incident
    undelivered: tuple[str, ...]
    provider_id: str | None
    first: bool
    later: tuple[tuple[int, str], ...]


class Dispatch:
    """Sends claimed messages through the configured senders."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        senders: Mapping[str, Sender],
        *,
        catalog: Callable[[], Catalog],
        clock: Callable[[], float],
        chance: Callable[[], float],
        public_url: str | None,
        metrics: Metrics,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `chance` is in [0, 1), `committed` is called when work was added."""
        self._database = database
        self._senders = senders
        self._catalog = catalog
        self._clock = clock
        self._chance = chance
        self._public_url = public_url
        self._metrics = metrics
        self._committed = committed
        self._able = {name: sender.actions for name, sender in senders.items()}

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that messages can be sent to."""
        return tuple(self._senders)

    def take(self, claimed: Claim) -> None:
        """Send the message, or fold it, and write down what came of it; raises StoreUnavailable."""
        sender = self._senders[claimed.channel]
        situation = self._situation(claimed)
        needless = _needless(claimed, sender, situation.incident)
        if needless is not None:
            self._finish(claimed, Ending(state="folded", at=self._clock(), error=needless))
            return
        try:
            with self._metrics.sending(claimed.channel):
                receipt = self._send(claimed, sender, situation)
        except TemporaryFailure as failure:
            self._failed_for_now(claimed, failure)
        except PermanentFailure as failure:
            self._failed_for_good(claimed, str(failure))
        except Exception as error:
            log.exception("a message could not be written or sent", channel=claimed.channel, notification=claimed.id)
            self._failed_for_now(claimed, TemporaryFailure(f"internal error: {type(error).__name__}"))
        else:
            self._sent(claimed, sender, situation, receipt)

    def _situation(self, claimed: Claim) -> Situation:
        with self._database.read() as connection:
            incident = store.incident_by_id(connection, claimed.incident_id)
            if incident is None:
                raise LookupError(f"notification {claimed.id} belongs to no incident")
            return Situation(
                incident=incident,
                undelivered=undelivered(deliveries.of_incident(connection, incident.id)),
                provider_id=outbox.first_provider_id(connection, claimed),
                first=not outbox.any_sent(connection, claimed),
                later=outbox.later(connection, claimed),
            )

    def _send(self, claimed: Claim, sender: Sender, situation: Situation) -> Receipt:
        now = self._clock()
        incident = situation.incident
        context = Context(
            catalog=self._catalog(), now=now, public_url=self._public_url, undelivered=situation.undelivered
        )
        job = Job(
            id=claimed.id,
            action=claimed.action,
            destination=claimed.destination,
            message=compose(incident, context, action=claimed.action, focus=claimed.focus, why=claimed.why),
            dedup_key=incident.dedup_key,
            thread=f"{incident.group_hash[:16]}-{incident.id}-{incident.opened_at:.0f}",
            sent_at=now,
            first=situation.first,
            provider_id=situation.provider_id,
        )
        return sender.send(job)

    def _sent(self, claimed: Claim, sender: Sender, situation: Situation, receipt: Receipt) -> None:
        self._metrics.sent(claimed.channel, "sent")
        log.info("sent", channel=claimed.channel, incident=claimed.incident_id, action=claimed.action)
        ending = Ending(state="sent", at=self._clock(), provider_id=receipt.provider_id)
        said = _said_too(claimed, situation.incident) if sender.shows_state else frozenset()
        self._finish(claimed, ending, said=[number for number, action in situation.later if action in said])

    def _failed_for_now(self, claimed: Claim, failure: TemporaryFailure) -> None:
        now = self._clock()
        reason = str(failure)
        if gives_up(claimed.attempts, now - claimed.meant_for):
            self._failed_for_good(claimed, f"given up at try {claimed.attempts}: {reason}")
            return
        self._metrics.sent(claimed.channel, "temporary_failure")
        due_at = now + max(delay(claimed.attempts, self._chance()), failure.retry_after or 0.0)
        log.warning("not sent, will try again", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        long = failure.retry_after is not None and failure.retry_after > fallback.LONGEST_WAIT
        with self._database.write() as connection:
            incident = self._locked(connection, claimed)
            held = outbox.postpone(connection, claimed, due_at=due_at, error=reason)
            if failure.retry_after:
                outbox.pause(connection, claimed.channel, claimed.destination, now + failure.retry_after)
            if held and (long or claimed.attempts >= fallback.TRIES):
                self._move_on(connection, incident, claimed, reason, tries=claimed.attempts)

    def _failed_for_good(self, claimed: Claim, reason: str) -> None:
        self._metrics.sent(claimed.channel, "permanent_failure")
        log.error("not sent, for good", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        word = CHANNEL_WORDS.get(claimed.channel, claimed.channel)
        entry = Entry(kind="failed", actor=word, detail=f"to {claimed.who}: {reason}")
        ending = Ending(state="failed", at=self._clock(), error=reason)
        with self._database.write() as connection:
            incident = self._locked(connection, claimed)
            if not self._ended(connection, claimed, ending):
                return
            store.note(connection, claimed.incident_id, entry, ending.at)
            if not self._move_on(connection, incident, claimed, reason, tries=0) and claimed.action in CALLS:
                # Perhaps nobody of the level can be reached any more: then the next one is not kept waiting.
                timers.hasten(connection, incident.id, ending.at)
        self._committed()

    def _locked(self, connection: Connection, claimed: Claim) -> Incident:
        """Return the incident, locked before its messages are, as everywhere."""
        incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
        if incident is None:
            raise LookupError(f"notification {claimed.id} belongs to no incident")
        return incident

    def _move_on(self, connection: Connection, incident: Incident, claimed: Claim, reason: str, *, tries: int) -> bool:
        chosen = fallback.Fallback(catalog=self._catalog(), channels=self._able, words=CHANNEL_WORDS)
        word = CHANNEL_WORDS.get(claimed.channel, claimed.channel)
        failed = fallback.Failed(claim=claimed, reason=reason, tries=tries, word=word)
        moved = chosen.move_on(connection, incident, failed, self._clock())
        if moved:
            self._committed()
        return moved

    def _finish(self, claimed: Claim, ending: Ending, *, said: list[int] | None = None) -> None:
        """Write the ending down. What was sent and cannot be written down would be sent again, so this tries twice."""
        try:
            self._finish_once(claimed, ending, said)
        except StoreUnavailable:
            time.sleep(FINISH_AGAIN_SECONDS)
            self._finish_once(claimed, ending, said)

    def _finish_once(self, claimed: Claim, ending: Ending, said: list[int] | None) -> None:
        with self._database.write(urgent=True) as connection:
            if self._ended(connection, claimed, ending):
                outbox.fold(connection, said or [], ending.at)

    def _ended(self, connection: Connection, claimed: Claim, ending: Ending) -> bool:
        ended = outbox.finish(connection, claimed, ending)
        if not ended:
            log.warning("the lease was lost, another worker has the message", notification=claimed.id)
        return ended


def _needless(claimed: Claim, sender: Sender, incident: Incident) -> str | None:
    """Return why the message would only disturb somebody as the incident stands now, or None when it is to be sent."""
    calls = claimed.action in CALLS
    if incident.status == "resolved":
        # The end is told by a row of its own; a text that opens says that it is over.
        over = calls and (claimed.action != "open" or not sender.shows_state)
        return RESOLVED_FIRST if over else None
    # What is news after somebody has taken the incident is told all the same.
    if calls and incident.acknowledged_at is not None and incident.acknowledged_at >= claimed.created_at:
        disturbs = claimed.action == "escalate" or claimed.channel in INTERRUPTING
        return ACKNOWLEDGED_FIRST if disturbs else None
    return FIRES_AGAIN if claimed.action == "resolve" and sender.shows_state else None


def _said_too(claimed: Claim, incident: Incident) -> frozenset[str]:
    """Return which later messages of the line say nothing that this one, written after them, has not said."""
    if claimed.action in {"join", "escalate"}:
        return frozenset()
    said = {"update"}
    if claimed.action == "open":
        said |= {"join", "escalate"}
    if incident.status == "resolved":
        said |= {"resolve", "acknowledge"}
    return frozenset(said)
