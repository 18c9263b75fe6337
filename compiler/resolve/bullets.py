"""Resolve: bullets of "Alert thresholds" that name what their limits are about; `matching` uses them.

Such a bullet is about only some of the alerts with its title: "Error ratio in production: warning above 1 %", or
"Error ratio: …" below an item "Production". The compiler reads it as a sentence. A bullet that names only a title holds
for all alerts with that title.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler.guides.statement import ALERT, GuideStatement, Surroundings
from compiler.quantities import COUNT, STATE
from compiler.resolve.sentences import Sentence, above
from compiler.runbooks import Runbook
from compiler.runbooks.statements import Statement
from compiler.subjects import Mark, Spoken, spoken

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bullet:
    """A bullet, the signal's title that it names, in lower case, and the words that tell what the bullet is about.

    `exact` is set if the bullet's own title is exactly the signal's title.
    """

    statement: Statement
    title: str
    exact: bool
    spoken: Spoken


def bullets(runbook: Runbook, titles: Collection[str], watched: Collection[str]) -> Iterator[Bullet]:
    """Yield the bullets that name one of the titles, which are in lower case.

    A title in `watched` may have additional words around it, if the whole bullet can be read.
    """
    lines: dict[int, list[Statement]] = {}
    for statement in runbook.statements:
        lines.setdefault(statement.span.line, []).append(statement)
    unread = {statement.span.line for statement in runbook.unread}
    for line, statements in lines.items():
        title = statements[0].title.casefold()
        signal_title = title if title in titles else _contained(title, watched)
        if signal_title is None or (signal_title != title and line in unread):
            continue
        headings = above(runbook.text).get(line, ())
        yield from _bullets_of_line(
            statements,
            signal_title,
            exact=signal_title == title,
            line=runbook.text.split("\n")[line - 1],
            headings=headings,
        )


def _bullets_of_line(
    statements: Sequence[Statement], title: str, *, exact: bool, line: str, headings: tuple[str, ...]
) -> Iterator[Bullet]:
    """Yield a `Bullet` for each statement of one bullet, with the words that belong to it."""
    begin = line.find(statements[0].text) + 1
    ends = max(statement.span.end_column for statement in statements) - begin
    around = Surroundings(sentence=_without(title, statements[0].text[:ends]), above=headings)
    marks = tuple(
        Mark(start=statement.span.column - begin, end=statement.span.end_column - begin, severity=statement.severity)
        for statement in statements
    )
    for statement, words in zip(statements, spoken(around, marks, titled=True), strict=True):
        yield Bullet(statement=statement, title=title, exact=exact, spoken=words)


def _contained(title: str, titles: Collection[str]) -> str | None:
    """Return the longest of `titles` that a bullet's title contains as whole words, or None."""
    contained = [candidate for candidate in titles if re.search(rf"(?<![\w-]){re.escape(candidate)}(?![\w-])", title)]
    return max(
        contained, key=lambda candidate: (len(_WORD.findall(candidate)), len(candidate), candidate), default=None
    )


def _without(title: str, text: str) -> str:
    """Return the text of a bullet with its title blanked out, because the title only tells what is measured."""
    start = text.casefold().find(title)
    return text if start < 0 else f"{text[:start]}{' ' * len(title)}{text[start + len(title) :]}"


def sentence(bullet: Bullet) -> Sentence | None:
    """Return a bullet as a sentence about the signal that it names, or None for a state, which has no number."""
    statement = bullet.statement
    if statement.comparison is None or statement.comparison.quantity.unit == STATE:
        return None
    stated = GuideStatement(
        path=statement.span.path,
        line=statement.span.line,
        text=statement.text,
        signal="other" if statement.comparison.quantity.unit != COUNT else "count",
        comparator=statement.comparison.comparator,
        value=Decimal(statement.comparison.quantity.value),
        value_to=None,
        unit=statement.comparison.quantity.unit,
        severity=statement.severity,
        severity_word=statement.word,
        for_seconds=None,
        kind=ALERT,
        written="",
        around=bullet.spoken.around,
    )
    return Sentence(stated=stated, line=statement.text, span=statement.span, spoken=bullet.spoken, titled=bullet.title)
