"""The model: what thresholds.yaml and the runbooks mean, frozen, with every default filled in, in base units.

`compiler.resolve` makes it, `compiler.alerts` and the emitters read it. No names of the file's format survive here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

from compiler import conventions
from compiler.anchors import page
from compiler.conventions import COMPILE
from compiler.diagnostics import Span
from compiler.promql import Matcher
from compiler.quantities import Comparison
from compiler.runbooks import Section
from compiler.signals.bound import BoundSignal
from compiler.statements import Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One severity's limit of a signal.

    `text` is the limit as written; `for_seconds` is how long it must be crossed before the alert fires, `keep` for how
    long the alert goes on firing when it is not crossed any more; `recover` what the value must come to before the
    alert ends, None where the limit itself is enough. `statement` is the runbook's sentence that states the limit, None
    where it is a house default (`default`). `for_span` is where `for` stands, None where it does not stand beside the
    limit.
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
    """A signal of a system, bound, with its limits (from the least urgent severity) and its runbook section.

    `component` is the component's name where no label tells it; `source` the same where the system has this signal once
    for each place that its metrics come from, else None.
    """

    bound: BoundSignal
    limits: tuple[Limit, ...]
    component: str | None
    source: str | None = None
    section: Section
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """One system; `direct` where its alerts must not pass through the webhook. Signals are sorted by id."""

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
    """A limit that a runbook states: where, in which words, and who carries it.

    `carriers` are signals with their severity, such as `error_ratio critical`; `waived` is the reason why none has to;
    `subject` are the runbook's words for what it is about, such as `staging`, where it is not about all alerts.
    """

    path: str
    line: int
    text: str
    carriers: tuple[str, ...]
    waived: str | None
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """What a policy does for one severity; times in seconds, None is never.

    `acknowledged` is how long an acknowledgement holds, where the file says so (`holds`); `hours` the schedule outside
    of which nobody is notified, None where there is none; `still_firing` after how long an incident that a person has
    resolved is told again if it fires on, None where the file does not say.
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
    """An escalation policy: the levels in order, a tier a severity, the channels that a call moves on to."""

    id: str
    levels: tuple[str, ...]
    tiers: dict[str, Tier]
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A time that recurs; `start`, `until` and `exceptions` are by the clock of `timezone`, `duration` in seconds."""

    id: str
    timezone: str
    start: datetime
    duration: int
    rule: str
    until: datetime | None
    exceptions: tuple[date, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One turn of a rotation: whose it is while the schedule holds."""

    schedule: str
    title: str
    contacts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """An escalation level and its contacts by kind; in a rotation those of whoever is on call come first."""

    id: str
    title: str
    contacts: dict[str, tuple[str, ...]]
    rotation: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team; `slack` is its channel."""

    id: str
    title: str
    slack: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Whose alerts are that nobody defined and that meet all matchers; `severity` None is that of the fallback."""

    matchers: tuple[Matcher, ...]
    team: str
    policy: str
    severity: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """Who is told of an alert that nobody defined: by the first of the routes that it meets, else these."""

    team: str
    policy: str
    severity: str
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """How Alertmanager groups, times and delivers; times in seconds.

    `webhook_login` is a user and the file of the password; `webhook_tls` are Alertmanager's options by their names.
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
    """Everything; systems, policies, levels, schedules and teams are sorted by id, `documented` by place.

    `renewal` is the command that renews what is generated, as people of this house type it.
    `dimensions` are the labels that the file declares to tell installations of all systems apart. `severity_words` are
    the words of labels for severities, by `compiler.severities.word_key`, each with its severity or `none`.
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
        """Return the labels that may tell installations apart: those that the file declares, and the usual ones."""
        return tuple(dict.fromkeys((*self.dimensions, *conventions.USUAL_DIMENSIONS)))

    def runbook_url(self, path: str, anchor: str | None = None) -> str:
        """Return where people read a runbook, or one of its sections; what a URL cannot hold is percent-encoded."""
        link = self.runbook_link
        if anchor is None:
            head, _, tail = link.partition("{anchor}")
            link = head.rstrip("#") + tail
        return (
            link.replace("{path}", quote(path))
            .replace("{page}", quote(page(path)))
            .replace("{anchor}", quote(anchor or ""))
        )
