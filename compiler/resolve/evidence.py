"""Resolve: the limits of all systems, held against what their runbooks say; and what of either stands alone.

After `compiler.resolve.systems` has read every system. A limit comes from the words that it quotes, else from its
bullet, else from a sentence that says the same (`matching`). Every statement must be carried by a limit, or be waived
with a reason; `drift` words what is not so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from compiler.diagnostics import Diagnostics, Span, nearest
from compiler.model import Documented, Limit
from compiler.resolve import drift
from compiler.resolve.claims import Claim, differences, nearest_claim
from compiler.resolve.matching import Matching, Watch
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Covering, Waiver
from compiler.statements import Statement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one runbook says, beside what the systems that share it watch.

    `excused` is set where something of the systems could not be read: what then seems to be alone is not reported.
    """

    matching: Matching
    systems: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    excused: bool
    diagnostics: Diagnostics

    def settle(self) -> dict[int, Statement]:
        """Return the statement that each limit comes from, by the limit's identity; report what does not agree."""
        used: set[int] = set()
        for unread in self.matching.unread:
            if not _is_waived(self._waiver(unread.text), used):
                self.diagnostics.found += unread.problems
        found: dict[int, Statement] = {}
        alone = []
        for watch in self.matching.watches:
            for limit in watch.limits:
                statement = self._statement(watch, limit)
                if statement is not None:
                    found[id(limit)] = statement
                elif not (limit.default or watch.misquoted or self.matching.may_be_unread(watch.signal)):
                    alone.append((watch, limit))
        different = () if self.excused else tuple(self._alone(used, alone))
        for watch, limit in alone:
            if limit.span not in different and not self.excused:
                drift.undocumented(watch, limit, self.matching.called(watch), self._naming, self.diagnostics)
        return found

    def documented(self) -> tuple[Documented, ...]:
        """Return every statement of the runbook with the limits that carry it, or the reason why none does."""
        bullets = (
            self._documented(one.span, one.text, self._waiver(one.text), self.matching.bearers(one))
            for one in self.matching.bullets
        )
        free = (
            self._documented(
                one.span,
                one.stated.text,
                self._waiver(one.line, one.stated.written),
                map(_name, self.matching.carriers(one)),
                self.matching.subject(one),
            )
            for one in self.matching.free
        )
        return tuple(sorted((*bullets, *free), key=lambda one: (one.line, one.text)))

    def _documented(
        self, span: Span, text: str, waiver: Waiver | None, carriers: Iterable[str], subject: tuple[str, ...] = ()
    ) -> Documented:
        return Documented(
            path=self.matching.runbook.path,
            line=span.line,
            text=text,
            carriers=tuple(dict.fromkeys(carriers)),
            waived=None if waiver is None else waiver.reason,
            subject=subject,
        )

    def _statement(self, watch: Watch, limit: Limit) -> Statement | None:
        if watch.quoted is not None:
            self._hold_against_quotation(watch, limit, watch.quoted)
            return watch.quoted
        bullet = self.matching.bullet(watch, limit.severity)
        if bullet is None:
            return self.matching.saying(watch, limit)
        drift.bullet_differs(watch, limit, bullet, self._naming, self.diagnostics)
        return bullet

    def _hold_against_quotation(self, watch: Watch, limit: Limit, quoted: Statement) -> None:
        """Compare with the numbers in the quoted words: one of the limit's unit must be its own."""
        claim = watch.claim(limit)
        inside = [one for one in self.matching.sentences if one.span.line == quoted.span.line]
        stated = [one for one in inside if one.stated.unit == limit.unit]
        about = [one for one in stated if not self.matching.scope.excludes(watch.about, one.spoken, unsure=False)]
        if stated and not any({"number", "window"}.isdisjoint(differences(one, claim)) for one in about):
            self._differs((about or stated)[0], claim)
        elif not stated and (strays := self.matching.strays(watch, quoted)):
            drift.quotes_another(quoted, limit, strays, self._naming.limit(claim), self.diagnostics)

    @property
    def _naming(self) -> drift.Naming:
        return drift.Naming(path=self.matching.runbook.path, several=len(self.systems) > 1)

    def _differs(self, one: Sentence, claim: Claim, name: str = "") -> tuple[Span, ...]:
        """Report a sentence and a claim that it speaks of; return the places of the limits that it shows.

        `name` is the one of several that the sentence names of which the claim is.
        """
        elsewhere = self.matching.elsewhere(one)
        subject = (name,) if name else self.matching.subject(one)
        about = drift.About(subject=subject, elsewhere=elsewhere)
        drift.sentence_differs(one, claim, about, self._naming, self.diagnostics)
        return claim.span, *(other.span for other in elsewhere)

    def _alone(self, used: set[int], undocumented: Sequence[tuple[Watch, Limit]]) -> Iterator[Span]:
        """Report the statements that nobody carries or waives; yield the places of the limits that differ from one.

        `used` are the waivers, by identity, that waive something, and is added to.
        """
        for one in self.matching.free:
            carried = bool(self.matching.carriers(one))
            contradicted = self.matching.contradicted(one)
            if (carried and contradicted is None) or _is_waived(self._waiver(one.line, one.stated.written), used):
                continue
            stale = self._stale(one.line)
            if stale is not None:
                used.add(id(stale))
                drift.changed(stale, one, self.diagnostics)
                continue
            claims = self.matching.candidates(one)
            if contradicted is not None:
                name, claim = contradicted
                yield from self._differs(one, claim, name)
            elif claims:
                yield from self._differs(one, nearest_claim(one, claims))
            else:
                about = drift.About(
                    subject=self.matching.subject(one),
                    elsewhere=self.matching.elsewhere(one),
                    grade=drift.other_word(one.stated.severity_word, one.stated.severity),
                )
                drift.unwatched(one.stated.text, one.span, about, self.systems, self.diagnostics)
        yield from self._bullets_alone(used, undocumented)
        for waiver in self.waivers:
            if id(waiver) not in used:
                drift.unused(waiver, self.matching.runbook.path, self.matching.runbook.text, self.diagnostics)

    def _bullets_alone(self, used: set[int], undocumented: Sequence[tuple[Watch, Limit]]) -> Iterator[Span]:
        """Report the bullets that no limit bears; yield the places of the limits that one of them seems to misname."""
        for bullet in self.matching.bullets:
            if self.matching.bearers(bullet) or _is_waived(self._waiver(bullet.text), used):
                continue
            misnamed = _misnamed(bullet, undocumented)
            if misnamed is not None:
                watch, limit = misnamed
                drift.misnamed(bullet, watch.signal, limit, self.diagnostics)
                yield limit.span
            else:
                about = drift.About(grade=drift.other_word(bullet.word, bullet.severity))
                drift.unwatched(bullet.title, bullet.span, about, self.systems, self.diagnostics)

    def _stale(self, line: str) -> Waiver | None:
        """Return the waiver whose words seem to be those that this line had before somebody changed it."""
        return next((one for one in self._lost if one.is_like(line)), None)

    @cached_property
    def _lost(self) -> tuple[Waiver, ...]:
        """The waivers whose words stand in no line of the runbook."""
        lines = [" ".join(one.split()) for one in self.matching.runbook.text.split("\n")]
        return tuple(one for one in self.waivers if not any(one.words in each for each in lines))

    def _waiver(self, line: str, number: str = "") -> Waiver | None:
        return next(self._covering.covering(line, number), None)

    @cached_property
    def _covering(self) -> Covering:
        return Covering(self.waivers)


def _is_waived(waiver: Waiver | None, used: set[int]) -> bool:
    if waiver is not None:
        used.add(id(waiver))
    return waiver is not None


def _misnamed(bullet: Statement, undocumented: Iterable[tuple[Watch, Limit]]) -> tuple[Watch, Limit] | None:
    """Return the limit without a statement that a bullet seems to state, under nearly the title of its signal."""
    return next(
        (
            (watch, limit)
            for watch, limit in undocumented
            if limit.severity == bullet.severity and nearest(bullet.title.casefold(), [watch.signal.title.casefold()])
        ),
        None,
    )


def _name(claim: Claim) -> str:
    return f"{claim.signal.id} {claim.severity}" if claim.severity else claim.signal.id


def with_statements(limits: Sequence[Limit], statements: Mapping[int, Statement]) -> tuple[Limit, ...]:
    """Return limits with the statements that they come from; one that comes from a statement is no default."""
    return tuple(
        replace(one, statement=statements[id(one)], default=False) if id(one) in statements else one for one in limits
    )
