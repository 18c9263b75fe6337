"""What is done with one claimed message: written from the state of the moment, sent, and its ending written down.

`worker` claims; `render.message` composes; a sender sends; `outbox` keeps what came of it. A failure for now goes back
with a due time, a failure for good is told in the incident's timeline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from webhook import deliveries, outbox, store
from webhook.backoff import delay, gives_up
from webhook.catalog import Catalog
from webhook.database import Database, StoreUnavailable
from webhook.incident import Entry, Incident
from webhook.metrics import Metrics
from webhook.outbox import Claim, Ending
from webhook.render.message import compose
from webhook.render.undelivered import CHANNEL_WORDS, undelivered
from webhook.render.wording import Context
from webhook.senders.contract import Job, PermanentFailure, Receipt, Sender, TemporaryFailure

FINISH_AGAIN_SECONDS = 1.0
RESOLVED_FIRST = "the incident was resolved before this could be sent"

log = structlog.get_logger("tocsin.dispatch")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known of a claimed message's incident when it is written."""

    incident: Incident
    undelivered: tuple[str, ...]
    provider_id: str | None
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
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `chance` a number in [0, 1)."""
        self._database = database
        self._senders = senders
        self._catalog = catalog
        self._clock = clock
        self._chance = chance
        self._public_url = public_url
        self._metrics = metrics

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that messages can be sent to."""
        return tuple(self._senders)

    def take(self, claimed: Claim) -> None:
        """Send the message, or fold it, and write down what came of it; raises StoreUnavailable."""
        sender = self._senders[claimed.channel]
        situation = self._situation(claimed)
        if situation.incident.status == "resolved" and _needless(claimed, sender):
            self._finish(claimed, Ending(state="folded", at=self._clock(), error=RESOLVED_FIRST))
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
            message=compose(incident, context, action=claimed.action, focus=claimed.focus),
            dedup_key=incident.dedup_key,
            thread=f"{incident.group_hash[:16]}-{incident.id}-{incident.opened_at:.0f}",
            sent_at=now,
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
        if gives_up(claimed.attempts, now - claimed.created_at):
            self._failed_for_good(claimed, f"given up at try {claimed.attempts}: {reason}")
            return
        self._metrics.sent(claimed.channel, "temporary_failure")
        due_at = now + max(delay(claimed.attempts, self._chance()), failure.retry_after or 0.0)
        log.warning("not sent, will try again", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        with self._database.write() as connection:
            outbox.postpone(connection, claimed, due_at=due_at, error=reason)
            if failure.retry_after:
                outbox.pause(connection, claimed.channel, claimed.destination, now + failure.retry_after)

    def _failed_for_good(self, claimed: Claim, reason: str) -> None:
        self._metrics.sent(claimed.channel, "permanent_failure")
        log.error("not sent, for good", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        word = CHANNEL_WORDS.get(claimed.channel, claimed.channel)
        entry = Entry(kind="failed", actor=word, detail=f"to {claimed.who}: {reason}")
        self._finish(claimed, Ending(state="failed", at=self._clock(), error=reason), entry=entry)

    def _finish(
        self, claimed: Claim, ending: Ending, *, said: list[int] | None = None, entry: Entry | None = None
    ) -> None:
        """Write the ending down. What was sent and cannot be written down would be sent again, so this tries twice."""
        try:
            self._finish_once(claimed, ending, said, entry)
        except StoreUnavailable:
            time.sleep(FINISH_AGAIN_SECONDS)
            self._finish_once(claimed, ending, said, entry)

    def _finish_once(self, claimed: Claim, ending: Ending, said: list[int] | None, entry: Entry | None) -> None:
        with self._database.write(urgent=True) as connection:
            if not outbox.finish(connection, claimed, ending):
                log.warning("the lease was lost, another worker has the message", notification=claimed.id)
                return
            outbox.fold(connection, said or [], ending.at)
            if entry is not None:
                store.note(connection, claimed.incident_id, entry, ending.at)


def _needless(claimed: Claim, sender: Sender) -> bool:
    """Return whether a message about a resolved incident would only wake somebody: its end is told by its own row."""
    return claimed.action == "join" or (claimed.action == "open" and not sender.shows_state)


def _said_too(claimed: Claim, incident: Incident) -> frozenset[str]:
    """Return which later messages of the line say nothing that this one, written after them, has not said."""
    if claimed.action == "join":
        return frozenset()
    said = {"update"}
    if claimed.action == "open":
        said.add("join")
    if incident.status == "resolved":
        said |= {"resolve", "acknowledge"}
    return frozenset(said)
