"""What had to follow, said from the world alone: which answers are positive knowledge, and what they allow and demand.

The room under test is not asked, and nothing of it is repeated here but its law:

- A firing that was told stands open, or in doubt, in an incident that is not over.
- An incident ends by a delivery that leaves nothing open, or by two answers, two minutes apart and without a word
  between them, each of which was positive knowledge that every alert of it has ended.
- An alert ends while others of its incident go on by the same rule.
- A step is held only while every alert that fires is suppressed at its own Alertmanager, and then it is.
- On everything else the step is taken, and the message says so where nobody knew.
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
    fingerprint,
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
"""An earlier start of a Watchdog counts for so long after it was last told, and so many are kept."""
LARGEST_STEP = 400.0
"""Seconds by which a clock is set at the most, and some."""
NOT_KNOWN = "Whether it still fires is not known"
_EVER = moment("eu", BEGIN - 1)
"""Before every alert: of one that nobody has told of it is not known when it began."""
_ALERT = {fingerprint(cluster, alert): alert for cluster in CLUSTERS for alert in ALERTS}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What can be known of alerts: `suppressed` with the words that say why, `unknown` with what may be said of it."""

    kind: Literal["active", "unknown", "suppressed", "ended"]
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked, what had to be answered (None: it cannot be told), and what has happened meanwhile."""

    before: Kept
    truth: Truth | None
    now: float
    others: Mapping[int, Kept]
    interrupted: bool = False
    ended: frozenset[str] = frozenset()
    """The alerts of which it is positive knowledge that they have ended."""
    unsure: frozenset[str] = frozenset()
    """The alerts of which it cannot be told."""
    about_doubts: bool = False
    """Whether only alerts were asked about that had ended and were told again with their old start."""
    confirms: bool = False
    """Whether it was asked to know more, and not because a step was due."""


class AgainstTheLaw(AssertionError):  # noqa: N818  what it is, in a word
    """Something has happened that must not, or has not that must."""


@dataclass
class Oracle:
    """Watches the replicas and compares."""

    replicas: Replicas
    before: dict[int, Kept] = field(default_factory=dict)
    question: Question | None = None
    must_end: dict[tuple[int, str], float] = field(default_factory=dict)
    """Since when, for sure, every answer was that it has ended; by the incident and `all` of it, what is told `again`,
    or one alert of several."""
    may_end: dict[tuple[int, str], float] = field(default_factory=dict)
    """The same at the earliest."""
    may_settle: dict[tuple[int, str], float] = field(default_factory=dict)
    """Since when at the earliest every answer about an alert in doubt was that it has ended; by incident and alert."""
    listed: set[tuple[str, float, str, str, int]] = field(default_factory=set)
    """The servers, by name and life, that have listed a firing (fingerprint and start) when asked about an incident."""
    vouched: set[tuple[str, float]] = field(default_factory=set)
    doubtful_vouching: set[tuple[str, float]] = field(default_factory=set)
    watchdogs: dict[str, dict[float, float]] = field(default_factory=dict)
    """By who delivered it, each start of a Watchdog that was told, and when it last was by the clock of who took it."""
    asked_at: float = 0.0
    """When the question is asked, by the clock of who asks."""
    even_from: float = 0.0
    """When the clocks agree again, and nothing that was set by another clock lies ahead."""

    def __post_init__(self) -> None:
        self.replicas.asked = self.asks

    @property
    def world(self) -> World:
        """What is true."""
        return self.replicas.world

    @property
    def clocks_are_even(self) -> bool:
        """Whether times can be compared to the second."""
        return self.world.now >= self.even_from

    def clocks_differ(self) -> None:
        """Take notice that a clock was set: what was measured before may have taken any time."""
        self.even_from = self.world.now + LARGEST_STEP if self.replicas.skew == [0.0, 0.0] else float("inf")
        self.must_end.clear()
        self.may_end = dict.fromkeys(self.may_end, float("-inf"))
        self.may_settle = dict.fromkeys(self.may_settle, float("-inf"))

    def asks(self, incident: Incident, now: float) -> None:
        """Take notice of a question."""
        self.asked_at = now
        kept = self.replicas.kept()
        before = kept[incident.id]
        identities = {firing.identity for firing in incident.open_firings}
        is_open = {(one, alert.started) for one, alert in before.open.items()}
        about_doubts = bool(before.doubtful and identities) and not identities & is_open
        asked = before.doubtful if about_doubts else before.open
        truth = self._truth(before, asked, about_doubts=about_doubts)
        each = {one: self._of_alert(one, alert, before) for one, alert in asked.items()}
        ended = frozenset(one for one, known in each.items() if known is not None and known.kind == "ended")
        unsure = frozenset(one for one, known in each.items() if known is None)
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
        """Take notice of a Watchdog that was delivered."""
        starts = self.watchdogs.setdefault(url, {})
        if began not in starts:
            for start in sorted(starts, key=lambda each: starts[each])[: max(0, len(starts) + 1 - KEPT_STARTS)]:
                del starts[start]
        starts[began] = now

    def delivered(self, payload: Payload, *, whole: bool) -> None:  # noqa: C901  one for each alert and each incident
        """Take notice of a delivery that was taken, `whole` or only what was new of it, and compare."""
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
                # The same end once more is no news, also where the firing was told again since.
                firing.told, firing.again, firing.end_told, firing.told_end = False, False, True, posted.ends_at
                self._has_ended(posted.fingerprint, firing, payload, before, after)
            elif firing is not None and whole and firing.again and _ALERT[posted.fingerprint] == "c":
                # While another cluster tells of it the store does not know that this end was told before.
                firing.told = False
        for number, incident in after.items():
            standing = {**incident.doubtful, **incident.open}
            again = [one for one in told if one in standing and cluster in standing[one].clusters]
            for what in (*again, "all") if again else ():
                self._forget(number, what)
            for one in again:
                self.may_settle.pop((number, one), None)
            if any(one in incident.doubtful for one in again):
                self._forget(number, "again")
            was = before.get(number)
            if was != incident:
                # What has changed is asked about anew; whether an earlier answer still counts is left open.
                self._need_not_end(number)
            if incident.over and was is not None and not was.over and (incident.truncated or incident.open):
                raise AgainstTheLaw(f"a delivery has ended what it leaves open or out: {was} {incident}")
        self._stands(after)

    def hands(self, number: int) -> None:
        """Compare what a person has made of an incident."""
        after = self.replicas.kept()
        was, incident = self.before[number], after[number]
        if incident.over and not was.over and (was.open or was.doubtful or was.truncated):
            raise AgainstTheLaw(f"a person has ended what may fire: {was} {incident}")
        self._need_not_end(number)
        self._stands(after)

    def stepped(self) -> None:
        """Compare what has followed from a question."""
        question, self.question = self.question, None
        after = self.replicas.kept()
        if question is not None:
            self._followed(question, after)
        self._stands(after)

    def rests(self) -> None:
        """Compare when a replica has nothing more to do: everything that was to be asked about has been."""
        if not self.clocks_are_even:
            return
        for (number, what), since in self.must_end.items():
            waited = self.world.now - since
            if waited >= (AGAIN_SECONDS if what == "again" else TWICE_SECONDS):
                raise AgainstTheLaw(f"{what} of {number} has been over for {waited} s and nobody has asked again")
        for number, incident in self.before.items():
            if incident.doubted and self.replicas.due(number) > self.world.now + TWICE_SECONDS:
                raise AgainstTheLaw(f"nobody asks about what is in doubt: {incident}")

    def _followed(self, question: Question, after: dict[int, Kept]) -> None:  # noqa: C901  one for each that may follow
        number, truth, now = question.before.id, question.truth, question.now
        was, incident = question.before, after[number]
        what = "again" if question.about_doubts else "all"
        done = not incident.doubtful if what == "again" else incident.over
        settled = what == "again" and done and not {*was.doubtful} & {*_open(after)}
        ended = settled or (what == "all" and incident.over and not was.over)
        if what == "again":
            self._may_settle(question)
        if truth is None:
            self.must_end.pop((number, what), None)
            self.may_end.setdefault((number, what), now)
        elif truth.kind == "ended" and what == "all" and was.doubtful:
            if ended:
                raise AgainstTheLaw(f"ended while one of its alerts is in doubt: {was} {incident}")
            self._forget(number, "all")
            for one in was.open:
                # The doubt keeps them from ending now; the answer is one of two all the same.
                self.must_end.pop((number, one), None)
                self.may_end.setdefault((number, one), now if self.clocks_are_even else float("-inf"))
        elif truth.kind == "ended":
            self._ended(question, what, done=done, ended=ended)
        else:
            self._forget(number, what)
            told_meanwhile = question.interrupted and not (was.open or was.doubtful or was.truncated)
            if ended and not told_meanwhile:
                raise AgainstTheLaw(f"{truth} has ended {was}: {incident}")
        held = incident.suppressed_by is not None and incident.suppressed_by != was.suppressed_by
        if held and truth is not None and incident.suppressed_by not in truth.words:
            raise AgainstTheLaw(f"{truth} has held {was}: {incident}")
        if what == "all" and not incident.over and not (was.doubtful and truth is not None and truth.kind == "ended"):
            self._each(question, incident)
        if settled:
            self._settle(was)
        if truth is not None and truth.kind != "ended" and not question.interrupted:
            self._demand(question, truth, incident, after)

    def _ended(self, question: Question, what: str, *, done: bool, ended: bool) -> None:
        """Compare after an answer that was positive knowledge that all has ended."""
        wait = AGAIN_SECONDS if what == "again" else TWICE_SECONDS
        number, now = question.before.id, question.now
        key = number, what
        keys = [(number, one) for one in question.before.open] if what == "all" else []
        alone = keys and not question.before.truncated
        each = max((self.may_end.get(one, float("inf")) for one in keys), default=float("inf"))
        if what == "again":
            each = max(self.may_settle[number, one] for one in question.before.doubtful)
        if (
            ended
            and min(self.may_end.get(key, float("inf")), each if alone or what == "again" else float("inf"))
            > now - wait
        ):
            raise AgainstTheLaw(f"ended on one answer, or too soon: {question}")
        since = self.must_end.get(key)
        if done:
            self._forget(number, what)
            return
        if since is not None and now - since >= wait and not question.interrupted:
            raise AgainstTheLaw(f"has been over since {since} and is asked again: {question}")
        if question.interrupted:
            self.may_end.setdefault(key, now)
            return
        was, incident = question.before, self.replicas.kept()[number]
        if (was.status, was.paged_at, was.suppressed_by) != (
            incident.status,
            incident.paged_at,
            incident.suppressed_by,
        ):
            raise AgainstTheLaw(f"all has ended, and yet something follows at once: {was} {incident}")
        if self.clocks_are_even:
            self.must_end.setdefault(key, now)
        self.may_end.setdefault(key, now if self.clocks_are_even else float("-inf"))

    def _may_settle(self, question: Question) -> None:
        """Take notice of what an answer says of each alert in doubt: another one that is told anew changes nothing."""
        for one in question.before.doubtful:
            key = question.before.id, one
            if question.truth is None or question.truth.kind == "ended":
                even = self.clocks_are_even or question.truth is None
                self.may_settle.setdefault(key, question.now if even else float("-inf"))
            else:
                self.may_settle.pop(key, None)

    def _each(self, question: Question, incident: Kept) -> None:
        """Compare what has become of single alerts, while others of their incident have not ended or it is unknown."""
        number, now, was = question.before.id, question.now, question.before
        whole = question.truth is not None and question.truth.kind == "ended"
        for one in was.open:
            key = number, one
            if one not in question.ended | question.unsure:
                self._forget(number, one)
                if one not in incident.open and not question.interrupted:
                    raise AgainstTheLaw(f"{one} has been ended, of which nobody knows: {was} {incident}")
            elif one not in incident.open:
                if self.may_end.get(key, float("inf")) > now - TWICE_SECONDS and not question.interrupted:
                    raise AgainstTheLaw(f"{one} has ended on one answer, or too soon: {question}")
                self._forget(number, one)
            elif whole and was.truncated:
                self.must_end.pop(key, None)
            else:
                self._still_open(question, one)

    def _still_open(self, question: Question, one: str) -> None:
        """Compare after an answer that was positive knowledge that one alert has ended, which is still open."""
        key, now = (question.before.id, one), question.now
        even = self.clocks_are_even
        self.may_end.setdefault(key, now if even or question.interrupted else float("-inf"))
        if one in question.unsure or question.truth is None or question.interrupted or not even:
            self.must_end.pop(key, None)
            return
        since = self.must_end.setdefault(key, now)
        if now - since >= TWICE_SECONDS:
            raise AgainstTheLaw(f"{one} has been over since {since} and is asked about again: {question}")

    def _demand(self, question: Question, truth: Truth, incident: Kept, after: dict[int, Kept]) -> None:
        """Compare with what a clear answer demands."""
        was = question.before
        if question.about_doubts:
            self._demand_of_doubtful(question, truth, incident, after)
            return
        if not was.doubtful and was.doubted and incident.doubted and truth.kind != "unknown":
            raise AgainstTheLaw(f"{truth} leaves in doubt {was}")
        if not question.confirms and (was.status == "resolved" or was.open or was.truncated):
            self._demand_of_step(question, truth, incident)

    def _demand_of_doubtful(self, question: Question, truth: Truth, incident: Kept, after: dict[int, Kept]) -> None:
        was = question.before
        if truth.kind == "suppressed":
            if not incident.doubtful:
                raise AgainstTheLaw(f"{truth} has settled {was}")
            return
        again = {*was.doubtful} & {*_open(after)}
        if not again or (truth.kind == "unknown" and len(again) < len(was.doubtful)):
            raise AgainstTheLaw(f"{truth} does not let fire again {was}: {incident}")
        if truth.kind == "unknown" and was.status == "resolved" and incident.status == "open":
            self._says_so(truth, was)
        if truth.kind == "active" and again & question.ended:
            raise AgainstTheLaw(f"what has ended fires again with another alert: {was} {incident}")

    def _demand_of_step(self, question: Question, truth: Truth, incident: Kept) -> None:
        was = question.before
        called = incident.status == "open" and incident.paged_at == question.now
        if truth.kind == "suppressed":
            held = incident.suppressed_by in truth.words or was.fires_on or not was.open
            if called or incident.status != was.status or not held:
                raise AgainstTheLaw(f"{truth} does not hold {was}: {incident}")
            return
        if was.open and not called:
            raise AgainstTheLaw(f"{truth} does not call for {was}: {incident}")
        if called:
            self._says_so(truth, was)

    def _says_so(self, truth: Truth, was: Kept) -> None:
        line = self.replicas.last_line(was.id)
        if (NOT_KNOWN in line) is not (truth.kind == "unknown"):
            raise AgainstTheLaw(f"{truth} is told as {line!r}: {was}")
        if truth.words and not any(word in line for word in truth.words):
            raise AgainstTheLaw(f"{truth} is told with another reason, {line!r}: {was}")

    def _has_ended(
        self, one: str, firing: Firing, payload: Payload, before: Mapping[int, Kept], after: Mapping[int, Kept]
    ) -> None:
        """Compare after an end was delivered: it ends what nobody else tells, and is a reason to ask where they do."""
        if not self.clocks_are_even:
            return
        cluster = cluster_of(payload.external_url)
        for number, was in before.items():
            alert = was.open.get(one)
            doubt = was.doubtful.get(one)
            if doubt is not None and doubt.started != "several" and doubt.clusters == {cluster}:
                later = float(doubt.started) < firing.start.seconds
                its_group_s = [each.id for each in after.values() if each.group_labels == was.group_labels]
                is_told = was.group_labels == payload.group_labels and number == max(its_group_s, default=0)
                if later and is_told and one in after[number].doubtful:
                    raise AgainstTheLaw(f"{cluster} has told of a later firing of {one}: {was} {after[number]}")
            if alert is None or number not in after or alert.started == "several":
                continue
            now_open = after[number].open.get(one)
            # The end of a later firing is news of an earlier one, too.
            if float(alert.started) <= firing.start.seconds and alert.clusters == {cluster} and now_open is not None:
                raise AgainstTheLaw(f"{cluster} has ended {one}, which only it tells of: {was} {after[number]}")
            if cluster in alert.clusters and now_open is not None and not after[number].doubted:
                raise AgainstTheLaw(f"{cluster} has ended {one}, others tell of it, and nobody asks: {after[number]}")

    def _stands(self, after: dict[int, Kept]) -> None:
        """Find every firing that was told in an incident that is not over."""
        self.before = after
        self.may_settle = {key: at for key, at in self.may_settle.items() if key[1] in after[key[0]].doubtful}
        for number, what in [*self.may_end]:
            kept = after[number]
            is_one = what not in {"all", "again"}
            if is_one and kept.doubtful and not kept.over and what in kept.open:
                # The doubt keeps it from ending, and what was answered of it counts afterwards.
                self.must_end.pop((number, what), None)
            elif is_one and what in kept.open and not kept.over:
                continue
            elif is_one or (not kept.doubtful if what == "again" else kept.over or kept.doubtful):
                self._forget(number, what)
        standing = _open(after) | {one for kept in after.values() for one in kept.doubtful}
        for cluster, alert, firing in self.world.told():
            if fingerprint(cluster, alert) not in standing and not firing.settled:
                raise AgainstTheLaw(f"{alert} fires in {cluster}, was told, and no incident has it open: {firing}")

    def _settle(self, was: Kept) -> None:
        for one in was.doubtful:
            for cluster in CLUSTERS:
                firing = self.world.firing.get((cluster, _ALERT[one]))
                if firing is not None and fingerprint(cluster, _ALERT[one]) == one:
                    firing.settled, firing.again = firing.told and firing.suppressed_by is not None, False

    def _forget(self, number: int, what: str | None = None) -> None:
        for times in (self.must_end, self.may_end):
            for key in [one for one in times if one[0] == number and what in {None, one[1]}]:
                del times[key]

    def _need_not_end(self, number: int) -> None:
        for key in [one for one in self.must_end if one[0] == number]:
            del self.must_end[key]

    def _truth(self, incident: Kept, asked: Mapping[str, Alert], *, about_doubts: bool) -> Truth | None:
        """Return what can be known of the alerts of an incident."""
        found = [self._of_alert(one, alert, incident) for one, alert in asked.items()]
        if (incident.truncated and not about_doubts) or not asked:
            found.append(self._of_the_rest(incident))
        return _worst(found)

    def _of_alert(self, one: str, alert: Alert, incident: Kept) -> Truth | None:
        name = _ALERT[one]
        claimed = {
            cluster: firing
            for cluster in CLUSTERS
            if fingerprint(cluster, name) == one
            and (firing := self.world.firing.get((cluster, name))) is not None
            and (firing.told or firing.again)
        }
        if len(claimed) != 1 or alert.clusters != {*claimed}:
            return None
        (cluster, firing), *_ = claimed.items()
        return None if alert.started != firing.start.exact else self._of_firing(cluster, one, firing, incident)

    def _of_firing(  # noqa: PLR0911  one for each thing that is known
        self, cluster: str, one: str, firing: Firing, incident: Kept
    ) -> Truth | None:
        servers = self.world.of(cluster)
        if not servers:
            return self._nobody(URLS[cluster])
        lists = [
            server
            for server in servers
            if self.world.knows(server) and self.world.listed(server.name, _ALERT[one]) is firing
        ]
        if lists and cluster == "us" and not self._is_known_as_own(one, firing, incident.id):
            return None if firing.unsure else self._nobody(URLS[cluster])
        if lists:
            deaf = any(self.world.weather[server.name] == "deaf" for server in lists)
            by = None if deaf else firing.suppressed_by
            return Truth(kind="active") if by is None else Truth(kind="suppressed", words=frozenset({by}))
        if cluster == "us" and not self.world.us_is_named and not self._ever_listed(one, firing, incident.id):
            return None if firing.unsure else self._nobody(URLS[cluster])
        if cluster == "us" and not self.clocks_are_even and self._is_close(servers[0], firing, incident):
            return None
        words = [self._no_standing(server, one, firing, incident) for server in servers]
        if None not in words:
            return Truth(kind="unknown", words=frozenset(word for word in words if word))
        return None if firing.unsure or firing.fires or self._is_unsure(servers) else Truth(kind="ended")

    def _is_close(self, server: Server, firing: Firing, incident: Kept) -> bool:
        """Return whether it takes even clocks to say which began first, the server's life or the alert."""
        begun = min(incident.opened_at, firing.start.seconds) if firing.start.seconds > 0 else incident.opened_at
        return abs(self.world.life(server) - begun) <= LARGEST_STEP

    def _nobody(self, urls: Iterable[str]) -> Truth:
        words = frozenset(f"{url} is not among the Alertmanagers" if url else "has no externalURL" for url in urls)
        if not self.world.us_is_named and self.world.weather["us"] == "away":
            words = frozenset({"HTTP 503"})
        return Truth(kind="unknown", words=words)

    def _no_standing(  # noqa: PLR0911  one for each reason
        self, server: Server, one: str, firing: Firing, incident: Kept
    ) -> str | None:
        """Return what is said of a server whose silence is worth nothing, None where it is worth something."""
        said = {"away": "HTTP 503", "mum": "does not say how long it has been up"}
        if self.world.weather[server.name] in said:
            return said[self.world.weather[server.name]]
        up, life = self.world.up(server), self.world.life(server)
        if up < SETTLED_SECONDS:
            return f"up for only {round(up)} s"
        if server.name != "us":
            return self._without_watchdog(server) or self._is_pending(firing)
        if self.world.weather[server.name] == "several":
            return "several servers may answer at its address"
        starts = [firing.start.seconds] if firing.start.seconds > 0 else []
        listed = (server.name, life, one, firing.start.exact, incident.id) in self.listed
        older = life < min([incident.opened_at, *starts])
        if listed or firing.unsure:
            return None
        if older and ((server.name, life) in self.vouched or (server.name, life) in self.doubtful_vouching):
            return None
        return "has not since it was started"

    def _awaited(self) -> set[tuple[str, float]]:
        """Return the Watchdogs that an answer has to list: who told of each, and its start."""
        return {
            (url, began)
            for url, starts in self.watchdogs.items()
            for began, heard_at in starts.items()
            if max(starts.values()) - heard_at <= KEPT_SECONDS
        }

    def _without_watchdog(self, server: Server) -> str | None:
        awaited = self._awaited()
        listed = {self.world.watchdog_began[server.name]} if self.world.lists_watchdog(server) else set()
        if self.world.weather[server.name] != "undated" and {began for _, began in awaited} <= listed:
            return None
        if len({url for url, _ in awaited}) < len(awaited):
            return "two of one Watchdog"
        if self.world.weather[server.name] == "half":
            return HALF_HEARD
        return "does not list its Watchdog either"

    def _is_pending(self, firing: Firing) -> str | None:
        """Return what is said while a Prometheus that was started after the alert began may not know of it yet."""
        begun = max(began for _, began in self._awaited())
        if firing.start.seconds < begun and self.asked_at - begun < SETTLED_SECONDS + PENDING_SECONDS:
            return "its Prometheus was started anew"
        return None

    def _of_the_rest(self, incident: Kept) -> Truth | None:
        """Return what can be known of those alerts of a group that no delivery has told of."""
        found: list[Truth | None] = []
        for group in incident.left_out or (incident.group_labels,):
            cluster = group.get("cluster")
            if cluster is not None:
                found.append(self._of_the_rest_in(cluster, GROUPS["ab"], incident, group))
                continue
            clusters = {cluster for alert in incident.open.values() for cluster in alert.clusters}
            found += [self._of_the_rest_in(one, ALERTS, incident, group) for one in clusters]
        return _worst(found)

    def _of_the_rest_in(  # noqa: PLR0911  one for each thing that is known
        self, cluster: str, alerts: Iterable[str], incident: Kept, group: Mapping[str, str]
    ) -> Truth | None:
        servers = self.world.of(cluster)
        # One that nobody has named may be this cluster's, for all anybody knows.
        may_know = servers if self.world.us_is_named or cluster == "us" else (*servers, *self.world.of("us"))
        lists = [server for server in may_know if self.world.knows(server)]
        found = [(server, alert, self.world.listed(server.name, alert)) for server in lists for alert in alerts]
        firing = [
            (server, firing)
            for server, alert, firing in found
            if firing is not None and group.items() <= labels(server.name.partition("-")[0], alert).items()
        ]
        if firing:
            # Whether an alert that nobody has told of is muted is not asked: to which receivers it goes is not known.
            by = {
                None
                if self.world.weather[server.name] == "deaf" or firing.suppressed_by == "muted"
                else firing.suppressed_by
                for server, firing in firing
            }
            if None in by:
                return Truth(kind="active")
            return Truth(kind="suppressed", words=frozenset(one for one in by if one))
        if not servers:
            return self._nobody(URLS[cluster])
        if cluster == "us":
            return self._of_the_rest_in_us(servers[0], incident)
        known = self.world.firing.get((cluster, "a"))
        if known is None or self._is_pending(Firing(start=_EVER)):
            return None
        words = [self._no_standing(server, "", Firing(start=known.start), incident) for server in servers]
        if None in words:
            return Truth(kind="ended")
        return Truth(kind="unknown", words=frozenset(word for word in words if word))

    def _of_the_rest_in_us(self, server: Server, incident: Kept) -> Truth | None:
        """Return what it means that `us` lists nothing of the group: it has no Watchdog that would say so."""
        life = self.world.life(server)
        is_settled = self.world.weather[server.name] == "well" and self.world.up(server) >= SETTLED_SECONDS
        ours = [self.world.firing.get(("us", _ALERT[one])) for one, _ in incident.firings]
        unsure = any(one is None or one.unsure for one in ours) or self._is_unsure([server])
        vouched = (server.name, life) in self.vouched
        if not is_settled or unsure or vouched or not self.world.us_is_named or not self.clocks_are_even:
            return None
        listed = [(server.name, life, *each, incident.id) in self.listed for each in incident.firings]
        if all(listed):
            return Truth(kind="ended")
        return Truth(kind="unknown", words=frozenset({"has not since it was started"}))

    def _is_unsure(self, servers: Iterable[Server]) -> bool:
        return any((one.name, self.world.life(one)) in self.doubtful_vouching for one in servers)

    def _is_known_as_own(self, one: str, firing: Firing, number: int) -> bool:
        """Return whether it is evident that `us` lists its own firing: it is named, or has said when it began."""
        dated = self.world.weather["us"] != "undated"
        return self.world.us_is_named or dated or self._ever_listed(one, firing, number)

    def _ever_listed(self, one: str, firing: Firing, number: int) -> bool:
        return any(each[2:] == (one, firing.start.exact, number) for each in self.listed)

    def _learn(self, number: int, asked: Mapping[str, Alert], *, sure: bool) -> None:
        """Take notice of who lists what was asked about: that is what its silence is worth later."""
        (server,) = self.world.of("us")
        life = self.world.life(server)
        for one, alert in asked.items():
            firing = self.world.fires("us", _ALERT[one])
            ours = firing is not None and fingerprint("us", _ALERT[one]) == one
            if (
                firing is None
                or not ours
                or not self.world.knows(server)
                or self.world.weather["us"] in {"mum", "several"}
            ):
                continue
            if not self._is_known_as_own(one, firing, number) and not firing.unsure:
                continue
            if sure and alert.clusters == {"us"} and firing.start.exact == alert.started:
                self.listed.add((server.name, life, one, firing.start.exact, number))
                self.vouched.add((server.name, life))
            else:
                firing.unsure = True
                self.doubtful_vouching.add((server.name, life))


def _worst(found: Sequence[Truth | None]) -> Truth | None:
    """Return what is known of alerts together, None when of one of them it cannot be told."""
    known = [truth for truth in found if truth is not None]
    if len(known) < len(found):
        return None
    for kind in ("active", "unknown", "suppressed", "ended"):
        words = [truth.words for truth in known if truth.kind == kind]
        if words:
            return Truth(kind=kind, words=frozenset().union(*words))
    return None


def _open(kept: Mapping[int, Kept]) -> set[str]:
    return {one for incident in kept.values() if not incident.over for one in incident.open}
