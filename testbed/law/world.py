"""The true state of the world: which alerts fire in which cluster, how each is suppressed, what each server does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from webhook.alertmanagers import Server
from webhook.incidents.alertmanager_state import Listed, Placed, Testimony
from webhook.incidents.incident import Suppression
from webhook.payload import Payload, PostedAlert
from webhook.timestamps import Moment, iso, parse_rfc3339
from webhook.untrusted import plain_address

BEGIN = 1_795_348_800.0
CLUSTERS = ("eu", "us", "unknown", "nameless")
"""`eu` has two peers and a Watchdog. `us` has one server and no Watchdog. `unknown` is not configured. `nameless` has
no external URL."""
GROUPS = {"ab": ("a", "b"), "c": ("c",), "a": ("a",)}
"""Alerts `a` and `b` carry the name of their cluster; `c` is the same alert in every cluster. A second route delivers
`a` in a group of its own."""
ALERTS = ("a", "b", "c")
URLS = {
    "eu": ("http://eu-1:9093", "http://eu-2:9093"),
    "us": ("http://us:9093",),
    "unknown": ("http://else:9093",),
    "nameless": ("",),
}
RECEIVER = "t"
WEATHERS = (
    "well",
    "well",
    "away",
    "new",
    "learning",
    "another tenant",
    "lost",
    "deaf",
    "mum",
    "undated",
    "half",
    "several",
)
"""What a server does. `away`: it does not answer. `new`: it knows no alert for five minutes. `learning`: for five
minutes it knows only its Watchdog. `another tenant`: it answers with the alerts of another tenant. `lost`: it knows
nothing any more. `deaf`: it does not know what is suppressed. `mum`: it does not say how long it has been up.
`undated`: it does not say when its alerts began. `half`: the request for its Watchdogs fails. `several`: several
servers share its address, and nobody knows which of them answered."""
HALF_HEARD = "HTTP 500 of its Watchdogs"
WATCHDOG_BEGAN = BEGIN - 1e6
"""A start before that of every alert; it holds until a Prometheus is started anew."""
LEARNT_SECONDS = 300
SUPPRESSIONS = (None, None, "silenced", "inhibited", "muted", "half muted", "muted elsewhere", "not placed")
"""`half muted`: muted in one of its two groups for our receiver. `muted elsewhere`: muted for another receiver.
`not placed`: the server does not tell its groups, so nobody knows of a mute."""
_MUTED = {
    "muted": ((RECEIVER, True), ("other", False)),
    "half muted": ((RECEIVER, True), (RECEIVER, False)),
    "muted elsewhere": (("other", True), (RECEIVER, False)),
    "not placed": (),
}
_NO_END = Moment(seconds=-62_135_596_800.0, exact="-62135596800")


@dataclass
class Firing:
    """One firing of an alert in one cluster: what is true of it, and what was delivered of it."""

    start: Moment
    ended: float | None = None
    suppression: str | None = None
    pending_until: dict[str, float] = field(default_factory=dict)
    """By server, until when it cannot know of the firing: its Prometheus was started anew and lost its state."""
    told: bool = False
    """Whether a delivery that was taken says that it fires, and no later one says that it ended."""
    ever_told: bool = False
    end_told: bool = False
    told_end: float | None = None
    """The end that was told last."""
    again: bool = False
    """Whether it was told again after its end was told: by an old delivery, or because Prometheus is heard again."""
    settled: bool = False
    """Whether Alertmanager was asked about it after it was told again, and nobody had to be called."""
    unsure: bool = False
    """Whether the oracle cannot tell from outside what the webhook learned about the servers that list it."""

    @property
    def fires(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    @property
    def suppressed_by(self) -> Suppression | None:
        """Why Alertmanager notifies nobody of it, None if it notifies."""
        return self.suppression if self.suppression in {"silenced", "inhibited", "muted"} else None  # type: ignore[return-value]


@dataclass
class World:
    """The true state of the world. If `us_is_named` is false, the external URL of `us` is not configured."""

    us_is_named: bool = True
    firing: dict[tuple[str, str], Firing] = field(default_factory=dict)
    now: float = BEGIN

    def __post_init__(self) -> None:
        self.servers = configured(us_is_named=self.us_is_named)
        self.weather = {server.name: "well" for server in self.servers}
        self.started = {server.name: BEGIN - 86_400.9 for server in self.servers}
        self.watchdog_began = {server.name: WATCHDOG_BEGAN for server in self.of("eu")}

    def of(self, cluster: str) -> tuple[Server, ...]:
        """Return the configured servers of a cluster."""
        return tuple(server for server in self.servers if server.name.partition("-")[0] == cluster)

    def fires(self, cluster: str, alert: str) -> Firing | None:
        """Return the alert's firing in the cluster, None when it does not fire there."""
        firing = self.firing.get((cluster, alert))
        return firing if firing is not None and firing.fires else None

    def listed(self, server: str, alert: str) -> Firing | None:
        """Return the alert's firing if it fires and its Prometheus tells this server of it."""
        firing = self.fires(server.partition("-")[0], alert)
        return firing if firing is not None and firing.pending_until.get(server, 0.0) <= self.now else None

    def by_start(self, cluster: str, alert: str, started: str) -> Firing | None:
        """Return the firing with this start, over or not, None if another one has followed it."""
        firing = self.firing.get((cluster, alert))
        return firing if firing is not None and firing.start.exact == started else None

    def life(self, server: Server) -> float:
        """Return when the server says that it has started."""
        return BEGIN - 1e6 if self.weather[server.name] == "another tenant" else self.started[server.name]

    def up(self, server: Server) -> float:
        """Return for how long the server says that it has been up."""
        return self.now - self.life(server)

    def knows(self, server: Server) -> bool:
        """Return whether the server knows what fires in its cluster."""
        weather = self.weather[server.name]
        return weather in {"well", "deaf", "mum", "undated", "half", "several"} or (
            weather in {"new", "learning"} and self.up(server) >= LEARNT_SECONDS
        )

    def lists_watchdog(self, server: Server) -> bool:
        """Return whether the server lists its Watchdog."""
        weather = self.weather[server.name]
        return server.name != "us" and weather != "half" and (self.knows(server) or weather == "learning")

    def says(self, server: Server, asked_by: Mapping[str, str]) -> Testimony:
        """Return what the server says when it is asked by these labels; `eu-2` also lists what was not asked for."""
        urls = server.external_urls or frozenset({plain_address(server.url)})
        testimony = Testimony(server=server.key, urls=urls, any_url=not server.external_urls, asked_by=asked_by)
        weather, cluster = self.weather[server.name], server.name.partition("-")[0]
        is_undated = weather == "undated"
        if weather == "away":
            return replace(testimony, reason="HTTP 503")
        testimony = replace(testimony, alerts=(), reason=HALF_HEARD if weather == "half" else "")
        if weather != "mum":
            testimony = replace(testimony, up=self.up(server), started=self.life(server))
        if weather == "several":
            testimony = replace(testimony, started=None, is_one=False)
        if weather == "another tenant":
            listed_watchdog = Listed(fingerprint="dog", labels={}, suppression=None, starts_at=BEGIN - 60)
            other_alert = Listed(fingerprint="x", labels={}, suppression=None)
            return replace(testimony, alerts=(other_alert,), watchdogs=(listed_watchdog,))
        if self.lists_watchdog(server):
            began = None if is_undated else self.watchdog_began[server.name]
            listed_watchdog = Listed(fingerprint="dog", labels={}, suppression=None, starts_at=began)
            other_watchdog = Listed(fingerprint="another dog", labels={}, suppression=None, starts_at=BEGIN)
            testimony = replace(testimony, watchdogs=(other_watchdog, listed_watchdog))
        if not self.knows(server):
            return testimony
        listed_here = ((alert, self.listed(server.name, alert)) for alert in ALERTS)
        firings = [
            (fingerprint_of(cluster, alert), labels(cluster, alert), firing)
            for alert, firing in listed_here
            if firing is not None and (server.name == "eu-2" or asked_by.items() <= labels(cluster, alert).items())
        ]
        deaf = weather == "deaf"
        listed = (
            Listed(
                fingerprint=fingerprint,
                labels=alert_labels,
                suppression=None if deaf or firing.suppressed_by == "muted" else firing.suppressed_by,
                starts_at=None if is_undated else firing.start.seconds,
            )
            for fingerprint, alert_labels, firing in firings
        )
        placed = (
            Placed(fingerprint=fingerprint, receiver=receiver, muted=muted and not deaf)
            for fingerprint, _, firing in firings
            for receiver, muted in _MUTED.get(firing.suppression or "", ((RECEIVER, False),))
        )
        return replace(testimony, alerts=tuple(listed), placed=tuple(placed))

    def picture(self, cluster: str, group: str, peer: int = 0) -> Payload | None:
        """Return what an Alertmanager of the cluster delivers of a group now, None if there is nothing to tell."""
        servers = self.of(cluster) or (Server(name=cluster, url=""),)
        name = servers[peer % len(servers)].name
        alerts = tuple(
            _posted(cluster, alert, firing)
            for alert in GROUPS[group]
            if (firing := self.firing.get((cluster, alert))) is not None
            and firing.suppressed_by is None
            and not (firing.fires and self.listed(name, alert) is None)
        )
        return payload(cluster, group, alerts, peer) if alerts else None

    def told(self) -> Iterator[tuple[str, str, Firing]]:
        """Yield every firing that is not over and was told, with its cluster and alert."""
        for (cluster, alert), firing in self.firing.items():
            if firing.fires and firing.told:
                yield cluster, alert, firing


def configured(*, us_is_named: bool) -> tuple[Server, ...]:
    """Return the Alertmanagers that may be asked."""
    eu = frozenset(URLS["eu"])
    us = frozenset(URLS["us"]) if us_is_named else frozenset[str]()
    return (
        Server(name="eu-1", url="http://10.0.0.1", external_urls=eu),
        Server(name="eu-2", url="http://10.0.0.2", external_urls=eu),
        Server(name="us", url="http://10.0.1.1", external_urls=us),
    )


def cluster_of(url: str) -> str:
    """Return the cluster that has this external URL."""
    return next(cluster for cluster, urls in URLS.items() if url in urls)


@lru_cache
def labels(cluster: str, alert: str) -> dict[str, str]:
    """Return the labels of an alert."""
    own = {} if alert == "c" else {"cluster": cluster}
    return {"alertname": "X", "instance": alert, "severity": "critical", **own}


@lru_cache
def group_labels(cluster: str, group: str) -> dict[str, str]:
    """Return the labels of a group."""
    own = {} if group == "c" else {"cluster": cluster}
    return {"alertname": "X", **own, **({"instance": "a"} if group == "a" else {})}


@lru_cache
def fingerprint_of(cluster: str, alert: str) -> str:
    """Return the fingerprint of an alert."""
    return f"{alert}-{hashlib.sha256(json.dumps(labels(cluster, alert)).encode()).hexdigest()[:14]}"


@lru_cache(maxsize=4_096)
def moment(cluster: str, seconds: float) -> Moment:
    """Return a start in the cluster; its tenths of a second name the cluster, so no two clusters share a start."""
    return parse_rfc3339(f"{iso(seconds)[:-1]}.{CLUSTERS.index(cluster)}Z")


def payload(cluster: str, group: str, alerts: tuple[PostedAlert, ...], peer: int = 0, truncated: int = 0) -> Payload:
    """Return a delivery of these alerts."""
    urls = URLS[cluster]
    return Payload(
        group_key=f"{{}}:{{alertname='X'}} {group}",
        group_labels=group_labels(cluster, group),
        receiver=RECEIVER,
        external_url=urls[peer % len(urls)],
        alerts=alerts,
        truncated=truncated,
    )


def watchdog(began: float, peer: int) -> Payload:
    """Return a delivery of the Watchdog of `eu` with this start, from one of the peers."""
    dog = PostedAlert(
        fingerprint="dog",
        status="firing",
        labels={"alertname": "Watchdog"},
        annotations={},
        starts_at=parse_rfc3339(iso(began)),
        ends_at=_NO_END.seconds,
        generator_url="",
    )
    return Payload(
        group_key="{}:{alertname='Watchdog'}",
        group_labels={"alertname": "Watchdog"},
        receiver=RECEIVER,
        external_url=URLS["eu"][peer],
        alerts=(dog,),
        truncated=0,
    )


def _posted(cluster: str, alert: str, firing: Firing) -> PostedAlert:
    return PostedAlert(
        fingerprint=fingerprint_of(cluster, alert),
        status="firing" if firing.fires else "resolved",
        labels=labels(cluster, alert),
        annotations={},
        starts_at=firing.start,
        ends_at=_NO_END.seconds if firing.ended is None else firing.ended,
        generator_url="",
    )
