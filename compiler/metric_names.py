"""What the name of a metric says about it: the unit of its values, and its type.

Pure. `compiler.resolve.units` takes units from here, and `compiler.checks.metrics` compares bindings with types. The
words are those of Prometheus ("metric and label naming"), of OpenMetrics ("suffixes") and of exporters in use. A word
counts only if it can hardly mean anything else; `NamedUnit.sure` marks the words that leave no choice.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from compiler.quantities import BYTES, COUNT, METRIC_UNITS, PER_SECOND, RATIO, SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedUnit:
    """What a name says about the unit: the word, and the units in METRIC_UNITS that it can mean.

    `sure` is set if it means one unit and nothing else. `units` is empty for degrees, volts and the like. `against` are
    the base units of limits that the word contradicts.
    """

    word: str
    units: tuple[str, ...]
    sure: bool
    against: frozenset[str]

    @property
    def base(self) -> str:
        """The base unit that all its possible units share."""
        return METRIC_UNITS[self.units[0]].base if self.units else f"`{self.word}`"


class _Word(NamedTuple):
    """A word for a unit; it counts `anywhere` in a name, or only if nothing but statistics follow it.

    `against` are the base units of limits that the word contradicts at the end of a name. A word whose `against` is
    empty counts only for limits of its own base unit.
    """

    units: tuple[str, ...]
    against: frozenset[str] = frozenset()
    anywhere: bool = True
    sure: bool = True


def _words(text: str, *units: str, against: tuple[str, ...] = (), anywhere: bool = True) -> dict[str, _Word]:
    word = _Word(units, frozenset(against), anywhere=anywhere, sure=len(units) == 1)
    return dict.fromkeys(text.split(), word)


_NOT_TIME: Final = (BYTES, COUNT, PER_SECOND, RATIO)
_NOT_BYTES: Final = (COUNT, RATIO, SECONDS)
_NOT_A_SHARE: Final = (BYTES, SECONDS)
_NEITHER: Final = (BYTES, RATIO, SECONDS)

_UNITS: Final[dict[str, _Word]] = {
    **_words("seconds", "s", against=_NOT_TIME),
    **_words("milliseconds millisecond millis", "ms", against=_NOT_TIME),
    **_words("microseconds microsecond micros", "us", against=_NOT_TIME),
    **_words("nanoseconds nanosecond nanos", "ns", against=_NOT_TIME),
    # A count may have such a name too, because people count minutes, hours and days.
    **_words("minutes", "m", against=_NEITHER[:2]),
    **_words("hours", "h", against=_NEITHER[:2]),
    **_words("days", "d", against=_NEITHER[:2]),
    **_words("sec secs", "s", anywhere=False),
    **_words("ms msec msecs", "ms", anywhere=False),
    **_words("usec usecs", "us", anywhere=False),
    **_words("nsec nsecs", "ns", anywhere=False),
    **_words("mins", "m", anywhere=False),
    **_words("hrs", "h", anywhere=False),
    **_words("bytes octets", "B", against=_NOT_BYTES),
    **_words("kibibytes kib", "KiB", against=_NOT_BYTES),
    **_words("mebibytes mib", "MiB", against=_NOT_BYTES),
    **_words("gibibytes gib", "GiB", against=_NOT_BYTES),
    **_words("tebibytes tib", "TiB", against=_NOT_BYTES),
    # The kernel and the JVM use powers of 1024, disks and networks powers of 1000.
    **_words("kilobytes kilobyte kbytes", "KiB", "kB", against=_NOT_BYTES),
    **_words("megabytes megabyte mbytes", "MiB", "MB", against=_NOT_BYTES),
    **_words("gigabytes gigabyte gbytes", "GiB", "GB", against=_NOT_BYTES),
    **_words("terabytes terabyte tbytes", "TiB", "TB", against=_NOT_BYTES),
    **_words("kb", "KiB", "kB", anywhere=False),
    **_words("mb", "MiB", "MB", anywhere=False),
    **_words("gb", "GiB", "GB", anywhere=False),
    **_words("tb", "TiB", "TB", anywhere=False),
    **_words("bits", "bit", against=_NOT_BYTES),
    **_words("kilobits kbits", "kbit", against=_NOT_BYTES),
    **_words("megabits mbits", "Mbit", against=_NOT_BYTES),
    **_words("gigabits gbits", "Gbit", against=_NOT_BYTES),
    **_words("kbps", "kbit", "kB", "KiB", anywhere=False),
    **_words("mbps", "Mbit", "MB", "MiB", anywhere=False),
    **_words("gbps", "Gbit", "GB", "GiB", anywhere=False),
    **_words("ratio", "ratio", against=_NOT_A_SHARE, anywhere=False),
    # Most exporters report 0 to 100, some report 0 to 1.
    **_words("percent percents percentage pct", "percent", "ratio", against=_NOT_A_SHARE, anywhere=False),
    # `us` may be a region, `ns` a namespace.
    "us": _Word(("us",), anywhere=False, sure=False),
    "ns": _Word(("ns",), anywhere=False, sure=False),
    **dict.fromkeys(
        (
            *("celsius", "fahrenheit", "kelvin", "volts", "amperes", "amps", "watts", "joules"),
            *("hertz", "meters", "grams", "pascals", "rpm", "dbm"),
        ),
        _Word((), frozenset(_NEITHER), anywhere=False),
    ),
}

_STATISTICS: Final = frozenset(
    {
        *("total", "sum", "max", "min", "maximum", "minimum", "avg", "average", "mean", "median", "stddev", "ewma"),
        *("p", "q", "th", "quantile", "percentile", "current", "value", "last", "latest"),
        *("used", "free", "available", "limit", "usage", "size"),
    }
)
"""Words after a unit that do not change the unit."""
_SPANS: Final = frozenset(["per", "last", "past", "every", "over", "within"])
"""Words before a time that make it a period and no unit: `load_last_minutes`."""
_PERCENTILES: Final = frozenset({"p", "q", "quantile", "percentile"})
_PIECE: Final = re.compile(r"[A-Za-z0-9]+")
_PART: Final = re.compile(r"[KMGT]iB(?![a-z])|[kKMGT]B(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def unit_of(metric: str, base: str | None) -> NamedUnit | None:
    """Return the unit that a name states, or None; `base` is the base unit that the limit expects.

    Counts (`_count`, `_bucket`) have no unit, whatever was counted.
    """
    words, rated = _unrated(_read(metric))
    if not words or words[-1] in {"count", "bucket", "created", "info"}:
        return None
    for number in reversed(range(len(words))):
        word = _UNITS.get(words[number])
        if word is None or _is_span(words, number):
            continue
        last = all(_is_statistic(words, later) for later in range(number + 1, len(words)))
        expected = bool(word.units) and METRIC_UNITS[word.units[0]].base == base
        if (last or word.anywhere) and (expected or word.against):
            against = word.against if last and not rated else frozenset()
            return NamedUnit(word=words[number], units=word.units, sure=word.sure, against=against)
    return None


def _is_span(words: Sequence[str], number: int) -> bool:
    """Return whether the word belongs to the period that a value covers: `requests_last_30_seconds`."""
    before = words[number - 1] if number else ""
    if before.isdigit():
        return number < 2 or words[number - 2] not in _PERCENTILES
    return before in _SPANS


def _is_statistic(words: Sequence[str], number: int) -> bool:
    word = words[number]
    return word.isdigit() or word in _STATISTICS or (len(word) == 1 and words[number - 1].isdigit())


def _unrated(words: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the words before `per`, and whether the name has a `per`."""
    return (words[: words.index("per")], True) if "per" in words[1:] else (words, False)


def words_of(metric: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case."""
    return _read(metric)


@lru_cache(maxsize=4096)
def _read(metric: str) -> tuple[str, ...]:
    """Return the words of a name in lower case; for a recording rule, those of its source metric.

    A recorded rate, count or ratio has another unit than its source metric, so the source's words do not count.
    """
    level, *rest = metric.split(":")
    if rest and _OF_ANOTHER_UNIT.search(rest[-1]):
        return ("ratio",) if "ratio" in rest[-1] and "rate" not in rest[-1] else ()
    name = rest[0] if rest else level
    return tuple(part.lower() for piece in _PIECE.findall(name) for part in _PART.findall(piece))


_OF_ANOTHER_UNIT: Final = re.compile(r"rate|increase|count|ratio|deriv")


Type = Literal["counter", "part", "instant", "span", "info", "gauge"]
"""The types that a name can state.

`part` is one of the series of a histogram or summary, `instant` a point in time, `span` a length of time, `info` a
constant whose labels matter, and `gauge` a value that goes up and down.
"""
InputType = Literal["counter", "gauge", "amount", "histogram", "instant"]
"""The types that an input can require; an `amount` is how much of something exists, and may be named `_total`."""


class Contradiction(NamedTuple):
    """The type that a name states instead of the required one, and the words that state it."""

    type: Type
    words: str


def contradiction(metric: str, input_type: InputType) -> Contradiction | None:
    """Return what in a name contradicts the type that an input requires; None if nothing does."""
    words = _read(metric)
    if not words or ":" in metric:
        return None
    for kind, type_words in (
        ("info", _ending(words, _INFO)),
        ("instant", _instant(words)),
        ("part", _part(metric, words, input_type)),
        ("counter", _ending(words, _TOTAL)),
        ("span", _span(words)),
        ("gauge", _gauge(words)),
    ):
        if type_words is not None and kind in _AGAINST[input_type]:
            return Contradiction(kind, f"_{type_words}")
    return None


_AGAINST: Final[dict[InputType, frozenset[Type]]] = {
    "counter": frozenset({"info", "instant", "gauge"}),
    "gauge": frozenset({"info", "instant", "part", "counter"}),
    "amount": frozenset({"info", "instant", "part"}),
    "histogram": frozenset({"info", "part", "counter"}),
    "instant": frozenset({"info", "part", "counter", "span"}),
}
_INFO: Final = ("info",)
_TOTAL: Final = ("total",)
_GAUGES: Final = (
    *("in_use", "in_flight", "inflight", "in_progress", "current", "utilization", "utilisation", "depth", "age"),
    *("ratio", "percent", "percentage", "pct", "temperature", "celsius"),
)
_PARTS: Final = ("bucket", "count", "sum")
_OBSERVED: Final = frozenset({*_UNITS, "duration", "latency", "size"})
"""Words for single observations, before `_count` and `_sum`; without them, gauges often end in these, too."""
_OF_CLOUDS: Final = ("aws_", "azure_", "stackdriver_", "gcp_")
"""Prefixes of cloud providers' metrics: their statistics, including `_sum`, are gauges (CloudWatch exporters)."""
_INSTANTS: Final = frozenset({"timestamp", "unixtime", "mtime"})
_MOMENTS: Final = frozenset(
    {
        *(("start", "time"), ("boot", "time"), ("unix", "time"), ("modification", "time"), ("modif", "time")),
        *(("not", "after"), ("not", "before"), ("since", "epoch")),
        # kube-state-metrics: `kube_cronjob_status_last_successful_time`, `kube_cronjob_next_schedule_time`.
        *(("successful", "time"), ("success", "time"), ("schedule", "time"), ("scheduled", "time")),
    }
)
"""Pairs of words that end the name of a point in time."""
_LAST: Final = frozenset({"success", "successful", "schedule", "scheduled"})
"""Words before `time` that name a point in time only if `last` or `next` precedes them."""
_EXPIRIES: Final = frozenset({"expiry", "expiration"})
"""Words for a point in time if no unit follows: `probe_ssl_earliest_cert_expiry`, but not `expiry_days`."""
_LEFT: Final = frozenset(
    {"to", "until", "till", "before", "days", "hours", "minutes", "remaining", "left", "ttl", "in"}
)
"""Words before an expiry that make it a length of time, or a count."""
_LENGTHS: Final = frozenset(
    {
        *("age", "uptime", "elapsed", "duration", "lag", "latency", "delay", "remaining", "ttl", "left"),
        *("minutes", "hours", "days"),
    }
)
_SINCE: Final = frozenset({("seconds", "since"), ("time", "since"), ("seconds", "until"), ("time", "until")})


def whole_of(metric: str) -> str:
    """Return the name of a histogram or summary, given the name of one of its series."""
    name, _, last = metric.rpartition("_")
    return name if last in _PARTS else metric


def _ending(words: Sequence[str], endings: Sequence[str]) -> str | None:
    text = "_".join(words)
    return next((ending for ending in endings if text.endswith(f"_{ending}")), None)


def _gauge(words: Sequence[str]) -> str | None:
    """Return the words that name a value that goes up and down, whatever its unit; else None."""
    return _ending(words, _GAUGES) or (_ending(words[:-1], _GAUGES) if words[-1] in _UNITS else None)


def _part(metric: str, words: Sequence[str], input_type: InputType) -> str | None:
    """Return the suffix of a series of a histogram or summary; else None.

    Unless the input requires a histogram, the suffix counts only behind a word for observations.
    """
    if words[-1] not in _PARTS or len(words) == 1:
        return None
    observed = words[-2] in _OBSERVED and not metric.startswith(_OF_CLOUDS)
    return words[-1] if observed or input_type == "histogram" else None


def _instant(words: Sequence[str]) -> str | None:
    """Return the words that name a point in time, else None; a name that ends in `_total` is a counter."""
    if words[-1] in {"total", "count"}:
        return None
    if words[-1] == "created":
        return "created"
    stem = list(words)
    while len(stem) > 1 and stem[-1] in _UNITS:
        stem.pop()
    end = (stem[-2] if len(stem) > 1 else "", stem[-1])
    if stem[-1] in _INSTANTS or (stem[-1] == "epoch" and len(stem) < len(words)):
        return stem[-1]
    if end in _MOMENTS:
        is_moment = end[0] not in _LAST or not {"last", "next"}.isdisjoint(stem[:-2])
        return "_".join(end) if is_moment else None
    if end == ("completion", "time") and stem[0] == "kube":
        return "_".join(end)
    is_expiry = stem[-1] in _EXPIRIES and len(stem) == len(words) and _LEFT.isdisjoint(stem)
    return stem[-1] if is_expiry and len(stem) > 1 else None


def _span(words: Sequence[str]) -> str | None:
    """Return the words that name a length of time; else None."""
    if _instant(words) is not None:
        return None
    pair = next((pair for pair in itertools.pairwise(words) if pair in _SINCE), None)
    if pair is not None:
        return "_".join(pair)
    while len(words) > 1 and words[-1] in _UNITS and words[-1] not in _LENGTHS:
        words = words[:-1]
    return words[-1] if words[-1] in _LENGTHS else None
