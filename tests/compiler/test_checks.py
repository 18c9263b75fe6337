"""Tests of the checks and their registry: every code has its texts, and correct specifications get no finding."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.alerts import Alert
from compiler.checks.codes import CODES, SUBJECTS
from compiler.checks.functions import FUNCTIONS
from compiler.checks.reference import page
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic
from compiler.promql import PromQLError, canonical
from tests.compiler.base import LEDGER, ROOT, SHOP, SPEC, codes, compiled, edit

pytestmark = pytest.mark.usefixtures("base")


def findings() -> list[Diagnostic]:
    """Return the findings in the current directory, sorted by place."""
    return list(compile_spec(Path(SPEC)).diagnostics)


def test_the_reference_page_is_what_the_registry_says() -> None:
    """Fails until `python -m compiler.checks docs/checks.md` has been run after a change of an entry."""
    assert (ROOT / "docs" / "checks.md").read_text(encoding="utf-8") == page()


def test_a_code_has_one_entry_in_words_that_end() -> None:
    """No entry hides another, people can type the code, and all texts are whole sentences."""
    entries = [entry for of_subject in SUBJECTS.values() for entry in of_subject]
    assert len(entries) == len(CODES)
    for entry in entries:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.code)
        assert entry.summary.endswith(".")
        assert entry.explanation.endswith(".")
        assert entry.mend.endswith(".")


def test_the_repository_has_nothing_to_complain_about() -> None:
    """Our own limits and runbooks pass every check, including those that warn."""
    assert findings_of(ROOT / SPEC) == []


def findings_of(spec: Path) -> list[Diagnostic]:
    """Return the findings of a specification."""
    return list(compile_spec(spec).diagnostics)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"> 1%",  critical: "> 5%"', '"> 1%",  critical: ">= 100%"', ()),
        (
            '{warning: ">= 85 of 100", critical: off}',
            '{warning: "> 150%", critical: off}',
            ((SHOP, "at least 85 of 100", "above 150 %"),),
        ),
        (
            '"> 1h30m", documented: "should be closed within 90 minutes"',
            '"> 0s", documented: "should be closed within 0 minutes"',
            ((LEDGER, "within 90 minutes", "within 0 minutes"),),
        ),
        ('active: "== 0", of: all', 'active: "< 0"', ()),
    ],
    ids=["all of it", "more than there is", "an age of nothing", "a gauge below nothing"],
)
def test_a_limit_that_some_value_crosses_and_some_does_not_is_fine(
    old: str, new: str, where: tuple[tuple[str, str, str], ...]
) -> None:
    """All of a share can be lost, more than the maximum can be in use, and a gauge can have any value."""
    for change in ((SPEC, old, new), *where):
        edit(*change)
    assert codes() == []


def test_a_wrong_limit_of_the_house_is_one_finding_that_names_all_who_take_it() -> None:
    """Two systems inherit the limit, and it is wrong in one place."""
    edit(SPEC, '"> 1%",  critical: "> 5%"', '">= 0%",  critical: "> 5%"')
    edit(SPEC, "      error_ratio:  off\n", "")
    edit(LEDGER, "## Ledger fails", "## Errors\n\nSee the log.\n\n## Ledger fails")
    (finding,) = findings()
    assert finding.code == "limit-always-fires"
    assert [note.message for note in finding.related] == [
        "`ledger` takes this limit of the house",
        "`shop` takes this limit of the house",
    ]


@pytest.mark.parametrize(
    "link",
    ["See [the tills](#tills-jam).", "See [the tills](shop.md#tills-jam)."],
    ids=["in the same runbook", "by the file"],
)
def test_a_section_that_a_link_leads_to_is_used(link: str) -> None:
    """People who follow an alert reach this section by the link."""
    edit(SHOP, "## Checkout closed\n", "## Tills jam\n\n```bash\ntillctl unjam\n```\n\n## Checkout closed\n")
    assert codes() == ["unused-section"]
    edit(SHOP, "Is the database slow?", f"Is the database slow? {link}")
    assert codes() == []


def test_a_link_of_a_section_to_itself_leads_nobody_there() -> None:
    """Only somebody who already reads the section sees this link."""
    edit(
        SHOP,
        "## Checkout closed\n",
        "## Tills jam\n\n```bash\ntillctl\n```\n\n[up](#tills-jam)\n\n## Checkout closed\n",
    )
    assert codes() == ["unused-section"]


@pytest.mark.parametrize(
    "section",
    ["## Opening hours\n\nFrom nine to five.\n\n", "### Tills jam\n\n```bash\ntillctl unjam\n```\n\n"],
    ids=["without commands", "below another section"],
)
def test_a_section_of_another_form_or_place_is_no_troubleshooting_section(section: str) -> None:
    """Sections with addresses or background, and parts of a section, need no alert."""
    edit(SHOP, "## Checkout closed\n", f"{section}## Checkout closed\n")
    assert codes() == []


def test_what_all_troubleshooting_sections_share_is_their_form() -> None:
    """If every section has an **Impact.**, only sections with it are troubleshooting sections.

    They need no commands.
    """
    text = Path(SHOP).read_text(encoding="utf-8")
    head, *rest = re.split(r"(?=^## )", text, flags=re.MULTILINE)
    shaped = [part if part.startswith("## Alert") else part.rstrip() + "\n\n**Impact.** Some.\n\n" for part in rest]
    without, with_impact = "## Tills\n\n```bash\ntillctl\n```\n", "## Tills\n\n**Impact.** Queues.\n"
    Path(SHOP).write_text(head + "".join(shaped) + without, encoding="utf-8")
    assert codes() == []
    Path(SHOP).write_text(head + "".join(shaped) + with_impact, encoding="utf-8")
    assert codes() == ["unused-section"]


def test_now_is_no_deadline_and_never_is_none() -> None:
    """Nobody can be late if `now` asks at once."""
    edit(
        SPEC,
        "{respond: 30m, notify: [sms, email], announce: [slack, pagerduty], escalate: 1h}",
        "{respond: now, notify: [sms, email], escalate: never}",
    )
    assert codes() == []


def test_a_level_that_an_escalation_never_comes_to_needs_no_contact() -> None:
    """Here the escalation makes phone calls only at the first level."""
    edit(SPEC, ', sms: ["+12025550102"], phone: ["+12025550102"]', ', sms: ["+12025550102"]')
    assert codes() == []


def test_a_label_that_a_query_may_leave_can_be_grouped_by() -> None:
    """The compiler reports only what it can prove."""
    edit(SPEC, "routing:\n", "routing:\n  group_by: [alertname, severity, queue]\n")
    assert codes() == []


def test_a_wrong_value_in_one_system_hides_nothing_of_another() -> None:
    """The schema refuses the shop; the compiler still checks the ledger."""
    edit(SPEC, "title: The shop", "title: 5")
    edit(SPEC, '"> 1000"', '"> 6000"')
    edit(LEDGER, "warning above 1000", "warning above 6000")
    assert codes() == ["schema", "limit-order"]


def test_a_system_that_shares_the_runbook_of_a_refused_one_is_left_aside_too() -> None:
    """Otherwise the sentences about the refused system would seem to be about no system."""
    edit(SPEC, "title: The shop", "title: 5")
    edit(SPEC, "runbook: runbooks/ledger.md", "runbook: runbooks/shop.md")
    assert codes() == ["schema"]


def test_names_of_functions_are_those_that_the_parser_knows() -> None:
    """A hint must not lead from one unknown function to another."""
    assert [name for name in sorted(FUNCTIONS) if "unknown function" in refusal(f"{name}(x)")] == []
    assert "unknown function" in refusal("maxx(x)")


def refusal(query: str) -> str:
    """Return what the parser says against a query."""
    try:
        canonical(query)
    except PromQLError as error:
        return str(error)
    return ""


def test_a_function_is_found_in_a_query_of_several_lines() -> None:
    """The caret stands below the function's name."""
    edit(
        SPEC,
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: >-\n      sum by ({{ per }}) (\n      maxx_over_time({{ taken }}[5m])) -",
    )
    (finding,) = findings()
    line = Path(SPEC).read_text(encoding="utf-8").split("\n")[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == "maxx_over_time"


MATCHER = re.compile(r'(?P<label>\w+)(?P<operator>=~|!=|=)"(?P<value>[^"]*)"')


def matched(matchers: list[str], labels: dict[str, str]) -> bool:
    """Return whether labels pass Alertmanager's matchers."""
    hits = [MATCHER.fullmatch(matcher) for matcher in matchers]
    return all(hit is not None and passes(hit, labels.get(hit["label"], "")) for hit in hits)


def passes(matcher: re.Match[str], value: str) -> bool:
    """Return whether a label's value passes one matcher."""
    match matcher["operator"]:
        case "=":
            return value == matcher["value"]
        case "!=":
            return value != matcher["value"]
        case _:
            return re.fullmatch(matcher["value"], value) is not None


def series(alert: Alert, component: str) -> dict[str, str]:
    """Return the labels of an alert for one component."""
    return {**alert.labels, "alertname": alert.name, "component": alert.component or component}


@pytest.mark.parametrize("own", [False, True], ids=["base", "the repository's"])
def test_an_alert_is_silenced_by_a_more_severe_one_of_its_own_component_and_by_nothing_else(*, own: bool) -> None:
    """Law of the generated inhibition. It needs no check, because no user writes it."""
    compilation = compile_spec(ROOT / SPEC) if own else compiled()
    artifacts = {artifact.path: artifact.content for artifact in compilation.artifacts}
    rules: list[dict[str, Any]] = yaml.safe_load(artifacts["alertmanager/alertmanager.yml"])["inhibit_rules"]
    alerts = [series(alert, part) for group in compilation.groups for alert in group.alerts for part in ("a/b", "c")]
    more_severe = {"critical": {"info", "warning"}, "emergency": {"info", "warning", "critical"}}
    silenced = 0
    for source, target in product(alerts, alerts):
        same = all(source[label] == target[label] for label in ("alertname", "system", "component"))
        expected = same and target["severity"] in more_severe.get(source["severity"], set())
        inhibited = any(
            matched(rule["source_matchers"], source)
            and matched(rule["target_matchers"], target)
            and all(source.get(label, "") == target.get(label, "") for label in rule["equal"])
            for rule in rules
            if same or source["alertname"] == target["alertname"] or not own
        )
        assert inhibited == expected
        silenced += inhibited
    assert silenced
