"""Tests of missing metrics: the rules that a place gets, however many metrics it has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from compiler import conventions
from compiler.promql import Matcher, Selector, canonical, in_parts
from compiler.signals.bound import Binding, BoundSignal, Signal
from compiler.signals.missing_place import place
from tests.compiler.base import SHOP, SPEC, compiled, edit

pytestmark = pytest.mark.usefixtures("base")

MOST_RULES = 20
"""The most rules in a group, by Mimir's default."""


def dials(count: int, matchers: str = "") -> None:
    """Bind so many gauges in the shop's only place."""
    names = [f"dial_{number}" for number in range(count)]
    edit(SPEC, "signals:\n", "signals:\n" + "".join(f"  {name}: {{kind: gauge, unit: count}}\n" for name in names))
    limits = "".join(
        f'      {name}: {{warning: "> {n + 7}", runbook: "#slow-answers"}}\n' for n, name in enumerate(names)
    )
    metrics = "".join(f"      {name}: {{gauge: 'board_{name}{matchers}', per: service}}\n" for name in names)
    edit(SPEC, "      latency_p95:     {warning", f"{limits}      latency_p95:     {{warning")
    edit(SPEC, "      latency_p95:     {histogram", f"{metrics}      latency_p95:     {{histogram")
    stated = "".join(f"- {name}: warning above {n + 7}.\n" for n, name in enumerate(names))
    text = Path(SHOP).read_text()
    Path(SHOP).write_text(text.replace("## Alert thresholds\n\n", f"## Alert thresholds\n\n{stated}\n"))


def rules(system: str = "shop") -> list[dict[str, str]]:
    """Return the rules about missing metrics of a system with one place."""
    (rules_file,) = (artifact for artifact in compiled().artifacts if artifact.path == conventions.rules_path(system))
    groups = yaml.safe_load(rules_file.content)["groups"]
    (group_rules,) = (group["rules"] for group in groups if ".metrics_missing" in group["name"])
    return list(group_rules)


@pytest.mark.parametrize(
    ("count", "matchers"),
    [(40, ""), (40, '{room="lab",rack!="7",kind=~"a|b"}'), (120, '{room="lab"}'), (400, "")],
)
def test_any_number_of_metrics_of_one_place_is_watched(count: int, matchers: str) -> None:
    """Several recording rules of one name share the metrics, and every server can parse each.

    There are always two alerts.
    """
    dials(count, matchers)
    place_rules = rules()
    recorded = [rule for rule in place_rules if rule.get("record", "").endswith(":present")]
    text = " ".join(rule["expr"] for rule in recorded)
    assert all(text.count(f"(board_dial_{number}{{") == 1 for number in range(count))
    assert [rule["labels"].get("part") for rule in recorded] == [None, *map(str, range(2, len(recorded) + 1))]
    assert sum("alert" in rule for rule in place_rules) == 2
    if count < 200:
        assert len(place_rules) <= MOST_RULES


def test_a_place_of_few_metrics_keeps_its_names() -> None:
    """No rule has the label `part` if there is only one."""
    assert all("part" not in rule["labels"] for rule in rules())


def test_expressions_are_joined_as_far_as_they_fit() -> None:
    """The order stays, and each part is PromQL."""
    expressions = [f'label_replace(dial_{number}{{a="b"}}, "metric", "dial", "", "")' for number in range(300)]
    parts = in_parts(expressions)
    assert " or ".join(parts) == " or ".join(expressions)
    assert 1 < len(parts) < 30
    assert all(canonical(part) for part in parts)


def binding(*metrics: Selector) -> BoundSignal:
    """Return a signal that watches whether these metrics are missing."""
    inputs = {f"{number:03}": metric for number, metric in enumerate(metrics)}
    source = (Matcher("job", "=", "kite"),)
    signal = Signal(id="metrics_missing", kind="missing", unit="state", title="Metrics missing")
    return BoundSignal(signal=signal, binding=Binding(inputs=dict(inputs), window=300, source=source, targets=source))


def test_metrics_of_one_name_are_called_by_their_matchers() -> None:
    """The label has the matchers that the metrics do not share.

    Every engine reads it back, and no two labels are alike.
    """
    job = Matcher("job", "=", "kite")
    high = Selector("wind", (job, Matcher("level", "=", "high"), Matcher("unit", "!=", 'a="b",c')))
    low = Selector("wind", (job, Matcher("level", "=~", "low.*")))
    odd = [Selector("gust", (job, Matcher("at", "=", sign))) for sign in "=,"]
    alone = Selector("rain", (job, Matcher("level", "=", "high")))
    named_place = place(binding(high, low, *odd, alone))
    assert [named_place.label(metric) for metric in (high, low, *odd, alone)] == [
        "wind (level is high and unit is not a__b__c)",
        "wind (level is like low.*)",
        "gust (at is _) 1",
        "gust (at is _) 2",
        "rain",
    ]


def test_a_dollar_in_the_name_of_a_metric_stays_one() -> None:
    """`label_replace` would take it for a group of its regular expression."""
    cheap, dear = (Selector("price", (Matcher("sign", "=", sign),)) for sign in ("$1", "£1"))
    assert place(binding(cheap, dear)).quoted_label(cheap) == '"price (sign is $$1)"'
