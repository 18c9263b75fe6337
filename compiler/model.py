"""The model: what thresholds.yaml and the runbooks mean, frozen, in base units, with every default filled in.

`compiler.resolve` builds it; `compiler.alerts` and the emitters read it. It does not depend on the file's format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

from compiler import conventions
from compiler.conventions import COMPILE
from compiler.diagnostics import Span
from compiler.promql import Matcher
from compiler.quantities import Comparison
from compiler.runbooks import Section
from compiler.runbooks.anchors import page
from compiler.runbooks.statements import Statement
from compiler.signals.bound import BoundSignal


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One severity's limit of a signal.

    `text` is the limit as written. `for_seconds` is how long it must be crossed before the alert fires. `keep` is how
    many seconds the alert fires on after the limit is no longer crossed (`keep_firing_for`). `recover` is what
    the value must reach before the alert ends, or None if the limit itself decides. `statement` is the runbook's
    sentence that states the limit, or None for a house default (`default`). `for_span` is the place of `for`, or None
    if it is not beside the limit.
    """

    severity: str
    comparator: str
    value: Decimal
    unit: str
    text: str
    for_seconds: int
    keep: int = 0
    recover: Comparison | None = None
    default: bool
    statement: Statement | None
    span: Span
    for_span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedSignal:
    """A bound signal of a system, with its limits (from the least severe) and its runbook section.

    `component` is the component's name if no label holds it. `source` is the same name if the system has this signal
    once for each place that its metrics come from; else it is None.
    """

    bound: BoundSignal
    limits: tuple[Limit, ...]
    component: str | None
    source: str | None = None
    section: Section
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """One system; `direct` means that its alerts must bypass the webhook. Signals are sorted by id."""

    id: str
    title: str
    team: str
    policy: str
    runbook: str
    direct: bool
    signals: tuple[WatchedSignal, ...]
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Documented:
    """A limit that a runbook states: its place, its words, and the alerts that carry it.

    `carriers` are signals with their severity, such as `error_ratio critical`. `waived` is the reason why no alert has
    to carry it. `subject` are the runbook's words for what it is about, such as `staging`; it is empty if the limit is
    about all alerts.
    """

    path: str
    line: int
    text: str
    carriers: tuple[str, ...]
    waived: str | None
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """What a policy does for one severity; times are in seconds, and None means never.

    `acknowledged` is how long an acknowledgement holds, if the file sets it (`holds`). `hours` is the schedule outside
    of which nobody is notified, or None. `still_firing` is the time after which an incident that a person resolved is
    told again if it still fires, or None if the file does not set it.
    """

    respond: int | None = None
    notify: tuple[str, ...] = ("log",)
    announce: tuple[str, ...] = ()
    escalate: int | None = None
    holds: bool = False
    acknowledged: int | None = None
    hours: str | None = None
    still_firing: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """An escalation policy: its levels in order, one tier for each severity, and the fallback channels."""

    id: str
    levels: tuple[str, ...]
    tiers: dict[str, Tier]
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A recurring time; `start`, `until` and `exceptions` are local to `timezone`, and `duration` is in seconds."""

    id: str
    timezone: str
    start: datetime
    duration: int
    rule: str
    until: datetime | None
    exceptions: tuple[date, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One turn of a rotation: the contacts who are on call while the schedule applies."""

    schedule: str
    title: str
    contacts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """An escalation level and its contacts by kind; with a rotation, those of the person on call come first."""

    id: str
    title: str
    contacts: dict[str, tuple[str, ...]]
    rotation: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team; `slack` is its Slack channel."""

    id: str
    title: str
    slack: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The owner of undefined alerts that match all matchers; `severity` None means the fallback's severity."""

    matchers: tuple[Matcher, ...]
    team: str
    policy: str
    severity: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """The owner of an alert that the file does not define; the first matching route takes precedence."""

    team: str
    policy: str
    severity: str
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """How Alertmanager groups, times and delivers alerts; times are in seconds.

    `webhook_login` is a user and the password's file; `webhook_tls` are Alertmanager's TLS options by name.
    """

    group_by: tuple[str, ...]
    group_wait: int
    group_interval: int
    repeat_interval: int
    webhook_url: str
    webhook_token_file: str | None
    webhook_login: tuple[str, str] | None
    webhook_tls: tuple[tuple[str, str], ...]
    pagerduty_key_file: str | None
    pagerduty_severities: tuple[str, ...]
    watchdog_repeat: int
    fallback: Fallback


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The whole model; systems, policies, levels, schedules and teams are sorted by id, `documented` by place.

    `renewal` is the command that renews the generated files, as this company's people type it. `dimensions` are the
    labels that the file declares to distinguish installations of all systems. `severity_words` maps the words that
    labels use for severities, by `compiler.severities.word_key`, to a severity or `none`.
    """

    runbook_link: str
    systems: tuple[System, ...]
    policies: tuple[Policy, ...]
    levels: tuple[Level, ...]
    teams: tuple[Team, ...]
    routing: Routing
    documented: tuple[Documented, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    renewal: str = COMPILE
    dimensions: tuple[str, ...] = ()
    severity_words: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_dimensions(self) -> tuple[str, ...]:
        """Return the labels that may distinguish installations: those that the file declares, and the usual ones."""
        return tuple(dict.fromkeys((*self.dimensions, *conventions.USUAL_DIMENSIONS)))

    def runbook_url(self, path: str, anchor: str | None = None) -> str:
        """Return the percent-encoded URL at which people read a runbook, or one of its sections."""
        link = self.runbook_link
        if anchor is None:
            head, _, tail = link.partition("{anchor}")
            link = head.rstrip("#") + tail
        return (
            link.replace("{path}", quote(path))
            .replace("{page}", quote(page(path)))
            .replace("{anchor}", quote(anchor or ""))
        )
