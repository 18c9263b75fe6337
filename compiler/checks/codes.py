"""The codes of all diagnostics and what they mean: `tocsin explain CODE`, and the reference page."""

from __future__ import annotations

from typing import Final

EXPLANATIONS: Final[dict[str, str]] = {
    "alert-name": (
        "Two signals come out as one alert name. Alertmanager and the webhook tell alerts apart by name and severity,\n"
        "so each name may stand for one signal of one system only."
    ),
    "alias": (
        "YAML anchors (`&`) and aliases (`*`) are not supported: they hide what a line means, and let a small file\n"
        "expand without bound. What many systems share stands in `defaults:` or `signals:`."
    ),
    "documented": (
        "The words that `documented:` quotes do not stand in the system's runbook. They must occur on one line."
    ),
    "contact": (
        "The first level of a policy has no contact of any kind by which the policy notifies it: nobody would be\ntold."
    ),
    "duplicate-key": (
        "One key stands twice in one mapping, or one id in two files. YAML parsers keep the last one in silence; here\n"
        "it is an error."
    ),
    "encoding": "The file is not UTF-8 text, or holds a control character.",
    "group-by": (
        "Alerts of one name and one severity belong into one notification, and none else: a page has one PagerDuty\n"
        "key, which Alertmanager makes from the group, so a group must not hold several severities or alerts."
    ),
    "hold-outlasts-window": (
        "Events count while they are in the window. Where `for` is as long as the window, they have left it before\n"
        "the alert may fire, unless new ones keep coming."
    ),
    "limit": (
        "A limit is a comparator, a number and a unit (`> 5%`, `>= 85 of 100`, `> 200ms`), `when true` for a state,\n"
        "or `off`."
    ),
    "limit-differs": (
        "The runbook and thresholds.yaml state different limits for the same signal and severity. People follow the\n"
        "one, the alert follows the other: decide which is right and change the other."
    ),
    "limit-direction": "One severity of the signal is bad when high, another when low. Make two signals of them.",
    "limit-order": (
        "A graver severity must begin beyond the milder one. Where they are equal or reversed, the milder is never\n"
        "seen, because the graver one inhibits it."
    ),
    "limit-unit": "The limit has no unit, or one that its signal is not measured in.",
    "metrics": "A binding names exactly the inputs of its signal's kind; a signal with limits needs a binding.",
    "missing-file": "A file that is named cannot be read.",
    "missing-key": "A key that the format asks for is missing.",
    "path": "Paths in thresholds.yaml lie in the folder of that file or below it.",
    "promql": "A metric or a query is not PromQL as Prometheus reads it.",
    "quantity": "A duration, a rate or a number cannot be read.",
    "reference": "An id refers to nothing: a team, a level or a policy of this name is not defined.",
    "reserved-id": "A file of this name is generated already, so no system can have it.",
    "reserved-label": (
        "The rule itself sets this label on every alert, or it is `le`, which tells a histogram's buckets apart: it\n"
        "cannot tell components apart."
    ),
    "runbook-section": (
        "Every alert leads to one section of its system's runbook; the anchor is missing or names no heading."
    ),
    "schema": "A value is not of the form that the published schema of thresholds.yaml describes.",
    "signal": "A signal is not defined, or its definition is incomplete.",
    "statement": 'A bullet below "Alert thresholds" of a runbook states no limit in the known form.',
    "syntax": "The file is not YAML.",
    "template": "The PromQL template of a signal does not parse or does not render.",
    "undocumented-limit": (
        "A system's own limit stands in no sentence of its runbook. The documents are the source: write the sentence."
    ),
    "unknown-key": "The format does not know this key.",
    "untested": (
        "No series can be made up that make the query return a given value, so the alert has no generated test. Give\n"
        "the signal an `example`."
    ),
    "unwatched-statement": "The runbook states a limit that no alert of the system carries.",
}
