"""Tests of Markdown runbooks: sections, commands and quotations."""

from __future__ import annotations

import re
import time

import pytest

from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks import Command, Place, Placeholder, Runbook, anchors_in, parse_runbook
from compiler.runbooks.anchors import Style
from tests.compiler.base import ROOT


def parse(text: str, style: Style = "github") -> Runbook:
    """Return a runbook, and assert that it has no finding."""
    diagnostics = Diagnostics()
    runbook = parse_runbook("r.md", text, diagnostics, style=style)
    assert diagnostics.found == []
    return runbook


def test_a_section_ends_at_the_next_heading_of_its_level_or_above() -> None:
    """Deeper headings belong to the section; lines count from 1."""
    runbook = parse("# A\na\n## B\nb\n#### C\nc\n### D\nd\n## E\ne\n# F\n")
    assert [(section.title, section.line, section.end) for section in runbook.sections] == [
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
    """The body begins behind the underline. A heading may have two lines; GitHub drops the break from the anchor."""
    runbook = parse("Over\nall\n===\n\ntext\n\nPart\n----\nmore\n")
    assert [(section.title, section.anchor, section.line, section.markdown) for section in runbook.sections] == [
        ("Over all", "overall", 1, "text\n\nPart\n----\nmore"),
        ("Part", "part", 7, "more"),
    ]


def test_what_looks_like_a_heading_in_code_or_front_matter_is_none() -> None:
    """Comments of shell scripts begin with `#`, too."""
    text = "---\ntitle: x\n# no\n---\n# Yes\n```bash\n# no\n```\n\n    # no\n"
    assert [(section.title, section.line) for section in parse(text).sections] == [("Yes", 5)]


def test_headings_lose_their_markup_and_keep_their_words() -> None:
    """GitHub makes the anchor from what it shows. A picture's words are not shown, so the anchor lacks them."""
    text = "## **Bold** `code_x` [link](http://x) ![alt](i.png) &amp; \\*star\\* ~~old~~ <b>tag</b> ##\n"
    (section,) = parse(text).sections
    assert (section.title, section.anchor) == (
        "Bold code_x link alt & *star* old tag",
        "bold-code_x-link---star-old-tag",
    )
    assert parse(text, "gitea").sections[0].anchor == "bold-code_x-link-alt--star-old-tag"


@pytest.mark.parametrize(
    ("text", "anchors"),
    [
        ("# A #", ["a"]),
        ("   ### A ###  ", ["a"]),
        ("# A \\#", ["a-"]),
        ("#A", []),
        ("    # A", []),
        ("####### A", []),
        ("#", [""]),
        ("A\n-", ["a"]),
        ("a\n# B", ["b"]),
        ("1\\. First\n========", ["1-first"]),
        ("# 🔥 Fire :fire:", ["-fire-fire"]),
        ("# __init__ and _x_", ["init-and-x"]),
        ("# `__init__`", ["__init__"]),
        ("# [a](b) [c][d]\n\n[d]: e", ["a-cd"]),
        ("# A <!-- no --> b", ["a--b"]),
        ("| # a |\n|---|\n| # b |", []),
        ("~~~\n# a\n```\n# b\n~~~\n# c", ["c"]),
        ("````md\n```\n# a\n```\n# b\n````\n# c", ["c"]),
        ("1. x\n\n   ```sh\n   # a\n   ```\n\n# b", ["b"]),
        ("- x\n  ```\n# a\n  ```", ["a"]),
        ("```\n# never closed", []),
        ("<!--\n# a\n\n# b\n-->\n# c", ["c"]),
        ("x <!-- a\n# b\n-->", ["b"]),
        ("<div>\n# a\n</div>\n\n# b", ["b"]),
        ("<details>\n\n# a\n</details>", ["a"]),
        ("+++\n# a\n+++\n# b", ["b"]),
        ("+++\n# a\n", ["a"]),
        ("---\n# a\n---\n# b", ["b"]),
        ("\n---\n# a\n---\n# b", ["a", "b"]),
        ("> # a\n\n- # b\n  - c\n\n    ## d", ["a", "b", "d"]),
    ],
)
def test_headings_are_those_that_github_shows(text: str, anchors: list[str]) -> None:
    """Headings in code, comments, HTML, tables and front matter do not count; those in quotations and lists do."""
    assert [section.anchor for section in parse(text).sections] == anchors


def test_a_heading_in_a_quotation_or_a_list_ends_with_it() -> None:
    """Even a large heading does not end the section around the quotation or list."""
    runbook = parse("## A\n\n> # Note\n> text\n> ## More\n> text\n\nmore\n\n- # B\n  b\n- c\n\nend\n")
    assert [(section.title, section.line, section.end) for section in runbook.sections] == [
        ("A", 1, 15),
        ("Note", 3, 6),
        ("More", 5, 6),
        ("B", 10, 11),
    ]


def test_blanks_beside_a_comment_or_a_picture_are_hyphens_and_nobody_has_to_know() -> None:
    """GitHub makes anchors before it trims. The section also has the other name."""
    runbook = parse("# A <!-- later -->\n# ![p](p.png) B\n")
    assert [(section.title, section.anchor, section.aliases) for section in runbook.sections] == [
        ("A", "a-", ("a",)),
        ("p B", "-b", ("b",)),
    ]
    assert runbook.anchors["a"] is runbook.sections[0]


def test_anchors_that_html_sets_lead_to_their_section() -> None:
    """They may stand in the heading, above it, or in the section. Those in code or comments do not count."""
    text = """<a name="top"></a>
# A <a id=in-a></a>
text <span id='deep'>x</span> `<a id="code"></a>`

<a id="above"></a>
<a name="also"></a>

## B

<!-- <a id="gone"></a> -->
<p id="below">x</p>
"""
    runbook = parse(text)
    assert {name: section.title for name, section in runbook.anchors.items()} == {
        "a-": "A",
        "b": "B",
        "top": "A",
        "in-a": "A",
        "deep": "A",
        "a": "A",
        "above": "B",
        "also": "B",
        "below": "B",
    }
    assert runbook.targets == set(runbook.anchors) == anchors_in(text)


def test_mkdocs_takes_the_anchor_that_a_heading_sets() -> None:
    """MkDocs reads it by an extension and numbers other headings around it. GitHub takes it for words."""
    text = "# Foo\n# Bar {#foo .wide}\n# Baz {: #baz-x }\n# Set {a, b}\n"
    assert [(section.title, section.anchor) for section in parse(text, "mkdocs").sections] == [
        ("Foo", "foo_1"),
        ("Bar", "foo"),
        ("Baz", "baz-x"),
        ("Set", "set"),
    ]
    assert parse(text).sections[1].anchor == "bar-foo-wide"


def test_a_section_of_a_plain_page_goes_by_the_anchor_that_html_sets() -> None:
    """Its headings have no anchors of their own. In thresholds.yaml, GitHub's name for the section works too."""
    text = '<a id="one"></a>\n\n# A\n<p id="deep">x</p>\n\n# B <a id="two"></a>\n\n# C {#three}\n'
    assert [(section.anchor, section.aliases) for section in parse(text, "plain").sections] == [
        ("one", ("a", "deep")),
        ("two", ("b-",)),
        ("three", ()),
    ]
    assert [section.anchor for section in parse(text).sections] == ["a", "b-", "c-three"]


def test_comments_are_for_the_writers_alone() -> None:
    """Readers do not see comments, except in code, where they belong to it.

    The places of all other text stay the same.
    """
    text = """# A

one <!-- two --> three
<!-- a
   line -->

<!-- alone -->
```html
<!-- code -->
```

`<!-- code -->` <!-- x -->

## Alert thresholds

- Pool <!-- pgbouncer -->: warning above 5 %. <!-- why -->
<!--
- Disk: warning above 5 %.
-->
"""
    runbook = parse(text)
    assert runbook.sections[0].markdown.startswith(
        "one              three\n\n```html\n<!-- code -->\n```\n\n`<!-- code -->`\n\n## Alert"
    )
    assert [(statement.severity, statement.span) for statement in runbook.statements] == [
        ("warning", Span("r.md", 16, 28, 45))
    ]
    assert runbook.quote("pgbouncer") is None
    assert runbook.quote("three") is not None
    assert len(runbook.text) == len(text)


def test_a_comment_that_is_never_closed_hides_the_rest_where_it_is_html() -> None:
    """The page hides the same part. Within a paragraph, the beginning of a comment is text."""
    assert parse("# A\nb\n\n<!-- c\n\nd\n").sections[0].markdown == "b"
    assert parse("# A\nb <!-- c\n\nd\n").sections[0].markdown == "b <!-- c\n\nd"


def test_repeated_headings_are_numbered_in_order() -> None:
    """GitHub does the same, so that links lead to the section that the compiler means."""
    runbook = parse("# A\n## A\n## A-1\n# B\n## A\n")
    assert [section.anchor for section in runbook.sections] == ["a", "a-1", "a-1-1", "b", "a-2"]


def test_a_file_of_windows_reads_the_same() -> None:
    """Sections and commands do not depend on how lines end, because the compiler's reader unifies line ends."""
    text = "# A\n\n```sh\nls\n```\n\n## Alert thresholds\n\n- Pool: warning above 5 %.\n"
    unix, windows = parse(text), parse(text.replace("\n", "\r\n").replace("\r\n", "\n"))
    assert unix == windows


def test_commands_are_the_fenced_blocks_of_a_section() -> None:
    """They have the first word of the info string, keep their order, also in lists, and lose the list's indentation."""
    text = "# A\n~~~ promql extra\nup == 0\n~~~\n1. do\n\n   ```bash\n   ls\n     -l\n   ```\n## B\n```\nx\n\n```\n"
    runbook = parse(text)
    assert [(command.language, command.text) for command in runbook.anchors["b"].commands] == [("", "x\n")]
    assert [(command.language, command.text) for command in runbook.anchors["a"].commands] == [
        ("promql", "up == 0"),
        ("bash", "ls\n  -l"),
        ("", "x\n"),
    ]


def test_placeholders_know_the_label_that_fills_them() -> None:
    """`<…>`, `${…}`, `$NAME` and `YOUR_…` are found once each, in order, with the line about the label, if any."""
    text = """# A
```bash
kubectl logs <pod-name> -n ${NAMESPACE} --token=$TOKEN --user=YOUR_NAME <pod-name> '$1 <- <1> a<b'
```

- `<pod-name>` is the alert's `pod` label.
- `${NAMESPACE}` is the alert’s `namespace` label.
- `$TOKEN`: your own.
"""
    (section,) = parse(text).sections
    assert section.commands == (
        Command(
            language="bash",
            text="kubectl logs <pod-name> -n ${NAMESPACE} --token=$TOKEN --user=YOUR_NAME <pod-name> '$1 <- <1> a<b'",
            placeholders=(
                Placeholder(
                    text="<pod-name>",
                    label="pod",
                    explanation="- `<pod-name>` is the alert's `pod` label.",
                    places=((13, Place(takes="word")), (72, Place(takes="word"))),
                ),
                Placeholder(
                    text="${NAMESPACE}",
                    label="namespace",
                    explanation="- `${NAMESPACE}` is the alert’s `namespace` label.",
                    places=((27, Place(takes="word")),),
                ),
                Placeholder(text="$TOKEN", label=None),
                Placeholder(text="YOUR_NAME", label=None),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("bash", "kubectl -n {{ namespace }} get pod {{pod}}", ["{{ namespace }}", "{{pod}}"]),
        (
            "bash",
            "curl https://[your-host]/ YOUR-TOKEN YOUR_JWT_TOKEN",
            ["[your-host]", "YOUR-TOKEN", "YOUR_JWT_TOKEN"],
        ),
        ("sh", "psql $DATABASE_URL < dump.sql > out.txt", ["$DATABASE_URL"]),
        ("sh", "cat <in >out; sort <<EOF>x; diff <(ls a) <(ls b)", []),
        ("sh", "echo $PATH ${HOME} $1 $? $$ $NF \\$ESCAPED ${X:-1} $USER", []),
        ("sh", "awk '{print $NF, $FS}' <file>", ["<file>"]),
        ("sh", "POD=$(kubectl get pod -o name)\nkubectl logs $POD ${POD}", []),
        ("sh", "kubectl logs $POD\nPOD=x", ["$POD"]),
        ("sh", "docker run -e DATABASE_URL=$DATABASE_URL x", ["$DATABASE_URL"]),
        ("sh", "export TOKEN=$TOKEN; use $TOKEN", ["$TOKEN"]),
        ("sh", "for POD in a b; do ls $POD; done; read -r NAME; echo $NAME", []),
        ("sh", "docker ps --format '{{.Names}} {{json .}} {{end}}'", []),
        ("sh", "[ -f x ] && [[ -d y ]] && echo ${a[0]} [a-z] [5m]", []),
        ("rust", "let x: Vec<String> = Vec::<Message>::new();", []),
        ("java", "Map<String> m", []),
        ("html", "<body>", []),
        ("", "<b>bold</b> <service>", ["<service>"]),
        ("yaml", "host: <your host>", ["<your host>"]),
    ],
)
def test_what_only_looks_like_a_placeholder_is_none(language: str, text: str, found: list[str]) -> None:
    """These are redirections, types, tags, templates of other programs, and variables that the shell sets."""
    (section,) = parse(f"# A\n```{language}\n{text}\n```\n").sections
    assert [placeholder.text for placeholder in section.commands[0].placeholders] == found


def test_what_the_section_explains_is_a_placeholder_in_any_case() -> None:
    """The writer has said so."""
    (section,) = parse("# A\n```sh\nPOD=x; ls $POD\n```\n`$POD` is the alert's `pod` label.\n").sections
    assert [(placeholder.text, placeholder.label) for placeholder in section.commands[0].placeholders] == [
        ("$POD", "pod")
    ]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("$ ls -l\ntotal 0\n$ df\nnone", "ls -l\ndf"),
        ("$ ls \\\n>   -l\ntotal 0", "ls \\\n  -l"),
        ("root@db-1:~# ls\nx\n[me@web ~]$ df", "ls\ndf"),
        ("# restart it\n$ ls", "ls"),
        ("ls\n# no prompt at all", "ls\n# no prompt at all"),
    ],
)
def test_of_a_session_the_command_is_what_was_typed(text: str, typed: str) -> None:
    """It has no prompt and no output, so that it can be pasted.

    A session without prompts stays, and so do other languages.
    """
    session, script = parse(f"# A\n```console\n{text}\n```\n```sh\n{text}\n```\n").sections[0].commands
    assert (session.language, session.text, script.text) == ("console", typed, text)


@pytest.mark.parametrize(
    ("info", "language"),
    [("bash", "bash"), ("bash title=x", "bash"), ("{.bash .wide}", "bash"), ("sh,ignore", "sh"), ("", ""), ("{}", "")],
)
def test_a_language_is_the_first_word_behind_the_fence(info: str, language: str) -> None:
    """Other programs put attributes there."""
    assert parse(f"# A\n```{info}\nx\n```\n").sections[0].fences == ((language, "x"),)


def test_a_command_deep_in_a_list_or_a_quotation_loses_their_marks() -> None:
    """The rest is what somebody types."""
    text = "# A\n- a\n  1. b\n\n     ```sh\n     ls\n       -l\n     ```\n> ```sh\n> df\n> ```\n"
    assert [command.text for command in parse(text).sections[0].commands] == ["ls\n  -l", "df"]


@pytest.mark.parametrize(
    "text",
    [
        *("# a\n" * 10_000, "- # a\n" * 5_000, "> " * 3_000 + "# x", "<!-- " * 50_000, "a <!-- `" * 50_000),
        *(
            "# a\n```sh\n" + "<x> $A ${b} " * 10_000,
            "# a\n```sh\n" + "read -a " * 20_000,
            "# a\n```\n" + "[your-" * 20_000,
        ),
        *("# a\n```console\n" + "[" * 50_000 + "a@" * 50_000, "# " + "a {" * 50_000 + "}", "+++\n" * 50_000),
    ],
    ids=lambda text: text[:12],
)
def test_a_text_that_nobody_writes_is_read_in_time(text: str) -> None:
    """No rule takes quadratic time for it."""
    started = time.process_time()
    # Some texts are refused for their depth, but still read.
    commands = [section.commands for section in parse_runbook("r.md", text, Diagnostics()).sections[:100]]
    assert time.process_time() - started < 10, f"{len(commands)} sections"


def test_the_sentence_of_the_documentation_fills_a_placeholder() -> None:
    """docs/thresholds.md shows the sentence and every form of a placeholder. The compiler reads what the page shows."""
    page = (ROOT / "docs/thresholds.md").read_text(encoding="utf-8").partition("## What commands are filled in with")[2]
    (example,) = re.findall(r"^````markdown\n(.*?)^````$", page, re.MULTILINE | re.DOTALL)
    (section,) = parse(example).sections
    (command,) = section.commands
    assert [(placeholder.text, placeholder.label) for placeholder in command.placeholders] == [
        ("<namespace>", None),
        ("<pod-name>", "pod"),
    ]
    forms = re.findall(r"`([^`]+)`", page.partition("placeholders: ")[2].partition(". A sentence")[0])
    (section,) = parse("# A\n```sh\n" + "\n".join(f"ls {form}" for form in forms) + "\n```\n").sections
    assert [placeholder.text for placeholder in section.commands[0].placeholders] == forms
    assert len(forms) == 6


def test_a_label_said_in_another_section_fills_nothing_here() -> None:
    """Each alert carries its own labels."""
    runbook = parse("# A\n```sh\nls <x>\n```\n# B\n`<x>` is the alert's `x` label\n")
    assert runbook.anchors["a"].commands[0].placeholders == (Placeholder(text="<x>", label=None),)


def test_statements_are_the_list_items_below_alert_thresholds() -> None:
    """They may be bulleted, numbered, nested or quoted. List items of other sections are prose."""
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
    statements = [
        (statement.title, statement.severity, statement.span.line, statement.span.column)
        for statement in parse(text).statements
    ]
    assert statements == [
        ("Disk", "warning", 6, 9),
        ("CPU - user", "warning", 7, 16),
        ("Memory", "critical", 8, 14),
        ("Net", "info", 10, 10),
        ("Swap", "emergency", 14, 9),
    ]


def test_a_bullet_that_cannot_be_read_is_remembered() -> None:
    """The error is reported only if nothing else can be read there."""
    diagnostics = Diagnostics()
    runbook = parse_runbook("r.md", "# Alert thresholds\n- A: warning above 5 %\n- B is\n  bad\n", diagnostics)
    assert [statement.title for statement in runbook.statements] == ["A"]
    (unread,) = runbook.unread
    assert unread.text == "B is\n  bad"
    assert [(problem.code, problem.span) for problem in unread.problems] == [("statement", Span("r.md", 3, 3, 7))]
    assert diagnostics.found == []


def test_a_quotation_is_found_on_one_line_whatever_its_blanks() -> None:
    """The result is the first line with the words, as it stands there, and its place."""
    runbook = parse("# A\n\n  Queries   over 5 s\nare slow. Queries over 5 s\n")
    quotation = runbook.quote("Queries over\t5 s")
    assert quotation is not None
    assert (quotation.text, quotation.span.line, quotation.span.column, quotation.span.end_column) == (
        "Queries   over 5 s",
        3,
        3,
        21,
    )
    assert runbook.quote("5 s are slow") is None
    assert runbook.quote("   ") is None
