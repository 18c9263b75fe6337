"""Codes of files: what can be read at all, and what must not stand in them."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="alias",
        summary="A YAML anchor or alias is used.",
        explanation=(
            "Anchors (`&`) and aliases (`*`) hide what a line means, and let a small file expand without bound."
        ),
        mend="Write the value itself. What many systems share stands in `defaults:` or `signals:`.",
    ),
    Code(
        code="duplicate-key",
        summary="One key stands twice in one mapping, or one id in two files.",
        explanation="YAML parsers keep the last one in silence, so a limit that people read is not the one that runs.",
        mend="Keep one of the two.",
    ),
    Code(
        code="encoding",
        summary="A file is not UTF-8 text, or holds a control character.",
        explanation=(
            "What cannot be read in one way only cannot be compared with what runs, and control characters would travel"
            " into messages and terminals."
        ),
        mend="Save the file as UTF-8, and delete control characters.",
    ),
    Code(
        code="missing-file",
        summary="A file that is named cannot be read.",
        explanation=(
            "A runbook or an included file that is not there takes its limits and instructions with it. Each file has"
            " a largest size, and so have all documents together that runbooks link."
        ),
        mend="Correct the path, which is relative to the folder of the main file; link less than that.",
    ),
    Code(
        code="path",
        summary="A path leads out of the folder of thresholds.yaml, by itself or by a symbolic link.",
        explanation=(
            "Everything that alerts come from lies beside thresholds.yaml, under the same review; a path elsewhere"
            " would compile differently on every machine."
        ),
        mend=(
            "Name the file relative to that folder, without `..` and without a leading slash; put the file itself there"
            " in place of a link."
        ),
    ),
    Code(
        code="secret",
        summary="A secret is written into a file.",
        explanation=(
            "thresholds.yaml and the runbooks are read by many and kept for ever, and runbook sections are sent to"
            " chats and mailboxes. What has the form of a token, a private key, a password in an address or on"
            " a command line is found, in comments too; the report shows stars in its place."
        ),
        mend=(
            "Revoke it, since whoever could read the file has it. Keep the new one in a file that the program reads"
            " (`token_file`, `routing_key_file`), and in a command write a placeholder such as `$PGPASSWORD`."
        ),
        suppressible=True,
    ),
    Code(
        code="syntax",
        summary="The file is not YAML, or not the YAML that its author meant, or it is another program's.",
        explanation=(
            "Nothing of it can be used until it can be read. Where two lines contradict each other, by their"
            " indentation for one, the line is shown that does not fit the rest of the file."
        ),
        mend="Look at the place and just before it; the hint shows what was probably meant.",
    ),
    Code(
        code="too-large",
        summary="A text, a line, a list or all files together are larger than what is read.",
        explanation=(
            "Whoever opens a merge request must not keep the check busy for hours, or take all memory. So a key or"
            " a value has 16 KiB at most, a line of a runbook 32 KiB, all files of one run 200,000 keys, values and"
            " lists, and one run gathers 10,000 findings. Nobody writes half as much by hand."
        ),
        mend="Shorten it, record parts of a query by rules of their own, or split the specification in two.",
    ),
)
