"""Tests of comments that silence a finding: where they hold, and findings about the comments themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler import reports
from compiler.checks.codes import CODES
from compiler.compilation import compile_spec
from tests.compiler.base import SHOP, SPEC, codes, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")

CONNECTIONS = 'connection_pool: {warning: "> 60%", critical: "> 80%", runbook: "#connections"}'
ERRORS = 'error_ratio:     {warning: "> 1%",  critical: "> 5%",  runbook: "#errors"}'
ALWAYS = 'error_ratio:     {warning: ">= 0%",  critical: "> 5%",  runbook: "#errors"}'
COMMENT = "# tocsin: ignore[limit-always-fires] a drill"
TILLS = "## Tills jam\n\n```bash\ntillctl unjam\n```\n\n## Checkout closed\n"
HTML = "<!-- tocsin: ignore[unused-section] from the wiki -->"


@pytest.mark.parametrize(
    "text",
    [
        f"{ALWAYS}  {COMMENT}",
        f"{ALWAYS}  # the house's  {COMMENT}",
        f"{COMMENT}\n    {ALWAYS}",
        f"# tocsin:ignore [ limit-always-fires ]   a drill\n    {ALWAYS}",
        f"{COMMENT}\n    # tocsin: ignore[limit-never-fires] below\n    {ALWAYS}".replace('"> 5%"', '"> 100%"'),
        f"{ALWAYS}  # tocsin: ignore[limit-never-fires, limit-always-fires] a drill".replace('"> 5%"', '"> 100%"'),
    ],
    ids=["in the line", "behind other words", "above", "loosely written", "two above", "two codes"],
)
def test_a_comment_silences_what_it_names_in_its_line_or_the_next(text: str) -> None:
    """Silenced findings do not count: files are written, and the exit status is 0."""
    edit(SPEC, ERRORS, text)
    result = tocsin("compile")
    assert (result.exit_code, codes()) == (0, [])
    assert Path("generated").exists()


@pytest.mark.parametrize(
    "text",
    [
        f"{COMMENT}\n\n    {ALWAYS}",
        f"{ALWAYS}\n    {COMMENT}",
        f"{ALWAYS}  # tocsin: ignore[limit-never-fires] another one",
    ],
    ids=["too far above", "below", "another code"],
)
def test_a_comment_elsewhere_or_of_another_code_silences_nothing_and_says_so(text: str) -> None:
    """The finding remains, and the comment gets a finding of its own."""
    edit(SPEC, ERRORS, text)
    assert sorted(codes()) == ["limit-always-fires", "unused-suppression"]


def test_what_stands_in_a_value_is_no_comment() -> None:
    """In quotes, in a block and in a plain scalar, a number sign is text."""
    edit(SPEC, "title: The shop", "title: 'The # tocsin: ignore[nonsense] shop'")
    edit(SPEC, "title: Backlog\n", "title: >-\n      Backlog\n      # tocsin: ignore[nonsense] of it\n")
    edit(SPEC, "title: Time to close the day", 'title: "Time # tocsin: ignore[nonsense]"')
    assert "suppression" not in codes()


def test_a_comment_behind_the_sign_that_begins_a_block_is_one() -> None:
    """YAML allows a comment there, and below the block too."""
    query = "query: sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})"
    block = "query: >-  # tocsin: ignore[lost-label] one region\n      " + query.removeprefix("query: ")
    edit(SPEC, query, block.replace("({{ per }}) ({{ taken", "(region) ({{ taken"))
    assert codes() == []
    edit(SPEC, "    example:\n", "    # tocsin: ignore[nonsense] x\n    example:\n")
    assert codes() == ["suppression"]


@pytest.mark.parametrize(
    "text",
    [f"{HTML}\n{TILLS}", TILLS.replace("jam\n", f"jam {HTML}\n", 1)],
    ids=["above", "in the line"],
)
def test_a_comment_in_a_runbook_silences_and_is_not_shown_to_its_readers(text: str) -> None:
    """The catalogue's sections lack the comment."""
    edit(SHOP, "## Checkout closed\n", text)
    compilation = compile_spec(Path(SPEC))
    assert not compilation.diagnostics.found
    catalog = next(artifact.content for artifact in compilation.artifacts if artifact.path == "catalog.json")
    assert "tocsin: ignore" not in (catalog.decode() if isinstance(catalog, bytes) else catalog)


def test_a_comment_above_a_block_of_code_holds_for_all_of_it() -> None:
    """No comment can stand inside of the block."""
    edit(SHOP, "```sql\nSELECT count(*) FROM pg_stat_activity;", "```sql\nSELECT 1;\nPGPASSWORD=hunter22 psql")
    assert codes() == ["secret"]
    edit(SHOP, "```sql\n", "<!-- tocsin: ignore[secret] of a local test -->\n```sql\n")
    assert codes() == []


@pytest.mark.parametrize(
    "text",
    ["```html\n<!-- tocsin: ignore[nonsense] x -->\n```\n", "Write `<!-- tocsin: ignore[nonsense] x -->` there.\n"],
    ids=["a block", "a span"],
)
def test_what_stands_in_code_of_a_runbook_is_no_comment(text: str) -> None:
    """A runbook may explain suppressions."""
    edit(SHOP, "Nobody can pay.", f"{text}\nNobody can pay.")
    assert codes() == []


@pytest.mark.parametrize("code", sorted(code for code, entry in CODES.items() if not entry.suppressible))
def test_what_leaves_nothing_to_compile_cannot_be_silenced(code: str) -> None:
    """The comment itself is a finding."""
    edit(SPEC, "version: 1\n", f"version: 1  # tocsin: ignore[{code}] x\n")
    assert codes() == ["suppression"]


def test_an_unused_comment_is_not_held_against_anybody_while_parts_are_left_out() -> None:
    """The check that it silences may not have run yet."""
    edit(SPEC, CONNECTIONS, f"{CONNECTIONS}  # tocsin: ignore[limit-order] x")
    assert codes() == ["unused-suppression"]
    edit(SPEC, '"> 150ms"', '"> 150"')
    assert codes() == ["limit-unit"]


def test_machines_are_told_what_has_been_silenced() -> None:
    """JSON counts it. SARIF holds it with its reason, and programs that read SARIF leave it out."""
    edit(SPEC, ERRORS, f"{ALWAYS}  {COMMENT}")
    diagnostics = compile_spec(Path(SPEC)).diagnostics
    assert json.loads(reports.as_json(diagnostics)) == {"diagnostics": [], "suppressed": 1}
    (result,) = json.loads(reports.sarif(diagnostics))["runs"][0]["results"]
    assert result["ruleId"] == "limit-always-fires"
    assert result["suppressions"] == [{"kind": "inSource", "justification": "a drill"}]
    assert reports.text(diagnostics) == ""
