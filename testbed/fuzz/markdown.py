"""Damages that know runbooks: headings, fences, bullets with limits, and text that Markdown does not define well."""

import re
from collections.abc import Callable
from random import Random
from typing import Final

from testbed.fuzz import nasty, values
from testbed.fuzz.case import Case, encoded

_HEADING: Final = re.compile(r"^#+ .*$", re.MULTILINE)
_BULLET: Final = re.compile(r"^[-*] .*$", re.MULTILINE)
_DEPTHS: Final = (3, 40, 400, 5000)


def damage(case: Case, random: Random) -> Case:
    """Return the case with one runbook changed."""
    paths = case.runbooks()
    if not paths:
        return case
    path = random.choice(paths)
    change = random.choice(_CHANGES)
    return case.with_file(path, encoded(change(case.text(path), random)))


def _insert_line(text: str, random: Random) -> str:
    lines = text.split("\n")
    lines.insert(
        random.randint(0, len(lines)), random.choice(nasty.MARKDOWN) + random.choice((*nasty.CHARACTERS, "x", ""))
    )
    return "\n".join(lines)


def _heading(text: str, random: Random) -> str:
    level = "#" * random.choice((1, 2, 2, 3, 6, 7))
    title = random.choice(
        (*nasty.CHARACTERS, *nasty.MARKDOWN, "Errors", "Alert thresholds", "Errors-1", "\U0001f525" * 200)
    )
    return _substituted(_HEADING, text, f"{level} {title}", random)


def _bullet(text: str, random: Random) -> str:
    return _substituted(_BULLET, text, _statement(random), random)


def _statement(random: Random) -> str:
    title = random.choice(("Error ratio", "Backlog", "Availability", "", ":", "*", *nasty.CHARACTERS))
    clauses = [_clause(random) for _ in range(random.choice((0, 1, 1, 2, 3, 300)))]
    mark = random.choice(("-", "*", "+", "1.", "999999999)", "- [ ]", "-\t", "   -", "- -"))
    return (
        f"{mark} {title}: {random.choice((', ', '; ', ',,', ' '))}".replace("\n", " ")
        + ", ".join(clauses)
        + random.choice((".", "", ". See [x](y).", "..", ".x"))
    )


def _clause(random: Random) -> str:
    severity = random.choice((*values.SEVERITIES, *values.SEVERITIES, "Critical", "page", "*warning*", ""))
    words = random.choice(("above", "at least", "below", "more than", ">", "≥", "", "=="))
    return f"{severity} {words} {values.quantity(random, random.choice(values.UNITS))}" if words else severity


def _nested(text: str, random: Random) -> str:
    depth = random.choice(_DEPTHS)
    opened = random.choice(
        ("> ", "- ", "* ", "1. ", "[", "![", "*", "_", "<b>", "`", "(", "<", "| ", "&", "\\[", "[x](")
    )
    return _inserted(text, opened * depth + "x", random)


def _staircase(text: str, random: Random) -> str:
    depth = random.choice(_DEPTHS[:3])
    return _inserted(text, "\n".join("  " * level + "- x" for level in range(depth)), random)


def _unclosed(text: str, random: Random) -> str:
    mark = random.choice(
        ("```", "~~~", "````bash", "<!--", "<pre>", "<script>", "---\nx: y", "+++", "<?", "[x]: <", "$$")
    )
    return random.choice((f"{mark}\n{text}", _inserted(text, mark, random), f"{text}\n{mark}"))


def _table(text: str, random: Random) -> str:
    columns, rows = random.choice((1, 5, 300)), random.choice((1, 5, 100))
    return _inserted(text, "\n".join(["|a" * columns, "|-" * columns, *["|b" * columns] * rows]), random)


def _many(text: str, random: Random) -> str:
    line = random.choice(
        (
            "# x",
            "## Alert thresholds",
            "- x: critical.",
            "```",
            "<x>",
            "[x]: y",
            "x\n=",
            "> x",
            "\U0001f525",
            "# \U0001f525",
        )
    )
    return _inserted(text, "\n".join([line] * random.choice((10, 300, 2000))), random)


def _placeholders(text: str, random: Random) -> str:
    fence = "\n".join(
        (
            "```bash",
            *(random.choice(("x <region> $A ${B} YOUR_C", "<a" * 300, "$" * 300, "<a b c d")) for _ in range(9)),
            "```",
        )
    )
    return _inserted(text, fence, random)


def _inserted(text: str, new: str, random: Random) -> str:
    lines = text.split("\n")
    at = random.randint(0, len(lines))
    return "\n".join([*lines[:at], new, *lines[at:]])


def _substituted(pattern: re.Pattern[str], text: str, new: str, random: Random) -> str:
    matches = list(pattern.finditer(text))
    if not matches:
        return text + "\n" + new
    chosen = random.choice(matches)
    return text[: chosen.start()] + new + text[chosen.end() :]


_CHANGES: Final[tuple[Callable[[str, Random], str], ...]] = (
    *(_insert_line, _insert_line, _heading, _heading, _bullet, _bullet, _bullet),
    *(_nested, _staircase, _unclosed, _table, _many, _placeholders),
)
