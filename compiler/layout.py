"""Parse: which line of a YAML file is indented wrongly, where the parser only says where it could not go on.

Pure; used by `compiler.syntax`. Lines that belong together are indented alike, and what belongs to a key further than
the key: where two lines contradict each other, the one that does not fit the rest of the file is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from compiler.lines import Line

_USUAL_STEP: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Slip:
    """What is wrong in one place: a line, from 1, columns from 1, words, and how to mend it."""

    line: int
    column: int
    end_column: int
    message: str
    hint: str | None


def misindented(lines: Sequence[Line]) -> Slip | None:
    """Return the first line that is indented wrongly, or None where all fit."""
    step = _step(lines)
    open_lines: list[Line] = []
    for place, one in enumerate(lines):
        if one.dashed:
            continue
        left: list[Line] = []
        while open_lines and open_lines[-1].indent > one.indent:
            left.append(open_lines.pop())
        if open_lines and open_lines[-1].indent == one.indent:
            open_lines[-1] = one
            continue
        above = open_lines[-1] if open_lines else None
        if left:
            return _between(lines[:place], above, left[-1].indent, one, step)
        if above is not None and not above.parent:
            return _below_a_value(lines[:place], above, one)
        open_lines.append(one)
    return None


def _step(lines: Sequence[Line]) -> int:
    """Return how many spaces most lines are indented further than the key that they belong to."""
    steps = Counter(
        below.indent - above.indent
        for above, below in pairwise(lines)
        if above.parent and not below.dashed and below.indent > above.indent
    )
    return steps.most_common(1)[0][0] if steps else _USUAL_STEP


def _between(before: Sequence[Line], above: Line | None, inner: int, one: Line, step: int) -> Slip:
    """Return the slip of a line that stands between the lines of a block and the key that the block belongs to."""
    outer = -step if above is None else above.indent
    if above is None or one.indent != outer + step:
        return _slip(one, inner, f"as {_named(_first(before, inner))} is")
    block = _block(before, above, inner)
    if len(block) > 1 and inner >= outer + 2 * step:
        # The block fits its key if that one belongs beside this line.
        return _slip(above, one.indent, f"as {_named(one)} below is")
    return _slip(block[0], one.indent, f"as {_named(one)} below is")


def _below_a_value(before: Sequence[Line], above: Line, one: Line) -> Slip:
    """Return the slip of a line that is further in than the line above, which has a value and so nothing below it."""
    previous = before[-2] if len(before) > 1 else None
    if previous is not None and previous.parent and previous.indent == above.indent:
        return _slip(above, one.indent, f"below {_named(previous)}, as {_named(one)} is")
    return _slip(one, above.indent, f"as {_named(above)} above is")


def _block(before: Sequence[Line], above: Line, indent: int) -> list[Line]:
    """Return the lines directly below a key, all with that indentation."""
    own = [line for line in before if line.number > above.number]
    return [line for line in own if line.indent == indent and not line.dashed] or own


def _first(before: Sequence[Line], indent: int) -> Line:
    return next(line for line in reversed(before) if line.indent == indent)


def _named(line: Line) -> str:
    return f"line {line.number}" if line.key is None else f"`{line.key}`"


def _slip(line: Line, indent: int, where: str) -> Slip:
    side = "too far in" if line.indent > indent else "not far enough in"
    return Slip(
        line=line.number,
        column=line.indent + 1,
        end_column=line.indent + 1 + len(line.key or line.value),
        message=f"{_named(line)} stands {side}: {_spaces(line.indent)} where {indent} fit",
        hint=f"indent it by {_spaces(indent)}, {where}",
    )


def _spaces(count: int) -> str:
    return f"{count} {'space' if count == 1 else 'spaces'}"
