"""Read a table of a guide into passages, one for each cell that may hold a limit.

The head of its column says what a cell holds. `passages` uses this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

from markdown_it.token import Token

from compiler.guides.passage import Passage, inherited, plain
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary

_EMPTY: Final = frozenset({"", "-", "–", "—", "none", "n/a"})
# A wider table holds data.
_MOST_COLUMNS: Final = 40
# A column "Objective 1" holds a level of a scheme, such as the recovery classes of an inventory, and no limit.
_NUMBERED: Final = re.compile(r"objective \d+", re.IGNORECASE)
# An expression without the backticks of code.
_CALL: Final = re.compile(r"^[a-z_]\w*[({\[][^`]*[)}\]]\s?[<>]=?\s?[\d.]+$")
_LETTER: Final = re.compile(r"[^\W\d_]")
_KINDS: Final = re.compile(r"(?:route|tier|class)(?:s|es)?\b")
_ROUTE: Final = re.compile(r"(?:[A-Z]+ +)?/")
_COUNT: Final = re.compile(r"\d[\d,. ]*")
_FALLING: Final = frozenset({"<", "≤"})
_NUMERIC: Final = re.compile(
    rf"\W{{0,4}}(?:{vocabulary().before.pattern}\s*)?\W{{0,4}}\d(?!\d*(?:xx|th|st|nd|rd)\b)", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class _Cell:
    role: str
    head: str
    text: str


@dataclass(frozen=True, kw_only=True)
class _Row:
    """The cells of a row and the line on which it stands."""

    line: int
    cells: tuple[_Cell, ...]

    def text_of(self, role: str) -> str:
        """Return the text of the first cell that has a role, or nothing."""
        return next((cell.text for cell in self.cells if cell.role == role), "")

    def has(self, role: str) -> bool:
        """Return whether a cell of the row has a role."""
        return any(cell.role == role for cell in self.cells)

    @property
    def falls(self) -> bool:
        """Whether a limit of the row has `<` or `≤`."""
        return any(cell.role == "limit" and cell.text[:1] in _FALLING for cell in self.cells)

    @property
    def names(self) -> tuple[str, ...]:
        """The texts that name what the row is about."""
        # "1" in a column "Shard" is shard 1.
        return tuple(
            f"{cell.head} {cell.text}" if cell.text.isdecimal() else cell.text
            for cell in self.cells
            if cell.role == "name" and cell.text
        )


def table(tokens: Sequence[Token], above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield the cells of a table that may hold limits, row by row; `above` holds the texts over it, nearest first."""
    rows = _rows(tokens)
    if len(rows[0][1]) > _MOST_COLUMNS:
        return
    columns = zip_longest(*(texts for _, texts in rows), fillvalue="")
    roles = [(column[0], _role(column[0], column[1:])) for column in columns]
    # A column "Instance" beside a severity or a limit does not make a table of settings.
    graded = any(role in {"limit", "severity"} for _, role in roles[1:])
    if vocabulary().phrases.settings.fullmatch(rows[0][1][0]) and not graded:
        return
    if _names_rows(roles, [texts[0] for _, texts in rows[1:] if texts]):
        roles[0] = (roles[0][0], "name")
    for line, texts in rows[1:]:
        cells = (_Cell(role=role, head=head, text=text) for (head, role), text in zip(roles, texts, strict=False))
        yield from _limits(_Row(line=line, cells=tuple(cells)), above)


def _rows(tokens: Sequence[Token]) -> list[tuple[int, list[str]]]:
    """Return the line and the cells' texts of each row, the head's first."""
    rows: list[tuple[int, list[str]]] = []
    for token in tokens:
        if token.type == "tr_open" and token.map:
            rows.append((token.map[0] + 1, []))
        elif token.type == "inline" and rows:
            rows[-1][1].append(plain(_CALL.sub(r"`\g<0>`", token.content)))
    return rows


def _role(head: str, texts: Sequence[str]) -> str:
    """Return the role of a column, by its head.

    A column whose head names a severity or a target holds limits if at least half of its texts are numbers. Else it
    names the rows.
    """
    lexicon, words = vocabulary(), head.casefold()
    role = next((role for pattern, role in lexicon.columns if pattern.search(words)), None)
    if role == "severity" and _KINDS.match(words) and not any(map(_is_severity, texts)):
        # The routes of a service are no routes to people, and the tiers of its customers are no severities.
        role = None
    if role == "sign" and not words and texts and not any(lexicon.phrases.signs.search(text) for text in texts):
        role = None
    if role is not None:
        return role
    if lexicon.environment(words) is not None:
        return "threshold"
    graded = "limit" if lexicon.severity(head) != NO_SEVERITY else "target" if lexicon.targets.search(head) else ""
    if graded:
        filled = [text for text in texts if text.casefold() not in _EMPTY]
        if graded == "target" and _describes_state(head, filled):
            return "skip"
        return graded if sum(bool(_NUMERIC.match(text)) for text in filled) * 2 >= len(filled) else "name"
    return next((role for pattern, role in lexicon.other_columns if pattern.search(words)), "name")


def _is_severity(text: str) -> bool:
    """Return whether a text names a severity and is no route of a service."""
    return not _ROUTE.match(text) and vocabulary().severities.expected(text) != NO_SEVERITY


def _names_rows(heads: Sequence[tuple[str, str]], texts: Sequence[str]) -> bool:
    """Return whether a first column such as "Condition" names what the limits of another column are about."""
    (_, first_role), *others = heads
    limited = first_role == "threshold" and any(role in {"threshold", "limit"} for _, role in others)
    return limited and not any(vocabulary().phrases.signs.search(text) for text in texts)


def _describes_state(head: str, texts: Sequence[str]) -> bool:
    """Return whether a column such as "Normal" describes the usual state.

    It does so if it has no comparator: "30-50 %" describes, "< 50 %" demands.
    """
    phrases = vocabulary().phrases
    return bool(phrases.states.search(head)) and not any(phrases.signs.search(text) for text in (head, *texts))


def _limits(row: _Row, above: tuple[str, ...]) -> Iterator[Passage]:
    if any(vocabulary().phrases.foreign.search(name) for name in row.names):
        return
    for number, cell in enumerate(row.cells):
        if cell.text.casefold() not in _EMPTY and _may_limit(cell, row, is_first=number == 0):
            yield replace(_passage(cell, row, above), cell=_place(row, number))


def _may_limit(cell: _Cell, row: _Row, *, is_first: bool) -> bool:
    signed = bool(vocabulary().phrases.signs.search(cell.text))
    if cell.role == "name":
        return not is_first and signed and bool(re.search(r"\d", cell.text))
    if cell.role == "target":
        # If 8 or fewer are a warning, "Healthy: 9" is the usual number and no target.
        usual = row.falls and _COUNT.fullmatch(cell.text) and vocabulary().phrases.usual.search(cell.head)
        return not _NUMBERED.fullmatch(cell.head) and not usual
    if cell.role == "threshold":
        # A column "Value" may hold settings too. A comparator, a severity or a duration in the row makes it a limit.
        return signed or _sign(cell, row) is not None or row.has("severity") or row.has("hold")
    return cell.role == "limit"


def _passage(cell: _Cell, row: _Row, above: tuple[str, ...]) -> Passage:
    severity, target = _grade(cell, row, above)
    return Passage(
        text=cell.text,
        starts=((0, row.line),),
        above=(
            " ".join(text for text in (*row.names, cell.head) if text != cell.text),
            *row.names,
            cell.head,
            *(name_cell.head for name_cell in row.cells if name_cell.role == "name" and name_cell.head != cell.head),
            *above,
        ),
        bare=True,
        alert=cell.role == "threshold" and bool(row.text_of("action") or row.text_of("severity")),
        sign=_sign(cell, row),
        for_words=row.text_of("hold"),
        unit=vocabulary().unit_of_name(f"({row.text_of('unit')})", cell.head, *row.names, *above[:1]),
        severity=severity,
        target=target,
    )


def _grade(cell: _Cell, row: _Row, above: tuple[str, ...]) -> tuple[Severity, bool]:
    """Return a cell's severity, and whether it is a target: by its column, else its row, else the text above."""
    lexicon = vocabulary()
    if cell.role == "limit":
        return lexicon.severity(cell.head), False
    if cell.role == "target":
        return NO_SEVERITY, True
    severity, target = inherited(above)
    row_severity = lexicon.severities.expected(row.text_of("severity"))
    if row_severity == severity == NO_SEVERITY and not target:
        # "Page the on-call" in a column of actions names a severity as a column of severities does.
        row_severity = lexicon.severity(row.text_of("action"))
    return row_severity if row_severity != NO_SEVERITY else severity, target


def _place(row: _Row, number: int) -> str:
    """Return the row and the column of a cell as a person names them: "Disk usage, Warning"."""
    names_before = _Row(line=row.line, cells=row.cells[:number]).names
    names = (*(names_before or row.names), row.cells[number].head)
    return ", ".join(name for name in names if name != row.cells[number].text and _LETTER.search(name))


def _sign(cell: _Cell, row: _Row) -> str | None:
    signs = vocabulary().phrases.signs
    if signs.search(row.text_of("sign")):
        return row.text_of("sign")
    match = signs.search(cell.head)
    return match.group() if match else None
