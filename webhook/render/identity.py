"""What tells alerts apart, in words: the labels in which they differ, and those by which a single one is known. Pure.

Labels are written by whoever writes metrics: names, values and their number are bounded, and only visible text leaves
here. `message` asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webhook.incidents.firing import AlertFiring
from webhook.untrusted import one_line

MOST_LABELS = 6
MOST_VALUES = 3
LONGEST_NAME = 40
LONGEST_VALUE = 60
LONGEST_LINE = 160
LONGEST_ALL = 400

_WIDE = ("cluster", "namespace", "exported_namespace", "service", "exported_service", "app", "job", "exported_job")
_NARROW = ("deployment", "statefulset", "daemonset", "job_name", "pod", "container", "instance", "node", "host")
_NARROWEST = ("hostname", "device", "mountpoint", "interface", "database", "datname", "queue", "topic", "url", "target")
_ORDER = {name: place for place, name in enumerate((*_WIDE, *_NARROW, *_NARROWEST))}
"""Labels that most people look for, the widest first; all others come after them, by name."""

_NEVER = frozenset({"severity", "team", "signal"})
"""What a message says in words of its own."""
_OF_ALL = frozenset({"alertname", "system"})
"""What the title says of all alerts where they do not differ."""
_OF_SENDERS = frozenset(
    {"alertgroup", "datasource_uid", "endpoint", "monitor", "prometheus", "prometheus_replica", "ref_id", "replica"}
)
"""What says who evaluates and sends an alert rather than what it is about; it counts where alerts differ in it."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The values that alerts have for each label, the names in order: those first in which they differ."""

    values: Mapping[str, tuple[str, ...]]
    differing: frozenset[str]

    def text(self, *, single: bool, said: Iterable[str] = ()) -> str:
        """Return `namespace payouts; instance a, b and 2 others`.

        `single` adds the labels that all alerts have in common and by which they are known, but those already `said`.
        """
        names = [name for name in self.values if name in self.differing or (single and _identifies(name, said))]
        return one_line("; ".join(_part(name, self.values[name]) for name in names[:MOST_LABELS]), LONGEST_ALL)

    def place(self, said: Iterable[str] = ()) -> str:
        """Return where it is in a few words, for a title: `namespace payouts, instance db-1:9100`."""
        known = [name for name in self.values if _identifies(name, said)]
        wide = [name for name in known if name in _WIDE]
        narrow = sorted((name for name in known if name not in _WIDE), key=_rank)
        chosen = (*wide[:1], *narrow[:1]) if wide and narrow else (wide or narrow)[:2]
        return ", ".join(_part(name, self.values[name], most=1) for name in chosen)

    def line(self, labels: Mapping[str, str]) -> str:
        """Return what tells one alert from the others: `instance=a, pod=b`; empty where nothing does."""
        differing = [name for name in self.values if name in self.differing and labels.get(name)]
        names = differing or [name for name in sorted(labels, key=_rank) if _identifies(name, ())]
        pairs = (f"{one_line(name, LONGEST_NAME)}={one_line(labels[name], LONGEST_VALUE)}" for name in names)
        return one_line(", ".join(pairs), LONGEST_LINE)


def labels_of(shown: Sequence[AlertFiring]) -> Labels:
    """Return the labels of these alerts."""
    found: dict[str, dict[str, None]] = {}
    counts: dict[str, int] = {}
    for firing in shown:
        for name, value in firing.labels.items():
            if value and name not in _NEVER and not name.startswith("__"):
                found.setdefault(name, {})[value] = None
                counts[name] = counts.get(name, 0) + 1
    differing = frozenset(name for name, values in found.items() if len(values) > 1 or counts[name] < len(shown))
    order = sorted(found, key=lambda name: (name not in differing, _rank(name)))
    return Labels(values={name: tuple(found[name]) for name in order}, differing=differing)


def _identifies(name: str, said: Iterable[str]) -> bool:
    return name not in _OF_ALL and name not in _OF_SENDERS and name not in _NEVER and name not in said


def _rank(name: str) -> tuple[int, str]:
    return _ORDER.get(name, len(_ORDER)), name


def _part(name: str, values: Sequence[str], *, most: int = MOST_VALUES) -> str:
    more = len(values) - most
    shown = ", ".join(one_line(value, LONGEST_VALUE) for value in values[:most])
    others = f" and {more} other{'' if more == 1 else 's'}" if more > 0 else ""
    return f"{one_line(name, LONGEST_NAME)} {shown}{others}"
