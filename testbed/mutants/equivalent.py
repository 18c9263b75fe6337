"""Recognise mutants that change nothing observable, by one rule with its reason for each kind.

`choice.py` leaves them out and `__main__.py` prints how many there were. A rule may not look at a name or a system: it
must hold for every document.
"""

import re
from collections.abc import Callable
from typing import Any

from testbed.mutants.carried import carried_labels
from testbed.mutants.durations import parse
from testbed.mutants.joined import drops_what_the_other_side_demands
from testbed.mutants.mutant import GONE, Document, Mutant, at
from testbed.mutants.observable import observable

_CONSTANT = re.compile(r"vector\(-?[\d.]+\)")
_FALLBACK = re.compile(r" (?:or|and|unless) .* [-+*/%^] 0\) / ")
"""The fallback of a low ratio while its part has no series yet: `(part or whole * 0) / …`."""
_FLOOR = re.compile(r" (?:[<>]=?|[=!]=) [0-9.]+ [-+*/%^] [0-9.]+\)$")
_METRIC = re.compile(r'"metric", "([^"]+)"')
_SHARE = re.compile(r" >=? bool [0-9.]+ \* (?=sum)")
"""The test whether a quantile is beyond the last finite bucket; both sides are rates with rounding errors."""
_RANGE = re.compile(r"\[(\w+)\]")
_SEVERAL = 2
_EQUALS = re.compile(r'\s*(\w+)\s*=\s*"([^"]*)"\s*')


def reason_to_exclude(mutant: Mutant, document: Document) -> str | None:
    """Return why no test can notice `mutant` of `document`, or None if one could."""
    return next((reason for reason, holds in EXCLUSIONS.items() if holds(mutant, document)), None)


def _shows_in_no_result(mutant: Mutant, document: Document) -> bool:
    return mutant.keys[-1] == "expr" and observable(mutant.value) == observable(at(document, mutant.keys))


def _drops_what_is_carried(mutant: Mutant, document: Document) -> bool:
    if mutant.value is not GONE or mutant.keys[-2] != "labels":
        return False
    rule = at(document, mutant.keys[:-2])
    return (mutant.keys[-1], mutant.before) in carried_labels(rule["expr"])


def _is_a_share_to_the_last_bit(mutant: Mutant, document: Document) -> bool:
    """Return whether only the comparator changed that tests whether a quantile is beyond the last finite bucket."""
    if mutant.kind != "comparator" or mutant.keys[-1] != "expr":
        return False
    expression = at(document, mutant.keys)
    return _SHARE.search(expression) is not None and _SHARE.sub("", mutant.value) == _SHARE.sub("", expression)


def _is_told_apart_by_its_metrics(mutant: Mutant, document: Document) -> bool:
    """Return whether a part of a split recording has another number, and no other part has its metrics."""
    if mutant.keys[-2:] != ("labels", "part"):
        return False
    rule, rules = at(document, mutant.keys[:-2]), at(document, mutant.keys[:-3])
    metrics = set(_METRIC.findall(rule["expr"]))
    others = (
        sibling["expr"] for sibling in rules if sibling is not rule and sibling.get("record") == rule.get("record")
    )
    return bool(metrics) and all(metrics.isdisjoint(_METRIC.findall(other_expression)) for other_expression in others)


def _is_unread_constant(mutant: Mutant, document: Document) -> bool:
    if mutant.kind != "number" or not _CONSTANT.fullmatch(mutant.value):
        return False
    rule = at(document, mutant.keys[:-1])
    texts = (*rule.get("labels", {}).values(), *rule.get("annotations", {}).values())
    return "alert" in rule and not any("$value" in text or ".Value" in text for text in texts)


def _is_demanded_twice(mutant: Mutant, document: Document) -> bool:
    if mutant.kind != "matcher dropped" or mutant.keys[-1] != "expr":
        return False
    return drops_what_the_other_side_demands(at(document, mutant.keys), mutant.value)


def _is_one_of_many_fallbacks(mutant: Mutant, document: Document) -> bool:
    """Return whether only the fallback has changed, and other recordings of the group also have a fallback."""
    if mutant.keys[-1] != "expr" or _without_fallback(mutant.value) != _without_fallback(at(document, mutant.keys)):
        return False
    rules = at(document, mutant.keys[:-2])
    return sum("record" in rule and bool(_FALLBACK.search(rule["expr"])) for rule in rules) > 1


def _without_fallback(text: str) -> str:
    return _FALLBACK.sub(") / ", text)


def _is_one_of_many_floors(mutant: Mutant, document: Document) -> bool:
    """Return whether the only change is to the least traffic of one of several windows.

    The change must be to a comparator, or to the longest window.
    """
    if mutant.keys[-1] != "expr":
        return False
    rule, rules = at(document, mutant.keys[:-1]), at(document, mutant.keys[:-2])
    windows = [
        _seconds(recording["expr"]) for recording in rules if "record" in recording and _FLOOR.search(recording["expr"])
    ]
    if "record" not in rule or len(windows) < _SEVERAL or _FLOOR.sub("", mutant.value) != _FLOOR.sub("", rule["expr"]):
        return False
    return mutant.kind == "comparator" or _seconds(rule["expr"]) == max(windows)


def _seconds(text: str) -> float:
    match = _RANGE.search(text)
    return parse(match[1]).total_seconds() if match else 0


def _swaps_disjoint_routes(mutant: Mutant, document: Document) -> bool:
    if mutant.kind != "routes reordered":
        return False
    before = at(document, mutant.keys)
    number = next(index for index, (old, new) in enumerate(zip(before, mutant.value, strict=True)) if old != new)
    first, second = (_demanded(route) for route in before[number : number + 2])
    return any(label in second and second[label] != value for label, value in first.items())


def _demanded(route: dict[str, Any]) -> dict[str, str]:
    """Return the labels for which a route demands a single value."""
    matches = (_EQUALS.fullmatch(matcher) for matcher in route.get("matchers", ()))
    return {match[1]: match[2] for match in matches if match}


EXCLUSIONS: dict[str, Callable[[Mutant, Document], bool]] = {
    "a value is asked only for its sign, its share or its being there, and these stay": _shows_in_no_result,
    "a rule that sets a label which its expression selects by and keeps sets nothing": _drops_what_is_carried,
    "whether rates of events are exactly a share of others is a matter of rounding": _is_a_share_to_the_last_bit,
    "parts of a recording that tell of different metrics are told apart by these": _is_told_apart_by_its_metrics,
    "an alert on a constant fires whatever the constant is, and none of its texts tells the value": _is_unread_constant,
    "of two sides that are joined by a label, the matcher of one on it is enough": _is_demanded_twice,
    "where nothing has ever gone well, every window of an error budget says so": _is_one_of_many_fallbacks,
    "of several windows the others still have enough traffic, or too little": _is_one_of_many_floors,
    "neighbouring routes that demand different values of one label never match the same alert": _swaps_disjoint_routes,
}
