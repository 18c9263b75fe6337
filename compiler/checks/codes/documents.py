"""Codes of runbooks: what they state, and what leads to them."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="broken-table",
        summary="A table of a runbook lacks the row of dashes below its head.",
        explanation=(
            "Without `|---|---|` Markdown shows plain text, and a limit in it belongs to no column: what would be the"
            " critical limit is read as a warning, or not at all. What else would be said of its rows is left out."
        ),
        mend="Write the row of dashes, with as many columns as the head has.",
        suppressible=True,
    ),
    Code(
        code="documented",
        summary="The words that `documented:` quotes do not stand in the runbook.",
        explanation="The quotation is how a limit is held against its document; it must occur on one line.",
        mend="Quote the words as they stand there.",
    ),
    Code(
        code="empty-section",
        summary="An alert leads to a section of the runbook with nothing below its heading.",
        explanation="Whoever is woken starts from that section, and the page quotes it: it would say nothing.",
        mend="Write what to look at and what to do, or lead the alert to the section that says so.",
        suppressible=True,
    ),
    Code(
        code="nesting",
        summary="Lists, quotations or emphases of a runbook lie too deep within each other.",
        explanation=(
            "Messages and pages show the section part within part; Markdown readers leave out what lies in too many"
            " lists, or end. In a paragraph of more than 20,000 characters nobody looks how deep its marks lie."
        ),
        mend="Close each mark before the next begins; give deep lists a heading of their own.",
    ),
    Code(
        code="placeholder-place",
        summary="A runbook names the label of a placeholder that stands where no value is ever filled in.",
        explanation=(
            "Messages show commands with the alert's labels filled in, and whoever writes metrics writes those. Quotes"
            " protect a word from the shell, not from the program that gets it. So a value is filled in only where it"
            " is an argument that is data (the name of a pod whose log is read, a matcher in PromQL, text that a"
            " condition in SQL compares), and left to the reader elsewhere: in commands whose output a program or a"
            " file gets, in code, options such as `-e` and `-c`,"
            " names of variables, programs that are not known. It is a warning: files are written."
        ),
        mend=(
            "Give the value to a program as an argument of its own, put it into quotes in SQL and PromQL, or take back"
            " the sentence that names the label: then a person fills it in."
        ),
        suppressible=True,
    ),
    Code(
        code="runbook-section",
        summary="An alert leads to no section of its system's runbook.",
        explanation="Whoever is woken starts from that section: the anchor is missing, or names no heading.",
        mend="Write the anchor of a heading, as GitHub makes it; the hint names those that there are.",
    ),
    Code(
        code="statement",
        summary='A bullet below "Alert thresholds" of a runbook states no limit in the known form.',
        explanation="What the compiler cannot read it cannot hold against what runs.",
        mend="Write `- Error ratio: warning above 1 %, critical above 5 %.`, or move the bullet to another section.",
    ),
    Code(
        code="undocumented-limit",
        summary="A system's own limit stands in no sentence of its runbook.",
        explanation=(
            "The documents are the source of every limit; a number that stands in the file alone is nobody's. A"
            " sentence about another environment, instance, path, route or component states it for that alone."
        ),
        mend='Write the sentence below "Alert thresholds", as the hint shows it, or elsewhere in words of your own.',
    ),
    Code(
        code="unused-section",
        summary="A troubleshooting section of a runbook is led to by nobody.",
        explanation=(
            "It stands beside sections that alerts lead to and has their form (the same headings or bold words at the"
            " beginning of a line; commands, where those have nothing in common), but no alert and no link leads to it."
            " Either an alert is missing, or it leads to the wrong section. It is a warning: files are written."
        ),
        mend="Lead an alert to it by `runbook:`, link it from the section where it helps, or take it out.",
        suppressible=True,
    ),
    Code(
        code="unused-waiver",
        summary="A `waive:` waives nothing.",
        explanation=(
            "Its words stand in no line of the runbook that states a limit, or an alert carries that limit by now. A"
            " waiver that stays behind would silence a limit that somebody writes there later."
        ),
        mend="Take it out, or quote the words as they stand in the runbook.",
    ),
    Code(
        code="unwatched-statement",
        summary="The runbook states a limit that no alert of the system carries.",
        explanation=(
            "Readers rely on being told, and nobody will tell them. A limit counts wherever the runbook states it, in"
            ' the bullets of "Alert thresholds" and in any other sentence, table or list; `tocsin import` lists what is'
            " read in a document. What it names, such as staging, needs an alert of just that."
        ),
        mend=(
            "Name the limit below `limits:` of the system, take the sentence out, or waive it:"
            ' `waive: [{statement: "its words", reason: "why nobody is told"}]` of the system.'
        ),
        suppressible=True,
    ),
)
