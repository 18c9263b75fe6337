"""What has come of a try to send, written down: sent, failed for now, failed for good. Part of `dispatch`.

A failure for now goes back with a due time and, where the destination asks for patience, with a pause for all of its
messages; a failure for good is told in the incident's timeline and moves on by `fallback`. `outbox` and `batching`
keep it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import structlog
from sqlalchemy import Connection

from webhook.channels import channel_word
from webhook.incidents import reasons
from webhook.incidents.incident import Entry, Incident
from webhook.incidents.messages import CALLS
from webhook.metrics import Metrics
from webhook.senders.contract import Receipt, TemporaryFailure
from webhook.storage import batching, outbox, store, timers
from webhook.storage.batching import Batch
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.outbox import Claim, Ending
from webhook.workers.backoff import delay, gives_up
from webhook.workers.fallback import Failed, Fallback

FINISH_AGAIN_SECONDS = 1.0
LAST_TRY_SECONDS = 15.0
"""How long before another way is looked for the last try of this one is made."""

log = structlog.get_logger("tocsin.endings")


class Endings:
    """Writes down what has come of claimed messages."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        fallback: Fallback,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
        metrics: Metrics,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `chance` is in [0, 1), `committed` is called when work was added."""
        self._database = database
        self._fallback = fallback
        self._clock = clock
        self._chance = chance
        self._metrics = metrics
        self._committed = committed

    def sent(self, batch: Batch, receipt: Receipt, *, said: Iterable[int]) -> None:
        """End the message as sent, and the waiting ones `said`, which have nothing more to say."""
        primary = batch.primary
        self._metrics.sent(primary.channel, "sent")
        many = {"batch_size": len(batch.claims)} if batch.others else {}
        log.info("sent", channel=primary.channel, incident=primary.incident_id, action=primary.action, **many)
        self._finish(batch, Ending(state="sent", at=self._clock(), provider_id=receipt.provider_id), said=[*said])

    def superseded(self, needless: Sequence[tuple[Claim, str]]) -> None:
        """End messages that are not worth sending any more, each with the reason."""
        if not needless:
            return
        # Together: hundreds of a storm, a commit each, would take longer than the lease of what is still to be sent.
        with self._database.write() as connection:
            for claimed, reason in needless:
                ending = Ending(state="superseded", at=self._clock(), error=reason)
                self._held(outbox.finish(connection, claimed, ending), claimed)

    def failed_for_now(self, batch: Batch, failure: TemporaryFailure) -> None:
        """Let the message be tried again, or give it up when that has gone on for too long."""
        now, primary = self._clock(), batch.primary
        reason = str(failure)
        due_at = now + max(delay(primary.attempts, self._chance()), failure.retry_after or 0.0)
        self._metrics.sent(primary.channel, "temporary_failure")
        log.warning("not sent, will try again", channel=primary.channel, incident=primary.incident_id, reason=reason)
        hopeless = [one for one in batch.claims if gives_up(one.attempts, now - one.meant_for)]
        with self._database.write() as connection:
            if failure.retry_after:
                outbox.pause(connection, primary.channel, primary.destination, now + failure.retry_after)
            for one in batch.claims:
                if one not in hopeless:
                    moves_on_at = now if failure.lasting else None
                    due = due_at if failure.retry_after else _in_time(one, due_at, now)
                    held = outbox.postpone(connection, one, due_at=due, error=reason, moves_on_at=moves_on_at)
                    self._held(held, one)
        for one in hopeless:
            self._give_up(one, f"given up at try {one.attempts}: {reason}")

    def failed_for_good(self, batch: Batch, reason: str) -> None:
        """End the message as failed, and let it move on."""
        for one in batch.claims:
            self._give_up(one, reason)

    def _give_up(self, claimed: Claim, reason: str) -> None:
        self._metrics.sent(claimed.channel, "permanent_failure")
        log.error("not sent, for good", channel=claimed.channel, incident=claimed.incident_id, reason=reason)
        word = channel_word(claimed.channel)
        entry = Entry(kind="failed", actor=word, detail=f"to {claimed.who}: {reason}")
        ending = Ending(state="failed", at=self._clock(), error=reason)
        with self._database.write() as connection:
            incident = self._locked(connection, claimed)
            if not self._held(outbox.finish(connection, claimed, ending), claimed):
                return
            store.note(connection, claimed.incident_id, entry, ending.at)
            failed = Failed(message=claimed, what=reasons.refused(word, reason))
            if not self._fallback.move_on(connection, incident, failed, ending.at) and claimed.action in CALLS:
                # Perhaps nobody of the level can be reached any more: then the next one is not kept waiting.
                timers.hasten(connection, incident.id, ending.at)
        self._committed()

    def _locked(self, connection: Connection, claimed: Claim) -> Incident:
        """Return the incident, locked before its messages are, as everywhere."""
        incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
        if incident is None:
            raise LookupError(f"notification {claimed.id} belongs to no incident")
        return incident

    def _finish(self, batch: Batch, ending: Ending, *, said: list[int]) -> None:
        """Write the ending down. What was sent and cannot be written down would be sent again, so this tries twice."""
        try:
            self._finish_once(batch, ending, said)
        except StoreUnavailable:
            time.sleep(FINISH_AGAIN_SECONDS)
            self._finish_once(batch, ending, said)

    def _finish_once(self, batch: Batch, ending: Ending, said: list[int]) -> None:
        with self._database.write(urgent=True) as connection:
            if batch.others:
                self._held(batching.finish(connection, batch, ending, said), batch.primary)
            elif self._held(outbox.finish(connection, batch.primary, ending), batch.primary):
                outbox.supersede(connection, said, ending.at)

    def _held(self, ended: bool, claimed: Claim) -> bool:  # noqa: FBT001  what came of it
        if not ended:
            log.warning("the lease was lost, another worker has the message", notification=claimed.id)
        return ended


def _in_time(claimed: Claim, due_at: float, now: float) -> float:
    """Return when to try again: once more just before another way is looked for, if not sooner."""
    last = due_at if claimed.moves_on_at is None else claimed.moves_on_at - LAST_TRY_SECONDS
    return last if now < last < due_at else due_at
