"""Describes alerts by labels: those in which alerts differ, and those that identify a single alert. Pure.

Authors of metrics write the labels, so this module bounds names, values and their number, and returns only visible
text. `message` uses it.
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
"""Labels that most people look for, from the widest to the narrowest; all others follow, sorted by name."""

_NEVER = frozenset({"severity", "team", "signal"})
"""Labels that a message expresses in sentences of its own."""
_OF_ALL = frozenset({"alertname", "system"})
"""Labels that the title covers when all alerts have the same value."""
_OF_SENDERS = frozenset(
    {"alertgroup", "datasource_uid", "endpoint", "monitor", "prometheus", "prometheus_replica", "ref_id", "replica"}
)
"""Labels that say who evaluates and sends an alert instead of what it is about; shown only when alerts differ."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The values of each label among the alerts; the labels in which the alerts differ come first."""

    values: Mapping[str, tuple[str, ...]]
    differing: frozenset[str]

    def text(self, *, single: bool, excluded: Iterable[str] = ()) -> str:
        """Return `namespace payouts; instance a, b and 2 others`.

        `single` adds the labels that all alerts have in common and that identify them, except those in `excluded`.
        """
        names = [name for name in self.values if name in self.differing or (single and _identifies(name, excluded))]
        return one_line("; ".join(_part(name, self.values[name]) for name in names[:MOST_LABELS]), LONGEST_ALL)

    def place(self, excluded: Iterable[str] = ()) -> str:
        """Return where the alerts are, in a few words for a title: `namespace payouts, instance db-1:9100`."""
        identifying = [name for name in self.values if _identifies(name, excluded)]
        wide = [name for name in identifying if name in _WIDE]
        narrow = sorted((name for name in identifying if name not in _WIDE), key=_rank)
        chosen = (*wide[:1], *narrow[:1]) if wide and narrow else (wide or narrow)[:2]
        return ", ".join(_part(name, self.values[name], most=1) for name in chosen)

    def line(self, labels: Mapping[str, str]) -> str:
        """Return the labels that distinguish one alert: `instance=a, pod=b`; empty when none does."""
        differing = [name for name in self.values if name in self.differing and labels.get(name)]
        names = differing or [name for name in sorted(labels, key=_rank) if _identifies(name, ())]
        pairs = (f"{one_line(name, LONGEST_NAME)}={one_line(labels[name], LONGEST_VALUE)}" for name in names)
        return one_line(", ".join(pairs), LONGEST_LINE)


def labels_of(shown: Sequence[AlertFiring]) -> Labels:
    """Return the labels of the alerts `shown`."""
    values_of: dict[str, dict[str, None]] = {}
    counts_of: dict[str, int] = {}
    for firing in shown:
        for name, value in firing.labels.items():
            if value and name not in _NEVER and not name.startswith("__"):
                values_of.setdefault(name, {})[value] = None
                counts_of[name] = counts_of.get(name, 0) + 1
    differing = frozenset(name for name, values in values_of.items() if len(values) > 1 or counts_of[name] < len(shown))
    order = sorted(values_of, key=lambda name: (name not in differing, _rank(name)))
    return Labels(values={name: tuple(values_of[name]) for name in order}, differing=differing)


def _identifies(name: str, excluded: Iterable[str]) -> bool:
    return name not in _OF_ALL and name not in _OF_SENDERS and name not in _NEVER and name not in excluded


def _rank(name: str) -> tuple[int, str]:
    return _ORDER.get(name, len(_ORDER)), name


def _part(name: str, values: Sequence[str], *, most: int = MOST_VALUES) -> str:
    more = len(values) - most
    shown = ", ".join(one_line(value, LONGEST_VALUE) for value in values[:most])
    others = f" and {more} other{'' if more == 1 else 's'}" if more > 0 else ""
    return f"{one_line(name, LONGEST_NAME)} {shown}{others}"
