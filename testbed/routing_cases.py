"""Turn the expectations of routing tests into distinct questions about routes and inhibitions.

`routing.py` reads both files, `routing_tools.py` asks. A question is about labels. Alerts that no matcher of the
configuration tells apart share one question.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

Labels = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One difference, in the words that `routing.py` prints."""

    subject: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Return the difference in one line."""
        return f"{self.subject}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, kw_only=True)
class RouteCase:
    """Alerts that no matcher tells apart, by name; `labels` are those of the first that matchers look at."""

    alerts: tuple[str, ...]
    labels: Labels
    receivers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class InhibitionCase:
    """Two alerts that fire at once, and whether the first inhibits the second."""

    firing: Labels
    target: Labels
    suppressed: bool


def examples(expected: Mapping[str, Any]) -> list[tuple[Labels, tuple[str, ...]]]:
    """Return the labels of each alert in the parsed tests, without empty values, and the receivers it must reach."""
    return [
        (_present(entry["labels"] | alert), tuple(entry["receivers"]))
        for entry in expected["alerts"]
        for alert in entry["alerts"]
    ]


def route_cases(expected: Mapping[str, Any], config: Mapping[str, Any]) -> list[RouteCase]:
    """Return one case for all alerts with the same expected receivers that no route of `config` tells apart."""
    sight = _sight([item for path in walk(config.get("route") or {}) for item in _matchers(path[-1], "")])
    alike: dict[tuple[tuple[str, ...], Seen], list[Labels]] = {}
    for labels, receivers in examples(expected):
        alike.setdefault((receivers, sight.of(labels)), []).append(labels)
    return [
        RouteCase(alerts=tuple(map(name, group)), labels=sight.part(group[0]), receivers=receivers)
        for (receivers, _), group in alike.items()
    ]


def inhibition_cases(expected: Mapping[str, Any], config: Mapping[str, Any]) -> list[InhibitionCase]:
    """Return a case for each pair of severities, for each alert that some inhibition tells apart.

    A pair is of the same alert, or of two alerts that differ in the labels under `apart`.
    """
    rules = config.get("inhibit_rules") or []
    sight = _sight([item for rule in rules for side in ("source_", "target_") for item in _matchers(rule, side)])
    inhibition = expected["inhibition"]
    distinct: dict[Seen, Labels] = {}
    for labels, _ in examples(expected):
        if all(key in labels for apart in inhibition["apart"] for key in apart):
            distinct.setdefault(sight.of(labels | {"severity": ""}), labels)
    return [case for labels in distinct.values() for case in _pairs(labels, inhibition)]


def _pairs(labels: Labels, inhibition: Mapping[str, Any]) -> Iterator[InhibitionCase]:
    suppressed_by_firing = {rule["firing"]: rule["suppressed"] for rule in inhibition["alike"]}
    for firing, target in product(suppressed_by_firing, suppressed_by_firing):
        source, target_labels = labels | {"severity": firing}, labels | {"severity": target}
        if firing != target:
            yield InhibitionCase(firing=source, target=target_labels, suppressed=target in suppressed_by_firing[firing])
        for apart in inhibition["apart"]:
            yield InhibitionCase(firing=_present(source | apart), target=target_labels, suppressed=False)
            yield InhibitionCase(firing=source, target=_present(target_labels | apart), suppressed=False)
        for label in inhibition.get("dimensions", ()):
            yield InhibitionCase(
                firing=source | {label: "here"}, target=target_labels | {label: "there"}, suppressed=False
            )
            yield InhibitionCase(
                firing=source | {label: "here"}, target=_without(target_labels, label), suppressed=False
            )


def _without(labels: Labels, label: str) -> Labels:
    return {name: value for name, value in labels.items() if name != label}


def name(labels: Mapping[str, str]) -> str:
    """Return the name and severity of an alert, for people."""
    return f"{labels['alertname']} {labels.get('severity', 'without severity')}"


def walk(
    route: Mapping[str, Any], above: tuple[Mapping[str, Any], ...] = ()
) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """Yield every route of a tree, depth first, as the path that leads to it: the root first, the route itself last."""
    path = (*above, route)
    yield path
    for child in route.get("routes") or []:
        yield from walk(child, path)


def _present(labels: Mapping[str, str]) -> Labels:
    return {key: value for key, value in labels.items() if value}


def _matchers(node: Mapping[str, Any], side: str) -> list[object]:
    """Return the matchers of a route or of one side of an inhibition; deprecated forms are returned unparsed."""
    deprecated = [node[key] for key in (f"{side}match", f"{side}match_re") if key in node]
    return [*(node.get(f"{side}matchers") or []), *deprecated]


Seen = tuple[tuple[str, str | None], ...]
_PLAIN = re.compile(r'\s*([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*"([\w|-]*)"\s*', re.ASCII)


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """The values that matchers tell apart: by label, the words that they name; None if every value counts."""

    words: Mapping[str, frozenset[str]] | None

    def of(self, labels: Mapping[str, str]) -> Seen:
        """Return a key that is equal for labels that no matcher tells apart; None stands for any other value."""
        if self.words is None:
            return tuple(sorted(labels.items()))
        shown = ((label, labels.get(label, ""), words) for label, words in self.words.items())
        return tuple((label, value if value in words else None) for label, value, words in shown)

    def part(self, labels: Labels) -> Labels:
        """Return the labels that the matchers look at."""
        return {key: value for key, value in labels.items() if self.words is None or key in self.words}


def _sight(matchers: Sequence[object]) -> _Sight:
    """Return the values that matchers tell apart; every value if a matcher holds more than words and alternatives."""
    words: dict[str, frozenset[str]] = {}
    for matcher in matchers:
        match = _PLAIN.fullmatch(matcher) if isinstance(matcher, str) else None
        if match is None:
            return _Sight(words=None)
        words[match[1]] = words.get(match[1], frozenset({""})) | {match[2], *match[2].split("|")}
    return _Sight(words=words)
