"""What is done with one claimed message, or with a bundle of a storm: written as things stand, sent, written down.

`worker` claims; `relevance` says what is still worth saying; `render` composes; a sender sends; `outbox` and
`gathering` keep what came of it. A failure for now goes back with a due time, a failure for good is told in the
incident's timeline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from webhook import deliveries, fallback, gathering, outbox, store, timers
from webhook.backoff import delay, gives_up
from webhook.catalog import Catalog
from webhook.database import Database, StoreUnavailable
from webhook.gathering import Bundle
from webhook.incident import Entry, Incident
from webhook.metrics import Metrics
from webhook.outbox import Claim, Ending
from webhook.outgoing import CALLS
from webhook.relevance import needless, said_too
from webhook.render.digest import digest
from webhook.render.message import compose
from webhook.render.undelivered import CHANNEL_WORDS, undelivered
from webhook.render.wording import Context
from webhook.senders.contract import Job, PermanentFailure, Receipt, Sender, TemporaryFailure

FINISH_AGAIN_SECONDS = 1.0

log = structlog.get_logger("tocsin.dispatch")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known of a claimed message's incident when it is written."""

    incident: Incident
    undelivered: tuple[str, ...]
    provider_id: str | None
    first: bool
    later: tuple[tuple[int, str], ...]
    gathered: bool
    """Whether the destination knows of it only from a message on many."""


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

    def take(self, bundle: Bundle) -> None:
        """Send the message, in a storm for others too, or fold it; raises StoreUnavailable."""
        situations = {one.id: self._situation(one) for one in bundle.claims}
        kept = tuple(one for one in bundle.claims if not self._is_needless(one, situations[one.id]))
        if not kept:
            return
        bundle = Bundle(carrier=kept[0], others=kept[1:])
        try:
            with self._metrics.sending(bundle.carrier.channel):
                receipt = self._send(bundle, situations)
        except TemporaryFailure as failure:
            self._failed_for_now(bundle, failure)
        except PermanentFailure as failure:
            self._failed_for_good(bundle, str(failure))
        except Exception as error:
            carrier = bundle.carrier
            log.exception("a message could not be written or sent", channel=carrier.channel, notification=carrier.id)
            self._failed_for_now(bundle, TemporaryFailure(f"internal error: {type(error).__name__}"))
        else:
            self._sent(bundle, situations, receipt)

    def _is_needless(self, claimed: Claim, situation: Situation) -> bool:
        shows_state = self._senders[claimed.channel].shows_state
        reason = needless(claimed, situation.incident, shows_state=shows_state, gathered=situation.gathered)
        if reason is not None:
            self._finish(Bundle(carrier=claimed), Ending(state="folded", at=self._clock(), error=reason))
        return reason is not None

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
                gathered=gathering.is_told_by_another(connection, claimed),
            )

    def _send(self, bundle: Bundle, situations: Mapping[int, Situation]) -> Receipt:
        claimed = bundle.carrier
        situation, many = situations[claimed.id], bool(bundle.others)
        now, incident = self._clock(), situation.incident
        context = Context(
            catalog=self._catalog(), now=now, public_url=self._public_url, undelivered=situation.undelivered
        )
        job = Job(
            id=claimed.id,
            action="open" if many else claimed.action,
            destination=claimed.destination,
            message=digest([situations[one.id].incident for one in bundle.claims], context, why=claimed.why)
            if many
            else compose(incident, context, action=claimed.action, focus=claimed.focus, why=claimed.why),
            dedup_key=incident.dedup_key,
            thread=_storm_thread(claimed) if many else _thread(incident),
            sent_at=now,
            first=many or situation.first,
            provider_id=None if many else situation.provider_id,
        )
        return self._senders[claimed.channel].send(job)

    def _sent(self, bundle: Bundle, situations: Mapping[int, Situation], receipt: Receipt) -> None:
        claimed = bundle.carrier
        self._metrics.sent(claimed.channel, "sent")
        log.info(
            "sent",
            channel=claimed.channel,
            incident=claimed.incident_id,
            action=claimed.action,
            **({"gathered": len(bundle.claims)} if bundle.others else {}),
        )
        ending = Ending(state="sent", at=self._clock(), provider_id=receipt.provider_id)
        self._finish(bundle, ending, said=[*self._said(bundle, situations)])

    def _said(self, bundle: Bundle, situations: Mapping[int, Situation]) -> Iterator[int]:
        """Yield the waiting messages that have nothing more to say."""
        if self._senders[bundle.carrier.channel].shows_state:
            for one in bundle.claims:
                said = said_too(one, situations[one.id].incident)
                yield from (number for number, action in situations[one.id].later if action in said)

    def _failed_for_now(self, bundle: Bundle, failure: TemporaryFailure) -> None:
        now, carrier = self._clock(), bundle.carrier
        reason = str(failure)
        due_at = now + max(delay(carrier.attempts, self._chance()), failure.retry_after or 0.0)
        for one in bundle.claims:
            if gives_up(one.attempts, now - one.meant_for):
                self._give_up(one, f"given up at try {one.attempts}: {reason}")
            else:
                self._put_back(one, failure, due_at, now)
        self._metrics.sent(carrier.channel, "temporary_failure")
        log.warning("not sent, will try again", channel=carrier.channel, incident=carrier.incident_id, reason=reason)

    def _put_back(self, claimed: Claim, failure: TemporaryFailure, due_at: float, now: float) -> None:
        reason = str(failure)
        long = failure.retry_after is not None and failure.retry_after > fallback.LONGEST_WAIT
        with self._database.write() as connection:
            incident = self._locked(connection, claimed)
            held = outbox.postpone(connection, claimed, due_at=due_at, error=reason)
            if failure.retry_after:
                outbox.pause(connection, claimed.channel, claimed.destination, now + failure.retry_after)
            if held and (long or claimed.attempts >= fallback.TRIES):
                self._move_on(connection, incident, claimed, reason, tries=claimed.attempts)

    def _failed_for_good(self, bundle: Bundle, reason: str) -> None:
        for one in bundle.claims:
            self._give_up(one, reason)

    def _give_up(self, claimed: Claim, reason: str) -> None:
        self._metrics.sent(claimed.channel, "permanent_failure")
        log.error("not sent, for good", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        word = CHANNEL_WORDS.get(claimed.channel, claimed.channel)
        entry = Entry(kind="failed", actor=word, detail=f"to {claimed.who}: {reason}")
        ending = Ending(state="failed", at=self._clock(), error=reason)
        with self._database.write() as connection:
            incident = self._locked(connection, claimed)
            if not self._held(outbox.finish(connection, claimed, ending), claimed):
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

    def _finish(self, bundle: Bundle, ending: Ending, *, said: list[int] | None = None) -> None:
        """Write the ending down. What was sent and cannot be written down would be sent again, so this tries twice."""
        try:
            self._finish_once(bundle, ending, said or [])
        except StoreUnavailable:
            time.sleep(FINISH_AGAIN_SECONDS)
            self._finish_once(bundle, ending, said or [])

    def _finish_once(self, bundle: Bundle, ending: Ending, said: list[int]) -> None:
        with self._database.write(urgent=True) as connection:
            if bundle.others:
                self._held(gathering.finish(connection, bundle, ending, said), bundle.carrier)
            elif self._held(outbox.finish(connection, bundle.carrier, ending), bundle.carrier):
                outbox.fold(connection, said, ending.at)

    def _held(self, ended: bool, claimed: Claim) -> bool:  # noqa: FBT001  what came of it
        if not ended:
            log.warning("the lease was lost, another worker has the message", notification=claimed.id)
        return ended


def _thread(incident: Incident) -> str:
    return f"{incident.group_hash[:16]}-{incident.id}-{incident.opened_at:.0f}"


def _storm_thread(claimed: Claim) -> str:
    """Return a thread of its own: nothing answers a message on many incidents."""
    return f"storm-{claimed.id}-{claimed.created_at:.0f}"
