"""Words of a guide as they may stand in a YAML file: quoted, or in a comment; used by `stanza` and what it writes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from compiler.guides.statement import GuideStatement
from compiler.quantities import SECONDS, Quantity, quantity_text

_LONGEST: Final = 160
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def one_line(text: str) -> str:
    """Return text of a guide as it may stand in a comment: one line, without control characters."""
    return _UNSEEN.sub(" ", text)


def shortened(text: str) -> str:
    """Return a line of a guide as it may stand in a comment: its beginning, where it is long."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def quoted(text: str) -> str:
    """Return text of a guide as a YAML string."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def said(one: GuideStatement, words: str) -> str:
    """Return the comment on a statement: its place, and `words` on it, behind the cell's row and column in a table."""
    return one_line(f"{one.path}:{one.line}: {one.cell}{': ' if one.cell else ''}{words}")


def amount(one: GuideStatement) -> str:
    """Return a statement's number as thresholds.yaml writes it."""
    return quantity_text(Quantity(one.value, one.unit))


def seconds(count: int) -> str:
    """Return seconds as thresholds.yaml writes them."""
    return quantity_text(Quantity(Decimal(count), SECONDS))
