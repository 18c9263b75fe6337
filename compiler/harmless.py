"""The one place that makes text harmless for its readers: terminals, GitHub's and Azure's logs, readers of JSON.

File names, values and lines of documents can come from anybody. A line feed in them would begin a new line, and
GitHub's runner obeys a line that begins with `::` ("Workflow commands for GitHub Actions"). Azure Pipelines obeys `##[`
or `##vso[` anywhere in a line ("Logging commands"), and so does GitHub's runner. Terminals obey escape sequences, and
bidirectional characters make text look like other text.
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
    """Return text for use within a line; nothing in it ends the line, moves the cursor or changes the direction."""
    return UNPRINTABLE.sub(_NOT_SHOWN, _BLANKS.sub(" ", text))


def terminal(text: str) -> str:
    """Return lines for a terminal or a log, none of which is a command; all line feeds must be the caller's own."""
    shown = _NOT_IN_A_TEXT.sub(_NOT_SHOWN, _WIDE_BLANKS.sub(" ", text.expandtabs(8)))
    return _LINE_COMMAND.sub(r"\1: ", _LOG_COMMAND.sub("# #", shown))


def as_json(value: object, *, indent: int) -> str:
    """Return the value as JSON, with everything escaped that a terminal or a log would obey."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _LOG_COMMAND.sub(r"#\\u0023", _NOT_IN_A_TEXT.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


def property_of_command(text: str) -> str:
    """Escape a property of a GitHub workflow command, such as the file's name."""
    return _percent(text, "%\r\n:,")


def data_of_command(text: str) -> str:
    """Escape the message of a GitHub workflow command; it may have several lines."""
    return _percent(text, "%\r\n")


def _percent(text: str, special: str) -> str:
    shown = "".join(
        f"%{ord(character):02X}" if character in special else _NOT_SHOWN if UNPRINTABLE.match(character) else character
        for character in text
    )
    return _LOG_COMMAND.sub("# #", shown)
