"""Kind `template`: a user's own PromQL, a Jinja2 template over the metrics that each system binds.

The names in the template are the inputs of the binding; `per` and `window` are there always. Templates are a user's
text: they run in Jinja2's sandbox, and of its language only names, numbers, arithmetic on numbers and `a if b else c`
are let in, so that rendering neither runs on nor fills the memory.
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
from compiler.signals import query_samples, sampling
from compiler.signals.bound import STEP_SECONDS, BoundSignal, ExampleSeries
from compiler.signals.contract import Kind, Series, Threshold, UnsampledError, aggregate
from compiler.signals.phrases import IS, Clause, amount, listed, over_window
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.query_course import GAP, RISE, Course
from compiler.signals.query_reading import asks_the_clock, course, looks_back
from compiler.signals.query_tree import absence, carried, is_scalar, selectors, speaks_of_nothing
from compiler.signals.query_truth import not_one

CONTEXT: Final = frozenset({"per", "window"})
"""Names that every template knows besides its inputs."""
EXAMPLE_CONTEXT: Final = frozenset({"value", "steps", "start", "step"})
"""Names that the templates of an example know besides."""

_ENVIRONMENT: Final = SandboxedEnvironment(undefined=StrictUndefined, optimized=False)
"""Nothing is computed while a template is read: Jinja2 would fold a product of gigabytes before anybody looks at it."""


class InvalidTemplateError(ValueError):
    """A template that does not parse or does not render; the message says why."""


@lru_cache(maxsize=1024)
def inputs(query: str) -> tuple[str, ...]:
    """Return the names that a template asks for besides `CONTEXT`, sorted: of a query, those that a binding gives.

    Raises InvalidTemplateError where it does not parse, or uses more of the language than is let in.
    """
    return tuple(sorted(_names_in(_let_in(query)) - CONTEXT))


def asks(query: str, name: str) -> bool:
    """Return whether a template that parses asks for a name."""
    return name in _names_in(_parse(query))


def _names_in(tree: nodes.Template) -> set[str]:
    """Return the names that a template asks for; Jinja2's own function for it generates code, and folds in doing so."""
    return {node.name for node in tree.find_all(nodes.Name)}


def check_arithmetic(source: str) -> None:
    """Raise InvalidTemplateError where a template reckons with text, whose product would repeat it."""
    _check_arithmetic(_parse(source))


def _check_arithmetic(tree: nodes.Template) -> None:
    # What lies within arithmetic is looked at once, however deep.
    waiting: list[tuple[nodes.Node, bool]] = [(tree, False)]
    while waiting:
        node, within = waiting.pop()
        if within and isinstance(node, nodes.Name) and node.name not in EXAMPLE_CONTEXT:
            raise InvalidTemplateError(f"`{node.name}` is a metric, not a number")
        if within and isinstance(node, nodes.Const) and type(node.value) not in {int, float}:
            raise InvalidTemplateError("arithmetic takes numbers alone")
        reckons = within or isinstance(node, _ARITHMETIC)
        waiting += [(one, reckons) for one in node.iter_child_nodes()]


_ARITHMETIC: Final = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg, nodes.Pos)
_LET_IN: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand),
    *_ARITHMETIC,
)


_EXPRESSION: Final = re.compile(r"\{[{%].*?(?:[%}]\}|\Z)", re.DOTALL)
_OPERATOR: Final = re.compile(r"[-+*/(\[{<>=!.|~%]|\b(?:if|not|is|in|and|or)\b")
_MAX_OPERATORS: Final = 300
"""Each may lie within the last; Python's stack ends at a few hundred."""
_MAX_BLOCKS: Final = 20
"""Statements (`{% … %}`), which may lie within each other; none is let in, and the reason is to be told."""
_LONG_NUMBER: Final = re.compile(r"[0-9_]{19}")
"""Nothing that is measured has as many digits; reading and writing huge ones takes long."""


def _let_in(source: str) -> nodes.Template:
    tree = _parse(source)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _LET_IN):
            raise InvalidTemplateError(f"`{type(node).__name__.lower()}` has no place in it")
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
    """PromQL from the file."""

    name = "template"
    bindable = False

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "query"

    def expression(self, bound: BoundSignal) -> str:
        """Return the rendered query with one series a component: where its labels do not tell, the worst of them.

        A rule sets labels of its own, and two series that differ in those alone would end its evaluation. A query whose
        result is a number gets no labels. Raises InvalidTemplateError where it does not render, PromQLError where it
        is none.
        """
        return _one_series(self.written(bound), bound.binding.per, "min" if bound.low else "max")

    def written(self, bound: BoundSignal) -> str:
        """Return the query as it is written, with its metrics in it; InvalidTemplateError where it does not render."""
        return _render(bound.signal.query or "", _names(bound))

    def further(self, bound: BoundSignal) -> Mapping[str, str]:
        """Return the labels of what `absent` returns."""
        return absence(self.expression(bound)) or {}

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return what the query comes to, and of which metrics."""
        compared = "is true" if bound.signal.unit == STATE else f"{IS[limit.comparator]} {_amount(bound, limit)}"
        names = list(dict.fromkeys(f"`{one.metric}`" for one in bound.metrics))
        of = f" of {listed(names) if len(names) <= _MOST_NAMED else f'{len(names)} metrics'}" if names else ""
        details = (over_window(bound),) if self.windowed(bound) else ()
        return Clause(text=f"the query `{bound.signal.id}`{of} {compared}", details=details)

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the query asks for the window."""
        return bool(_WINDOW.search(bound.signal.query or ""))

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics, but for one whose absence is what the query looks for."""
        found = self._course(bound)
        return () if found is not None and found.form == GAP else bound.metrics

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return that a state is never 1, or only by chance, where a comparison returns another number than that."""
        if bound.signal.unit != STATE:
            return None
        try:
            return not_one(self.written(bound))
        except (InvalidTemplateError, PromQLError):
            # Others say so.
            return None

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the signal's own example, or the course of one series by which the query returns what is wanted.

        The samples of several phases are put behind each other; a counter that begins anew is no trouble to `rate`.
        """
        if bound.signal.example:
            return tuple(_example(one, bound, example) for one in bound.signal.example)
        found = self._told(bound)
        values = query_samples.samples(found, bound, example)
        return (sampling.series(found.selector, bound, example, values),)

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...] | None:
        """Return what shows that an absence is noticed; None for what has a value.

        Raises UnsampledError where a query cannot return what lies around its limits, or not for a component.
        """
        labels = carried(self.expression(bound))
        if lost := [label for label in bound.binding.per if label not in labels]:
            raise UnsampledError(f"it loses `{lost[0]}`")
        if bound.signal.example:
            return None
        found = self._told(bound)
        if found.form == GAP:
            return query_samples.absence_cases(found, bound, limits, steps)
        query_samples.check_limits(found, bound, limits, self)
        return None

    def ends(self, bound: BoundSignal) -> bool:
        """Return whether a query has no value without data; it may tell of their absence, or of the hour."""
        return not bound.signal.example or not speaks_of_nothing(self.expression(bound))

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return those of the query, bound or written in it."""
        return tuple(dict.fromkeys((*bound.metrics, *selectors(self.expression(bound)))))

    def first(self, bound: BoundSignal) -> int | None:
        """Return what the signal says; else 0 where the query has a value at once, and None where that is not known."""
        if bound.signal.settles is not None:
            return bound.signal.settles
        found = self._course(bound)
        if found is not None:
            return None if found.form == RISE else 0
        query = self.expression(bound)
        return None if has_range(query) or asks_the_clock(query) else 0

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return the time that the query looks back; of an example, at least an hour: what settles it is not known."""
        found, margin = self._course(bound), 2 * STEP_SECONDS
        if found is not None:
            return (
                max(found.back, query_samples.LOOKBACK if found.form == GAP else 0, bound.signal.settles or 0) + margin
            )
        back = looks_back(self.expression(bound)) + margin
        return max(bound.binding.window + margin, bound.signal.settles or max(_SETTLES, back))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value; one that counts from or to a moment goes on between two scrapes."""
        found = self._course(bound)
        return value if found is None else query_samples.shown(found, bound, value, seconds)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a value far beyond any other, as far as the query can return it; of an absence, that it is none."""
        found = self._course(bound)
        return Phase(value=Decimal(10**6), steps=1) if found is None else query_samples.strong_sample(found, bound)

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return twice the limit, or all where it is a share."""
        if bound.signal.unit == RATIO and value < 1 and not bound.low:
            return Decimal(1)
        return super().past_limit(bound, value)

    def _course(self, bound: BoundSignal) -> Course | None:
        """Return the course that shows what a query does; None where that takes an example, or cannot be told."""
        if bound.signal.example:
            return None
        try:
            return self._told(bound)
        except (UnsampledError, InvalidTemplateError, PromQLError):
            return None

    def _told(self, bound: BoundSignal) -> Course:
        found = _course(self.expression(bound), bound.binding.per)
        if isinstance(found, str):
            raise UnsampledError(found)
        query_samples.check_fits(found, bound)
        return found


@lru_cache(maxsize=1024)
def _one_series(written: str, per: tuple[str, ...], worst: str) -> str:
    """Return a query with one series a component, the `worst` where it may have several."""
    query = portable(checked(written))
    if is_scalar(query):
        return f"vector({query})"
    if absence(query) is not None or carried(query).within(frozenset(per)):
        return query
    return aggregate(worst, per, query)


@lru_cache(maxsize=1024)
def _course(expression: str, per: tuple[str, ...]) -> Course | str:
    """Return the course of an expression, or why there is none."""
    try:
        return course(expression, per)
    except UnsampledError as error:
        return str(error)


_MOST_NAMED: Final = 4
"""Metrics in one sentence."""
_WINDOW: Final = re.compile(r"\{\{\s*window\s*\}\}")
_SETTLES: Final = 3600


def _amount(bound: BoundSignal, limit: Threshold) -> str:
    return amount(Quantity(limit.value, bound.signal.unit))


def _names(bound: BoundSignal) -> dict[str, object]:
    binding = bound.binding
    found: dict[str, object] = {name: _text(value) for name, value in binding.inputs.items()}
    return found | {"per": ", ".join(binding.per), "window": duration_text(binding.window)}


def _text(value: Selector | Decimal) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _example(one: ExampleSeries, bound: BoundSignal, example: Example) -> Series:
    starts = accumulate((phase.steps * bound.binding.step for phase in example.phases), initial=0)
    values = " ".join(_samples(one, bound, phase, start) for phase, start in zip(example.phases, starts, strict=False))
    try:
        selector = parse_selector(_render(one.series, _names(bound)))
    except PromQLError as error:
        raise InvalidTemplateError(str(error)) from error
    return sampling.series(selector, bound, example, values, **dict(one.labels))


def _samples(one: ExampleSeries, bound: BoundSignal, phase: Phase, start: int) -> str:
    """Return the samples of a phase that begins after `start` seconds.

    An example renders `steps` as promtool counts: the first is not among them. Of blanks it is, so that there may be
    one too few; then the phase ends in another.
    """
    if phase.value is None:
        return sampling.levels([(None, phase)])
    known = {"value": float(phase.value), "steps": phase.steps - 1, "start": start, "step": bound.binding.step}
    values = _render(one.values, _names(bound) | known)
    if not _SAMPLES.fullmatch(values):
        raise InvalidTemplateError(f"`{values[:60]}` are no samples in promtool's notation, such as `0+10x60`")
    missing = phase.steps - sample_count(values)
    return f"{values} _x{missing}" if missing > 0 else values


def sample_count(values: str) -> int:
    """Return how many samples promtool makes of `values`, or a number that is too large."""
    return sum(map(_count, values.split()))


def _count(token: str) -> int:
    sample, repeated, times = token.partition("x")
    count = int(times.lstrip("0")[:_DIGITS] or 0)
    return count + (sample != "_") if repeated else 1


_DIGITS: Final = 9
"""Enough to be too many; Python does not read numbers of thousands."""


_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf|NaN)"
_SAMPLE: Final = rf"(?:_|stale|[-+]?{_NUMBER}(?:[-+]{_NUMBER})?)(?:x[0-9]+)?"
_SAMPLES: Final = re.compile(rf"{_SAMPLE}(?: +{_SAMPLE})*")


@lru_cache(maxsize=256)
def _template(source: str) -> JinjaTemplate:
    """Return a template that may be rendered: whoever asks, it has been looked at first.

    Each text is rendered once for each phase of each test; to read it costs more than to fill it in.
    """
    _check_arithmetic(_let_in(source))
    try:
        return _ENVIRONMENT.from_string(source)
    except (RecursionError, SyntaxError, MemoryError) as error:
        # Python's own compiler has limits of its own.
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
