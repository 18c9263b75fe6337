"""Let everything that can happen happen in any order; `play` runs this until it has taken a number of steps."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from testbed.law.oracle import Oracle
from testbed.law.replicas import Replicas
from testbed.law.world import (
    ALERTS,
    CLUSTERS,
    GROUPS,
    SUPPRESSIONS,
    URLS,
    WEATHERS,
    Firing,
    moment,
    payload,
    watchdog,
)
from webhook.application.alert_batches import HungUp
from webhook.payload import Payload
from webhook.timestamps import parse_rfc3339

STEPS = [0]
"""How many steps were taken. A step is a delivery, a question and what follows, an act of a person, a change of the
world, or passing time."""
_RUNNING: list[Replicas] = []
_LONGEST_KEPT = 12
_WATCHDOG_SECONDS = 36_000.0
"""After so many seconds without a delivery the Watchdog is delivered again, well before a day is over."""

clusters = st.sampled_from(CLUSTERS)
most_in_eu = st.sampled_from(("eu", "eu", "eu", "us", "us", "us", "unknown", "nameless"))
alerts = st.sampled_from(("a", "a", "b", "c"))
servers = st.sampled_from((0, 1, 2))
replicas = st.integers(0, 1)
tells = st.sampled_from(("at once", "at once", "not", "kept"))


class Law(RuleBasedStateMachine):
    """The world, the replicas and the oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.replicas = _RUNNING[0]
        self.late: list[tuple[str, Payload]] = []
        self.clocks_were_set = False
        self.begin(us_is_named=True)

    @initialize(us_is_named=st.booleans())
    def begin(self, us_is_named: bool) -> None:  # noqa: FBT001
        """Begin in a world of which only the Watchdog was delivered."""
        self.replicas.begin(us_is_named=us_is_named)
        self.oracle = Oracle(self.replicas)
        self.world = self.replicas.world
        self.deliver_watchdog()

    @rule(cluster=most_in_eu, alert=alerts, tell=tells, start=st.sampled_from(("now", "now", "with us", "year 1")))
    def fire(self, cluster: str, alert: str, tell: str, start: str = "now") -> None:
        """Let an alert begin to fire, and deliver it as `tell` says."""
        _step()
        if self.world.fires(cluster, alert) is None:
            begins = moment(cluster, int(self.world.now))
            if start == "with us" and cluster == "us":
                begins = moment(cluster, int(self.world.started["us"]))
            elif start == "year 1":
                begins = parse_rfc3339("0001-01-01T00:00:00Z")
            known = self.world.firing.get((cluster, alert))
            if known is None or known.start.seconds < begins.seconds:
                self.world.firing[cluster, alert] = Firing(start=begins)
        self.tell(cluster, alert, tell)

    @rule(cluster=most_in_eu, alert=alerts, tell=tells)
    def end(self, cluster: str, alert: str, tell: str) -> None:
        """Let an alert end, and deliver the end as `tell` says."""
        _step()
        firing = self.world.fires(cluster, alert)
        if firing is not None:
            firing.ended = self.world.now
            self.tell(cluster, alert, tell)

    @rule(cluster=most_in_eu, alert=alerts, tell=tells)
    def resume(self, cluster: str, alert: str, tell: str) -> None:
        """Let an alert whose end was delivered fire again with its old start: Alertmanager hears Prometheus again."""
        firing = self.world.firing.get((cluster, alert))
        if firing is None or firing.fires or not firing.end_told:
            return
        self.forward(30.0)
        firing.ended, firing.told, firing.again = None, False, False
        self.tell(cluster, alert, tell)

    @rule(cluster=most_in_eu, alert=alerts, by=st.sampled_from(SUPPRESSIONS))
    def suppress(self, cluster: str, alert: str, by: str | None) -> None:
        """Begin or end a silence, an inhibition or a mute."""
        _step()
        firing = self.world.fires(cluster, alert)
        if firing is not None:
            firing.suppression = by

    @rule(cluster=most_in_eu, group=st.sampled_from(tuple(GROUPS)), peer=st.integers(0, 1), keep=st.booleans())
    def deliver(self, cluster: str, group: str, peer: int, keep: bool) -> None:  # noqa: FBT001
        """Let an Alertmanager deliver a group as it is now, or keep the delivery for later."""
        delivery = self.world.picture(cluster, group, peer)
        if delivery is None:
            return
        if keep:
            _step()
            self.late = [*self.late[-_LONGEST_KEPT:], (cluster, delivery)]
        else:
            self.post(delivery, waits=True)

    @rule(cluster=most_in_eu, left_out=st.sampled_from(("a", "b")))
    def deliver_truncated(self, cluster: str, left_out: str) -> None:
        """Let an Alertmanager leave an alert out of a delivery, and say so."""
        delivery = self.world.picture(cluster, "ab")
        alerts = tuple(alert for alert in delivery.alerts if alert.labels["instance"] != left_out) if delivery else ()
        if alerts:
            self.post(payload(cluster, "ab", alerts, truncated=1), waits=True)

    @rule(cluster=most_in_eu)
    def deliver_truncated_of_all(self, cluster: str) -> None:
        """Deliver the group whose labels all clusters share, and say that alerts were left out."""
        delivery = self.world.picture(cluster, "c")
        if delivery is not None:
            self.post(payload(cluster, "c", delivery.alerts, truncated=1), waits=True)

    @rule(cluster=clusters, group=st.sampled_from(tuple(GROUPS)))
    def deliver_only_ends(self, cluster: str, group: str) -> None:
        """Let a peer that does not know what fires deliver only the alerts that have ended."""
        delivery = self.world.picture(cluster, group, 1)
        ended = tuple(alert for alert in delivery.alerts if alert.status == "resolved") if delivery else ()
        if ended:
            self.post(payload(cluster, group, ended, 1), waits=True)

    @rule(which=st.integers(0, 9), waits=st.booleans())
    def deliver_late(self, which: int, waits: bool) -> None:  # noqa: FBT001
        """Deliver an old picture, perhaps not for the first time."""
        if not self.late:
            return
        cluster, delivery = self.late[which % len(self.late)]
        if self.clocks_were_set:
            # Only our clock tells an old end of a firing that has begun again from a newer end: deliver no such end.
            ends = tuple(
                alert
                for alert in delivery.alerts
                if alert.status == "firing"
                or (firing := self.world.firing.get((cluster, alert.labels["instance"]))) is None
                or firing.start != alert.starts_at
                or firing.ended == alert.ends_at
            )
            delivery = replace(delivery, alerts=ends)
        if delivery.alerts:
            self.post(delivery, waits=waits)

    @rule(cluster=most_in_eu, alert=alerts)
    def overtake(self, cluster: str, alert: str) -> None:
        """Deliver the end of a firing after the next firing has begun."""
        firing = self.world.fires(cluster, alert)
        if firing is None:
            return
        group = "c" if alert == "c" else "ab"
        self.end(cluster, alert, "not")
        delivery = self.world.picture(cluster, group)
        self.forward(60.0)
        self.fire(cluster, alert, "at once")
        if delivery is not None:
            self.post(delivery, waits=True)

    @rule(peer=st.integers(0, 1))
    def deliver_watchdog(self, peer: int = 0) -> None:
        """Deliver the Watchdog of a peer of `eu`; both peers deliver it under the same external URL."""
        _step()
        began = self.world.watchdog_began[self.world.of("eu")[peer].name]
        self.heard_at = self.world.now
        self.replicas.services[0].alert_batches.deliver(watchdog(began, 0), self.replicas.now(0))
        self.oracle.heard(URLS["eu"][0], began, self.replicas.now(0))

    @rule(
        which=st.sampled_from(((0, 1), (0, 1), (0,), (1,))),
        pending=st.sampled_from((0.0, 600.0, 3_600.0)),
        is_told=st.booleans(),
    )
    def start_prometheus(self, which: tuple[int, ...], pending: float, *, is_told: bool) -> None:
        """Restart the Prometheus of peers of `eu` without its state; if `is_told`, deliver its new Watchdog at once."""
        self.forward(1.0)
        for name in (self.world.of("eu")[peer].name for peer in which):
            self.world.watchdog_began[name] = float(int(self.world.now))
            for firing in (self.world.fires("eu", alert) for alert in ALERTS):
                if firing is not None:
                    firing.pending_until[name] = self.world.now + pending
        if is_told:
            self.deliver_watchdog(which[0])

    @rule(
        alert=alerts,
        age=st.sampled_from((600.0, 3_899.0, 3_900.0, 3_901.0)),
        weather=st.sampled_from(("well", "well", "well", "undated")),
        is_over=st.booleans(),
    )
    def ask_after_start(self, alert: str, age: float, weather: str, *, is_over: bool) -> None:
        """Let a question find a Prometheus that was started `age` seconds before, after the alert began."""
        self.fire("eu", alert, "at once")
        self.forward(4_000.0)
        self.work(0)
        due = self.replicas.next_due()
        if due is None or due <= self.world.now:
            return
        if is_over:
            self.end("eu", alert, "not")
        self.change_all("eu", weather)
        for server in self.world.of("eu"):
            self.world.watchdog_began[server.name] = float(int(due - age))
        self.deliver_watchdog()
        self.forward(due - self.world.now)
        self.work(0)
        self.forward(120.0)
        self.work(1)

    @rule(alert=alerts)
    def end_after_start(self, alert: str) -> None:
        """Let an alert begin after its Prometheus started, and end undelivered while others may still be pending."""
        self.change_all("eu", "well")
        self.forward(1_000.0)
        for server in self.world.of("eu"):
            self.world.watchdog_began[server.name] = float(int(self.world.now))
        self.deliver_watchdog()
        self.forward(1.0)
        self.fire("eu", alert, "at once")
        self.forward(60.0)
        self.end("eu", alert, "not")
        self.ask_next(0, None, alert)
        self.forward(120.0)
        self.work(1)

    @rule(alert=alerts, which=st.integers(0, 1))
    def end_between_two_starts(self, alert: str, which: int) -> None:
        """Let an alert end undelivered while two starts of the Watchdog are known; each server lists one of them."""
        self.change_all("eu", "well")
        self.forward(1_000.0)
        names = [server.name for server in self.world.of("eu")]
        for name in names:
            self.world.watchdog_began[name] = float(int(self.world.now))
        self.deliver_watchdog()
        self.forward(60.0)
        self.world.watchdog_began[names[which]] = float(int(self.world.now))
        self.deliver_watchdog(which)
        self.forward(1.0)
        self.fire("eu", alert, "at once")
        self.forward(60.0)
        self.end("eu", alert, "not")
        for replica in range(2):
            self.deliver_watchdog(1 - which)
            self.deliver_watchdog(which)
            self.ask_next(replica, None, alert)

    @rule(cluster=most_in_eu, alert=alerts, is_asked=st.booleans())
    def end_of_the_next(self, cluster: str, alert: str, *, is_asked: bool) -> None:
        """Deliver a firing again after the next one began and ended unseen, and then deliver the end of the next."""
        group = "c" if alert == "c" else "ab"
        self.fire(cluster, alert, "at once")
        old = self.world.picture(cluster, group)
        self.forward(60.0)
        self.end(cluster, alert, "at once")
        self.forward(60.0)
        self.fire(cluster, alert, "not")
        self.forward(60.0)
        self.end(cluster, alert, "not")
        newer = self.world.picture(cluster, group)
        self.forward(60.0)
        if old is not None and newer is not None:
            self.post(old, waits=True)
            if is_asked:
                self.ask_next(0, None, alert)
            self.post(newer, waits=True)

    @rule(number=servers, weather=st.sampled_from(WEATHERS))
    def change(self, number: int, weather: str) -> None:
        """Change the weather of a server."""
        _step()
        server = self.world.servers[number]
        if weather == "lost" and server.name == "us":
            return
        if weather in {"new", "learning"} or self.world.weather[server.name] == "away":
            self.world.started[server.name] = self.world.now - (0.9 if server.name == "us" else 0.0)
        self.world.weather[server.name] = weather

    @rule(cluster=st.sampled_from(("eu", "us")), weather=st.sampled_from(WEATHERS))
    def change_all(self, cluster: str, weather: str) -> None:
        """Change the weather of all servers of a cluster."""
        for number, server in enumerate(self.world.servers):
            if server.name.startswith(cluster):
                self.change(number, weather)

    @rule()
    def clear(self) -> None:
        """Give every server the weather `well`."""
        for number in range(len(self.world.servers)):
            self.change(number, "well")

    @rule(seconds=st.sampled_from((1.0, 30.0, 60.0, 119.0, 121.0, 400.0, 900.0, 3_600.0, 90_000.0)))
    def forward(self, seconds: float) -> None:
        """Let time pass; deliver the Watchdog again if it is time."""
        _step()
        self.world.now += seconds
        if self.world.now - self.heard_at > _WATCHDOG_SECONDS:
            self.deliver_watchdog()

    @rule(replica=replicas, meanwhile=st.sampled_from((None, None, None, "fire", "end", "repeat")), alert=alerts)
    def ask_next(self, replica: int, meanwhile: str | None, alert: str) -> None:
        """Let time pass until a question is due, and ask it; `meanwhile` may be delivered while the answer comes."""
        due = self.replicas.next_due()
        if due is None:
            return
        if due > self.world.now:
            self.forward(due - self.world.now)
        if meanwhile is not None:
            self.replicas.meanwhile = lambda: self.interrupt(meanwhile, alert)
        self.work(replica)
        self.replicas.meanwhile = None

    @rule(
        replica=replicas,
        cluster=st.sampled_from(("eu", "us")),
        age=st.sampled_from((1.0, 299.0, 300.0, 301.0)),
        weather=st.sampled_from(("well", "new", "learning")),
    )
    def ask_young(self, replica: int, cluster: str, age: float, weather: str) -> None:
        """Let the next question find servers that were started `age` seconds before."""
        due = self.replicas.next_due()
        if due is None or due - age < self.world.now:
            return
        self.forward(due - age - self.world.now)
        self.change_all(cluster, weather)
        for server in self.world.of(cluster):
            self.world.started[server.name] = self.world.now
        self.forward(age)
        self.work(replica)

    @rule(
        replica=replicas,
        seconds=st.sampled_from((29.0, 30.0, 119.0, 120.0, 121.0)),
        between=st.sampled_from(("nothing", "nothing", "repeat", "new", "away")),
        cluster=st.sampled_from(("eu", "us")),
    )
    def ask_twice(self, replica: int, seconds: float, between: str, cluster: str) -> None:
        """Ask, and ask again; `between` says what happens between the two questions."""
        self.ask_next(replica, None, "a")
        if between == "repeat":
            self.forward(seconds / 2)
            if self.late:
                self.deliver_late(0, waits=True)
            self.forward(seconds - seconds / 2)
        elif between in {"new", "away"}:
            self.change_all(cluster, between)
            self.forward(seconds)
        else:
            self.forward(seconds)
        self.work(replica)

    @rule(
        cluster=st.sampled_from(("eu", "us", "us")),
        alert=alerts,
        asked_before=st.booleans(),
        other=st.sampled_from(("none", "silenced", "away", "fires")),
        between=st.sampled_from((119.0, 120.0)),
    )
    def end_in_silence(self, *, cluster: str, alert: str, asked_before: bool, other: str, between: float) -> None:
        """Let an alert end undelivered; `other` says what another alert of the same name or group does."""
        self.fire(cluster, alert, "at once")
        beside = ("us" if cluster == "eu" else "eu", "c") if alert == "c" else (cluster, "b" if alert == "a" else "a")
        if other != "none":
            self.fire(*beside, "at once")
        if asked_before:
            self.ask_next(0, None, alert)
        self.end(cluster, alert, "not")
        if other == "silenced":
            self.suppress(*beside, "silenced")
        elif other == "away":
            self.change_all(beside[0], "away")
        self.ask_next(0, None, alert)
        self.forward(between)
        self.work(1)
        self.forward(1.0)
        self.work(0)

    @rule(cluster=st.sampled_from(("eu", "eu", "us")))
    def old_picture_of_two(self, cluster: str) -> None:
        """Let two alerts end and one fire again with its old start; then deliver an old picture of both."""
        self.fire(cluster, "a", "not")
        self.fire(cluster, "b", "at once")
        old = self.world.picture(cluster, "ab")
        self.forward(60.0)
        self.end(cluster, "a", "not")
        self.end(cluster, "b", "at once")
        self.resume(cluster, "a", "not")
        if old is not None:
            self.post(old, waits=True)
        self.ask_next(0, None, "a")

    @rule(cluster=st.sampled_from(("eu", "us")), alert=alerts, by=st.sampled_from(SUPPRESSIONS[2:]))
    def ask_suppressed(self, cluster: str, alert: str, by: str) -> None:
        """Suppress a delivered alert, ask, end the suppression, and ask again."""
        if alert == "c":
            # A question about the group of `c` finds `c` and `a`, which is not suppressed.
            self.fire(cluster, "a", "not")
            self.suppress(cluster, "a", None)
        self.fire(cluster, alert, "at once")
        self.suppress(cluster, alert, by)
        self.ask_some(0)
        self.suppress(cluster, alert, None)
        self.ask_some(1)

    @rule(
        cluster=most_in_eu,
        left_out=st.sampled_from(("fires", "fires alone", "silenced", "muted", "ends", "hand")),
    )
    def leave_out(self, cluster: str, left_out: str) -> None:
        """Leave an alert out of deliveries, let the other end, and ask twice; or let a person resolve the incident."""
        self.fire(cluster, "a", "not")
        self.fire(cluster, "b", "not")
        self.deliver_truncated(cluster, "b")
        if left_out == "fires alone":
            self.suppress(cluster, "b", None)
            self.suppress(cluster, "a", "silenced")
            self.ask_some(0)
        elif left_out == "ends":
            self.end(cluster, "b", "not")
        elif left_out not in {"fires", "hand"}:
            self.suppress(cluster, "b", left_out)
        self.end(cluster, "a", "not")
        self.deliver_truncated(cluster, "b")
        if left_out == "hand":
            for which in range(len(self.oracle.before)):
                self.lay_a_hand_on(which, "resolve")
        self.ask_next(0, None, "a")
        self.forward(120.0)
        self.work(0)

    @rule(cluster=most_in_eu, group=st.sampled_from(tuple(GROUPS)), wait=st.sampled_from((60.0, 119.0)))
    def repeat_between(self, cluster: str, group: str, wait: float) -> None:
        """Deliver an old picture between two answers that list nothing."""
        for alert in GROUPS[group]:
            self.fire(cluster, alert, "not")
        self.deliver(cluster, group, 0, keep=False)
        self.end(cluster, GROUPS[group][-1], "at once")
        old = self.world.picture(cluster, group)
        self.end(cluster, GROUPS[group][0], "not")
        self.ask_next(0, None, "a")
        self.forward(wait)
        if old is not None:
            self.post(old, waits=True)
        self.forward(120.0 - wait)
        self.work(0)
        self.forward(wait)
        self.work(0)

    @rule(first=st.sampled_from(("eu", "us")), beside=st.sampled_from((None, "a", "b")))
    def leave_out_of_all(self, first: str, beside: str | None) -> None:
        """Let an alert of two clusters end undelivered.

        `beside` may fire in the first cluster, and may be the alert that the delivery left out.
        """
        second = "us" if first == "eu" else "eu"
        self.fire(first, "c", "not")
        self.deliver_truncated_of_all(first)
        self.fire(second, "c", "not")
        self.deliver_truncated_of_all(second)
        if beside is not None:
            self.fire(first, beside, "not")
        self.ask_some(0)
        self.end(first, "c", "not")
        self.end(second, "c", "not")
        self.ask_next(0, None, "c")
        self.forward(120.0)
        self.work(0)

    @rule(cluster=most_in_eu, other=st.sampled_from((None, "silenced")))
    def join_from_another_group(self, cluster: str, other: str | None) -> None:
        """Let an alert join the incident of another group, whose labels it does not have, and ask about it."""
        for alert in GROUPS["ab"]:
            self.end(cluster, alert, "at once")
        self.forward(4_000.0)
        self.fire(cluster, "a", "not")
        self.deliver(cluster, "a", 0, keep=False)
        self.fire(cluster, "b", "at once")
        self.suppress(cluster, "a", other)
        self.ask_some(0)
        self.forward(120.0)
        self.work(0)

    @rule(start=st.sampled_from(("with us", "year 1", "now")))
    def end_of_what_began_with_server(self, start: str) -> None:
        """Let an alert end unseen that began with its server or at an unknown time; the server has listed others."""
        self.change_all("us", "well")
        self.end("us", "a", "at once")
        self.fire("us", "b", "at once")
        self.ask_some(0)
        self.fire("us", "a", "at once", start)
        self.end("us", "a", "not")
        self.ask_some(0)
        self.forward(120.0)
        self.work(1)

    @rule(cluster=most_in_eu, alert=alerts)
    def old_end_after_return(self, cluster: str, alert: str) -> None:
        """Let a firing come back with its old start, ask about it, and deliver its former end once more."""
        self.fire(cluster, alert, "at once")
        self.forward(60.0)
        self.end(cluster, alert, "at once")
        ended = self.world.picture(cluster, "c" if alert == "c" else "ab")
        self.resume(cluster, alert, "at once")
        self.work(0)
        self.forward(30.0)
        if ended is not None and not self.clocks_were_set:
            # If a clock was set, nobody can tell this end from a newer one.
            self.post(ended, waits=True)

    @rule(cluster=most_in_eu, alert=alerts)
    def ends_between(self, cluster: str, alert: str) -> None:
        """Deliver an end once more between two answers about an old picture: it does not say that the alert fires."""
        self.fire(cluster, alert, "at once")
        group = "c" if alert == "c" else "ab"
        old = self.world.picture(cluster, group)
        self.forward(60.0)
        self.end(cluster, alert, "at once")
        if old is not None:
            self.post(old, waits=True)
        self.work(0)
        self.deliver_only_ends(cluster, group)
        self.forward(30.0)
        self.work(0)

    @rule(replica=replicas)
    def work(self, replica: int) -> None:
        """Let a replica do what is due."""
        for _ in range(12):
            due = self.replicas.next_due()
            if due is None or due > self.replicas.now(replica):
                break
            _step()
            if not self.replicas.step(replica):
                break
            self.oracle.stepped()
        else:
            raise AssertionError("a question is asked again and again")
        self.oracle.rests()

    @rule(replica=replicas, seconds=st.sampled_from((-180.0, -90.0, 0.0, 0.0, 0.0, 90.0, 180.0)))
    def step_clock(self, replica: int, seconds: float) -> None:
        """Set the clock of a replica."""
        _step()
        if self.replicas.skew[replica] != seconds:
            self.clocks_were_set = True
            self.replicas.skew[replica] = seconds
            self.oracle.clocks_differ()

    @rule(replica=replicas)
    def restart(self, replica: int) -> None:
        """Restart the process of a replica."""
        _step()
        self.replicas.restart(replica)

    @rule(
        which=st.integers(0, 9),
        hand=st.sampled_from(("acknowledge", "unacknowledge", "resolve", "resolve", "reopen")),
    )
    def lay_a_hand_on(self, which: int, hand: str) -> None:
        """Let a person acknowledge an incident or give it back, resolve it or reopen it."""
        if self.oracle.before:
            _step()
            number = sorted(self.oracle.before)[which % len(self.oracle.before)]
            getattr(self.replicas.services[0].responses, hand)(number, "ana", self.replicas.now(0))
            self.oracle.hands(number)

    @rule(cluster=clusters, often=st.sampled_from((False, False, False, True)))
    def flap(self, cluster: str, often: bool) -> None:  # noqa: FBT001
        """Let an alert begin and end once, or three times, which is flapping."""
        for _ in range(3 if often else 1):
            self.fire(cluster, "a", "at once")
            self.forward(60)
            self.end(cluster, "a", "at once")
            self.forward(60)

    def ask_some(self, replica: int) -> None:
        """Let the next few questions be asked."""
        for _ in range(3):
            self.ask_next(replica, None, "a")

    def interrupt(self, event: str, alert: str) -> None:
        """Deliver something while a question is being answered."""
        question = self.oracle.question
        for cluster in CLUSTERS:
            if event == "fire":
                self.fire(cluster, alert, "at once")
            elif event == "end":
                self.end(cluster, alert, "at once")
            else:
                self.tell(cluster, alert, "at once")
        if question is not None:
            since = self.oracle.before[question.before.id]
            self.oracle.question = replace(question, before=since, interrupted=True)

    def tell(self, cluster: str, alert: str, when: str) -> None:
        """Deliver the alert's group at once, keep the delivery for later, or deliver nothing, as `when` says."""
        if when != "not":
            self.deliver(cluster, "c" if alert == "c" else "ab", 0, keep=when == "kept")

    def post(self, delivery: Payload, *, waits: bool) -> None:
        """Deliver the alert batch to a replica."""
        _step()
        try:
            self.replicas.services[0].alert_batches.deliver(delivery, self.replicas.now(0), lambda: waits)
        except HungUp:
            return
        self.oracle.delivered(delivery, whole=waits)


def play(  # noqa: PLR0913  how long, and how it is looked for
    *, steps: int, first_seed: int, catalog: Path, examples: int = 200, shrink: bool = True, length: int = 60
) -> int:
    """Run until `steps` steps were taken; return how many were. Raises AgainstTheLaw with the story that broke it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    fast = Path("/dev/shm")  # noqa: S108  memory, where there is some; the store is thrown away
    with tempfile.TemporaryDirectory(prefix="tocsin-law-", dir=str(fast) if fast.is_dir() else None) as folder:
        running = Replicas(Path(folder), catalog)
        _RUNNING[:] = [running]
        STEPS[0], number = 0, first_seed
        options = settings(
            max_examples=examples,
            stateful_step_count=length,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        try:
            while STEPS[0] < steps:
                run_state_machine_as_test(seed(number)(type("Law", (Law,), {})), settings=options)
                number += 1
        finally:
            running.close()
            _RUNNING.clear()
    return STEPS[0]


def _step() -> None:
    STEPS[0] += 1
