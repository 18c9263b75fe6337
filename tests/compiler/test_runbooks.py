"""Markdown runbooks: sections, commands, quotations."""

from __future__ import annotations

from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks import Command, Placeholder, Runbook, parse_runbook


def parse(text: str) -> Runbook:
    """Return a runbook that must be without fault."""
    diagnostics = Diagnostics()
    runbook = parse_runbook("r.md", text, diagnostics)
    assert diagnostics.found == []
    return runbook


def test_a_section_ends_at_the_next_heading_of_its_level_or_above() -> None:
    """Deeper headings belong to the section; lines count from 1."""
    runbook = parse("# A\na\n## B\nb\n#### C\nc\n### D\nd\n## E\ne\n# F\n")
    assert [(one.title, one.line, one.end) for one in runbook.sections] == [
        ("A", 1, 10),
        ("B", 3, 8),
        ("C", 5, 6),
        ("D", 7, 8),
        ("E", 9, 10),
        ("F", 11, 12),
    ]
    assert runbook.anchors["b"].markdown == "b\n#### C\nc\n### D\nd"
    assert runbook.anchors["f"].markdown == ""


def test_underlined_headings_are_headings() -> None:
    """Their body begins behind the underline; a heading of two lines is one."""
    runbook = parse("Over\nall\n===\n\ntext\n\nPart\n----\nmore\n")
    assert [(one.title, one.anchor, one.line, one.markdown) for one in runbook.sections] == [
        ("Over all", "over-all", 1, "text\n\nPart\n----\nmore"),
        ("Part", "part", 7, "more"),
    ]


def test_what_looks_like_a_heading_in_code_or_front_matter_is_none() -> None:
    """Comments of shell scripts begin with `#`, too."""
    text = "---\ntitle: x\n# no\n---\n# Yes\n```bash\n# no\n```\n\n    # no\n"
    assert [(one.title, one.line) for one in parse(text).sections] == [("Yes", 5)]


def test_headings_lose_their_markup_and_keep_their_words() -> None:
    """GitHub makes the anchor of what it shows."""
    text = "## **Bold** `code_x` [link](http://x) ![alt](i.png) &amp; \\*star\\* <b>tag</b> ##\n"
    (section,) = parse(text).sections
    assert (section.title, section.anchor) == ("Bold code_x link alt & *star* tag", "bold-code_x-link-alt--star-tag")


def test_repeated_headings_are_numbered_in_order() -> None:
    """As GitHub does it, so that links lead to the section that the compiler means."""
    runbook = parse("# A\n## A\n## A-1\n# B\n## A\n")
    assert [one.anchor for one in runbook.sections] == ["a", "a-1", "a-1-1", "b", "a-2"]


def test_a_file_of_windows_reads_the_same() -> None:
    """Sections and commands do not depend on how lines end; the compiler's reader has unified them."""
    text = "# A\n\n```sh\nls\n```\n\n## Alert thresholds\n\n- Pool: warning above 5 %.\n"
    unix, windows = parse(text), parse(text.replace("\n", "\r\n").replace("\r\n", "\n"))
    assert unix == windows


def test_commands_are_the_fenced_blocks_of_a_section() -> None:
    """In order, in lists too, with the first word of the info string, and without the indentation of the list."""
    text = "# A\n~~~ promql extra\nup == 0\n~~~\n1. do\n\n   ```bash\n   ls\n     -l\n   ```\n## B\n```\nx\n\n```\n"
    runbook = parse(text)
    assert [(one.language, one.text) for one in runbook.anchors["b"].commands] == [("", "x\n")]
    assert [(one.language, one.text) for one in runbook.anchors["a"].commands] == [
        ("promql", "up == 0"),
        ("bash", "ls\n  -l"),
        ("", "x\n"),
    ]


def test_placeholders_know_the_label_that_fills_them() -> None:
    """`<…>`, `${…}`, `$NAME` and `YOUR_…`; each once, in order, with the line that names the label; none where a person must."""
    text = """# A
```bash
kubectl logs <pod-name> -n ${NAMESPACE} --token=$TOKEN --user=YOUR_NAME <pod-name> $1 <- <1> a<b
```

- `<pod-name>` is the alert's `pod` label.
- `${NAMESPACE}` is the alert’s `namespace` label.
- `$TOKEN`: your own.
"""
    (section,) = parse(text).sections
    assert section.commands == (
        Command(
            language="bash",
            text="kubectl logs <pod-name> -n ${NAMESPACE} --token=$TOKEN --user=YOUR_NAME <pod-name> $1 <- <1> a<b",
            placeholders=(
                Placeholder(text="<pod-name>", label="pod", explanation="- `<pod-name>` is the alert's `pod` label."),
                Placeholder(
                    text="${NAMESPACE}",
                    label="namespace",
                    explanation="- `${NAMESPACE}` is the alert’s `namespace` label.",
                ),
                Placeholder(text="$TOKEN", label=None),
                Placeholder(text="YOUR_NAME", label=None),
            ),
        ),
    )


def test_a_label_said_in_another_section_fills_nothing_here() -> None:
    """Each alert carries its own labels."""
    runbook = parse("# A\n```sh\nls <x>\n```\n# B\n`<x>` is the alert's `x` label\n")
    assert runbook.anchors["a"].commands[0].placeholders == (Placeholder(text="<x>", label=None),)


def test_statements_are_the_list_items_below_alert_thresholds() -> None:
    """Bulleted or numbered, nested or quoted; those of other sections are prose."""
    text = """# R
- Pool: warning above 1 %.

## ALERT thresholds

* Disk: warning above 2 %.
1. CPU - user: warning above 3 %.
   - Memory: critical above 4 %.

> + Net: info above 5 %.

### More

- Swap: emergency above 6 %.

## Other
- Load: warning above 7 %.
"""
    found = [(one.title, one.severity, one.span.line, one.span.column) for one in parse(text).statements]
    assert found == [
        ("Disk", "warning", 6, 9),
        ("CPU - user", "warning", 7, 16),
        ("Memory", "critical", 8, 14),
        ("Net", "info", 10, 10),
        ("Swap", "emergency", 14, 9),
    ]


def test_a_bullet_that_cannot_be_read_is_remembered() -> None:
    """So that nobody is told, besides, that its limit is not documented."""
    diagnostics = Diagnostics()
    runbook = parse_runbook("r.md", "# Alert thresholds\n- A: warning above 5 %\n- B is\n  bad\n", diagnostics)
    assert [one.title for one in runbook.statements] == ["A"]
    assert runbook.unread == ("B is\n  bad",)
    assert [(one.code, one.span) for one in diagnostics.found] == [("statement", Span("r.md", 3, 3, 7))]


def test_a_quotation_is_found_on_one_line_whatever_its_blanks() -> None:
    """The first line that holds the words, as it stands, with its place."""
    runbook = parse("# A\n\n  Queries   over 5 s\nare slow. Queries over 5 s\n")
    found = runbook.quote("Queries over\t5 s")
    assert found is not None
    assert (found.text, found.span.line, found.span.column, found.span.end_column) == ("Queries   over 5 s", 3, 3, 21)
    assert runbook.quote("5 s are slow") is None
    assert runbook.quote("   ") is None
