"""Resolve: bullets of "Alert thresholds" that say of what they state their limits; used by `matching`.

"Error ratio in production: warning above 1 %", or "Error ratio: …" below an item "Production", is about some of the
alerts with that title. Such a bullet is read as a sentence; one that says no such thing counts for all of them.
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
from compiler.statements import Statement
from compiler.subjects import Mark, Spoken, spoken

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bullet:
    """A bullet, the title that it names, in small letters, and from what it can be told what it is about.

    `exact` is set where its title is that and no more.
    """

    statement: Statement
    title: str
    exact: bool
    spoken: Spoken


def bullets(runbook: Runbook, titles: Collection[str], watched: Collection[str]) -> Iterator[Bullet]:
    """Yield the bullets that name one of some titles, in small letters.

    Those of what is `watched` may stand there with additions, in a bullet of which all can be read.
    """
    lines: dict[int, list[Statement]] = {}
    for statement in runbook.statements:
        lines.setdefault(statement.span.line, []).append(statement)
    unread = {statement.span.line for statement in runbook.unread}
    for line, statements in lines.items():
        title = statements[0].title.casefold()
        named = title if title in titles else _contained(title, watched)
        if named is None or (named != title and line in unread):
            continue
        over = above(runbook.text).get(line, ())
        yield from _spoken(statements, named, exact=named == title, line=runbook.text.split("\n")[line - 1], over=over)


def _spoken(
    statements: Sequence[Statement], title: str, *, exact: bool, line: str, over: tuple[str, ...]
) -> Iterator[Bullet]:
    """Yield the statements of one bullet, each with its place among them."""
    begin = line.find(statements[0].text) + 1
    ends = max(statement.span.end_column for statement in statements) - begin
    around = Surroundings(sentence=_without(title, statements[0].text[:ends]), above=over)
    marks = tuple(
        Mark(start=statement.span.column - begin, end=statement.span.end_column - begin, severity=statement.severity)
        for statement in statements
    )
    for statement, said in zip(statements, spoken(around, marks, titled=True), strict=True):
        yield Bullet(statement=statement, title=title, exact=exact, spoken=said)


def _contained(title: str, titles: Collection[str]) -> str | None:
    """Return the longest of some titles that a title contains as whole words."""
    contained = [known for known in titles if re.search(rf"(?<![\w-]){re.escape(known)}(?![\w-])", title)]
    return max(contained, key=lambda known: (len(_WORD.findall(known)), len(known), known), default=None)


def _without(title: str, text: str) -> str:
    """Return the text of a bullet with its title blotted out: the title's own words say what is measured."""
    start = text.casefold().find(title)
    return text if start < 0 else f"{text[:start]}{' ' * len(title)}{text[start + len(title) :]}"


def sentence(bullet: Bullet) -> Sentence | None:
    """Return a bullet as a sentence on the signal that it names; None for a state, which has no number."""
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
