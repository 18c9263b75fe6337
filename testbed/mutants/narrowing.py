"""Select the few tests and rules that can notice a mutant, because `promtool` runs every test on every given rule.

`proof.py` runs these first and the whole file afterwards. Rules affect each other only by the series that they record
and by the series that Prometheus keeps of alerts. So a rule that no test and no other rule reads can be left out: the
test's outcome stays the same.
"""

from typing import Any

from testbed.mutants.mutant import Document, Mutant, at
from testbed.mutants.tokens import Place, read

# The series that Prometheus keeps of the alerts of all groups.
_ALERT_SERIES = {"ALERTS", "ALERTS_FOR_STATE"}


def concerned_alerts(mutant: Mutant, document: Document) -> set[str]:
    """Return the names of the alerts that a rule's mutant can change: its own, or all of the group if it records."""
    groups, group, rules, number = mutant.keys[:4]
    rule = at(document, (groups, group, rules, number))
    siblings: list[dict[str, Any]] = at(document, (groups, group, rules))
    return {rule["alert"]} if "alert" in rule else {sibling["alert"] for sibling in siblings if "alert" in sibling}


def narrowed_tests(test: Document, alerts: set[str]) -> Document:
    """Return a test file with only the tests that ask for one of `alerts`."""
    return {**test, "tests": [case for case in test["tests"] if _asked([case]) & alerts]}


def narrowed_rules(document: Document, test: Document) -> Document:
    """Return a rule file with the groups on which the outcome of `test` can depend, in their order.

    If the test loads several files, nothing is left out: it is not known here what the other files read.
    """
    if len(test["rule_files"]) > 1:
        return document
    groups = document["groups"]
    asked = _asked(test["tests"])
    texts = [case["expr"] for rule_test in test["tests"] for case in rule_test.get("promql_expr_test", ())]
    needed = [group for group in groups if _alerts(group) & asked]
    while more := [group for group in _groups_read_by(groups, texts, needed) if group not in needed]:
        needed += more
    return {**document, "groups": [group for group in groups if group in needed]}


def _groups_read_by(groups: list[Document], texts: list[str], readers: list[Document]) -> list[Document]:
    """Return the groups whose series the expressions `texts`, or those of the groups `readers`, can see."""
    read_by = [*texts, *(rule["expr"] for reader in readers for rule in reader["rules"])]
    metrics = {name for text in read_by for name in _names(text)}
    if any(_is_unnamed(text) for text in read_by):
        return groups
    sees_alerts = bool(metrics & _ALERT_SERIES)
    return [group for group in groups if metrics & _recorded(group) or (sees_alerts and _alerts(group))]


def _asked(tests: list[dict[str, Any]]) -> set[str]:
    return {case["alertname"] for test in tests for case in test.get("alert_rule_test", ())}


def _alerts(group: Document) -> set[str]:
    return {rule["alert"] for rule in group["rules"] if "alert" in rule}


def _recorded(group: Document) -> set[str]:
    return {rule["record"] for rule in group["rules"] if "record" in rule}


def _names(text: str) -> set[str]:
    """Return every name in an expression that stands outside of braces, ranges and lists of labels."""
    return {token.text for token in read(text) if token.type == "name" and token.place is Place.EXPRESSION}


def _is_unnamed(text: str) -> bool:
    """Tell whether an expression selects series by anything other than plain names."""
    tokens = read(text)
    named = any(token.text == "__name__" for token in tokens)
    bare = any(
        token.text == "{" and (number == 0 or tokens[number - 1].type != "name") for number, token in enumerate(tokens)
    )
    return named or bare
