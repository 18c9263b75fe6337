"""Parse: turn invalid YAML, or YAML that its author did not mean, into a diagnostic that a person can act on.

Used by `compiler.document` alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.reader import ReaderError

from compiler.diagnostics import Diagnostics, Span
from compiler.layout import Slip
from compiler.quantities import SECONDS, duration_text, parse_quantity
from compiler.slips import Complaint, explained

LISTS: Final = frozenset(
    {"per", "notify", "announce", "fallback", "levels", "dimensions", "group_by", "email", "exceptions"}
)
"""Keys whose values are lists of words; tests/compiler/test_schema.py compares them with the schema."""
_WORD: Final = re.compile(r"[\w@.+-]+")
_DECIMAL: Final = re.compile(r"[0-9]+,[0-9]+\s*(?:s|m|h|d)")
_LONGEST: Final = 1000
"""Characters of the longest text that is joined again after commas cut it into keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CutOff:
    """A key's text that YAML ends too early, at a comma in braces: the text that its author meant, and its place."""

    key: str
    text: str
    span: Span

    @property
    def items(self) -> tuple[str, ...]:
        """The items of the text, if its key takes a list and each item is a word; else nothing."""
        words = tuple(word.strip() for word in self.text.split(","))
        return words if self.key in LISTS and all(map(_WORD.fullmatch, words)) else ()

    @property
    def duration(self) -> str | None:
        """The duration that the text states if its comma is a decimal point: `1,5h` is `1h30m`; else None."""
        if not _DECIMAL.fullmatch(self.text):
            return None
        quantity = parse_quantity(self.text.replace(",", "."))
        exact = quantity.unit == SECONDS and quantity.value == int(quantity.value)
        return duration_text(int(quantity.value)) if exact else None

    def report(self, diagnostics: Diagnostics) -> None:
        """Add an error that shows how to write the text."""
        if self.items:
            message, hint = "several items stand in brackets", f"write `{self.key}: [{', '.join(self.items)}]`"
            diagnostics.error("syntax", self.span, message, hint=hint)
            return
        if self.duration is not None:
            message = f"`{self.text}` has a comma, and a duration has whole numbers"
            diagnostics.error("syntax", self.span, message, hint=f"write `{self.key}: {self.duration}`")
            return
        hint = f"quote it: `{self.key}: {json.dumps(self.text, ensure_ascii=False)}`"
        diagnostics.error("syntax", self.span, "inside braces a comma ends a text that is not quoted", hint=hint)


def rejoined(text: str, start: int, key: tuple[int, int], value: int) -> str | None:
    """Return the text from `start` to the end of a key, if a comma made the text's end a key; None for a real key.

    `key` is where that key begins and ends, and `value` where its value would be; all are offsets.
    """
    begin, end = key
    if end - start > _LONGEST or ":" in text[end:value] or not text[start:begin].rstrip().endswith(","):
        return None
    whole = " ".join(text[start:end].split())
    return None if " #" in whole else whole


def report(path: str, text: str, error: yaml.YAMLError, diagnostics: Diagnostics) -> None:
    """Add an error for a file's `text` that the parser refuses."""
    if isinstance(error, ReaderError):
        line, column = _place(text, error.position)
        message = f"the control character U+{error.character:04X} is not allowed"
        diagnostics.error("syntax", Span(path, line, column, column + 1), message, hint="delete it")
        return
    add(path, explained(_complaint(text.split("\n"), error)), diagnostics)


def add(path: str, slip: Slip, diagnostics: Diagnostics) -> None:
    """Add the error for a slip."""
    diagnostics.error("syntax", Span(path, slip.line, slip.column, slip.end_column), slip.message, hint=slip.hint)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset in bytes."""
    before = text.encode()[:offset].decode(errors="replace")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _complaint(texts: Sequence[str], error: yaml.YAMLError) -> Complaint:
    """Return the parser's complaint; the parser's own marks count from 0."""
    problem, mark, began = "this is not YAML", None, None
    if isinstance(error, yaml.MarkedYAMLError):
        problem, mark, began = error.problem or problem, error.problem_mark, error.context_mark
    return Complaint(
        texts=texts,
        problem=problem,
        line=mark.line + 1 if mark else 1,
        column=mark.column + 1 if mark else 1,
        began_line=began.line + 1 if began else 0,
        began_column=began.column + 1 if began else 0,
    )
