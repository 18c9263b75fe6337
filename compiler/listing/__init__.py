"""List the signals that a file can use: what each measures, by which inputs, and how its limits are written.

`tocsin signals` prints the list, and `python -m compiler.listing` renews the table in docs/thresholds.md.
`compiler.resolve` reads the definitions, and the kinds of signal know their inputs; `written` puts them into words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from compiler import meaning
from compiler.conventions import SEVERITIES
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.quantities import BYTES, COUNT, EXAMPLES, PER_SECOND, RATIO, SECONDS, STATE
from compiler.resolve.bindings import GIVEN_IN
from compiler.resolve.definitions import signals, state
from compiler.signals import examples, kinds
from compiler.signals.bound import Signal
from compiler.signals.contract import Input
from compiler.signals.inputs import GAUGE
from compiler.signals.missing_place import UP
from compiler.signals.ratio import HITS, Ratio
from compiler.signals.state import KIND as STATE_KIND
from compiler.signals.template import inputs as query_inputs


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedSignal:
    """One signal. `forms` are the ways to bind it, `limits` are examples of limits by severity.

    `own` is set if the file defines the signal. `definition` is set for an example that a file must define before use.
    """

    signal: Signal
    own: bool
    forms: tuple[tuple[Input, ...], ...]
    limits: Mapping[str, str]
    definition: bool = False

    @property
    def bindable(self) -> bool:
        """Whether a system binds it to metrics; Tocsin itself binds the others."""
        return self.signal.query is not None or bool(kinds()[self.signal.kind].forms)

    @property
    def limit_form(self) -> str:
        """How to write a limit of the signal, with examples."""
        words: Iterable[str] = kinds()[self.signal.kind].words
        low = any(limit.startswith("<") for limit in self.limits.values())
        numbers = EXAMPLES[self.signal.unit]
        if self.signal.unit == SECONDS and (low or self.signal.id in examples.LIMITS):
            # People write the time that is left, or the time since the last success, in hours and days.
            words = self.limits.values()
        return " or ".join(f"`{word}`" for word in words) or (numbers.replace(">", "<") if low else numbers)

    def as_json(self) -> dict[str, Any]:
        """Return the signal as `tocsin signals --format json` prints it."""
        return {
            "id": self.signal.id,
            "title": self.signal.title,
            "kind": self.signal.kind,
            "unit": self.signal.unit,
            "own": self.own,
            "inputs": [[_input(input_, kinds()[self.signal.kind].constants) for input_ in form] for form in self.forms],
            "limits": dict(self.limits),
        }


def listed(spec: Table | None = None) -> tuple[ListedSignal, ...]:
    """Return the built-in signals and, behind them, the signals that `spec`, a checked thresholds.yaml, defines."""
    by_id = signals(Table(_NOWHERE) if spec is None else spec, Diagnostics())
    definitions = {} if spec is None else spec.get("signals", {})
    entries = [_listed(signal, own=signal.id in definitions) for signal in by_id.values() if signal is not None]
    return tuple(sorted(entries, key=lambda entry: entry.own))


def of_kind(name: str) -> ListedSignal:
    """Return an example of a signal of the kind `name`, which a file may define itself."""
    if name == STATE_KIND.name:
        entry = _listed(state("service_down"), own=True)
        return replace(entry, forms=tuple(tuple(map(_with_up, form)) for form in entry.forms))
    unit = kinds()[name].unit or _UNITS.get(name, COUNT)
    signal = Signal(id=f"my_{name}", kind=name, unit=unit, title="What it is called for people")
    return replace(_listed(signal, own=True), definition=True)


_GAUGES: Final = {
    BYTES: "heap_used_bytes",
    COUNT: "queue_messages",
    PER_SECOND: "requests_per_second",
    RATIO: "battery_charge_ratio",
}
"""An example of a gauge for each unit: the name of a metric says its unit."""


def _in_unit(signal: Signal, input_: Input) -> Input:
    """Return an input with an example in the unit of the signal."""
    return replace(input_, example=_GAUGES.get(signal.unit, input_.example)) if input_ == GAUGE else input_


def _with_up(input_: Input) -> Input:
    """Return an input of a state; a gauge gets the example `up`, which says best that something is down."""
    return replace(input_, example=UP.metric) if input_.name == GAUGE.name else input_


_UNITS: Final = {
    "average": SECONDS,
    "gauge": COUNT,
    "increase": COUNT,
    "quantile": SECONDS,
    "rate": PER_SECOND,
    "utilization": RATIO,
}
"""An example of a unit for kinds that leave their unit open; for the kinds that are not here, it is a count."""
_NOWHERE: Final = Span("", 1, 1, 1)


def _input(input_: Input, constants: frozenset[str]) -> dict[str, Any]:
    return {
        "name": input_.name,
        "description": input_.description,
        "example": input_.example,
        "number": input_.name in constants,
    }


def _listed(signal: Signal, *, own: bool) -> ListedSignal:
    limits = _limits(meaning.directed(signal))
    side = next((_SIDES[limit[0]] for limit in limits.values() if limit[0] in _SIDES), None)
    fitting = [form for form in kinds()[signal.kind].forms if _fits(signal, form, side, own=own)]
    forms = tuple(tuple(_in_unit(signal, input_) for input_ in form) for form in fitting)
    if not own and signal.id in examples.METRICS:
        forms = tuple(_form_with_examples(form, fitting) for form in examples.METRICS[signal.id])
    if signal.query is not None:
        names = query_inputs(signal.query)
        forms = (tuple(Input(name=name, description="A metric of the query.", example=name) for name in names),)
    return ListedSignal(signal=signal, own=own, forms=forms, limits=limits)


def _form_with_examples(example: Mapping[str, str], forms: Sequence[Sequence[Input]]) -> tuple[Input, ...]:
    """Return the form that has the inputs of an example, with the metrics of the example."""
    form = next(form for form in forms if {input_.name for input_ in form} == set(example))
    return tuple(replace(input_, example=example[input_.name]) for input_ in form)


_CACHE: Final = "cache_hit_ratio"


_SIDES: Final = {">": meaning.HIGH, "<": meaning.LOW}
"""The side on which a limit fires, by the first sign of its comparator."""


def _fits(signal: Signal, form: Sequence[Input], side: str | None, *, own: bool) -> bool:
    """Return whether a form's inputs give the signal's unit, and are bad on the side of the signal's limits."""
    # Only the cache's signal asks for hits.
    if not own and isinstance(kinds()[signal.kind], Ratio) and (HITS in form) != (signal.id == _CACHE):
        return False
    bad = kinds()[signal.kind].bad([input_.name for input_ in form])
    in_unit = signal.unit == STATE or all(GIVEN_IN.get(input_.name, signal.unit) == signal.unit for input_ in form)
    return in_unit and (bad is None or side is None or bad == side)


_HIGH_LIMITS: Final = {
    RATIO: ("> 1%", "> 5%"),
    SECONDS: ("> 1s", "> 2s"),
    BYTES: ("> 512MiB", "> 1GiB"),
    COUNT: ("> 5", "> 10"),
    PER_SECOND: ("> 100 per second", "> 200 per second"),
}
_LOW_LIMITS: Final = {
    RATIO: ("< 99.5%", "< 99%"),
    SECONDS: ("< 14d", "< 3d"),
    BYTES: ("< 1GiB", "< 512MiB"),
    COUNT: ("< 10", "< 5"),
    PER_SECOND: ("< 10 per second", "< 1 per second"),
}
_OF_KIND: Final = {
    "usage": ("> 80%", "> 90%"),
    "utilization": ("> 80%", "> 90%"),
    "burn_rate": ("< 99.5%", "< 99.5%"),
    "silence": ("> 15m", "> 1h"),
}


def _limits(signal: Signal) -> dict[str, str]:
    """Return examples of limits: for a warning and a critical alert, or only for a critical one if it is a state."""
    kind = kinds()[signal.kind]
    if kind.words:
        return dict(zip(_usual_severities(len(kind.words)), kind.words, strict=True))
    if signal.unit == STATE:
        return {"critical": "when true"}
    usual = _LOW_LIMITS if signal.bad == meaning.LOW else _HIGH_LIMITS
    limits = examples.LIMITS.get(signal.id) or _OF_KIND.get(signal.kind, usual[signal.unit])
    return dict(zip(_usual_severities(2), limits, strict=True))


def _usual_severities(count: int) -> Iterator[str]:
    """Yield the severities for a `count` of limits, from the less severe: `critical`, or `warning` and `critical`."""
    last = SEVERITIES.index("critical")
    yield from SEVERITIES[last - count + 1 : last + 1]
