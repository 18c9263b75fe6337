"""What a kind of signal is: the contract that every kind in this folder fulfils.

`compiler.resolve` asks a kind which inputs a binding must name; `compiler.alerts` asks it for rules; `compiler.proof`
asks it for series by which the rules see a given value. A kind is one file with one `KIND`, which `compiler.signals`
finds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Final, Protocol

from compiler.metric_names import Wanted
from compiler.promql import Matcher, Selector, operand
from compiler.quantities import SECONDS, STATE, Quantity, number_promql
from compiler.signals.bound import STEP_SECONDS, Binding, BoundSignal
from compiler.signals.phrases import IS, Clause, amount, uncapitalised
from compiler.signals.profile import Case, Example, Phase, Rough

EVALUATION_SECONDS: Final = 30
"""The interval between two evaluations of a rule test: half a minute, so that an alert on what a recording rule gives
can be one evaluation late (as in vmalert, which reads back what it has written) and is still seen to the minute."""


class Measure(Enum):
    """What a metric counts or measures, as its unit goes: the unit of the limits, that of the other part, or its own.

    A part is held against another part of the same unit. An instant is a time since the epoch, a span a time, both in
    seconds. Events have no unit that matters.
    """

    LIMITED = "limited"
    PART = "part"
    INSTANT = "instant"
    SPAN = "span"
    EVENTS = "events"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A metric that a binding names: the key in thresholds.yaml, what it must be, and an example.

    `type` is what the metric's own name must not contradict, `measure` what its unit is; most inputs count events.
    """

    name: str
    description: str
    example: str
    type: Wanted = "counter"
    measure: Measure = Measure.EVENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A number or a duration that a signal's definition may give its kind, below its `name`.

    `schema` is its part of the published schema; `default` holds where the definition does not name it. Durations come
    in seconds.
    """

    name: str
    default: Decimal
    schema: Mapping[str, object]
    duration: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A synthesised series: metric, labels, and samples in promtool's notation, one every `Binding.step` seconds."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    values: str

    @property
    def selector(self) -> str:
        """The series as promtool and a person write it."""
        return str(Selector(self.metric, tuple(Matcher(label, "=", value) for label, value in self.labels)))


class UnsampledError(Exception):
    """No series can be made up for a selector; the message says why. The alert then has no generated test."""


class Threshold(Protocol):
    """What a kind reads of a limit: of which severity it is, and the comparison with the measured value."""

    @property
    def severity(self) -> str:
        """The severity."""

    @property
    def comparator(self) -> str:
        """`>`, `>=`, `<`, `<=`, or `==` for a state."""

    @property
    def value(self) -> Decimal:
        """The number, in the unit of the signal's limits."""

    @property
    def for_seconds(self) -> int:
        """The seconds that it must be crossed for before an alert fires."""

    @property
    def keep(self) -> int:
        """The seconds that an alert keeps firing when it is crossed no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is to be evaluated for one signal, in this order.

    `records` are expressions to record, by the last part of their names: one, or several that are recorded under one
    name; `conditions` is PromQL with one series for each component that is in trouble, by severity; `value` what they
    compare, where that is one for all severities.
    """

    records: Mapping[str, str | tuple[str, ...]]
    conditions: Mapping[str, str]
    value: str | None = None


class Kind:
    """One way to measure. A kind of its own overrides what differs."""

    name: ClassVar[str]
    forms: ClassVar[tuple[tuple[Input, ...], ...]] = ()
    """The alternatives, each a complete set of inputs; the first is the usual one."""
    constants: ClassVar[frozenset[str]] = frozenset()
    """Inputs that may be a number."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """What a signal's definition may say besides."""
    unit: ClassVar[str | None] = None
    """The unit that its value always has; None where that is the metric's."""
    words: ClassVar[Mapping[str, Decimal]] = {}
    """Limits in words, and the value that each of them means."""
    bindable: ClassVar[bool] = True
    """Whether a file may define signals of this kind."""
    floored: ClassVar[bool] = False
    """Whether the value needs a least traffic."""
    events_per_step: ClassVar[Decimal] = Decimal(1)
    """The events of a synthesised series in one step, at a traffic of 1."""
    denominator: ClassVar[Decimal] = Decimal(1)
    """How much a synthesised series has of what the value is a share of, at a traffic of 1."""
    measures: ClassVar[bool] = True
    """Whether severities are limits of one measured value: then they must rise, and an alert may recover elsewhere."""
    longest: ClassVar[int] = 3 * 86400
    """Seconds; signals that take longer to settle have no tests: engines refuse to load so many samples."""
    rises: ClassVar[bool] = False
    """Whether a more severe limit lies beyond a less severe one, although they are not limits of one value."""
    rest: ClassVar[str | None] = None
    """What the part is called that a share leaves, such as "free" of what is used; None where it has no name."""

    def bad(self, inputs: Collection[str]) -> str | None:
        """Return the side of the value that is trouble where these inputs measure it, None where either may be."""
        return None

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the value is computed from the events of the binding's window."""
        return True

    def fitted(self, binding: Binding, limits: Sequence[Threshold]) -> Binding:
        """Return the binding with what only the limits tell of it."""
        return binding

    def too_slow(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return why metrics that come as seldom as these cannot tell a limit, where the windows are the kind's own."""
        return None

    def looks_back(self, limit: Threshold) -> int | None:
        """Return the seconds that a limit itself looks back; None where it does not."""
        return None

    def begins(self, bound: BoundSignal, limit: Threshold) -> int | None:
        """Return after how many seconds the first case that fires an alert is trouble of its limit.

        Of a kind whose severities are no limits of one value; None where that cannot be told.
        """
        return self.first(bound) or 0

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return why a limit can never be crossed, where the kind alone knows that; else None.

        The way out may follow behind a semicolon.
        """
        return None

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether the value is made of gauges that may be taken over the binding's window."""
        return False

    def counts(self, bound: BoundSignal) -> bool:
        """Return whether the value is a number of events, each of which is seen for the window and no longer."""
        return False

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics that are there as long as the thing that is measured is, events or none."""
        return bound.metrics

    def operations(self, bound: BoundSignal) -> str:
        """Return the last part of a recording rule's name, such as `rate5m`."""
        raise NotImplementedError

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL with one series a component, whose value is in the unit of the signal's limits."""
        raise NotImplementedError

    def written(self, bound: BoundSignal) -> str:
        """Return the expression as somebody wrote it, where that is another."""
        return self.expression(bound)

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return the rules: a value, recorded once where several rules use it (`record`), and a comparison a severity.

        `name` gives the selector of a recorded series by the last part of its name.
        """
        value = self.expression(bound)
        records: dict[str, str | tuple[str, ...]] = {}
        if record:
            records[self.operations(bound)] = value
            value = name(self.operations(bound))
        conditions = {one.severity: f"{operand(value)} {one.comparator} {number_promql(one.value)}" for one in limits}
        return Rules(records=records, conditions=conditions, value=value)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the condition of a limit in plain English: from what the rules compare, not from any document."""
        quantity = Quantity(limit.value, bound.signal.unit)
        return Clause(text=f"{uncapitalised(bound.signal.title)} {IS[limit.comparator]} {amount(quantity)}")

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return what the description says of the trouble, where value and limit do not tell it; a template."""
        return None

    def headline(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return what the summary says of the trouble, where the signal's title and the limit do not tell it."""
        return None

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return series by which `expression` takes the course of the example, for its component.

        Raises UnsampledError where none can.
        """
        raise NotImplementedError

    def first(self, bound: BoundSignal) -> int | None:
        """Return after how many seconds of a steady course the expression has its value, to the evaluation.

        None where that is not known: then `settle_seconds` holds.
        """
        return None

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return after how many seconds of a steady course nothing of what was before is seen any more."""
        return bound.binding.window + (bound.binding.memory or 0) + 2 * STEP_SECONDS

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return what the expression has come to after so many seconds of a course at `value`, at least `first`.

        None where engines do not agree on it.
        """
        return value

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase (of one step) that gives `value` without any rounding error, in every engine.

        At every evaluation where `always` is set, else at those that lie a multiple of the window from the beginning.
        None where no such phase is known.
        """
        return None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return phases (of one step) of several series of one component that give `value` without a rounding error.

        For values that one series cannot give so; nothing where no such phases are known.
        """
        return ()

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return whether the value is a share of what may be 0."""
        return False

    def partial(self, bound: BoundSignal) -> bool:
        """Return whether a part that has no series yet counts as 0: a phase with a denominator of zero shows that."""
        return False

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return every selector of the rules; a histogram's without the suffix."""
        return bound.metrics

    def further(self, bound: BoundSignal) -> Mapping[str, str]:
        """Return the labels that the value has besides those of the component."""
        return {}

    def ends(self, bound: BoundSignal) -> bool:
        """Return whether there is no value any more once the data have ended."""
        return True

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...] | None:
        """Return what a rule test must look at, a course of so many steps each, one a test.

        None where limits of a measured value say it all.
        """
        return None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return phases (of one step) of several series of one component, which together come to `value`, or nothing.

        They show that the right thing is done with several: their sum, or the worst of them.
        """
        return ()

    def instances(self, bound: BoundSignal) -> str | None:
        """Return the label of a component's instances, where the value is that of the worst; None where it is not."""
        return None

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return through which rough courses the value stays as it is: the generated tests hold it to that."""
        return frozenset()

    def scraped(self, bound: BoundSignal) -> bool:
        """Return whether made-up samples may be as rare as scrapes: not where each moves with the clock."""
        return True

    def off_scale(self, bound: BoundSignal, value: Decimal) -> Phase | None:
        """Return a phase (of one step) beyond what the metric can tell, which ends below `value`; None if none is."""
        return None

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return whether the first value of a counter counts, where it is known that there was no counter before."""
        return False

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a phase (of one step) of series so strong that the value changes where a selector lets them in."""
        raise NotImplementedError

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return a value so far beyond a limit of `value` that it is crossed as soon as there is any value."""
        if bound.signal.unit == STATE:
            return Decimal(1)
        found = value * _SHORT if bound.low else value * _FAR or Decimal(1)
        # `humanizeDuration` cuts fractions off, so that a rounding error would show below a whole second.
        return found + _NUDGE if bound.signal.unit == SECONDS and found >= STEP_SECONDS else found


_FAR: Final = Decimal("2.2")
_SHORT: Final = Decimal("0.4")
_NUDGE: Final = Decimal("0.3")


HALF: Final = Decimal("0.5")


def first_rate(bound: BoundSignal) -> int:
    """Return after how many seconds a rate has a value: at the first evaluation that sees two samples."""
    return -(-bound.binding.step * bound.binding.pace // EVALUATION_SECONDS) * EVALUATION_SECONDS


def aggregate(operator: str, per: tuple[str, ...], expression: str) -> str:
    """Return `expression` aggregated to one series a component."""
    return f"{operator} by ({', '.join(per)}) ({expression})" if per else f"{operator}({expression})"
