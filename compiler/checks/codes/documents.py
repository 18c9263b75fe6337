"""Codes of runbooks: their statements, and the alerts and links that lead to them."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="broken-link",
        summary="A link in a runbook leads to a file, or to a place in a file, that does not exist.",
        explanation=(
            "A reader at night follows the link and finds nothing. The check follows links, pictures and definitions"
            " to every file below the folder of thresholds.yaml, and to the anchors of Markdown files in the form that"
            " `links.style` says. It does not check web addresses and files outside of that folder."
        ),
        mend="Correct the target as the hint proposes, or delete the link.",
        suppressible=True,
    ),
    Code(
        code="broken-table",
        summary="A table of a runbook has no row of dashes below its header.",
        explanation=(
            "Without `|---|---|` Markdown shows the table as plain text, and a limit in it belongs to no column. The"
            " compiler would then read the critical limit as a warning, or not at all. Other findings about the rows"
            " of this table are left out."
        ),
        mend="Write the row of dashes, with as many columns as the header has.",
        suppressible=True,
    ),
    Code(
        code="documented",
        summary="The runbook does not have the words that `documented:` quotes.",
        explanation="The compiler compares a limit with its document by the quotation. The words must be on one line.",
        mend="Quote the words exactly as the runbook has them.",
    ),
    Code(
        code="empty-section",
        summary="An alert leads to a section of the runbook with nothing below its heading.",
        explanation=(
            "A person who is woken starts from that section, and the page quotes it. An empty section tells them"
            " nothing."
        ),
        mend="Write what to look at and what to do, or make the alert lead to the section that says so.",
        suppressible=True,
    ),
    Code(
        code="nesting",
        summary="Lists, quotations or emphases of a runbook are nested too deeply.",
        explanation=(
            "Messages and pages show the section with all its nested parts. Markdown readers leave out text that is in"
            " too many lists, or fail. A paragraph with emphases or links may have 20,000 characters; the check does"
            " not look how deep the marks of a longer one are nested."
        ),
        mend="Close each mark before the next one begins; give deep lists a heading of their own.",
    ),
    Code(
        code="placeholder-place",
        summary="A runbook names the label of a placeholder at a place where no value is ever filled in.",
        explanation=(
            "Messages show commands with the alert's labels filled in, and whoever writes metrics controls those"
            " labels. Quotes protect a word from the shell, but not from the program that receives it. So a value is"
            " filled in only where it is an argument that is data: the name of a pod whose log is read, a matcher in"
            " PromQL, a text that a condition in SQL compares. Elsewhere the reader fills it in: in commands whose"
            " output goes to a program or a file, in code, in options such as `-e` and `-c`, in names of variables,"
            " and in arguments of unknown programs. This is a warning, so files are still written."
        ),
        mend=(
            "Give the value to a program as an argument of its own, or put it into quotes in SQL and PromQL. Or delete"
            " the sentence that names the label; then a person fills the value in."
        ),
        suppressible=True,
    ),
    Code(
        code="runbook-section",
        summary="An alert does not lead to a section of its system's runbook.",
        explanation="A person who is woken starts from that section. The anchor is missing, or no heading has it.",
        mend="Write the anchor of a heading as GitHub makes it; the hint lists the anchors of the runbook.",
    ),
    Code(
        code="statement",
        summary='A bullet below "Alert thresholds" of a runbook does not state a limit in the known form.',
        explanation="The compiler cannot compare a limit that it cannot read with the rule that runs.",
        mend="Write `- Error ratio: warning above 1 %, critical above 5 %.`, or move the bullet to another section.",
    ),
    Code(
        code="undocumented-limit",
        summary="No sentence of the runbook states a system's own limit.",
        explanation=(
            "The documents are the source of every limit; nobody is responsible for a number that is only in"
            " thresholds.yaml. A sentence about another environment, instance, path, route or component states the"
            " limit only for that one."
        ),
        mend='Write the sentence below "Alert thresholds" as the hint shows it, or elsewhere in words of your own.',
    ),
    Code(
        code="unused-section",
        summary="No alert and no link leads to a troubleshooting section of a runbook.",
        explanation=(
            "The section is beside sections to which alerts lead, and it has their form: the same headings or bold"
            " words at the beginning of a line, or commands if those sections have nothing else in common. Either an"
            " alert is missing, or an alert leads to the wrong section. This is a warning, so files are still written."
        ),
        mend="Make an alert lead to it with `runbook:`, link it from the section where it helps, or delete it.",
        suppressible=True,
    ),
    Code(
        code="unused-waiver",
        summary="A `waive:` has no effect.",
        explanation=(
            "No line of the runbook that states a limit has its words, or an alert carries that limit now. A waiver"
            " that stays would silence a limit that somebody writes there later."
        ),
        mend="Delete it, or quote the words exactly as the runbook has them.",
    ),
    Code(
        code="unwatched-statement",
        summary="The runbook states a limit, but no alert of the system carries it.",
        explanation=(
            "Readers expect to be told, but nobody will tell them. A limit counts wherever the runbook states it: in"
            ' the bullets of "Alert thresholds" and in any other sentence, table or list. `tocsin import` lists the'
            " limits that it reads in a document. A statement about a part of the system, such as staging, needs an"
            " alert for exactly that part."
        ),
        mend=(
            "Write the limit below `limits:` of the system, or delete the sentence, or waive it: `waive: [{statement:"
            ' "its words", reason: "why nobody is told"}]` of the system.'
        ),
        suppressible=True,
    ),
)
