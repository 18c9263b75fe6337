"""Parse: which line of a YAML file is indented wrongly, where the parser only says where it could not go on.

Pure; used by `compiler.slips`. Lines that belong together are indented alike, and what belongs to a key further than
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Open:
    """A line that others may belong to, and the indentations of the blocks that it ended."""

    line: Line
    ended: frozenset[int]


def misindented(lines: Sequence[Line]) -> Slip | None:
    """Return the first line that is indented wrongly, or None where all fit."""
    step = _step(lines)
    stack: list[_Open] = []
    for place, one in enumerate(lines):
        if one.dashed:
            continue
        left = []
        while stack and stack[-1].line.indent > one.indent:
            left.append(stack.pop())
        if stack and stack[-1].line.indent == one.indent:
            stack.pop()
        elif left:
            return _between(_Gap(before=lines[:place], stack=stack, inner=left[-1].line.indent, one=one, step=step))
        elif stack and not stack[-1].line.parent:
            return _below_a_value(lines[:place], stack, one, step)
        stack.append(_Open(line=one, ended=frozenset(each.line.indent for each in left)))
    return None


def _step(lines: Sequence[Line]) -> int:
    """Return how many spaces most lines are indented further than the key that they belong to."""
    steps = Counter(
        below.indent - above.indent
        for above, below in pairwise(lines)
        if above.parent and not below.dashed and below.indent > above.indent
    )
    return steps.most_common(1)[0][0] if steps else _USUAL_STEP


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    """A line between the lines of a block, at `inner`, and the key that the block belongs to, the last of `stack`."""

    before: Sequence[Line]
    stack: Sequence[_Open]
    inner: int
    one: Line
    step: int


def _between(gap: _Gap) -> Slip:
    """Return the slip of one of the three: the line, its block or the key of the block."""
    one, inner = gap.one, gap.inner
    above = gap.stack[-1] if gap.stack else None
    if above is None and not one.indent:
        return _slip(gap.before[0], 0, f"as {_named(one)} below is")
    if above is None:
        return _slip(one, inner, f"as {_named(_first(gap.before, inner))} is")
    block = _block(gap.before, above.line, inner)
    previous = next((line for line in reversed(gap.before) if line.number < above.line.number), None)
    follows_parent = previous is not None and previous.parent and previous.indent == above.line.indent
    ended = one.indent in above.ended and len(block) > 1
    if ended or follows_parent or _fits_beside(gap.stack, one.indent, gap.step):
        # The key of the block ended the block that this line goes on with, or should have begun it.
        return _slip(above.line, one.indent, f"as {_named(one)} below is")
    if one.indent != above.line.indent + gap.step:
        return _slip(one, inner, f"as {_named(_first(gap.before, inner))} is")
    return _slip(block[0], one.indent, f"as {_named(one)} below is", missing=len(block) > 1)


def _fits_beside(stack: Sequence[_Open], indent: int, step: int) -> bool:
    """Return whether the last line of a stack would fit with another indentation, and does not with its own."""
    if len(stack) < 2:
        return False
    wanted = stack[-2].line.indent + step
    return stack[-1].line.indent != wanted == indent


def _below_a_value(before: Sequence[Line], stack: Sequence[_Open], one: Line, step: int) -> Slip:
    """Return the slip of two lines of which the second is further in than the first, which has a value."""
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
        return _slip(above, one.indent, f"below {_named(previous)}, as {_named(one)} is")
    continues = previous is not None and previous.indent == one.indent
    if continues or _fits_beside(stack, one.indent, step):
        return _slip(above, one.indent, f"as {_named(one)} below is")
    return _slip(one, above.indent, f"as {_named(above)} above is")


def _block(before: Sequence[Line], above: Line, indent: int) -> list[Line]:
    """Return the lines directly below a key, all with that indentation."""
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
