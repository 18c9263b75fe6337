"""What is done with one claimed message, or with a batch of a storm: written as things stand, and sent.

`worker` claims; `relevance` says what is still worth saying; `render` composes; a sender sends; `endings` writes down
what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents.incident import Incident
from webhook.metrics import Metrics
from webhook.render.digest import digest
from webhook.render.message import compose
from webhook.render.undelivered import undelivered
from webhook.render.wording import Context
from webhook.senders.contract import LONGEST_SEND, Job, PermanentFailure, Receipt, Sender, TemporaryFailure
from webhook.storage import batching, lookup, ordering, outbox_report, store
from webhook.storage.batching import Batch
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.outbox import Claim
from webhook.workers.endings import Endings
from webhook.workers.relevance import needless, said_too

LEASE_SECONDS = 2 * LONGEST_SEND
"""How long a claim holds; a batch's is renewed before it is sent."""

log = structlog.get_logger("tocsin.dispatch")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known of a claimed message's incident when it is written."""

    incident: Incident
    undelivered: tuple[str, ...]
    told_through: int
    """As `lookup.told_through` says."""
    provider_id: str | None
    first: bool
    later: tuple[tuple[int, str], ...]
    batched: bool
    """Whether the destination knows of it only from a message on many."""
    called_again: bool
    """Whether a later call of the same kind waits behind it."""


class Dispatch:
    """Sends claimed messages through the configured senders."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        senders: Mapping[str, Sender],
        endings: Endings,
        *,
        catalog: Callable[[], Catalog],
        clock: Callable[[], float],
        public_url: str | None,
        metrics: Metrics,
    ) -> None:
        """Prepare; `clock` gives epoch seconds."""
        self._database = database
        self._senders = senders
        self._endings = endings
        self._catalog = catalog
        self._clock = clock
        self._public_url = public_url
        self._metrics = metrics

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that messages can be sent to."""
        return tuple(self._senders)

    def take(self, batch: Batch) -> None:
        """Send the message, in a storm for the whole batch, or supersede it; raises StoreUnavailable.

        An error of ours is a failure of the one message that it is about, and holds up no other.
        """
        try:
            situations = self._situations(batch)
            reasons = self._reasons(batch, situations)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  `_broken` logs it
            broken = error
        else:
            self._endings.superseded([(one, reason) for one in batch.claims if (reason := reasons[one.id]) is not None])
            kept = tuple(one for one in batch.claims if reasons[one.id] is None)
            self._send_and_end(kept, situations)
            return
        self._broken(batch, broken)

    def _send_and_end(self, kept: Sequence[Claim], situations: Mapping[int, Situation]) -> None:
        """Send one message for those that are worth it, and write down what came of it."""
        batch = self._held(Batch(primary=kept[0], others=tuple(kept[1:]))) if kept else None
        if batch is None:
            return
        try:
            with self._metrics.sending(batch.primary.channel):
                receipt = self._send(batch, situations)
        except TemporaryFailure as failure:
            self._endings.failed_for_now(batch, failure)
            return
        except PermanentFailure as failure:
            self._endings.failed_for_good(batch, str(failure))
            return
        except Exception as error:  # noqa: BLE001  `_broken` logs it
            broken = error
        else:
            self._endings.sent(batch, receipt, said=self._said(batch, situations))
            return
        self._broken(batch, broken)

    def _broken(self, batch: Batch, error: Exception) -> None:
        """Let a message that cannot be written move on; of several find the one, in halves, and send the others.

        Not called while `error` is handled: each half's would hold the tracebacks of all before it.
        """
        claims = batch.claims
        if len(claims) == 1:
            log.error("a message could not be written or sent", notification=batch.primary.id, exc_info=error)
            # Another try will not end otherwise soon, so nobody waits for one.
            failure = TemporaryFailure(f"internal error: {type(error).__name__}", lasting=True)
            self._endings.failed_for_now(batch, failure)
            return
        log.warning(
            "a message on many goes in halves: internal error", messages=len(claims), error=type(error).__name__
        )
        middle = len(claims) // 2
        for half in (claims[:middle], claims[middle:]):
            # What was sent meanwhile has taken time.
            held = self._renewed(Batch(primary=half[0], others=half[1:]))
            if held is not None:
                self.take(held)

    def _held(self, batch: Batch) -> Batch | None:
        """Return what is still ours, for as long as sending it takes; of a message alone the lease has just begun."""
        return self._renewed(batch) if batch.others else batch

    def _renewed(self, batch: Batch) -> Batch | None:
        with self._database.write() as connection:
            held = batching.renew(connection, batch, self._clock() + LEASE_SECONDS)
        lost = len(batch.claims) - (len(held.claims) if held else 0)
        if lost:
            log.warning("leases were lost, another worker has the messages", messages=lost)
        return held

    def _reasons(self, batch: Batch, situations: Mapping[int, Situation]) -> dict[int, str | None]:
        """Return by message why it is not worth sending, or None."""
        many = bool(batch.others)
        return {one.id: self._needless(one, situations[one.id], many=many) for one in batch.claims}

    def _needless(self, claimed: Claim, situation: Situation, *, many: bool) -> str | None:
        shows_state = self._senders[claimed.channel].shows_state
        return needless(
            claimed,
            situation.incident,
            shows_state=shows_state,
            batched=situation.batched,
            # Beside others it costs nobody a message more; ended it would have to wait for the next of the storm.
            called_again=situation.called_again and not many,
        )

    def _situations(self, batch: Batch) -> dict[int, Situation]:
        """Return by message what is known, of all at one moment: a transaction each would take long in a storm."""
        with self._database.read() as connection:
            return {one.id: self._situation(connection, one) for one in batch.claims}

    def _situation(self, connection: Connection, claimed: Claim) -> Situation:
        incident = store.incident_by_id(connection, claimed.incident_id)
        if incident is None:
            raise LookupError(f"notification {claimed.id} belongs to no incident")
        return Situation(
            incident=incident,
            undelivered=undelivered(outbox_report.of_incident(connection, incident.id)),
            told_through=lookup.told_through(connection, incident.id),
            provider_id=ordering.first_provider_id(connection, claimed),
            first=not ordering.any_sent(connection, claimed),
            later=ordering.later(connection, claimed),
            batched=ordering.is_told_by_another(connection, claimed),
            called_again=ordering.is_called_again(connection, claimed, self._clock()),
        )

    def _send(self, batch: Batch, situations: Mapping[int, Situation]) -> Receipt:
        claimed = batch.primary
        situation, many = situations[claimed.id], bool(batch.others)
        now, incident = self._clock(), situation.incident
        context = Context(
            catalog=self._catalog(),
            now=now,
            public_url=self._public_url,
            undelivered=situation.undelivered,
            told_through=situation.told_through,
        )
        job = Job(
            id=claimed.id,
            action="open" if many else claimed.action,
            destination=claimed.destination,
            message=digest([situations[one.id].incident for one in batch.claims], context, why=claimed.why)
            if many
            else compose(
                incident,
                context,
                action=claimed.action,
                trigger_fingerprint=claimed.trigger_fingerprint,
                why=claimed.why,
            ),
            dedup_key=incident.dedup_key,
            thread=_storm_thread(claimed) if many else _thread(incident),
            sent_at=now,
            first=many or situation.first,
            provider_id=None if many else situation.provider_id,
        )
        return self._senders[claimed.channel].send(job)

    def _said(self, batch: Batch, situations: Mapping[int, Situation]) -> Iterator[int]:
        """Yield the waiting messages that have nothing more to say."""
        if self._senders[batch.primary.channel].shows_state:
            for one in batch.claims:
                said = said_too(one, situations[one.id].incident)
                yield from (number for number, action in situations[one.id].later if action in said)


def _thread(incident: Incident) -> str:
    return f"{incident.group_hash[:16]}-{incident.id}-{incident.opened_at:.0f}"


def _storm_thread(claimed: Claim) -> str:
    """Return a thread of its own: nothing answers a message on many incidents."""
    return f"storm-{claimed.id}-{claimed.created_at:.0f}"
