"""The mutants of a rule file: expressions, holds, labels and annotations of each rule, and the rule itself.

`expressions.py` and `durations.py` say how a value is changed, this file where one stands. `choice.py` asks for them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testbed.mutants.durations import NOTHING, longer_and_shorter
from testbed.mutants.expressions import differences
from testbed.mutants.mutant import GONE, Document, Gone, Key, Mutant

KEEP = "keep_firing_for"
HOLDS = ("for", KEEP)
ABSENT = "(none)"

_FILTER = re.compile(r"\s*\|\s*\w+(?=\s*}})")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What mutants of one rule file need to know of the directory: the seconds between evaluations, labels in use."""

    file: str
    evaluation_seconds: int
    values: Mapping[str, tuple[str, ...]]


def rule_mutants(document: Document, around: Surroundings) -> Iterator[Mutant]:
    """Yield every mutant of a rule file, in the order of the file."""
    for place, rule, keys in rules(document):
        make = _maker(around.file, place, keys)
        yield from (make(each.kind, "expr", each.text, each.before, each.after) for each in differences(rule["expr"]))
        if "alert" in rule:
            yield from _holds(rule, around, make)
        yield from _labels(rule.get("labels", {}), around, make)
        yield from _annotations(rule.get("annotations", {}), make)
        yield Mutant(
            kind="rule dropped", file=around.file, place=place, keys=keys, value=GONE, before=title(rule), after=ABSENT
        )


def rules(document: Document) -> Iterator[tuple[str, Mapping[str, Any], tuple[Key, ...]]]:
    """Yield each rule with its place as people name it and the keys that lead to it."""
    for group_number, group in enumerate(document["groups"]):
        for number, rule in enumerate(group["rules"]):
            yield f"{group['name']} / {title(rule)}", rule, ("groups", group_number, "rules", number)


def title(rule: Mapping[str, Any]) -> str:
    """Return a rule's name, an alert's with its severity."""
    severity = rule.get("labels", {}).get("severity")
    return str(rule.get("alert") or rule["record"]) + (f" ({severity})" if severity else "")


def label_values(documents: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """Return the values that each label is set to in any of the files, sorted; templates are no values."""
    found: dict[str, set[str]] = {}
    for document in documents:
        for _place, rule, _keys in rules(document):
            for label, value in rule.get("labels", {}).items():
                found.setdefault(label, set()).update(() if "{{" in value else {value})
    return {label: tuple(sorted(values)) for label, values in found.items()}


_Make = Callable[[str, str, str | Gone, str, str], Mutant]


def _maker(file: str, place: str, rule_keys: tuple[Key, ...]) -> _Make:
    """Return what makes the mutants of one rule; a key such as `labels.team` leads on from the rule."""

    def make(kind: str, key: str, value: str | Gone, before: str, after: str) -> Mutant:
        keys = (*rule_keys, *key.split(".", 1))
        return Mutant(
            kind=kind, file=file, place=f"{place} / {key}", keys=keys, value=value, before=before, after=after
        )

    return make


def _holds(rule: Mapping[str, Any], around: Surroundings, make: _Make) -> Iterator[Mutant]:
    for key in HOLDS:
        if key == KEEP and key not in rule:
            continue
        before = rule.get(key, NOTHING)
        for changed in longer_and_shorter(before, around.evaluation_seconds):
            yield make(key, key, changed, before, changed)


def _labels(labels: Mapping[str, str], around: Surroundings, make: _Make) -> Iterator[Mutant]:
    for label, before in labels.items():
        other = _other_value(before, around.values.get(label, ()))
        yield make(f"label {label}", f"labels.{label}", other, before, other)
        yield make(f"label {label}", f"labels.{label}", GONE, before, ABSENT)


def _other_value(value: str, in_use: tuple[str, ...]) -> str:
    """Return the next value that this label has anywhere, or one that it has nowhere."""
    if value in in_use and len(in_use) > 1:
        return in_use[(in_use.index(value) + 1) % len(in_use)]
    return f"{value}x"


def _annotations(annotations: Mapping[str, str], make: _Make) -> Iterator[Mutant]:
    for name, before in annotations.items():
        unfiltered = [before[: found.start()] + before[found.end() :] for found in _FILTER.finditer(before)]
        for changed in (f"{before}x", *unfiltered):
            yield make(f"annotation {name}", f"annotations.{name}", changed, before, changed)
        yield make(f"annotation {name}", f"annotations.{name}", GONE, before, ABSENT)
