"""Kind `burn_rate`: an objective (99.5 % of the requests succeed) whose error budget is spent too fast.

The limit is the objective, the same for all severities. A burn rate is the share of the budget that is consumed within
a long window. Each severity has two burn rates; a short window beside each ends the alert soon after the trouble. The
windows and shares are those that the Site Reliability Workbook recommends ("Alerting on SLOs", multiple windows,
multiple burn rates): a fast burn pages, a slow one only notifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Final

from compiler.conventions import CRITICAL_AND_MORE_SEVERE
from compiler.promql import operand
from compiler.quantities import RATIO, Quantity, decimal_text, duration_text
from compiler.signals import ratio
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import HALF, Parameter, Rules, Threshold
from compiler.signals.level import margin
from compiler.signals.phrases import MORE, Clause, amount, span
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.ratio import Ratio

HOUR: Final = 3600
DAY: Final = 24 * HOUR
_SCRAPES: Final = 4
"""Minimum number of scrapes in a short window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    """A burn rate: `consumed` is the share of the budget that is gone after `long` seconds.

    A window of `short` seconds shows whether the budget is still being spent.
    """

    long: int
    short: int
    consumed: Decimal

    def limit(self, budget: Decimal, period: Decimal) -> Decimal:
        """Return the ratio of bad events that consumes this share of the period's budget; 1 or more cannot occur."""
        return budget * self.consumed * period / self.long


FAST: Final = (
    Burn(long=HOUR, short=300, consumed=Decimal("0.02")),
    Burn(long=6 * HOUR, short=1800, consumed=Decimal("0.05")),
)
SLOW: Final = (
    Burn(long=DAY, short=2 * HOUR, consumed=Decimal("0.10")),
    Burn(long=3 * DAY, short=6 * HOUR, consumed=Decimal("0.10")),
)
PERIOD: Final = Parameter(
    name="period",
    default=Decimal(30 * DAY),
    schema={
        "$ref": "#/$defs/duration",
        "description": "For kind burn_rate: the period of the objective.",
        "examples": ["30d"],
    },
    duration=True,
)


class BurnRate(Ratio):
    """Each window's ratio is recorded once; a severity compares the recordings of its two burn rates."""

    name = "burn_rate"
    summary = "part of all events, over long and short windows"
    parameters = (PERIOD,)
    measures = False

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: the burn rates set the windows."""
        return False

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return the reason if no burn rate can occur, else None.

        None can occur if not even a total failure spends the budget too fast.
        """
        if list(_burns(bound, limit)):
            return None
        return "the error budget is so large that not even a total failure spends it too fast"

    def too_slow(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return that the scrape interval makes a short window longer than half of the long one beside it."""
        burn = (FAST if limit.severity in CRITICAL_AND_MORE_SEVERE else SLOW)[0]
        short, scrapes = _short(bound, burn), duration_text(bound.binding.scrape_interval)
        if 2 * short <= burn.long:
            return None
        window = f"a window of {duration_text(burn.short)} beside that of {duration_text(burn.long)}"
        return f"{limit.severity} needs {window}, and metrics that come every {scrapes} need {duration_text(short)}"

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return a recording per window, and a condition per severity: both windows of a burn are bad."""
        records: dict[str, str] = {}
        conditions: dict[str, str] = {}
        for limit in limits:
            parts = []
            for burn, edge in _burns_or_last(bound, limit):
                comparisons = []
                for window in (burn.long, _short(bound, burn)):
                    operations = f"ratio_rate{duration_text(window)}"
                    records[operations] = ratio.quotient(bound, window)
                    comparisons.append(f"{operand(name(operations))} {limit.comparator} {decimal_text(edge)}")
                parts.append(" and ".join(comparisons))
            conditions[limit.severity] = " or ".join(parts)
        return Rules(records=records, conditions=conditions)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the bad share over the long and short windows, and the share of the error budget that it consumes."""
        part, whole = ratio.nouns(bound)
        burns = _burns_or_last(bound, limit)
        shares = [f"{MORE[limit.comparator]} {amount(Quantity(edge, RATIO))}" for _, edge in burns]
        windows = [f"over both {span(burn.long)} and {span(_short(bound, burn))}" for burn, _ in burns]
        first, *others = zip(shares, windows, strict=True)
        conditions = [f"{first[0]} of the {whole} are {part} {first[1]}", *(" ".join(pair) for pair in others)]
        spent = " or ".join(f"{amount(Quantity(burn.consumed, RATIO))} in {span(burn.long)}" for burn, _ in burns)
        objective = amount(Quantity(limit.value, RATIO))
        budget = f"with an objective of {objective}" if bound.low else f"which is {objective}"
        return Clause(
            text=", or ".join(conditions),
            details=(f"that is {spent} of the error budget for {span(int(_period(bound)))}, {budget}",),
            event=whole.removesuffix("s"),
        )

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return that the budget is spent too fast, with the share over the long window."""
        return f"{bound.signal.title} spent too fast, {{{{ $value | humanizePercentage }}}}"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return that the budget is spent too fast."""
        return f"{bound.signal.title} spent too fast"

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return the long window of the first slow burn rate, plus an hour."""
        return SLOW[0].long + _STEPS_BEFORE * STEP_SECONDS

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return cases for each burn rate: both windows just bad, or one of them just good."""
        return tuple(_cases(bound, limits, steps))


KIND = BurnRate()


_STEPS_BEFORE: Final = 60
_SLACK: Final = 14
"""Steps added to a window, because engines differ about its ends and are up to two evaluations late."""
_HEAVY, _DROWNING = Decimal(20), Decimal(10_000)
"""Heavy traffic, beside which the traffic of a short window (`_HEAVY`) or a long one (`_DROWNING`) hardly counts."""


def _cases(bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> Iterator[Case]:
    course = _Courses(bound=bound, limits=tuple(limits), steps=steps)
    yield from course.steady()
    yield from course.traffic()
    for limit in limits:
        for index, (burn, edge) in enumerate(_burns(bound, limit)):
            yield from course.windows(limit, index, burn, edge)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Courses:
    """The courses by which rule tests tell the windows apart; each has `steps` samples and ends at the evaluation."""

    bound: BoundSignal
    limits: tuple[Threshold, ...]
    steps: int

    def steady(self) -> Iterator[Case]:
        """Yield constant shares: the ratio is the same over every window."""
        edges = sorted({edge for limit in self.limits for _, edge in _burns(self.bound, limit)}, reverse=self.bound.low)
        for number, edge in enumerate(edges):
            for beyond in (False, True):
                value = self._near(edge, beyond=beyond)
                name = ("above" if beyond else "below") if number == 0 else f"{'above' if beyond else 'below'}-{number}"
                yield self._case(name, (Phase(value=value, steps=self.steps),), self._firing(value), value)

    def traffic(self) -> Iterator[Case]:
        """Yield a total failure with no traffic, too little, just enough, split over replicas, and one that ended."""
        worst = Decimal(0) if self.bound.low else Decimal(1)
        failure = Phase(value=worst, steps=self.steps)
        all_severities = self._firing(worst)
        yield self._case("no-traffic", (replace(failure, traffic=Decimal(0)),))
        floor = self._floor()
        if floor:
            yield self._case("quiet", (replace(failure, traffic=floor * _JUST_LESS),))
            yield self._case(
                "just-enough-traffic", (replace(failure, traffic=floor * _JUST_MORE),), all_severities, worst
            )
        if self.bound.low:
            yield self._case("never-yet", (replace(failure, zero_denominator=True),), all_severities, worst)
        half = (replace(failure, traffic=HALF),)
        examples = tuple(Example(phases=half, extra={"replica": str(number)}) for number in range(2))
        yield Case(name="replicas", example=examples[0], more=examples[1:], firing=all_severities, value=worst)
        if floor:
            quiet_examples = tuple(
                replace(example, phases=(replace(half[0], traffic=HALF * floor * _A_BIT_MORE),)) for example in examples
            )
            yield Case(
                name="few-replicas",
                example=quiet_examples[0],
                more=quiet_examples[1:],
                firing=all_severities,
                value=worst,
            )
        ended = self.steps // 2
        ended_phases = (replace(failure, steps=self.steps - ended), Phase(value=None, steps=ended))
        yield self._case("gone", ended_phases)

    def windows(self, limit: Threshold, index: int, burn: Burn, edge: Decimal) -> Iterator[Case]:
        """Yield the combinations of a good or bad long window and a good or bad short one; only two bad ones fire."""
        step = self.bound.binding.step
        for_seconds, keep = limit.for_seconds // step + _SLACK, limit.keep // step + _SLACK
        long, short = burn.long // step + for_seconds, _short(self.bound, burn) // step
        good, bad = self._near(edge, beyond=False), self._near(edge, beyond=True)
        before: tuple[Phase, ...] = ()
        if long + _STEPS_BEFORE // 2 <= self.steps:
            before = (Phase(value=Decimal(int(self.bound.low)), steps=self.steps - long, traffic=_DROWNING),)
            within = long
        else:  # no window looks further back
            within = self.steps
        name = f"{limit.severity}-{index + 1}"
        for suffix, first, last, last_steps in (
            ("now-fine", bad, good, short + keep),
            ("just-begun", good, bad, short + for_seconds),
        ):
            if last_steps < within:
                course = (
                    Phase(value=first, steps=within - last_steps, traffic=_HEAVY),
                    Phase(value=last, steps=last_steps),
                )
                yield self._case(f"{name}-{suffix}", (*before, *course))
        firing = frozenset({limit.severity}) if before else self._firing(bad)
        # If the course is too short to fill the long window while the alert waits, its traffic is raised to match.
        floor = self._floor() * max(Decimal(burn.long) / ((self.steps - for_seconds) * step), Decimal(1))
        enough = floor * _JUST_MORE if floor else Decimal(1)
        scaled_before = tuple(replace(phase, traffic=phase.traffic * enough) for phase in before)
        yield self._case(f"{name}-below", (*scaled_before, Phase(value=good, steps=within, traffic=enough)))
        yield self._case(f"{name}-above", (*scaled_before, Phase(value=bad, steps=within, traffic=enough)), firing, bad)
        if floor:
            yield from self._one_window_quiet(name, before, bad, (within, burn.long // step, short, for_seconds, keep))

    def _one_window_quiet(
        self, name: str, before: tuple[Phase, ...], bad: Decimal, steps: tuple[int, int, int, int, int]
    ) -> Iterator[Case]:
        """Yield trouble in which one of the two windows has too little traffic and the other enough.

        The second case is left out where the course does not fill the long window: engines disagree on it.
        """
        within, long, short, for_seconds, keep = steps
        floor, quiet = self._floor(), short + keep
        if quiet < within:
            course = (
                Phase(value=bad, steps=within - quiet, traffic=_HEAVY),
                Phase(value=bad, steps=quiet, traffic=floor * _JUST_LESS),
            )
            yield self._case(f"{name}-now-quiet", (*before, *course))
        # An engine may miss a scrape at either end of the long window; the busy part then weighs more.
        pace = self.bound.binding.pace
        busy_steps, visible_steps = short + for_seconds, long - 2 * pace
        if not before or busy_steps >= visible_steps:
            return
        # The first sample of a phase holds the events of a whole scrape interval.
        rest_traffic = (floor * _JUST_LESS * visible_steps - floor * _A_BIT_MORE * (busy_steps + pace - 1)) / (
            visible_steps - busy_steps
        )
        if rest_traffic < 0:
            return
        course = (
            Phase(value=bad, steps=within - busy_steps, traffic=round(rest_traffic, _DIGITS)),
            Phase(value=bad, steps=busy_steps, traffic=floor * _A_BIT_MORE),
        )
        yield self._case(f"{name}-just-busy", (*before, *course))

    def _near(self, edge: Decimal, *, beyond: bool) -> Decimal:
        distance = margin(edge, ratio=True)
        return edge + (distance if beyond != self.bound.low else -distance)

    def _firing(self, value: Decimal) -> frozenset[str]:
        """Return the severities that have a burn rate which a constant share exceeds."""
        return frozenset(
            limit.severity
            for limit in self.limits
            if any((value < edge) if self.bound.low else (value > edge) for _, edge in _burns(self.bound, limit))
        )

    def _floor(self) -> Decimal:
        """Return the traffic that is just enough, apart from rounding; 0 where the binding has no minimum traffic."""
        floor = self.bound.binding.minimum_traffic
        if floor is None:
            return Decimal(0)
        return round(floor.count * self.bound.binding.step / floor.seconds / KIND.events_per_step, _DIGITS)

    def _case(
        self,
        name: str,
        phases: tuple[Phase, ...],
        firing: frozenset[str] = frozenset(),
        value: Decimal = Decimal(0),
    ) -> Case:
        if len(phases) == 1:
            return Case(name=name, example=Example(phases=phases), firing=firing, value=value)
        half = tuple(replace(phase, traffic=phase.traffic * HALF) for phase in phases)
        first, second = (Example(phases=half, extra={"replica": str(number)}) for number in range(2))
        return Case(name=name, example=first, more=(second,), firing=firing, value=value, decoys=True)


_JUST_LESS, _JUST_MORE = Decimal("0.99"), Decimal("1.006")
_A_BIT_MORE: Final = Decimal("1.2")
_DIGITS: Final = 12
_ROUNDED: Final = Context(prec=6)


def _burns(bound: BoundSignal, limit: Threshold) -> Iterator[tuple[Burn, Decimal]]:
    """Yield the burn rates of a severity that can occur, each with the ratio at which its condition begins."""
    budget = 1 - limit.value if bound.low else limit.value
    for burn in FAST if limit.severity in CRITICAL_AND_MORE_SEVERE else SLOW:
        bad = _ROUNDED.create_decimal(burn.limit(budget, _period(bound)))
        if bad < 1:
            yield burn, 1 - bad if bound.low else bad


def _burns_or_last(bound: BoundSignal, limit: Threshold) -> tuple[tuple[Burn, Decimal], ...]:
    """Return the burn rates of a severity that can occur, or one stand-in.

    Where none can occur the compiler refuses the limit, but the rules are still built.
    """
    return tuple(_burns(bound, limit)) or ((SLOW[-1], limit.value),)


def _short(bound: BoundSignal, burn: Burn) -> int:
    return max(burn.short, _SCRAPES * bound.binding.scrape_interval)


def _period(bound: BoundSignal) -> Decimal:
    parameters: Mapping[str, Decimal] = bound.signal.parameters
    return parameters.get(PERIOD.name, PERIOD.default)
