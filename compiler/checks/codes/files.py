"""Codes of files: whether they can be read, and what they must not contain."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="alias",
        summary="A file uses a YAML anchor or alias.",
        explanation=(
            "Anchors (`&`) and aliases (`*`) hide what a line means, and a small file can expand without bound."
        ),
        mend="Write the value itself. Values that many systems share belong in `defaults:` or `signals:`.",
    ),
    Code(
        code="duplicate-key",
        summary="A mapping has a key twice, or two files have the same id.",
        explanation="YAML parsers silently keep the last one, so the limit that people read is not the one that runs.",
        mend="Keep one of the two.",
    ),
    Code(
        code="encoding",
        summary="A file is not UTF-8 text, or has a control character.",
        explanation=(
            "A text that can be read in more than one way cannot be compared with the rules that run. Control"
            " characters would get into messages and terminals."
        ),
        mend="Save the file as UTF-8, and delete control characters.",
    ),
    Code(
        code="missing-file",
        summary="A file that the specification names cannot be read.",
        explanation=(
            "If a runbook or an included file is missing, its limits and instructions are missing too. There is a"
            " largest size for each file, and one for all documents together to which runbooks link."
        ),
        mend="Correct the path, which is relative to the folder of the main file, or link to fewer or smaller files.",
    ),
    Code(
        code="path",
        summary="A path leads out of the folder of thresholds.yaml, directly or through a symbolic link.",
        explanation=(
            "All sources of alerts are in the folder of thresholds.yaml, so one review covers them. A path to another"
            " folder would compile differently on each machine."
        ),
        mend=(
            "Write the path relative to that folder, without `..` and without a leading slash. Replace a symbolic link"
            " by the file itself."
        ),
    ),
    Code(
        code="secret",
        summary="A file contains a secret.",
        explanation=(
            "Many people read thresholds.yaml and the runbooks, the files are kept for ever, and runbook sections are"
            " sent to chats and mailboxes. The check finds texts in the form of a token, a private key, or a password"
            " in an address or on a command line, in comments too. The report shows stars in place of the secret."
        ),
        mend=(
            "Revoke the secret, because everybody who could read the file has it. Keep the new one in a file that the"
            " program reads (`token_file`, `routing_key_file`). In a command write a placeholder such as"
            " `$PGPASSWORD`."
        ),
        suppressible=True,
    ),
    Code(
        code="syntax",
        summary="The file is not YAML, or not the YAML that its author meant, or it belongs to another program.",
        explanation=(
            "The compiler cannot use any part of the file until it can be read. If two lines contradict each other,"
            " for example by their indentation, the finding shows the line that does not fit the rest of the file."
        ),
        mend="Look at this place and just before it; the hint shows what was probably meant.",
    ),
    Code(
        code="too-large",
        summary="A text, a line, a list or all files together exceed the size that the compiler reads.",
        explanation=(
            "A merge request must not keep the check busy for hours or use up the memory. So a key or a value may have"
            " 16 KiB, a line of a runbook 32 KiB, all files of one run 200,000 keys, values and lists, and one run"
            " collects at most 10,000 findings. Nobody writes half as much by hand."
        ),
        mend="Shorten it, move parts of a query into recording rules of their own, or split the specification in two.",
    ),
)
