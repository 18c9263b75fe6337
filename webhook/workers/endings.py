"""Records the result of an attempt to send: sent, temporary failure, permanent failure. Part of `dispatch`.

After a temporary failure the notification goes back to the outbox with a new due time. If the destination asked for
it, all notifications to that destination pause. A permanent failure is noted in the incident's timeline, and `fallback`
moves the call to another channel. `outbox` and `batching` write the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import structlog
from sqlalchemy import Connection

from webhook.channels import channel_word
from webhook.incidents import reasons
from webhook.incidents.incident import Entry, Incident
from webhook.incidents.notifications import CALLS, Claim
from webhook.metrics import Metrics
from webhook.senders.contract import Receipt, TemporaryFailure
from webhook.storage import store, timers
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.notifications import batching, outbox
from webhook.storage.notifications.batching import Batch
from webhook.storage.notifications.outbox import Ending
from webhook.workers.backoff import delay, gives_up
from webhook.workers.fallback import Failed, Fallback

FINISH_AGAIN_SECONDS = 1.0
LAST_TRY_SECONDS = 15.0
"""Seconds: so long before `fallback` looks for another channel, the destination gets a last attempt."""

log = structlog.get_logger("tocsin.endings")


class Endings:
    """Records the results of claimed notifications."""

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
        """Keep the collaborators.

        `clock` returns epoch seconds, `chance` a random number in [0, 1). `committed` is called when work was added.
        """
        self._database = database
        self._fallback = fallback
        self._clock = clock
        self._chance = chance
        self._metrics = metrics
        self._committed = committed

    def sent(self, batch: Batch, receipt: Receipt, *, said: Iterable[int]) -> None:
        """End the batch as sent; supersede the waiting notifications `said` (ids), which it already included."""
        primary = batch.primary
        self._metrics.sent(primary.channel, "sent")
        many = {"batch_size": len(batch.claims)} if batch.others else {}
        log.info("sent", channel=primary.channel, incident=primary.incident_id, action=primary.action, **many)
        self._finish(batch, Ending(state="sent", at=self._clock(), provider_id=receipt.provider_id), included=[*said])

    def superseded(self, needless: Sequence[tuple[Claim, str]]) -> None:
        """End claims that are no longer worth sending, each with its reason."""
        if not needless:
            return
        # One transaction: hundreds of commits in a storm would outlast the lease of what is still to be sent.
        with self._database.write() as connection:
            for claimed, reason in needless:
                ending = Ending(state="superseded", at=self._clock(), error=reason)
                self._held(outbox.finish(connection, claimed, ending), claimed)

    def failed_for_now(self, batch: Batch, failure: TemporaryFailure) -> None:
        """Schedule another attempt, or give up the claims that have failed for too long."""
        now, primary = self._clock(), batch.primary
        reason = str(failure)
        due_at = now + max(delay(primary.attempts, self._chance()), failure.retry_after or 0.0)
        self._metrics.sent(primary.channel, "temporary_failure")
        log.warning("not sent, will try again", channel=primary.channel, incident=primary.incident_id, reason=reason)
        hopeless = [claim for claim in batch.claims if gives_up(claim.attempts, now - claim.meant_for)]
        with self._database.write() as connection:
            if failure.retry_after:
                outbox.pause(connection, primary.channel, primary.destination, now + failure.retry_after)
            for claim in batch.claims:
                if claim not in hopeless:
                    moves_on_at = now if failure.lasting else None
                    due = due_at if failure.retry_after else _in_time(claim, due_at, now)
                    held = outbox.postpone(connection, claim, due_at=due, error=reason, moves_on_at=moves_on_at)
                    self._held(held, claim)
        for claim in hopeless:
            self._give_up(claim, f"given up at try {claim.attempts}: {reason}")

    def failed_for_good(self, batch: Batch, reason: str) -> None:
        """End the claims as failed; calls move on to another channel."""
        for claim in batch.claims:
            self._give_up(claim, reason)

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
                # Perhaps nobody of this level can be reached any more; then the next level is told at once.
                timers.hasten(connection, incident.id, ending.at)
        self._committed()

    def _locked(self, connection: Connection, claimed: Claim) -> Incident:
        """Return the incident, locked; every transaction locks the incident before its notifications."""
        incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
        if incident is None:
            raise LookupError(f"notification {claimed.id} belongs to no incident")
        return incident

    def _finish(self, batch: Batch, ending: Ending, *, included: list[int]) -> None:
        """Record the ending, with a second attempt: a sent message that is not recorded would be sent again."""
        try:
            self._finish_once(batch, ending, included)
        except StoreUnavailable:
            time.sleep(FINISH_AGAIN_SECONDS)
            self._finish_once(batch, ending, included)

    def _finish_once(self, batch: Batch, ending: Ending, included: list[int]) -> None:
        with self._database.write(urgent=True) as connection:
            if batch.others:
                self._held(batching.finish(connection, batch, ending, included), batch.primary)
            elif self._held(outbox.finish(connection, batch.primary, ending), batch.primary):
                outbox.supersede(connection, included, ending.at)

    def _held(self, ended: bool, claimed: Claim) -> bool:  # noqa: FBT001  the result of the update
        if not ended:
            log.warning("the lease was lost, another worker has the message", notification=claimed.id)
        return ended


def _in_time(claimed: Claim, due_at: float, now: float) -> float:
    """Return when to try again: at `due_at`, or shortly before `fallback` seeks another channel, if that is sooner."""
    last_attempt_at = due_at if claimed.moves_on_at is None else claimed.moves_on_at - LAST_TRY_SECONDS
    return last_attempt_at if now < last_attempt_at < due_at else due_at
