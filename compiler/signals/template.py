"""Kind `template`: a user's own PromQL, a Jinja2 template over the metrics that each system binds.

The names in the template are the inputs of the binding, and always `per` and `window`. Users write the templates, so
they run in Jinja2's sandbox. Only names, numbers, arithmetic on numbers and `a if b else c` are allowed, so that
rendering always ends and cannot exhaust the memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Final

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import SandboxedEnvironment

from compiler.promql import PromQLError, Selector, checked, has_range, parse_selector, portable
from compiler.quantities import RATIO, STATE, Quantity, decimal_text, duration_text
from compiler.signals.bound import STEP_SECONDS, BoundSignal, ExampleSeries
from compiler.signals.contract import Kind, Series, Threshold, UnsampledError, aggregate
from compiler.signals.phrases import IS, Clause, amount, listed, over_window
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.queries import samples as query_samples
from compiler.signals.queries.course import GAP, RISE, Course
from compiler.signals.queries.reading import course, depends_on_time, looks_back
from compiler.signals.queries.tree import absence, carried, has_value_without_data, is_scalar, selectors
from compiler.signals.queries.truth import not_one
from compiler.signals.samples import sampling

CONTEXT: Final = frozenset({"per", "window"})
"""Names that every template can use, in addition to its inputs."""
EXAMPLE_CONTEXT: Final = frozenset({"value", "steps", "start", "step"})
"""Further names that the templates of an example can use."""

_ENVIRONMENT: Final = SandboxedEnvironment(undefined=StrictUndefined, optimized=False)
"""Without `optimized`, Jinja2 folds no constants while it parses: a product may be gigabytes long."""


class InvalidTemplateError(ValueError):
    """A template does not parse or does not render; the message says why."""


@lru_cache(maxsize=1024)
def inputs(query: str) -> tuple[str, ...]:
    """Return the names that a template uses, without those of `CONTEXT`, sorted: the inputs that a binding must name.

    Raises InvalidTemplateError where the template does not parse, or uses parts of the language that are not allowed.
    """
    return tuple(sorted(_names_in(_parse_allowed(query)) - CONTEXT))


def uses_name(query: str, name: str) -> bool:
    """Return whether a template, which must parse, uses a name."""
    return name in _names_in(_parse(query))


def _names_in(tree: nodes.Template) -> set[str]:
    """Return the names that a template uses; Jinja2's own function would generate code and so fold constants."""
    return {node.name for node in tree.find_all(nodes.Name)}


def check_arithmetic(source: str) -> None:
    """Raise InvalidTemplateError where a template does arithmetic with text, because a product repeats text."""
    _check_arithmetic(_parse(source))


def _check_arithmetic(tree: nodes.Template) -> None:
    # Each node is visited once, however deep arithmetic nests.
    waiting: list[tuple[nodes.Node, bool]] = [(tree, False)]
    while waiting:
        node, is_operand = waiting.pop()
        if is_operand and isinstance(node, nodes.Name) and node.name not in EXAMPLE_CONTEXT:
            raise InvalidTemplateError(f"`{node.name}` is a metric, not a number")
        if is_operand and isinstance(node, nodes.Const) and type(node.value) not in {int, float}:
            raise InvalidTemplateError("arithmetic takes numbers alone")
        in_arithmetic = is_operand or isinstance(node, _ARITHMETIC)
        waiting += [(child, in_arithmetic) for child in node.iter_child_nodes()]


_ARITHMETIC: Final = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg, nodes.Pos)
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand),
    *_ARITHMETIC,
)


_EXPRESSION: Final = re.compile(r"\{[{%].*?(?:[%}]\}|\Z)", re.DOTALL)
_OPERATOR: Final = re.compile(r"[-+*/(\[{<>=!.|~%]|\b(?:if|not|is|in|and|or)\b")
_MAX_OPERATORS: Final = 300
"""The most operators of an expression: each may nest in the one before, and Python's stack has a few hundred levels."""
_MAX_BLOCKS: Final = 20
"""The most statements (`{% … %}`), which may nest. No statement is allowed, but the parser must survive them first."""
_LONG_NUMBER: Final = re.compile(r"[0-9_]{19}")
"""No measurement has as many digits; parsing and printing huge numbers takes long."""


def _parse_allowed(source: str) -> nodes.Template:
    tree = _parse(source)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise InvalidTemplateError(f"`{type(node).__name__.lower()}` is not allowed in a template")
    return tree


def _parse(source: str) -> nodes.Template:
    expressions = _EXPRESSION.findall(source)
    if any(len(_OPERATOR.findall(part)) > _MAX_OPERATORS for part in expressions):
        raise InvalidTemplateError("it is nested too deep")
    if sum(part.startswith("{%") for part in expressions) > _MAX_BLOCKS:
        raise InvalidTemplateError("it is nested too deep")
    if any(_LONG_NUMBER.search(part) for part in expressions):
        raise InvalidTemplateError("it holds a number of more digits than a measurement has")
    try:
        return _ENVIRONMENT.parse(source)
    except (TemplateError, ValueError, OverflowError) as error:
        raise InvalidTemplateError(str(error)) from error
    except RecursionError as error:
        raise InvalidTemplateError("it is nested too deep") from error


class Template(Kind):
    """A query that the user writes in thresholds.yaml."""

    name = "template"
    bindable = False

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "query"

    def expression(self, bound: BoundSignal) -> str:
        """Return the rendered query with one series per component, the worst where the query may return several.

        A rule sets labels of its own, and its evaluation fails if two series differ only in those. A query whose result
        is a number gets no labels. Raises InvalidTemplateError where the template does not render, PromQLError where
        its text is no PromQL.
        """
        return _one_series(self.written(bound), bound.binding.per, "min" if bound.low else "max")

    def written(self, bound: BoundSignal) -> str:
        """Return the rendered query, otherwise as the user wrote it; InvalidTemplateError where it does not render."""
        return _render(bound.signal.query or "", _names(bound))

    def further(self, bound: BoundSignal) -> Mapping[str, str]:
        """Return the labels that `absent` adds, where the whole query is an `absent`."""
        return absence(self.expression(bound)) or {}

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the query's result, with the metrics that the query reads."""
        compared = "is true" if bound.signal.unit == STATE else f"{IS[limit.comparator]} {_amount(bound, limit)}"
        names = list(dict.fromkeys(f"`{metric.metric}`" for metric in bound.metrics))
        of_metrics = f" of {listed(names) if len(names) <= _MOST_NAMED else f'{len(names)} metrics'}" if names else ""
        details = (over_window(bound),) if self.windowed(bound) else ()
        return Clause(text=f"the query `{bound.signal.id}`{of_metrics} {compared}", details=details)

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the query uses `{{ window }}`."""
        return bool(_WINDOW.search(bound.signal.query or ""))

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics; none where the query looks for the absence of one."""
        query_course = self._course(bound)
        return () if query_course is not None and query_course.form == GAP else bound.metrics

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return why a state is never 1, or only by chance: a comparison without `bool` returns what it compares."""
        if bound.signal.unit != STATE:
            return None
        try:
            return not_one(self.written(bound))
        except (InvalidTemplateError, PromQLError):
            # Other checks report this mistake.
            return None

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the signal's own example, or one series whose course makes the query return the wanted values.

        The samples of the phases follow one another. A counter may begin anew there: `rate` copes with resets.
        """
        if bound.signal.example:
            return tuple(_example(series, bound, example) for series in bound.signal.example)
        query_course = self._course_or_error(bound)
        values = query_samples.samples(query_course, bound, example)
        return (sampling.series(query_course.selector, bound, example, values),)

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...] | None:
        """Return the cases that test the detection of an absence; None for a query that has a value.

        Raises UnsampledError where the query cannot return values on both sides of its limits, or drops a label of the
        component.
        """
        labels = carried(self.expression(bound))
        if lost := [label for label in bound.binding.per if label not in labels]:
            raise UnsampledError(f"it loses `{lost[0]}`")
        if bound.signal.example:
            return None
        query_course = self._course_or_error(bound)
        if query_course.form == GAP:
            return query_samples.absence_cases(query_course, bound, limits, steps)
        query_samples.check_limits(query_course, bound, limits, self)
        return None

    def ends(self, bound: BoundSignal) -> bool:
        """Return whether the query has no value without data; it may report the absence of data, or the time of day."""
        return not bound.signal.example or not has_value_without_data(self.expression(bound))

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the selectors of the query: those that the binding names, and those written in the query."""
        return tuple(dict.fromkeys((*bound.metrics, *selectors(self.expression(bound)))))

    def first(self, bound: BoundSignal) -> int | None:
        """Return what the signal sets; else 0 where the query has a value at once; else None."""
        if bound.signal.settles is not None:
            return bound.signal.settles
        query_course = self._course(bound)
        if query_course is not None:
            return None if query_course.form == RISE else 0
        query = self.expression(bound)
        return None if has_range(query) or depends_on_time(query) else 0

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return the time that the query looks back; with an example, by default at least an hour."""
        query_course, margin = self._course(bound), 2 * STEP_SECONDS
        if query_course is not None:
            return (
                max(
                    query_course.back,
                    query_samples.LOOKBACK if query_course.form == GAP else 0,
                    bound.signal.settles or 0,
                )
                + margin
            )
        seconds = looks_back(self.expression(bound)) + margin
        return max(bound.binding.window + margin, bound.signal.settles or max(_SETTLES, seconds))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value at that time; an age or a time left changes between two scrapes."""
        query_course = self._course(bound)
        return value if query_course is None else query_samples.shown(query_course, bound, value, seconds)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a value far beyond all limits, as far as the query can return it; for an absence, existing data."""
        query_course = self._course(bound)
        return (
            Phase(value=Decimal(10**6), steps=1)
            if query_course is None
            else query_samples.strong_sample(query_course, bound)
        )

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return 1 where a share is too high, else a value far beyond the limit."""
        if bound.signal.unit == RATIO and value < 1 and not bound.low:
            return Decimal(1)
        return super().past_limit(bound, value)

    def _course(self, bound: BoundSignal) -> Course | None:
        """Return the course of the query's series; None where the signal has an example or no course is known."""
        if bound.signal.example:
            return None
        try:
            return self._course_or_error(bound)
        except (UnsampledError, InvalidTemplateError, PromQLError):
            return None

    def _course_or_error(self, bound: BoundSignal) -> Course:
        query_course = _course(self.expression(bound), bound.binding.per)
        if isinstance(query_course, str):
            raise UnsampledError(query_course)
        query_samples.check_fits(query_course, bound)
        return query_course


@lru_cache(maxsize=1024)
def _one_series(written: str, per: tuple[str, ...], worst: str) -> str:
    """Return a query with one series per component, by the aggregation `worst` where the query may return several."""
    query = portable(checked(written))
    if is_scalar(query):
        return f"vector({query})"
    if absence(query) is not None or carried(query).within(frozenset(per)):
        return query
    return aggregate(worst, per, query)


@lru_cache(maxsize=1024)
def _course(expression: str, per: tuple[str, ...]) -> Course | str:
    """Return the course of an expression, or the reason why there is none."""
    try:
        return course(expression, per)
    except UnsampledError as error:
        return str(error)


_MOST_NAMED: Final = 4
"""How many metrics one sentence names."""
_WINDOW: Final = re.compile(r"\{\{\s*window\s*\}\}")
_SETTLES: Final = 3600


def _amount(bound: BoundSignal, limit: Threshold) -> str:
    return amount(Quantity(limit.value, bound.signal.unit))


def _names(bound: BoundSignal) -> dict[str, object]:
    binding = bound.binding
    names: dict[str, object] = {name: _text(value) for name, value in binding.inputs.items()}
    return names | {"per": ", ".join(binding.per), "window": duration_text(binding.window)}


def _text(value: Selector | Decimal) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _example(template: ExampleSeries, bound: BoundSignal, example: Example) -> Series:
    starts = accumulate((phase.steps * bound.binding.step for phase in example.phases), initial=0)
    values = " ".join(
        _samples(template, bound, phase, start) for phase, start in zip(example.phases, starts, strict=False)
    )
    try:
        selector = parse_selector(_render(template.series, _names(bound)))
    except PromQLError as error:
        raise InvalidTemplateError(str(error)) from error
    return sampling.series(selector, bound, example, values, **dict(template.labels))


def _samples(template: ExampleSeries, bound: BoundSignal, phase: Phase, start: int) -> str:
    """Return the samples of a phase that begins after `start` seconds.

    The template gets `steps` as promtool counts repetitions of a sample: without the first. promtool counts blanks with
    the first: `_x3` is three blanks. So samples may be missing at the end of a phase; blanks take their place.
    """
    if phase.value is None:
        return sampling.levels([(None, phase)])
    phase_names = {"value": float(phase.value), "steps": phase.steps - 1, "start": start, "step": bound.binding.step}
    values = _render(template.values, _names(bound) | phase_names)
    if not _SAMPLES.fullmatch(values):
        raise InvalidTemplateError(f"`{values[:60]}` are no samples in promtool's notation, such as `0+10x60`")
    missing = phase.steps - sample_count(values)
    return f"{values} _x{missing}" if missing > 0 else values


def sample_count(values: str) -> int:
    """Return how many samples promtool makes of `values`; a huge count may come out wrong but stays too large."""
    return sum(map(_count, values.split()))


def _count(token: str) -> int:
    sample, repeated, times = token.partition("x")
    count = int(times.lstrip("0")[:_DIGITS] or 0)
    return count + (sample != "_") if repeated else 1


_DIGITS: Final = 9
"""The most digits that are read of a repetition: larger counts are refused anyway, and Python limits what it parses."""


_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf|NaN)"
_SAMPLE: Final = rf"(?:_|stale|[-+]?{_NUMBER}(?:[-+]{_NUMBER})?)(?:x[0-9]+)?"
_SAMPLES: Final = re.compile(rf"{_SAMPLE}(?: +{_SAMPLE})*")


@lru_cache(maxsize=256)
def _template(source: str) -> JinjaTemplate:
    """Return a template that is safe to render; every caller gets it only after the checks.

    The result is cached: each text is rendered for each phase of each test, and parsing costs more than rendering.
    """
    _check_arithmetic(_parse_allowed(source))
    try:
        return _ENVIRONMENT.from_string(source)
    except (RecursionError, SyntaxError, MemoryError) as error:
        # Python's compiler has limits of its own.
        raise InvalidTemplateError("it is nested too deep") from error


def _render(source: str, context: Mapping[str, object]) -> str:
    try:
        return _template(source).render(context)
    except InvalidTemplateError:
        raise
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidTemplateError(str(error)) from error
    except RecursionError as error:
        raise InvalidTemplateError("it is nested too deep") from error


KIND = Template()
