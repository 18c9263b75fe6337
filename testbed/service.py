"""An example service: it exports metrics on /metrics from a table of series that can be changed while it runs.

It knows no system: names, labels and behaviour are data (`scenario.py` reads them from a file). A counter grows at a
rate, a gauge has a value, a histogram observes at a rate, spread over a distribution of values.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from testbed.standin import Reply, Request, StandIn

# The default buckets of Prometheus' client libraries, in seconds.
DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[tuple[str, str], ...]
Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """How one series behaves from now on.

    `rate` is per second (counter, histogram); `value` is a gauge's. `spread` maps an observed value to its share of the
    observations of a histogram; the shares add up to 1.
    """

    metric: str
    kind: Kind
    labels: Mapping[str, str] = field(default_factory=dict)
    rate: float = 0.0
    value: float = 0.0
    spread: Mapping[float, float] = field(default_factory=dict)
    buckets: tuple[float, ...] = DEFAULT_BUCKETS

    def __post_init__(self) -> None:
        if self.kind == "histogram" and abs(sum(self.spread.values()) - 1) > 1e-9:
            raise ValueError(f"{self.metric}: the shares of its spread add up to {sum(self.spread.values())}, not to 1")

    @property
    def key(self) -> tuple[str, Labels]:
        """The metric and labels that distinguish this series from all others."""
        return self.metric, tuple(sorted(self.labels.items()))


class Service(StandIn):
    """The service; `change` replaces the behaviour of series, or adds new ones, and keeps their counts."""

    def __init__(self, series: Iterable[Series] = (), clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._since = clock()
        self._series: dict[tuple[str, Labels], Series] = {}
        # The count of each series up to `_since`, by observed value; a counter's count is under 0.
        self._counted: dict[tuple[str, Labels], dict[float, float]] = defaultdict(lambda: defaultdict(float))
        self.change(series)

    @property
    def target(self) -> str:
        """The address at which Prometheus scrapes it, as `host:port`."""
        return self.url.removeprefix("http://")

    def change(self, series: Iterable[Series]) -> None:
        """Let each of `series` behave as it says from now on."""
        with self._changed:
            self._count()
            self._series |= {changed.key: changed for changed in series}

    def reply(self, request: Request) -> Reply:
        """Return the present metrics in Prometheus' text format, version 0.0.4."""
        if request.path != "/metrics":
            return Reply(status=404, body="the metrics are at /metrics\n")
        self._count()
        text = "\n".join(self._lines()) + "\n"
        return Reply(status=200, body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _count(self) -> None:
        now = self._clock()
        passed, self._since = now - self._since, now
        for key, series in self._series.items():
            shares = series.spread if series.kind == "histogram" else {0.0: 1.0}
            for observed, share in shares.items():
                self._counted[key][observed] += passed * series.rate * share

    def _lines(self) -> Iterator[str]:
        typed: set[str] = set()
        for key, series in sorted(self._series.items()):
            if series.metric not in typed:
                typed.add(series.metric)
                yield f"# TYPE {series.metric} {series.kind}"
            match series.kind:
                case "counter":
                    yield _line(series.metric, series.labels, self._counted[key][0.0])
                case "gauge":
                    yield _line(series.metric, series.labels, series.value)
                case "histogram":
                    yield from _histogram(series, self._counted[key])


def _histogram(series: Series, counted: Mapping[float, float]) -> Iterator[str]:
    total = sum(counted.values())
    for bound in series.buckets:
        below = sum(count for observed, count in counted.items() if observed <= bound)
        yield _line(f"{series.metric}_bucket", {**series.labels, "le": f"{bound:g}"}, below)
    yield _line(f"{series.metric}_bucket", {**series.labels, "le": "+Inf"}, total)
    yield _line(f"{series.metric}_sum", series.labels, sum(observed * count for observed, count in counted.items()))
    yield _line(f"{series.metric}_count", series.labels, total)


def _line(metric: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in sorted(labels.items()))
    return f"{metric}{{{inside}}} {value!r}" if inside else f"{metric} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
