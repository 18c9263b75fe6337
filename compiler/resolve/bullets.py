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
from compiler.subjects import Mark, Spoken

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
    for one in runbook.statements:
        lines.setdefault(one.span.line, []).append(one)
    unread = {one.span.line for one in runbook.unread}
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
    ends = max(one.span.end_column for one in statements) - begin
    around = Surroundings(sentence=_without(title, statements[0].text[:ends]), above=over)
    marks = tuple(
        Mark(start=one.span.column - begin, end=one.span.end_column - begin, severity=one.severity)
        for one in statements
    )
    for index, one in enumerate(statements):
        spoken = Spoken(around=around, marks=marks, index=index, titled=True)
        yield Bullet(statement=one, title=title, exact=exact, spoken=spoken)


def _contained(title: str, titles: Collection[str]) -> str | None:
    """Return the longest of some titles that a title contains as whole words."""
    found = [one for one in titles if re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", title)]
    return max(found, key=lambda one: (len(_WORD.findall(one)), len(one), one), default=None)


def _without(title: str, text: str) -> str:
    """Return the text of a bullet with its title blotted out: the title's own words say what is measured."""
    start = text.casefold().find(title)
    return text if start < 0 else f"{text[:start]}{' ' * len(title)}{text[start + len(title) :]}"


def sentence(bullet: Bullet) -> Sentence | None:
    """Return a bullet as a sentence on the signal that it names; None for a state, which has no number."""
    one = bullet.statement
    if one.comparison is None or one.comparison.quantity.unit == STATE:
        return None
    stated = GuideStatement(
        path=one.span.path,
        line=one.span.line,
        text=one.text,
        signal="other" if one.comparison.quantity.unit != COUNT else "count",
        comparator=one.comparison.comparator,
        value=Decimal(one.comparison.quantity.value),
        value_to=None,
        unit=one.comparison.quantity.unit,
        severity=one.severity,
        severity_word=one.word,
        hold=None,
        kind=ALERT,
        written="",
        around=bullet.spoken.around,
    )
    return Sentence(stated=stated, line=one.text, span=one.span, spoken=bullet.spoken, titled=bullet.title)
