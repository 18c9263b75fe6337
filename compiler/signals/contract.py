"""The contract that every kind of signal in this folder fulfils.

`compiler.resolve` asks a kind which inputs a binding must name. `compiler.alerts` asks it for rules. `compiler.proof`
asks it for series that give the rules' expressions a chosen value. A kind is one file with one `KIND`, which
`compiler.signals` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Final, Protocol

from compiler.metric_names import InputType
from compiler.promql import Matcher, Selector, operand
from compiler.quantities import SECONDS, STATE, Quantity, number_promql
from compiler.signals.bound import STEP_SECONDS, Binding, BoundSignal
from compiler.signals.phrases import IS, Clause, amount, uncapitalised
from compiler.signals.profile import Case, Example, Phase, Rough

EVALUATION_SECONDS: Final = 30
"""Seconds between two evaluations of a rule test. An alert rule that reads a recording rule may be one evaluation late,
because vmalert reads back what it has written. With half a minute, tests still check times of alerts to the minute."""
LONG_SECONDS: Final = 6 * 3600
"""Longer tests are evaluated only every `SLOW_EVALUATION_SECONDS`, because each evaluation takes time."""
SLOW_EVALUATION_SECONDS: Final = 240
"""Less than the five minutes for which engines remember a value, because some read back the values that they record."""


class Measure(Enum):
    """How the unit of a metric relates to the unit of the signal's limits.

    `LIMITED` metrics have the unit of the limits. A `PART` is compared with another part that has the same unit. An
    `INSTANT` is a time since the epoch and a `SPAN` a duration, both in seconds. The unit of `EVENTS` does not matter.
    """

    LIMITED = "limited"
    PART = "part"
    INSTANT = "instant"
    SPAN = "span"
    EVENTS = "events"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A metric that a binding names: its key in thresholds.yaml, a description and an example.

    The metric's own name must not contradict `type`. `measure` says which unit the metric has; most inputs count
    events.
    """

    name: str
    description: str
    example: str
    type: InputType = "counter"
    measure: Measure = Measure.EVENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A number or a duration that a signal's definition may set for its kind, under the key `name`.

    `schema` is its part of the published schema. `default` applies where the definition does not set it. Durations are
    in seconds.
    """

    name: str
    default: Decimal
    schema: Mapping[str, object]
    duration: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A synthetic series: metric, labels, and samples in promtool's notation, one every `Binding.step` seconds."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    values: str

    @property
    def selector(self) -> str:
        """The series in the notation that promtool and people use."""
        return str(Selector(self.metric, tuple(Matcher(label, "=", value) for label, value in self.labels)))


class UnsampledError(Exception):
    """No synthetic series fits a selector; the message says why. The alert then has no generated test."""


class Threshold(Protocol):
    """The part of a limit that a kind reads: its severity, its comparison with the value, and its durations."""

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
        """Seconds for which the limit must be crossed before the alert fires."""

    @property
    def keep(self) -> int:
        """Seconds for which the alert keeps firing after the limit is no longer crossed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules of one signal, in the order of evaluation.

    `records` maps the last part of a recording rule's name to its expression, or to several expressions that are
    recorded under that name. `conditions` maps a severity to PromQL that returns one series for each component in
    trouble. `value` is the expression that all conditions compare; None where severities compare different values.
    """

    records: Mapping[str, str | tuple[str, ...]]
    conditions: Mapping[str, str]
    value: str | None = None


class Kind:
    """One way to measure a signal. Each kind overrides what differs from these defaults.

    Most kinds define `expression` and `operations` for the rules, and `series`, `first` and `strong_sample` for the
    rule tests. With these kinds a steady course gives a steady value, so the limits determine the cases. Two sorts of
    kinds define more.

    A kind that looks back for long, for example over a window of a day, defines `settle_seconds` if it needs more time
    than its window. Tests longer than `LONG_SECONDS` are evaluated every `SLOW_EVALUATION_SECONDS`. `compiler.proof`
    rounds their times, so the kind does nothing about that. A signal that needs more than `longest` has no tests.

    If the value of a kind does not stay the same in a steady course, the kind sets `measures` to false and defines its
    `cases`. It says in `begins` when the first case of a severity crosses the limit. That time must not depend on the
    number of samples.

    tests/compiler/kinds holds an example of each sort; test_new_kind.py proves their alerts with promtool.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """What the value is, in a few words of Markdown. Kinds that are not `bindable` have none."""
    forms: ClassVar[tuple[tuple[Input, ...], ...]] = ()
    """Alternative sets of inputs, each complete; the first is the usual one."""
    constants: ClassVar[frozenset[str]] = frozenset()
    """Names of inputs that may be a number instead of a metric."""
    counted: ClassVar[frozenset[str]] = frozenset()
    """Names of inputs whose events the value counts, each only while it is within the window."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """Further settings that a signal's definition may hold."""
    unit: ClassVar[str | None] = None
    """The fixed unit of the value; None where the value has the metric's unit."""
    words: ClassVar[Mapping[str, Decimal]] = {}
    """Limits that are words, each with the value that it means."""
    bindable: ClassVar[bool] = True
    """Whether a file may define signals of this kind."""
    floored: ClassVar[bool] = False
    """Whether the value exists only above a minimum traffic."""
    events_per_step: ClassVar[Decimal] = Decimal(1)
    """The events of a synthetic series in one step, at a traffic of 1."""
    denominator: ClassVar[Decimal] = Decimal(1)
    """The denominator of a share in a synthetic series, at a traffic of 1."""
    measures: ClassVar[bool] = True
    """Whether all severities limit one measured value. If so, limits must rise, and alerts may have recovery limits."""
    longest: ClassVar[int] = 3 * 86400
    """Seconds; signals that take longer to settle have no tests, because engines refuse to load so many samples."""
    rises: ClassVar[bool] = False
    """Whether a more severe limit must lie beyond a less severe one, although the two limit different values."""
    rest: ClassVar[str | None] = None
    """The name of the complement of the value, such as "free" for a used share; None where it has no name."""

    def bad(self, inputs: Collection[str]) -> str | None:
        """Return the side, `HIGH` or `LOW`, on which a value from these inputs is trouble; None where either may be."""
        return None

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the value is computed from the events within the binding's window."""
        return True

    def fitted(self, binding: Binding, limits: Sequence[Threshold]) -> Binding:
        """Return the binding, completed with settings that depend on the limits."""
        return binding

    def too_slow(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return why the scrape interval is too long for a limit, where the kind sets its own windows; else None."""
        return None

    def looks_back(self, limit: Threshold) -> int | None:
        """Return the seconds that a limit by itself looks back; None where limits do not look back."""
        return None

    def begins(self, bound: BoundSignal, limit: Threshold) -> int | None:
        """Return how many seconds after its beginning the first case that fires an alert crosses the alert's limit.

        `compiler.proof.timing` asks this of kinds whose severities do not limit one value. At this time plus `for`,
        the value must be the `value` of the case. If a less severe alert fires by then, this must also hold one
        evaluation earlier. None where the time is not known; then no test checks the exact `for`.
        """
        return self.first(bound) or 0

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return why a limit can never be crossed, where only the kind knows that; else None.

        A remedy may follow after a semicolon.
        """
        return None

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether the value comes from gauges that may be aggregated over the binding's window."""
        return False

    def counts(self, bound: BoundSignal) -> bool:
        """Return whether the value is a number of events, each of which counts only while it is within the window."""
        return any(bound.has(name) for name in self.counted)

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics that exist as long as the measured thing exists, even without events."""
        return bound.metrics

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations, the last part of a recording rule's name, such as `rate5m`."""
        raise NotImplementedError

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL that gives one series per component, in the unit of the signal's limits."""
        raise NotImplementedError

    def written(self, bound: BoundSignal) -> str:
        """Return the expression as the user wrote it; where no user did, the same as `expression`."""
        return self.expression(bound)

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return the rules: one comparison per severity, and the recorded value where `record` is set.

        `record` is set where several rules use the value. `name` turns the last part of a recorded series' name into
        its selector.
        """
        value = self.expression(bound)
        records: dict[str, str | tuple[str, ...]] = {}
        if record:
            records[self.operations(bound)] = value
            value = name(self.operations(bound))
        conditions = {
            limit.severity: f"{operand(value)} {limit.comparator} {number_promql(limit.value)}" for limit in limits
        }
        return Rules(records=records, conditions=conditions, value=value)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the condition of a limit in plain English, derived from the rules and not from any document."""
        quantity = Quantity(limit.value, bound.signal.unit)
        return Clause(text=f"{uncapitalised(bound.signal.title)} {IS[limit.comparator]} {amount(quantity)}")

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return a template for the description, where value and limit do not describe the trouble; else None."""
        return None

    def headline(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return the alert's summary, where the signal's title and the limit do not describe the trouble; else None."""
        return None

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return series for which `expression` follows the example's course, for the example's component.

        Raises UnsampledError where no series do.
        """
        raise NotImplementedError

    def first(self, bound: BoundSignal) -> int | None:
        """Return after how many seconds of a steady course the expression has its value, exact to one evaluation.

        None where that is not known; `settle_seconds` applies then.
        """
        return None

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return after how many seconds of a steady course earlier samples no longer affect the value."""
        return bound.binding.window + (bound.binding.memory or 0) + 2 * STEP_SECONDS

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the expression's value after a course at `value` for `seconds`, which are at least `first`.

        None where engines disagree.
        """
        return value

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase of one step that gives `value` without any rounding error, in every engine.

        With `always` set, the value is exact at every evaluation; else only at multiples of the window, counted from
        the beginning. None where no such phase is known.
        """
        return None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return phases of one step, one per series of one component, that together give `value` exactly.

        They serve values that one series cannot give without a rounding error. Empty where no such phases are known.
        """
        return ()

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return whether the value is a share whose denominator may be 0."""
        return False

    def partial(self, bound: BoundSignal) -> bool:
        """Return whether a part that has no series yet counts as 0; a phase with `zero_denominator` tests that."""
        return False

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return every selector of the rules; a histogram's has no suffix."""
        return bound.metrics

    def further(self, bound: BoundSignal) -> Mapping[str, str]:
        """Return the labels of the value that are not labels of the component."""
        return {}

    def ends(self, bound: BoundSignal) -> bool:
        """Return whether the value disappears when the data end."""
        return True

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...] | None:
        """Return the cases that rule tests must cover, each a course of `steps` samples and a test of its own.

        None where the limits of one measured value determine the cases.
        """
        return None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return phases of one step, one per series of one component, that together give `value`; or none.

        They test that the rule aggregates several series as it should: by their sum, or by the worst of them.
        """
        return ()

    def instances(self, bound: BoundSignal) -> str | None:
        """Return the label of a component's instances, where the worst instance gives the value; else None."""
        return None

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the rough courses that do not change the value; generated tests verify each of them."""
        return frozenset()

    def scraped(self, bound: BoundSignal) -> bool:
        """Return whether synthetic samples may be as rare as scrapes: no if each sample moves with the clock."""
        return True

    def off_scale(self, bound: BoundSignal, value: Decimal) -> Phase | None:
        """Return a phase of one step whose value exceeds what the metric can express; None where no value does.

        In this phase, the highest value that the metric can express lies below `value`.
        """
        return None

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return whether the first value of a counter counts as events, if the counter is known to be new."""
        return False

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a phase of one step, so extreme that the value changes if a selector wrongly matches its series."""
        raise NotImplementedError

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return a value so far beyond a limit of `value` that the first value of the expression crosses the limit."""
        if bound.signal.unit == STATE:
            return Decimal(1)
        beyond = value * _FAR_BELOW if bound.low else value * _FAR_ABOVE or Decimal(1)
        # `humanizeDuration` cuts fractions off: a rounding error just below a whole second would change the text.
        return beyond + _NUDGE if bound.signal.unit == SECONDS and beyond >= STEP_SECONDS else beyond


_FAR_ABOVE: Final = Decimal("2.2")
_FAR_BELOW: Final = Decimal("0.4")
_NUDGE: Final = Decimal("0.3")


HALF: Final = Decimal("0.5")


def first_rate(bound: BoundSignal) -> int:
    """Return the seconds until a rate has a value: the first evaluation that sees two samples."""
    return -(-bound.binding.step * bound.binding.pace // EVALUATION_SECONDS) * EVALUATION_SECONDS


def aggregate(operator: str, per: tuple[str, ...], expression: str) -> str:
    """Return `expression` aggregated to one series per component."""
    return f"{operator} by ({', '.join(per)}) ({expression})" if per else f"{operator}({expression})"
