"""Convert limits, durations and rates between the text that people write and exact decimals in base units.

Pure. `compiler.resolve` uses it for thresholds.yaml and `compiler.runbooks.statements` for the runbooks, so that both
read the same words in the same way. The base units are those of `catalog.json`: ratios (5% is 0.05), seconds, bytes,
events per second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Final, NamedTuple

from compiler.conventions import OFF

RATIO: Final = "ratio"
SECONDS: Final = "seconds"
BYTES: Final = "bytes"
COUNT: Final = "count"
STATE: Final = "state"
PER_SECOND: Final = "per_second"

_PRECISION: Final = 28
_MAX_EXPONENT: Final = 18
_EXACTLY: Final = Context(prec=_PRECISION, traps=[Inexact])
_ROUNDED: Final = Context(prec=_PRECISION)
_TOO_LONG: Final = "the number is too long to be kept exactly"
_LONGEST_DURATION: Final = 292 * 365 * 86400
"""The longest duration, in seconds: Prometheus counts nanoseconds in 64 bits."""

_UNITS: Final[dict[str, tuple[str, Decimal]]] = {
    "%": (RATIO, Decimal("0.01")),
    "ms": (SECONDS, Decimal("0.001")),
    "s": (SECONDS, Decimal(1)),
    "sec": (SECONDS, Decimal(1)),
    "second": (SECONDS, Decimal(1)),
    "seconds": (SECONDS, Decimal(1)),
    "m": (SECONDS, Decimal(60)),
    "min": (SECONDS, Decimal(60)),
    "minute": (SECONDS, Decimal(60)),
    "minutes": (SECONDS, Decimal(60)),
    "h": (SECONDS, Decimal(3600)),
    "hour": (SECONDS, Decimal(3600)),
    "hours": (SECONDS, Decimal(3600)),
    "d": (SECONDS, Decimal(86400)),
    "day": (SECONDS, Decimal(86400)),
    "days": (SECONDS, Decimal(86400)),
    "B": (BYTES, Decimal(1)),
    "kB": (BYTES, Decimal(10**3)),
    "MB": (BYTES, Decimal(10**6)),
    "GB": (BYTES, Decimal(10**9)),
    "TB": (BYTES, Decimal(10**12)),
    "KiB": (BYTES, Decimal(2**10)),
    "MiB": (BYTES, Decimal(2**20)),
    "GiB": (BYTES, Decimal(2**30)),
    "TiB": (BYTES, Decimal(2**40)),
    "": (COUNT, Decimal(1)),
}


class MetricUnit(NamedTuple):
    """A unit that a metric can have: its base unit, and how many base units it is."""

    base: str
    factor: Fraction


def _metric_unit(text: str) -> MetricUnit:
    base, factor = _UNITS[text]
    return MetricUnit(base, Fraction(factor))


METRIC_UNITS: Final[Mapping[str, MetricUnit]] = {
    "ns": MetricUnit(SECONDS, Fraction(1, 10**9)),
    "us": MetricUnit(SECONDS, Fraction(1, 10**6)),
    **{text: _metric_unit(text) for text in ("ms", "s", "m", "h", "d")},
    **{text: _metric_unit(text) for text in ("B", "kB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB")},
    **{text: MetricUnit(BYTES, Fraction(size, 8)) for text, size in (("bit", 1), ("kbit", 10**3), ("Mbit", 10**6))},
    "Gbit": MetricUnit(BYTES, Fraction(10**9, 8)),
    "percent": _metric_unit("%"),
    "%": _metric_unit("%"),
    "ratio": MetricUnit(RATIO, Fraction(1)),
    "count": MetricUnit(COUNT, Fraction(1)),
}
"""The units that `in` of a binding accepts, by name."""
_KNOWN_UNITS: Final = "units are %, ms, s, m, h, d, B, kB, KiB … TiB, `per second`, `per minute`, `per hour` and none"

EXAMPLES: Final = {
    RATIO: "`> 5%` or `>= 85 of 100`",
    SECONDS: "`> 200ms`, `> 2s` or `> 10m`",
    BYTES: "`> 512MiB`",
    COUNT: "`> 5`",
    STATE: "`when true`",
    PER_SECOND: "`> 100 per second` or `> 1000 per minute`",
}

_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_COMPARATOR: Final = r">=|<=|==|>|<|≥|≤|above|over|more than|at least|below|under|less than|at most"
_QUANTITY: Final = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?:of\s+(?P<whole>{_NUMBER})|(?P<unit>%|[A-Za-z/][A-Za-z/ ]*)?)\Z"
)
_LIMIT: Final = re.compile(rf"(?P<comparator>{_COMPARATOR})\s*(?P<quantity>\S.*)\Z", re.IGNORECASE)
_COMPARATORS: Final = {
    "≥": ">=",
    "≤": "<=",
    "above": ">",
    "over": ">",
    "more than": ">",
    "at least": ">=",
    "below": "<",
    "under": "<",
    "less than": "<",
    "at most": "<=",
}
_DURATION: Final = re.compile(
    r"(?:(?P<d>[0-9]{1,12})d)?(?:(?P<h>[0-9]{1,12})h)?(?:(?P<m>[0-9]{1,12})m)?(?:(?P<s>[0-9]{1,12})s)?\Z"
)
_RATE: Final = re.compile(rf"(?P<number>{_NUMBER})\s*(?:per|/)\s*(?P<unit>second|minute|hour|s|min|m|h)\Z")
_PERIOD_SECONDS: Final = {"second": 1, "s": 1, "minute": 60, "min": 60, "m": 60, "hour": 3600, "h": 3600}
_PERIOD_NAMES: Final = {1: "second", 60: "minute", 3600: "hour"}
_PER_PERIOD: Final = re.compile(rf"(?:per |/\s*)(?P<period>{'|'.join(_PERIOD_SECONDS)})\Z")
_MOST_DIGITS: Final = 18
"""The most digits of a number that people write; a number with more is a fraction that was rounded."""


class QuantityError(ValueError):
    """The text is not a quantity; the message says why, and `hint`, if set, how to write it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number in the base unit of `unit`."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparator with the quantity that it compares against."""

    comparator: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of events in a number of seconds; both are kept: `1 per minute` has no exact decimal per second."""

    count: Decimal
    seconds: int

    @property
    def promql(self) -> str:
        """The rate per second as PromQL."""
        return decimal_text(self.count) if self.seconds == 1 else f"{decimal_text(self.count)} / {self.seconds}"

    @property
    def text(self) -> str:
        """The rate for people: `1 event per minute`."""
        return (
            f"{decimal_text(self.count)} {'event' if self.count == 1 else 'events'} per {_PERIOD_NAMES[self.seconds]}"
        )

    @property
    def per_second(self) -> Decimal:
        """The rate per second, rounded to 28 digits if the decimal does not end."""
        return _ROUNDED.divide(self.count, self.seconds)

    def events_in(self, seconds: int) -> Decimal:
        """Return how many events occur in this many seconds."""
        return _ROUNDED.divide(_ROUNDED.multiply(self.count, seconds), self.seconds)


def parse_quantity(text: str) -> Quantity:
    """Return the quantity that `text` states, such as `5%`, `85 of 100`, `200ms`, `1h30m` or `42`.

    Raises QuantityError if the text states no quantity, or one that has no exact decimal.
    """
    text = text.strip()
    if text and _DURATION.match(text):
        return Quantity(Decimal(parse_duration(text)), SECONDS)
    match = _QUANTITY.match(text)
    if match is None:
        raise QuantityError(f"`{text}` is not a quantity")
    number = _decimal(match["number"])
    if match["whole"] is not None:
        return Quantity(_share(number, _decimal(match["whole"]), text), RATIO)
    written = " ".join((match["unit"] or "").split())
    period = _PER_PERIOD.match(written)
    if period is not None:
        return Quantity(Rate(number, _PERIOD_SECONDS[period["period"]]).per_second, PER_SECOND)
    known = _UNITS.get(written)
    if known is None:
        raise QuantityError(f"`{written}` is not a unit", _KNOWN_UNITS)
    unit, factor = known
    try:
        return Quantity(_exact(_EXACTLY.multiply(number, factor)), unit)
    except Inexact as error:
        raise QuantityError(_TOO_LONG) from error


def parse_comparison(text: str) -> Comparison:
    """Return the comparator and quantity that `text` states, such as `> 5%` or `at least 85 of 100`.

    Raises QuantityError if the text states no comparison.
    """
    match = _LIMIT.match(text.strip())
    if match is None:
        raise QuantityError(f"`{text}` is not a limit")
    word = match["comparator"].lower()
    return Comparison(_COMPARATORS.get(word, word), parse_quantity(match["quantity"]))


def without_comparator(text: str) -> str:
    """Return the quantity of a limit as its author wrote it: `at least 85 of 100` → `85 of 100`."""
    match = _LIMIT.match(text.strip())
    return text if match is None else match["quantity"]


def parse_duration(text: str) -> int:
    """Return the seconds of a duration in Prometheus's form, such as `1h30m`; raises QuantityError for other text."""
    match = _DURATION.match(text)
    if match is None or not text:
        raise QuantityError(f"`{text}` is not a duration", "write `30s`, `5m`, `1h30m` or `2d`")
    parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
    seconds = parts["d"] * 86400 + parts["h"] * 3600 + parts["m"] * 60 + parts["s"]
    if seconds > _LONGEST_DURATION:
        raise QuantityError(f"`{text}` is longer than Prometheus can count")
    return seconds


def parse_rate(text: str) -> Rate:
    """Return the rate that `text` states, such as `1 per minute`; raises QuantityError for other text."""
    match = _RATE.match(text.strip())
    if match is None:
        raise QuantityError(f"`{text}` is not a rate", "write `1 per minute` or `10 per second`")
    rate = Rate(_decimal(match["number"]), _PERIOD_SECONDS[match["unit"]])
    if not rate.count:
        raise QuantityError(f"`{text}` is no rate", f"write `{OFF}` for none")
    return rate


def duration_text(seconds: int) -> str:
    """Return seconds as Prometheus prints a duration: `90` → `1m30s`, `0` → `0s`."""
    if seconds == 0:
        return "0s"
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros: `0.050` → `0.05`, `1E+1` → `10`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_of(per_second: Decimal) -> Rate:
    """Return a rate in the shortest period that gives it a finite decimal: 16.666… per second becomes 1000 per minute.

    A float holds that number exactly, so Prometheus's division yields the float nearest to the rate.
    """
    for seconds in _PERIOD_NAMES:
        count = Context(prec=_MOST_DIGITS).multiply(per_second, seconds)
        if Rate(count, seconds).per_second == per_second and (seconds == 1 or Decimal(float(count)) == count):
            return Rate(count, seconds)
    return Rate(per_second, 1)


def number_promql(value: Decimal) -> str:
    """Return a limit's number as PromQL: a decimal, or the fraction that the decimal was rounded from."""
    return rate_of(value).promql


def quantity_text(quantity: Quantity) -> str:
    """Return a quantity for people in the unit that keeps it short: 0.05 ratio → `5%`, 0.2 seconds → `200ms`."""
    value = quantity.value
    if quantity.unit == RATIO:
        return f"{decimal_text(value * 100)}%"
    if quantity.unit == SECONDS:
        if value and abs(value) < 1:
            return f"{decimal_text(value * 1000)}ms"
        return duration_text(int(value)) if value == int(value) and value >= 0 else f"{decimal_text(value)}s"
    if quantity.unit == BYTES:
        return _bytes_text(value)
    if quantity.unit == PER_SECOND:
        rate = rate_of(value)
        return f"{decimal_text(rate.count)} per {_PERIOD_NAMES[rate.seconds]}"
    return decimal_text(value)


def _bytes_text(value: Decimal) -> str:
    """Return bytes in the binary or decimal unit that needs the fewest digits: `512MiB`, `20GB`, `1B`."""
    families = (("TiB", "GiB", "MiB", "KiB", "B"), ("TB", "GB", "MB", "kB", "B"))
    return min((_exactly_in(value, units) for units in families), key=_digits)


def _exactly_in(value: Decimal, units: Sequence[str]) -> str:
    """Return bytes in the largest of these units that gives a whole number."""
    fitting = (unit for unit in units if value >= _UNITS[unit][1] and value % _UNITS[unit][1] == 0)
    unit = next(fitting, units[-1])
    return f"{decimal_text(value / _UNITS[unit][1])}{unit}"


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:  # pragma: no cover - the pattern admits digits only
        raise QuantityError(f"`{text}` is not a number") from error
    return _exact(value)


def _exact(value: Decimal) -> Decimal:
    if len(value.as_tuple().digits) > _PRECISION or abs(value.adjusted()) > _MAX_EXPONENT:
        raise QuantityError(_TOO_LONG)
    return value


def _share(part: Decimal, whole: Decimal, text: str) -> Decimal:
    if whole == 0:
        raise QuantityError(f"`{text}` divides by zero")
    try:
        return _EXACTLY.divide(part, whole)
    except Inexact as error:
        raise QuantityError(f"`{text}` has no exact decimal", "write it as a percentage") from error
