"""Write words of a guide into a YAML file: quoted, or in a comment.

`imported`, `stanza` and `waivers` use this module.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from compiler.guides.statement import GuideStatement
from compiler.quantities import SECONDS, Quantity, quantity_text

_LONGEST: Final = 160
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def one_line(text: str) -> str:
    """Return text of a guide for a comment: one line, without control characters."""
    return _UNSEEN.sub(" ", text)


def shortened(text: str) -> str:
    """Return a line of a guide for a comment; if the line is long, only its beginning."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def quoted(text: str) -> str:
    """Return text of a guide as a YAML string."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def comment_on(statement: GuideStatement, words: str) -> str:
    """Return the comment on a statement: its place, the row and column of its cell if it has one, and `words`."""
    cell = f"{statement.cell}: " if statement.cell else ""
    return one_line(f"{statement.path}:{statement.line}: {cell}{words}")


def amount(statement: GuideStatement) -> str:
    """Return a statement's number as thresholds.yaml writes it."""
    return quantity_text(Quantity(statement.value, statement.unit))


def seconds(count: int) -> str:
    """Return seconds as thresholds.yaml writes them."""
    return quantity_text(Quantity(Decimal(count), SECONDS))
