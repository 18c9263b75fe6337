"""Draw a box of plain text around what a person would see; the stand-in receivers use it."""

import textwrap
import unicodedata

WIDTH = 78
RULE = "\0rule"


def draw(title: str, lines: list[str], most: int | None = None) -> str:
    """Return `lines` in a box `WIDTH` columns wide with `title` in its upper edge.

    A long line is wrapped under its own indentation. A line that is `RULE` becomes a rule across the box. If there are
    more than `most` lines, the box shows `most` of them and counts the rest.
    """
    inner = WIDTH - 4
    if most is not None and len(lines) > most:
        lines = [*lines[:most], f"… {len(lines) - most} more lines"]
    drawn = [f"┌─ {_cut(title, inner - 2)} " + "─" * max(0, inner - 1 - columns(_cut(title, inner - 2))) + "┐"]
    for line in lines:
        if line == RULE:
            drawn.append("├" + "─" * (WIDTH - 2) + "┤")
            continue
        drawn.extend(f"│ {part}{' ' * (inner - columns(part))} │" for part in wrap(line, inner))
    return "\n".join([*drawn, "└" + "─" * (WIDTH - 2) + "┘"])


def wrap(line: str, width: int) -> list[str]:
    """Return `line` in pieces of at most `width` columns, each under the indentation of the first."""
    line = line.expandtabs(4)
    if columns(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    # textwrap counts characters, and a wide character takes two columns: make the line narrower by their number.
    wide = columns(line) - len(line)
    return textwrap.wrap(line, max(20, width - wide), subsequent_indent=indent + "  ", break_on_hyphens=False) or [""]


def columns(text: str) -> int:
    """Return how many columns a terminal needs for `text`: wide characters take two, combining characters none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _cut(text: str, width: int) -> str:
    return text if columns(text) <= width else text[: width - 1] + "…"
