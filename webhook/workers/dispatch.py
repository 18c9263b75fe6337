"""Renders a claimed notification, or a batch of a storm, from the current state of its incidents, and sends it.

`worker` claims, `relevance` decides what is still worth sending, `render` composes the message, a sender sends it, and
`endings` records the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from webhook.application.relevance import actions_included_in, needless
from webhook.catalog.model import Catalog
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import Claim
from webhook.metrics import Metrics
from webhook.render.digest import digest
from webhook.render.message import compose
from webhook.render.undelivered import undelivered
from webhook.render.wording import Context
from webhook.senders.contract import LONGEST_SEND, Job, PermanentFailure, Receipt, Sender, TemporaryFailure
from webhook.storage import lookup, store
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.notifications import batching, ordering, outbox_report
from webhook.storage.notifications.batching import Batch
from webhook.workers.endings import Endings

LEASE_SECONDS = 2 * LONGEST_SEND
"""Seconds that a claim holds; the leases of a batch are renewed before it is sent."""

log = structlog.get_logger("tocsin.dispatch")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the store knows about a claimed notification and its incident when the message is rendered."""

    incident: Incident
    undelivered: tuple[str, ...]
    told_through: int
    """The result of `lookup.told_through`."""
    provider_id: str | None
    first: bool
    later: tuple[tuple[int, str], ...]
    batched: bool
    """Whether the destination was told about the incident only by the message of a batch."""
    called_again: bool
    """Whether a later call with the same action waits behind it."""


class Dispatch:
    """Sends claimed notifications through the configured senders."""

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
        """Keep the collaborators; `clock` returns epoch seconds."""
        self._database = database
        self._senders = senders
        self._endings = endings
        self._catalog = catalog
        self._clock = clock
        self._public_url = public_url
        self._metrics = metrics

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that have a sender."""
        return tuple(self._senders)

    def take(self, batch: Batch) -> None:
        """Send one message for the batch, and supersede what is not worth sending; raises StoreUnavailable.

        An error of ours fails only the notification that causes it, and delays no other.
        """
        try:
            situations = self._situations(batch)
            reasons = self._reasons(batch, situations)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  `_broken` logs it
            broken = error
        else:
            self._endings.superseded(
                [(claim, reason) for claim in batch.claims if (reason := reasons[claim.id]) is not None]
            )
            kept = tuple(claim for claim in batch.claims if reasons[claim.id] is None)
            self._send_and_end(kept, situations)
            return
        self._broken(batch, broken)

    def _send_and_end(self, kept: Sequence[Claim], situations: Mapping[int, Situation]) -> None:
        """Send one message for the claims in `kept`, and record the result."""
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
            self._endings.sent(batch, receipt, said=self._included(batch, situations))
            return
        self._broken(batch, broken)

    def _broken(self, batch: Batch, error: Exception) -> None:
        """Fail a notification that causes an internal error; split a batch in halves to find it and send the others.

        Callers call this after their `except` block has ended. Otherwise the error of each half would hold the
        tracebacks of all errors before it.
        """
        claims = batch.claims
        if len(claims) == 1:
            log.error("a message could not be written or sent", notification=batch.primary.id, exc_info=error)
            # The next attempt will probably fail too, so the call moves on at once.
            failure = TemporaryFailure(f"internal error: {type(error).__name__}", lasting=True)
            self._endings.failed_for_now(batch, failure)
            return
        log.warning(
            "a message on many goes in halves: internal error", messages=len(claims), error=type(error).__name__
        )
        middle = len(claims) // 2
        for half in (claims[:middle], claims[middle:]):
            # Sending the first half takes time, so the leases of the second are renewed.
            held_batch = self._renewed(Batch(primary=half[0], others=half[1:]))
            if held_batch is not None:
                self.take(held_batch)

    def _held(self, batch: Batch) -> Batch | None:
        """Return the claims whose lease still holds. A batch is renewed; the lease of a single claim has just begun."""
        return self._renewed(batch) if batch.others else batch

    def _renewed(self, batch: Batch) -> Batch | None:
        with self._database.write() as connection:
            held = batching.renew(connection, batch, self._clock() + LEASE_SECONDS)
        lost = len(batch.claims) - (len(held.claims) if held else 0)
        if lost:
            log.warning("leases were lost, another worker has the messages", messages=lost)
        return held

    def _reasons(self, batch: Batch, situations: Mapping[int, Situation]) -> dict[int, str | None]:
        """Return, by notification id, why it is not worth sending, or None if it is."""
        many = bool(batch.others)
        return {claim.id: self._needless(claim, situations[claim.id], many=many) for claim in batch.claims}

    def _needless(self, claimed: Claim, situation: Situation, *, many: bool) -> str | None:
        shows_state = self._senders[claimed.channel].shows_state
        return needless(
            claimed,
            situation.incident,
            shows_state=shows_state,
            batched=situation.batched,
            # Within a batch it adds no message; if it were superseded, the later call would wait for the next batch.
            called_again=situation.called_again and not many,
        )

    def _situations(self, batch: Batch) -> dict[int, Situation]:
        """Return the situations by notification id, read in one transaction: one for each would be slow in a storm."""
        with self._database.read() as connection:
            return {claim.id: self._situation(connection, claim) for claim in batch.claims}

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
            message=digest([situations[claim.id].incident for claim in batch.claims], context, why=claimed.why)
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

    def _included(self, batch: Batch, situations: Mapping[int, Situation]) -> Iterator[int]:
        """Yield the ids of the waiting notifications whose content the sent message already included."""
        if self._senders[batch.primary.channel].shows_state:
            for claim in batch.claims:
                included_actions = actions_included_in(claim, situations[claim.id].incident)
                yield from (number for number, action in situations[claim.id].later if action in included_actions)


def _thread(incident: Incident) -> str:
    return f"{incident.group_hash[:16]}-{incident.id}-{incident.opened_at:.0f}"


def _storm_thread(claimed: Claim) -> str:
    """Return a thread of its own, because no later message replies to the message of a batch."""
    return f"storm-{claimed.id}-{claimed.created_at:.0f}"
