"""The one place that makes text harmless for whoever shows it: terminals, GitHub's and Azure's logs, readers of JSON.

At the bottom of the house. File names, values and lines of documents come from anybody. A line feed in one would begin
a line of its own, and a line that begins with `::` is a command to GitHub's runner ("Workflow commands for GitHub
Actions"), as is `##[` or `##vso[` anywhere in a line (Azure Pipelines, "Logging commands"; GitHub's runner knows it
too). Escape sequences are commands to a terminal, and bidirectional characters show text as what it is not.
"""

from __future__ import annotations

import json
import re
from typing import Final

from compiler.characters import UNPRINTABLE

_NOT_SHOWN: Final = "\N{REPLACEMENT CHARACTER}"
_NOT_IN_A_TEXT: Final = re.compile(rf"(?!\n){UNPRINTABLE.pattern}")
_WIDE_BLANKS: Final = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BLANKS: Final = re.compile(r"[\t\n\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LOG_COMMAND: Final = re.compile(r"##(?=\[|vso\[)")
_LINE_COMMAND: Final = re.compile(r"^([^\S\n]*+):(?=:)", re.MULTILINE)


def words(text: str) -> str:
    """Return a part of a line: nothing in it ends the line, moves the cursor or turns the direction of writing."""
    return UNPRINTABLE.sub(_NOT_SHOWN, _BLANKS.sub(" ", text))


def terminal(text: str) -> str:
    """Return lines for a terminal or a log, where none of them is a command; the line feeds are the caller's own."""
    shown = _NOT_IN_A_TEXT.sub(_NOT_SHOWN, _WIDE_BLANKS.sub(" ", text.expandtabs(8)))
    return _LINE_COMMAND.sub(r"\1: ", _LOG_COMMAND.sub("# #", shown))


def as_json(value: object, *, indent: int) -> str:
    """Return JSON that means the same: whatever a terminal or a log would obey is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _LOG_COMMAND.sub(r"#\\u0023", _NOT_IN_A_TEXT.sub(_escaped, text))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found.group())[1:-1]


def property_of_command(text: str) -> str:
    """Return a property of one of GitHub's workflow commands, such as the file's name."""
    return _percent(text, "%\r\n:,")


def data_of_command(text: str) -> str:
    """Return what a workflow command of GitHub's says; it may have several lines."""
    return _percent(text, "%\r\n")


def _percent(text: str, special: str) -> str:
    shown = "".join(
        f"%{ord(one):02X}" if one in special else _NOT_SHOWN if UNPRINTABLE.match(one) else one for one in text
    )
    return _LOG_COMMAND.sub("# #", shown)
