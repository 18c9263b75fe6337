"""Parse: find the wrongly indented line of a YAML file; the parser only says where it could not go on.

Pure; used by `compiler.slips`. Lines of one block have the same indentation, and the lines below a key are indented
further than the key. If two lines contradict each other, this module reports the one that does not fit the rest of
the file.
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
    """What is wrong in one place: line and columns, which count from 1, a message, and how to mend it."""

    line: int
    column: int
    end_column: int
    message: str
    hint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Open:
    """A line whose block is still open, and the indentations of the blocks that it ended."""

    line: Line
    ended: frozenset[int]


def misindented(lines: Sequence[Line]) -> Slip | None:
    """Return the slip of the first wrongly indented line, or None if all lines fit."""
    step = _step(lines)
    stack: list[_Open] = []
    for place, line in enumerate(lines):
        if line.dashed:
            continue
        closed = []
        while stack and stack[-1].line.indent > line.indent:
            closed.append(stack.pop())
        if stack and stack[-1].line.indent == line.indent:
            stack.pop()
        elif closed:
            return _between(_Gap(before=lines[:place], stack=stack, inner=closed[-1].line.indent, line=line, step=step))
        elif stack and not stack[-1].line.parent:
            return _below_a_value(lines[:place], stack, line, step)
        stack.append(_Open(line=line, ended=frozenset(entry.line.indent for entry in closed)))
    return None


def _step(lines: Sequence[Line]) -> int:
    """Return the usual indentation step: the number of spaces by which most lines are indented below their key."""
    steps = Counter(
        below.indent - above.indent
        for above, below in pairwise(lines)
        if above.parent and not below.dashed and below.indent > above.indent
    )
    return steps.most_common(1)[0][0] if steps else _USUAL_STEP


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    """A line that is indented less than the block before it, and more than that block's key.

    `inner` is the indentation of the block. Its key is the last of `stack`, which is empty if there is no such key.
    """

    before: Sequence[Line]
    stack: Sequence[_Open]
    inner: int
    line: Line
    step: int


def _between(gap: _Gap) -> Slip:
    """Return the slip of the line that is wrong: the line itself, the block before it, or the block's key."""
    line, inner = gap.line, gap.inner
    above = gap.stack[-1] if gap.stack else None
    if above is None and not line.indent:
        return _slip(gap.before[0], 0, f"as {_named(line)} below is")
    if above is None:
        return _slip(line, inner, f"as {_named(_first(gap.before, inner))} is")
    block = _block(gap.before, above.line, inner)
    previous = next((earlier for earlier in reversed(gap.before) if earlier.number < above.line.number), None)
    follows_parent = previous is not None and previous.parent and previous.indent == above.line.indent
    ended = line.indent in above.ended and len(block) > 1
    if ended or follows_parent or _fits_beside(gap.stack, line.indent, gap.step):
        # The block's key ended a block that this line continues, or the key should be indented like this line.
        return _slip(above.line, line.indent, f"as {_named(line)} below is")
    if line.indent != above.line.indent + gap.step:
        return _slip(line, inner, f"as {_named(_first(gap.before, inner))} is")
    return _slip(block[0], line.indent, f"as {_named(line)} below is", missing=len(block) > 1)


def _fits_beside(stack: Sequence[_Open], indent: int, step: int) -> bool:
    """Return whether the last line of a stack would fit at `indent`, and does not fit at its own indentation."""
    if len(stack) < 2:
        return False
    fitting = stack[-2].line.indent + step
    return stack[-1].line.indent != fitting == indent


def _below_a_value(before: Sequence[Line], stack: Sequence[_Open], line: Line, step: int) -> Slip:
    """Return the slip where a line is indented below a line that already has a value."""
    above = stack[-1].line
    if above.key is None:
        return Slip(
            line=above.number,
            column=above.indent + 1,
            end_column=len(above.text) + 1,
            message="this line has no colon",
            hint=f"write `{above.value}:`",
        )
    previous = before[-2] if len(before) > 1 else None
    if previous is not None and previous.parent and previous.indent == above.indent:
        return _slip(above, line.indent, f"below {_named(previous)}, as {_named(line)} is")
    continues = previous is not None and previous.indent == line.indent
    if continues or _fits_beside(stack, line.indent, step):
        return _slip(above, line.indent, f"as {_named(line)} below is")
    return _slip(line, above.indent, f"as {_named(above)} above is")


def _block(before: Sequence[Line], above: Line, indent: int) -> list[Line]:
    """Return the lines below a key that have this indentation."""
    own = [line for line in before if line.number > above.number]
    return [line for line in own if line.indent == indent and not line.dashed] or own


def _first(before: Sequence[Line], indent: int) -> Line:
    return next(line for line in reversed(before) if line.indent == indent)


def _named(line: Line) -> str:
    return f"line {line.number}" if line.key is None else f"`{line.key}`"


def _slip(line: Line, indent: int, where: str, *, missing: bool = False) -> Slip:
    side = "too far in" if line.indent > indent else "not far enough in"
    hint = f"indent it by {_spaces(indent)}, {where}" if indent else f"begin it at the left edge, {where}"
    return Slip(
        line=line.number,
        column=line.indent + 1,
        end_column=line.indent + 1 + len(line.key or line.value),
        message=f"{_named(line)} stands {side}: {_spaces(line.indent)} where {indent} fit",
        hint=f"{hint}; or the key that it belongs to is missing above it" if missing else hint,
    )


def _spaces(count: int) -> str:
    return f"{count} {'space' if count == 1 else 'spaces'}"
