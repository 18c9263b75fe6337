"""Derive what must follow from the true state of the world, and compare it with what the webhook did.

The oracle decides which answers are positive knowledge, what they allow and what they demand. It does not ask the
module under test, and repeats nothing of it except its law:

- A firing that was told stands open, or in doubt, in an incident that is not over.
- An incident ends by a delivery that leaves nothing open, or by two answers. The answers are two minutes apart, no
  delivery comes between them, and each is positive knowledge that every alert of the incident has ended.
- The same rule holds for one alert that ends while others of its incident fire on.
- A step is held if, and only if, every alert that fires is suppressed at its own Alertmanager.
- In all other cases the step is taken, and the message says so if the state is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from testbed.law.replicas import Alert, Kept, Replicas
from testbed.law.world import (
    ALERTS,
    BEGIN,
    CLUSTERS,
    GROUPS,
    HALF_HEARD,
    URLS,
    Firing,
    World,
    cluster_of,
    fingerprint_of,
    labels,
    moment,
)
from webhook.alertmanagers import Server
from webhook.incidents.incident import Incident
from webhook.payload import Payload

TWICE_SECONDS = 120.0
AGAIN_SECONDS = 30.0
SETTLED_SECONDS = 300.0
PENDING_SECONDS = 3_600.0
KEPT_SECONDS = 900.0
KEPT_STARTS = 2
"""`KEPT_SECONDS` is how long an earlier start of a Watchdog counts after it was last told; `KEPT_STARTS` is how many
starts are kept."""
LARGEST_STEP = 400.0
"""Seconds: a clock is never set by more than this, with a margin."""
NOT_KNOWN = "Whether it still fires is not known"
_EVER = moment("eu", BEGIN - 1)
"""A start before that of every alert. It stands for an alert that no delivery told of: nobody knows when it began."""
_ALERT = {fingerprint_of(cluster, alert): alert for cluster in CLUSTERS for alert in ALERTS}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What can be known of alerts; `words` are the reasons that the webhook may give if it is suppressed or unknown."""

    kind: Literal["active", "unknown", "suppressed", "ended"]
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, the correct answer (`truth`, None if it cannot be told), and what happened meanwhile."""

    before: Kept
    truth: Truth | None
    now: float
    others: Mapping[int, Kept]
    interrupted: bool = False
    ended: frozenset[str] = frozenset()
    """The alerts that have ended, by positive knowledge."""
    unsure: frozenset[str] = frozenset()
    """The alerts whose correct answer cannot be told."""
    about_doubts: bool = False
    """Whether the question is only about alerts that had ended and were told again with their old start."""
    confirms: bool = False
    """Whether the question only confirms an earlier answer, and no step was due."""


class AgainstTheLaw(AssertionError):  # noqa: N818  the name says what it is
    """Something happened that must not happen, or something did not happen that must."""


@dataclass
class Oracle:
    """Watches the replicas and compares what they do with what the law says."""

    replicas: Replicas
    before: dict[int, Kept] = field(default_factory=dict)
    question: Question | None = None
    must_end: dict[tuple[int, str], float] = field(default_factory=dict)
    """Since when, for sure, every answer says that the subject has ended. The key is the incident and the subject:
    `all` of its alerts, those told `again`, or the fingerprint of one alert."""
    may_end: dict[tuple[int, str], float] = field(default_factory=dict)
    """The earliest time from which this may be so, with the same keys."""
    may_settle: dict[tuple[int, str], float] = field(default_factory=dict)
    """The earliest time from which every answer may say that an alert in doubt has ended, by incident and alert."""
    listed: set[tuple[str, float, str, str, int]] = field(default_factory=set)
    """Which server listed which firing for which incident: the server's name and start, the firing's fingerprint and
    start, and the incident."""
    vouched: set[tuple[str, float]] = field(default_factory=set)
    doubtful_vouching: set[tuple[str, float]] = field(default_factory=set)
    watchdogs: dict[str, dict[float, float]] = field(default_factory=dict)
    """By the external URL that delivered it, each start of a Watchdog and when it was last told, by the clock of the
    replica that took it."""
    asked_at: float = 0.0
    """When the question is asked, by the clock of the replica that asks."""
    even_from: float = 0.0
    """From when the clocks agree again, and no stored time lies in the future because a clock was set."""

    def __post_init__(self) -> None:
        self.replicas.asked = self.asks

    @property
    def world(self) -> World:
        """The true state of the alerts and servers."""
        return self.replicas.world

    @property
    def clocks_are_even(self) -> bool:
        """Whether times can be compared to the second."""
        return self.world.now >= self.even_from

    def clocks_differ(self) -> None:
        """Note that a clock was set: lengths of time measured before mean nothing."""
        self.even_from = self.world.now + LARGEST_STEP if self.replicas.skew == [0.0, 0.0] else float("inf")
        self.must_end.clear()
        self.may_end = dict.fromkeys(self.may_end, float("-inf"))
        self.may_settle = dict.fromkeys(self.may_settle, float("-inf"))

    def asks(self, incident: Incident, now: float) -> None:
        """Note a question."""
        self.asked_at = now
        kept = self.replicas.kept()
        before = kept[incident.id]
        identities = {firing.identity for firing in incident.open_firings}
        is_open = {(fingerprint, alert.started) for fingerprint, alert in before.open.items()}
        about_doubts = bool(before.doubtful and identities) and not identities & is_open
        asked = before.doubtful if about_doubts else before.open
        truth = self._truth_of_incident(before, asked, about_doubts=about_doubts)
        truths = {fingerprint: self._truth_of_alert(fingerprint, alert, before) for fingerprint, alert in asked.items()}
        ended = frozenset(
            fingerprint for fingerprint, known in truths.items() if known is not None and known.kind == "ended"
        )
        unsure = frozenset(fingerprint for fingerprint, known in truths.items() if known is None)
        self.question = Question(
            before=before,
            truth=truth,
            now=now,
            others=kept,
            ended=ended,
            unsure=unsure,
            about_doubts=about_doubts,
            confirms=about_doubts if before.doubtful else self.replicas.confirms(incident.id),
        )
        self._learn(incident.id, asked, sure=self.replicas.meanwhile is None)

    def heard(self, url: str, began: float, now: float) -> None:
        """Note a Watchdog that was delivered."""
        starts = self.watchdogs.setdefault(url, {})
        if began not in starts:
            for start in sorted(starts, key=lambda start: starts[start])[: max(0, len(starts) + 1 - KEPT_STARTS)]:
                del starts[start]
        starts[began] = now

    def delivered(self, payload: Payload, *, whole: bool) -> None:  # noqa: C901  cases by alert and by incident
        """Note a delivery that was taken, `whole` or only the new alerts of it, and compare."""
        cluster = cluster_of(payload.external_url)
        before, after = self.before, self.replicas.kept()
        told: set[str] = set()
        for posted in payload.alerts:
            firing = self.world.by_start(cluster, _ALERT[posted.fingerprint], posted.starts_at.exact)
            if posted.status == "firing":
                told.add(posted.fingerprint)
                if firing is not None and (whole or not firing.ever_told):
                    firing.again = firing.end_told
                    firing.told, firing.ever_told, firing.settled = True, True, False
            elif firing is not None and whole and firing.ended == posted.ends_at != firing.told_end:
                # The same end told once more is no news, even if the firing was told again since.
                firing.told, firing.again, firing.end_told, firing.told_end = False, False, True, posted.ends_at
                self._check_delivered_end(posted.fingerprint, firing, payload, before, after)
            elif firing is not None and whole and firing.again and _ALERT[posted.fingerprint] == "c":
                # While another cluster reports this alert, the store does not know that this end was told before.
                firing.told = False
        for number, incident in after.items():
            standing = {**incident.doubtful, **incident.open}
            again = [
                fingerprint
                for fingerprint in told
                if fingerprint in standing and cluster in standing[fingerprint].clusters
            ]
            for subject in (*again, "all") if again else ():
                self._forget(number, subject)
            for fingerprint in again:
                self.may_settle.pop((number, fingerprint), None)
            if any(fingerprint in incident.doubtful for fingerprint in again):
                self._forget(number, "again")
            previous = before.get(number)
            if previous != incident:
                # The webhook asks anew about what changed. Whether an earlier answer still counts is left open.
                self._forget_demands(number)
            if incident.over and previous is not None and not previous.over and (incident.truncated or incident.open):
                raise AgainstTheLaw(f"a delivery has ended what it leaves open or out: {previous} {incident}")
        self._check_standing(after)

    def hands(self, number: int) -> None:
        """Compare an incident before and after a person acted on it."""
        after = self.replicas.kept()
        previous, incident = self.before[number], after[number]
        if incident.over and not previous.over and (previous.open or previous.doubtful or previous.truncated):
            raise AgainstTheLaw(f"a person has ended what may fire: {previous} {incident}")
        self._forget_demands(number)
        self._check_standing(after)

    def stepped(self) -> None:
        """Compare what followed from a question."""
        question, self.question = self.question, None
        after = self.replicas.kept()
        if question is not None:
            self._check_answer(question, after)
        self._check_standing(after)

    def rests(self) -> None:
        """Compare when a replica has nothing more to do: it must have asked about everything that was due."""
        if not self.clocks_are_even:
            return
        for (number, subject), since in self.must_end.items():
            waited = self.world.now - since
            if waited >= (AGAIN_SECONDS if subject == "again" else TWICE_SECONDS):
                raise AgainstTheLaw(f"{subject} of {number} has been over for {waited} s and nobody has asked again")
        for number, incident in self.before.items():
            if incident.doubted and self.replicas.due(number) > self.world.now + TWICE_SECONDS:
                raise AgainstTheLaw(f"nobody asks about what is in doubt: {incident}")

    def _check_answer(self, question: Question, after: dict[int, Kept]) -> None:  # noqa: C901  a case for each result
        number, truth, now = question.before.id, question.truth, question.now
        previous, incident = question.before, after[number]
        subject = "again" if question.about_doubts else "all"
        done = not incident.doubtful if subject == "again" else incident.over
        settled = subject == "again" and done and not {*previous.doubtful} & {*_open_fingerprints(after)}
        ended = settled or (subject == "all" and incident.over and not previous.over)
        if subject == "again":
            self._learn_of_doubts(question)
        if truth is None:
            self.must_end.pop((number, subject), None)
            self.may_end.setdefault((number, subject), now)
        elif truth.kind == "ended" and subject == "all" and previous.doubtful:
            if ended:
                raise AgainstTheLaw(f"ended while one of its alerts is in doubt: {previous} {incident}")
            self._forget(number, "all")
            for fingerprint in previous.open:
                # The doubt keeps these alerts from ending now, but the answer counts as the first of two.
                self.must_end.pop((number, fingerprint), None)
                self.may_end.setdefault((number, fingerprint), now if self.clocks_are_even else float("-inf"))
        elif truth.kind == "ended":
            self._check_all_ended(question, subject, done=done, ended=ended)
        else:
            self._forget(number, subject)
            told_meanwhile = question.interrupted and not (previous.open or previous.doubtful or previous.truncated)
            if ended and not told_meanwhile:
                raise AgainstTheLaw(f"{truth} has ended {previous}: {incident}")
        held = incident.suppressed_by is not None and incident.suppressed_by != previous.suppressed_by
        if held and truth is not None and incident.suppressed_by not in truth.words:
            raise AgainstTheLaw(f"{truth} has held {previous}: {incident}")
        if (
            subject == "all"
            and not incident.over
            and not (previous.doubtful and truth is not None and truth.kind == "ended")
        ):
            self._check_single_alerts(question, incident)
        if settled:
            self._settle(previous)
        if truth is not None and truth.kind != "ended" and not question.interrupted:
            self._check_demands(question, truth, incident, after)

    def _check_all_ended(self, question: Question, subject: str, *, done: bool, ended: bool) -> None:
        """Compare after an answer that is positive knowledge that all alerts have ended."""
        wait = AGAIN_SECONDS if subject == "again" else TWICE_SECONDS
        number, now = question.before.id, question.now
        key = number, subject
        if subject == "again" and not question.before.doubtful:
            # What was told while the answer came has settled the doubts.
            self._forget(number, subject)
            return
        keys = [(number, fingerprint) for fingerprint in question.before.open] if subject == "all" else []
        alone = keys and not question.before.truncated
        latest = max((self.may_end.get(alert_key, float("inf")) for alert_key in keys), default=float("inf"))
        if subject == "again":
            latest = max(self.may_settle[number, fingerprint] for fingerprint in question.before.doubtful)
        if (
            ended
            and min(self.may_end.get(key, float("inf")), latest if alone or subject == "again" else float("inf"))
            > now - wait
        ):
            raise AgainstTheLaw(f"ended on one answer, or too soon: {question}")
        since = self.must_end.get(key)
        if done:
            self._forget(number, subject)
            return
        if since is not None and now - since >= wait and not question.interrupted:
            raise AgainstTheLaw(f"has been over since {since} and is asked again: {question}")
        if question.interrupted:
            self.may_end.setdefault(key, now)
            return
        previous, incident = question.before, self.replicas.kept()[number]
        if (previous.status, previous.paged_at, previous.suppressed_by) != (
            incident.status,
            incident.paged_at,
            incident.suppressed_by,
        ):
            raise AgainstTheLaw(f"all has ended, and yet something follows at once: {previous} {incident}")
        if self.clocks_are_even:
            self.must_end.setdefault(key, now)
        self.may_end.setdefault(key, now if self.clocks_are_even else float("-inf"))

    def _learn_of_doubts(self, question: Question) -> None:
        """Note what an answer says of each alert in doubt, even if another alert is told anew."""
        for fingerprint in question.before.doubtful:
            key = question.before.id, fingerprint
            if question.truth is None or question.truth.kind == "ended":
                even = self.clocks_are_even or question.truth is None
                self.may_settle.setdefault(key, question.now if even else float("-inf"))
            else:
                self.may_settle.pop(key, None)

    def _check_single_alerts(self, question: Question, incident: Kept) -> None:
        """Compare what became of single alerts while others of the incident fire on, or their state is unknown."""
        number, now, previous = question.before.id, question.now, question.before
        whole = question.truth is not None and question.truth.kind == "ended"
        for fingerprint in previous.open:
            key = number, fingerprint
            if fingerprint not in question.ended | question.unsure:
                self._forget(number, fingerprint)
                if fingerprint not in incident.open and not question.interrupted:
                    raise AgainstTheLaw(f"{fingerprint} has been ended, of which nobody knows: {previous} {incident}")
            elif fingerprint not in incident.open:
                if self.may_end.get(key, float("inf")) > now - TWICE_SECONDS and not question.interrupted:
                    raise AgainstTheLaw(f"{fingerprint} has ended on one answer, or too soon: {question}")
                self._forget(number, fingerprint)
            elif whole and previous.truncated:
                self.must_end.pop(key, None)
            else:
                self._check_still_open(question, fingerprint)

    def _check_still_open(self, question: Question, fingerprint: str) -> None:
        """Compare an alert that is still open after an answer that is positive knowledge that it has ended."""
        key, now = (question.before.id, fingerprint), question.now
        even = self.clocks_are_even
        self.may_end.setdefault(key, now if even or question.interrupted else float("-inf"))
        if fingerprint in question.unsure or question.truth is None or question.interrupted or not even:
            self.must_end.pop(key, None)
            return
        since = self.must_end.setdefault(key, now)
        if now - since >= TWICE_SECONDS:
            raise AgainstTheLaw(f"{fingerprint} has been over since {since} and is asked about again: {question}")

    def _check_demands(self, question: Question, truth: Truth, incident: Kept, after: dict[int, Kept]) -> None:
        """Compare what followed with what a clear answer demands."""
        previous = question.before
        if question.about_doubts:
            self._check_demands_on_doubts(question, truth, incident, after)
            return
        if not previous.doubtful and previous.doubted and incident.doubted and truth.kind != "unknown":
            raise AgainstTheLaw(f"{truth} leaves in doubt {previous}")
        if not question.confirms and (previous.status == "resolved" or previous.open or previous.truncated):
            self._check_demands_on_step(question, truth, incident)

    def _check_demands_on_doubts(
        self, question: Question, truth: Truth, incident: Kept, after: dict[int, Kept]
    ) -> None:
        previous = question.before
        if truth.kind == "suppressed":
            if not incident.doubtful:
                raise AgainstTheLaw(f"{truth} has settled {previous}")
            return
        again = {*previous.doubtful} & {*_open_fingerprints(after)}
        if not again or (truth.kind == "unknown" and len(again) < len(previous.doubtful)):
            raise AgainstTheLaw(f"{truth} does not let fire again {previous}: {incident}")
        if truth.kind == "unknown" and previous.status == "resolved" and incident.status == "open":
            self._check_told_reason(truth, previous)
        if truth.kind == "active" and again & question.ended:
            raise AgainstTheLaw(f"what has ended fires again with another alert: {previous} {incident}")

    def _check_demands_on_step(self, question: Question, truth: Truth, incident: Kept) -> None:
        previous = question.before
        called = incident.status == "open" and incident.paged_at == question.now
        if truth.kind == "suppressed":
            held = incident.suppressed_by in truth.words or previous.fires_on or not previous.open
            if called or incident.status != previous.status or not held:
                raise AgainstTheLaw(f"{truth} does not hold {previous}: {incident}")
            return
        if previous.open and not called:
            raise AgainstTheLaw(f"{truth} does not call for {previous}: {incident}")
        if called:
            self._check_told_reason(truth, previous)

    def _check_told_reason(self, truth: Truth, previous: Kept) -> None:
        line = self.replicas.last_line(previous.id)
        if (NOT_KNOWN in line) is not (truth.kind == "unknown"):
            raise AgainstTheLaw(f"{truth} is told as {line!r}: {previous}")
        if truth.words and not any(word in line for word in truth.words):
            raise AgainstTheLaw(f"{truth} is told with another reason, {line!r}: {previous}")

    def _check_delivered_end(
        self, fingerprint: str, firing: Firing, payload: Payload, before: Mapping[int, Kept], after: Mapping[int, Kept]
    ) -> None:
        """Compare after an end was delivered.

        The alert ends if no other cluster reports it. If another cluster reports it, the webhook must ask.
        """
        if not self.clocks_are_even:
            return
        cluster = cluster_of(payload.external_url)
        for number, previous in before.items():
            alert = previous.open.get(fingerprint)
            doubt = previous.doubtful.get(fingerprint)
            if doubt is not None and doubt.started != "several" and doubt.clusters == {cluster}:
                later = float(doubt.started) < firing.start.seconds
                numbers_in_group = [
                    incident.id for incident in after.values() if incident.group_labels == previous.group_labels
                ]
                is_told = previous.group_labels == payload.group_labels and number == max(numbers_in_group, default=0)
                if later and is_told and fingerprint in after[number].doubtful:
                    raise AgainstTheLaw(
                        f"{cluster} has told of a later firing of {fingerprint}: {previous} {after[number]}"
                    )
            if alert is None or number not in after or alert.started == "several":
                continue
            now_open = after[number].open.get(fingerprint)
            # The end of a later firing also ends an earlier one.
            if float(alert.started) <= firing.start.seconds and alert.clusters == {cluster} and now_open is not None:
                raise AgainstTheLaw(
                    f"{cluster} has ended {fingerprint}, which only it tells of: {previous} {after[number]}"
                )
            if cluster in alert.clusters and now_open is not None and not after[number].doubted:
                raise AgainstTheLaw(
                    f"{cluster} has ended {fingerprint}, others tell of it, and nobody asks: {after[number]}"
                )

    def _check_standing(self, after: dict[int, Kept]) -> None:
        """Check that every firing that was told stands in an incident that is not over."""
        self.before = after
        self.may_settle = {key: at for key, at in self.may_settle.items() if key[1] in after[key[0]].doubtful}
        for number, subject in [*self.may_end]:
            kept = after[number]
            is_single_alert = subject not in {"all", "again"}
            if is_single_alert and kept.doubtful and not kept.over and subject in kept.open:
                # The doubt keeps the alert from ending; earlier answers about it count afterwards.
                self.must_end.pop((number, subject), None)
            elif is_single_alert and subject in kept.open and not kept.over:
                continue
            elif is_single_alert or (not kept.doubtful if subject == "again" else kept.over or kept.doubtful):
                self._forget(number, subject)
        standing = _open_fingerprints(after) | {fingerprint for kept in after.values() for fingerprint in kept.doubtful}
        for cluster, alert, firing in self.world.told():
            if fingerprint_of(cluster, alert) not in standing and not firing.settled:
                raise AgainstTheLaw(f"{alert} fires in {cluster}, was told, and no incident has it open: {firing}")

    def _settle(self, previous: Kept) -> None:
        for fingerprint in previous.doubtful:
            for cluster in CLUSTERS:
                firing = self.world.firing.get((cluster, _ALERT[fingerprint]))
                if firing is not None and fingerprint_of(cluster, _ALERT[fingerprint]) == fingerprint:
                    firing.settled, firing.again = firing.told and firing.suppressed_by is not None, False

    def _forget(self, number: int, subject: str | None = None) -> None:
        for times in (self.must_end, self.may_end):
            for key in [key for key in times if key[0] == number and subject in {None, key[1]}]:
                del times[key]

    def _forget_demands(self, number: int) -> None:
        for key in [key for key in self.must_end if key[0] == number]:
            del self.must_end[key]

    def _truth_of_incident(self, incident: Kept, asked: Mapping[str, Alert], *, about_doubts: bool) -> Truth | None:
        """Return what can be known of the alerts of an incident."""
        truths = [self._truth_of_alert(fingerprint, alert, incident) for fingerprint, alert in asked.items()]
        if (incident.truncated and not about_doubts) or not asked:
            truths.append(self._truth_of_left_out(incident))
        return _worst(truths)

    def _truth_of_alert(self, fingerprint: str, alert: Alert, incident: Kept) -> Truth | None:
        name = _ALERT[fingerprint]
        claimed = {
            cluster: firing
            for cluster in CLUSTERS
            if fingerprint_of(cluster, name) == fingerprint
            and (firing := self.world.firing.get((cluster, name))) is not None
            and (firing.told or firing.again)
        }
        if len(claimed) != 1 or alert.clusters != {*claimed}:
            return None
        (cluster, firing), *_ = claimed.items()
        if alert.started != firing.start.exact or self._is_taken_for_another(cluster, name, fingerprint, firing):
            return None
        return self._truth_of_firing(cluster, fingerprint, firing, incident)

    def _is_taken_for_another(self, cluster: str, name: str, fingerprint: str, firing: Firing) -> bool:
        """Return whether another cluster has the same alert with the same start, as two unknown starts are."""
        return any(
            other != cluster
            and fingerprint_of(other, name) == fingerprint
            and self.world.by_start(other, name, firing.start.exact) is not None
            for other in CLUSTERS
        )

    def _truth_of_firing(  # noqa: PLR0911  a return for each kind of knowledge
        self, cluster: str, fingerprint: str, firing: Firing, incident: Kept
    ) -> Truth | None:
        servers = self.world.of(cluster)
        if not servers:
            return self._unanswered(URLS[cluster])
        listing_servers = [
            server
            for server in servers
            if self.world.knows(server) and self.world.listed(server.name, _ALERT[fingerprint]) is firing
        ]
        if listing_servers and cluster == "us" and not self._is_known_as_own(fingerprint, firing, incident.id):
            return None if firing.unsure else self._unanswered(URLS[cluster])
        if listing_servers:
            deaf = any(self.world.weather[server.name] == "deaf" for server in listing_servers)
            by = None if deaf else firing.suppressed_by
            return Truth(kind="active") if by is None else Truth(kind="suppressed", words=frozenset({by}))
        if cluster == "us" and not self.world.us_is_named and not self._ever_listed(fingerprint, firing, incident.id):
            return None if firing.unsure else self._unanswered(URLS[cluster])
        if cluster == "us" and not self.clocks_are_even and self._is_close(servers[0], firing, incident):
            return None
        words = [self._no_standing(server, fingerprint, firing, incident) for server in servers]
        if None not in words:
            return Truth(kind="unknown", words=frozenset(word for word in words if word))
        return None if firing.unsure or firing.fires or self._is_unsure(servers) else Truth(kind="ended")

    def _is_close(self, server: Server, firing: Firing, incident: Kept) -> bool:
        """Return whether server and alert began so close together that only even clocks tell which was first."""
        begun = min(incident.opened_at, firing.start.seconds) if firing.start.seconds > 0 else incident.opened_at
        return abs(self.world.life(server) - begun) <= LARGEST_STEP

    def _unanswered(self, urls: Iterable[str]) -> Truth:
        words = frozenset(f"{url} is not among the Alertmanagers" if url else "has no externalURL" for url in urls)
        if not self.world.us_is_named and self.world.weather["us"] == "away":
            words = frozenset({"HTTP 503"})
        return Truth(kind="unknown", words=words)

    def _no_standing(  # noqa: PLR0911  a return for each reason
        self, server: Server, fingerprint: str, firing: Firing, incident: Kept
    ) -> str | None:
        """Return why it means nothing that the server does not list the firing, None if it means that it ended."""
        reasons = {"away": "HTTP 503", "mum": "does not say how long it has been up"}
        if self.world.weather[server.name] in reasons:
            return reasons[self.world.weather[server.name]]
        up, life = self.world.up(server), self.world.life(server)
        if up < SETTLED_SECONDS:
            return f"up for only {round(up)} s"
        if server.name != "us":
            return self._reason_without_watchdog(server) or self._reason_pending(firing)
        if self.world.weather[server.name] == "several":
            return "several servers may answer at its address"
        starts = [firing.start.seconds] if firing.start.seconds > 0 else []
        listed = (server.name, life, fingerprint, firing.start.exact, incident.id) in self.listed
        older = life < min([incident.opened_at, *starts])
        if listed or firing.unsure:
            return None
        if older and ((server.name, life) in self.vouched or (server.name, life) in self.doubtful_vouching):
            return None
        return "has not since it was started"

    def _awaited_watchdogs(self) -> set[tuple[str, float]]:
        """Return the Watchdogs that an answer has to list: the URL that told of each, and its start."""
        return {
            (url, began)
            for url, starts in self.watchdogs.items()
            for began, heard_at in starts.items()
            if max(starts.values()) - heard_at <= KEPT_SECONDS
        }

    def _reason_without_watchdog(self, server: Server) -> str | None:
        awaited = self._awaited_watchdogs()
        listed = {self.world.watchdog_began[server.name]} if self.world.lists_watchdog(server) else set()
        if self.world.weather[server.name] != "undated" and {began for _, began in awaited} <= listed:
            return None
        if len({url for url, _ in awaited}) < len(awaited):
            return "two Watchdogs with the same labels"
        if self.world.weather[server.name] == "half":
            return HALF_HEARD
        return "does not list its Watchdog either"

    def _reason_pending(self, firing: Firing) -> str | None:
        """Return a reason while a Prometheus that started after the alert began may not know of the alert yet."""
        begun = max(began for _, began in self._awaited_watchdogs())
        if firing.start.seconds < begun and self.asked_at - begun < SETTLED_SECONDS + PENDING_SECONDS:
            return "its Prometheus was started anew"
        return None

    def _truth_of_left_out(self, incident: Kept) -> Truth | None:
        """Return what can be known of the alerts of a group that no delivery told of."""
        truths: list[Truth | None] = []
        for group in incident.left_out or (incident.group_labels,):
            cluster = group.get("cluster")
            if cluster is not None:
                truths.append(self._truth_of_left_out_in(cluster, GROUPS["ab"], incident, group))
                continue
            clusters = {cluster for alert in incident.open.values() for cluster in alert.clusters}
            truths += [self._truth_of_left_out_in(name, ALERTS, incident, group) for name in clusters]
        return _worst(truths)

    def _truth_of_left_out_in(  # noqa: PLR0911  a return for each kind of knowledge
        self, cluster: str, alerts: Iterable[str], incident: Kept, group: Mapping[str, str]
    ) -> Truth | None:
        servers = self.world.of(cluster)
        # A server whose external URL is not configured may belong to this cluster.
        may_know = servers if self.world.us_is_named or cluster == "us" else (*servers, *self.world.of("us"))
        listing_servers = [server for server in may_know if self.world.knows(server)]
        firings = [
            (server, alert, self.world.listed(server.name, alert)) for server in listing_servers for alert in alerts
        ]
        firing = [
            (server, firing)
            for server, alert, firing in firings
            if firing is not None and group.items() <= labels(server.name.partition("-")[0], alert).items()
        ]
        if firing:
            # The webhook does not ask whether an alert that was left out is muted: its receivers are not known.
            by = {
                None
                if self.world.weather[server.name] == "deaf" or firing.suppressed_by == "muted"
                else firing.suppressed_by
                for server, firing in firing
            }
            if None in by:
                return Truth(kind="active")
            return Truth(kind="suppressed", words=frozenset(suppression for suppression in by if suppression))
        if not servers:
            return self._unanswered(URLS[cluster])
        if cluster == "us":
            return self._truth_of_left_out_in_us(servers[0], incident)
        known = self.world.firing.get((cluster, "a"))
        if known is None or self._reason_pending(Firing(start=_EVER)):
            return None
        words = [self._no_standing(server, "", Firing(start=known.start), incident) for server in servers]
        if None in words:
            return Truth(kind="ended")
        return Truth(kind="unknown", words=frozenset(word for word in words if word))

    def _truth_of_left_out_in_us(self, server: Server, incident: Kept) -> Truth | None:
        """Return what it means that `us` lists nothing of the group; `us` has no Watchdog to prove its connection."""
        life = self.world.life(server)
        is_settled = self.world.weather[server.name] == "well" and self.world.up(server) >= SETTLED_SECONDS
        ours = [self.world.firing.get(("us", _ALERT[fingerprint])) for fingerprint, _ in incident.firings]
        unsure = any(firing is None or firing.unsure for firing in ours) or self._is_unsure([server])
        vouched = (server.name, life) in self.vouched
        if not is_settled or unsure or vouched or not self.world.us_is_named or not self.clocks_are_even:
            return None
        listed = [(server.name, life, *identity, incident.id) in self.listed for identity in incident.firings]
        if all(listed):
            return Truth(kind="ended")
        return Truth(kind="unknown", words=frozenset({"has not since it was started"}))

    def _is_unsure(self, servers: Iterable[Server]) -> bool:
        return any((server.name, self.world.life(server)) in self.doubtful_vouching for server in servers)

    def _is_known_as_own(self, fingerprint: str, firing: Firing, number: int) -> bool:
        """Return whether `us` evidently lists its own firing: its URL is configured, or it says when firings began."""
        dated = self.world.weather["us"] != "undated"
        return self.world.us_is_named or dated or self._ever_listed(fingerprint, firing, number)

    def _ever_listed(self, fingerprint: str, firing: Firing, number: int) -> bool:
        return any(listing[2:] == (fingerprint, firing.start.exact, number) for listing in self.listed)

    def _learn(self, number: int, asked: Mapping[str, Alert], *, sure: bool) -> None:
        """Note whether `us` lists the alerts asked about: only then does its later silence mean that they ended."""
        (server,) = self.world.of("us")
        life = self.world.life(server)
        for fingerprint, alert in asked.items():
            firing = self.world.fires("us", _ALERT[fingerprint])
            ours = firing is not None and fingerprint_of("us", _ALERT[fingerprint]) == fingerprint
            if (
                firing is None
                or not ours
                or not self.world.knows(server)
                or self.world.weather["us"] in {"mum", "several"}
            ):
                continue
            if not self._is_known_as_own(fingerprint, firing, number) and not firing.unsure:
                continue
            if sure and alert.clusters == {"us"} and firing.start.exact == alert.started:
                self.listed.add((server.name, life, fingerprint, firing.start.exact, number))
                self.vouched.add((server.name, life))
            else:
                firing.unsure = True
                self.doubtful_vouching.add((server.name, life))


def _worst(truths: Sequence[Truth | None]) -> Truth | None:
    """Return what is known of all alerts together, None if it cannot be told for one of them."""
    known = [truth for truth in truths if truth is not None]
    if len(known) < len(truths):
        return None
    for kind in ("active", "unknown", "suppressed", "ended"):
        words = [truth.words for truth in known if truth.kind == kind]
        if words:
            return Truth(kind=kind, words=frozenset().union(*words))
    return None


def _open_fingerprints(kept: Mapping[int, Kept]) -> set[str]:
    return {fingerprint for incident in kept.values() if not incident.over for fingerprint in incident.open}
