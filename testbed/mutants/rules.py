"""List the mutants of a rule file: of each rule's expression, holds, labels and annotations, and of the rule itself.

`expressions.py` and `durations.py` say how a value changes; this module says where values stand. `choice.py` calls it.
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
    """Facts about the directory for the mutants of one rule file: seconds between evaluations, and values of labels."""

    file: str
    evaluation_seconds: int
    values: Mapping[str, tuple[str, ...]]


def rule_mutants(document: Document, around: Surroundings) -> Iterator[Mutant]:
    """Yield every mutant of a rule file, in the order of the file."""
    for place, rule, keys in rules(document):
        make = _maker(around.file, place, keys)
        yield from (
            make(difference.kind, "expr", difference.text, difference.before, difference.after)
            for difference in differences(rule["expr"])
        )
        if "alert" in rule:
            yield from _holds(rule, around, make)
        yield from _labels(rule.get("labels", {}), around, make)
        yield from _annotations(rule.get("annotations", {}), make)
        yield Mutant(
            kind="rule dropped", file=around.file, place=place, keys=keys, value=GONE, before=title(rule), after=ABSENT
        )


def rules(document: Document) -> Iterator[tuple[str, Mapping[str, Any], tuple[Key, ...]]]:
    """Yield for each rule the name of its place, the rule, and the keys that lead to it."""
    for group_number, group in enumerate(document["groups"]):
        for number, rule in enumerate(group["rules"]):
            yield f"{group['name']} / {title(rule)}", rule, ("groups", group_number, "rules", number)


def title(rule: Mapping[str, Any]) -> str:
    """Return the name of a rule; with the severity if it is an alert's."""
    severity = rule.get("labels", {}).get("severity")
    return str(rule.get("alert") or rule["record"]) + (f" ({severity})" if severity else "")


def label_values(documents: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """Return the values that rules of any of the files set each label to, sorted; templates do not count."""
    values_by_label: dict[str, set[str]] = {}
    for document in documents:
        for _place, rule, _keys in rules(document):
            for label, value in rule.get("labels", {}).items():
                values_by_label.setdefault(label, set()).update(() if "{{" in value else {value})
    return {label: tuple(sorted(values)) for label, values in values_by_label.items()}


_Make = Callable[[str, str, str | Gone, str, str], Mutant]


def _maker(file: str, place: str, rule_keys: tuple[Key, ...]) -> _Make:
    """Return a function that makes mutants of one rule; a key such as `labels.team` leads on from the rule."""

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
        new_value = _other_value(before, around.values.get(label, ()))
        yield make(f"label {label}", f"labels.{label}", new_value, before, new_value)
        yield make(f"label {label}", f"labels.{label}", GONE, before, ABSENT)


def _other_value(value: str, in_use: tuple[str, ...]) -> str:
    """Return the next value that this label has in any rule, or a value that it has in none."""
    if value in in_use and len(in_use) > 1:
        return in_use[(in_use.index(value) + 1) % len(in_use)]
    return f"{value}x"


def _annotations(annotations: Mapping[str, str], make: _Make) -> Iterator[Mutant]:
    for name, before in annotations.items():
        unfiltered = [before[: match.start()] + before[match.end() :] for match in _FILTER.finditer(before)]
        for changed in (f"{before}x", *unfiltered):
            yield make(f"annotation {name}", f"annotations.{name}", changed, before, changed)
        yield make(f"annotation {name}", f"annotations.{name}", GONE, before, ABSENT)
