"""Resolve: compare the limits of all systems with their runbooks, and report what only one of the two states.

It runs after `compiler.resolve.systems` has read every system. A limit comes from the line that it quotes, else from
its bullet, else from a sentence that agrees with it (`matching`). Every statement of a runbook must belong to a limit,
or be waived with a reason; `drift` writes the findings for those that do not.
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
from compiler.runbooks.statements import Statement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The statements of one runbook and the limits of the systems that share it.

    `incomplete` is set if a part of the systems could not be read. The compiler then does not report statements and
    limits without a counterpart.
    """

    matching: Matching
    systems: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    incomplete: bool
    diagnostics: Diagnostics

    def settle(self) -> dict[int, Statement]:
        """Return the statement that each limit comes from, by the limit's `id()`; report every difference."""
        used: set[int] = set()
        for unread in self.matching.unread:
            if not _is_waived(self._waiver(unread.text), used):
                self.diagnostics.found += unread.problems
        statements: dict[int, Statement] = {}
        undocumented = []
        for watch in self.matching.watches:
            for limit in watch.limits:
                statement = self._statement(watch, limit)
                if statement is not None:
                    statements[id(limit)] = statement
                elif not (limit.default or watch.misquoted or self.matching.may_be_unread(watch.signal)):
                    undocumented.append((watch, limit))
        differing_spans = () if self.incomplete else tuple(self._report_unimplemented(used, undocumented))
        for watch, limit in undocumented:
            if limit.span not in differing_spans and not self.incomplete:
                drift.undocumented(watch, limit, self.matching.title_in_bullet(watch), self._naming, self.diagnostics)
        return statements

    def documented(self) -> tuple[Documented, ...]:
        """Return every statement of the runbook with the limits that implement it, or the reason why it is waived."""
        bullets = (
            self._documented(bullet.span, bullet.text, self._waiver(bullet.text), self.matching.bearers(bullet))
            for bullet in self.matching.bullets
        )
        free = (
            self._documented(
                sentence.span,
                sentence.stated.text,
                self._waiver(sentence.line, sentence.stated.written),
                map(_name, self.matching.carriers(sentence)),
                self.matching.subject(sentence),
            )
            for sentence in self.matching.free
        )
        return tuple(sorted((*bullets, *free), key=lambda documented: (documented.line, documented.text)))

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
            self._compare_with_quotation(watch, limit, watch.quoted)
            return watch.quoted
        bullet = self.matching.bullet(watch, limit.severity)
        if bullet is None:
            return self.matching.agreeing_statement(watch, limit)
        drift.bullet_differs(watch, limit, bullet, self._naming, self.diagnostics)
        return bullet

    def _compare_with_quotation(self, watch: Watch, limit: Limit, quoted: Statement) -> None:
        """Compare a limit with the line that it quotes: a number of the line, in the limit's unit, must be its own."""
        claim = watch.claim(limit)
        sentences_in_line = [sentence for sentence in self.matching.sentences if sentence.span.line == quoted.span.line]
        stated = [sentence for sentence in sentences_in_line if sentence.stated.unit == limit.unit]
        about = [
            sentence
            for sentence in stated
            if not self.matching.scope.excludes(watch.about, sentence.spoken, unsure=False)
        ]
        if stated and not any({"number", "window"}.isdisjoint(differences(sentence, claim)) for sentence in about):
            self._report_difference((about or stated)[0], claim)
        elif not stated and (other_subject := self.matching.other_subject(watch, quoted)):
            drift.quotes_another(quoted, limit, other_subject, self._naming.limit(claim), self.diagnostics)

    @property
    def _naming(self) -> drift.Naming:
        return drift.Naming(path=self.matching.runbook.path, several=len(self.systems) > 1)

    def _report_difference(self, sentence: Sentence, claim: Claim, name: str = "") -> tuple[Span, ...]:
        """Report that a sentence and its claim differ; return the places of the limits that the finding shows.

        If the sentence names several things, `name` is the thing that the claim is about.
        """
        elsewhere = self.matching.elsewhere(sentence)
        subject = (name,) if name else self.matching.subject(sentence)
        about = drift.About(subject=subject, elsewhere=elsewhere)
        drift.sentence_differs(sentence, claim, about, self._naming, self.diagnostics)
        return claim.span, *(other_claim.span for other_claim in elsewhere)

    def _report_unimplemented(self, used: set[int], undocumented: Sequence[tuple[Watch, Limit]]) -> Iterator[Span]:
        """Report the statements that no limit implements and no waiver covers; yield the places of limits that differ.

        `used` holds the identities of the waivers that waive something; this method adds to it.
        """
        for sentence in self.matching.free:
            is_carried = bool(self.matching.carriers(sentence))
            contradicted = self.matching.contradicted(sentence)
            if (is_carried and contradicted is None) or _is_waived(
                self._waiver(sentence.line, sentence.stated.written), used
            ):
                continue
            changed_waiver = self._changed_waiver(sentence.line)
            if changed_waiver is not None:
                used.add(id(changed_waiver))
                drift.changed(changed_waiver, sentence, self.diagnostics)
                continue
            claims = self.matching.candidates(sentence)
            if contradicted is not None:
                name, claim = contradicted
                yield from self._report_difference(sentence, claim, name)
            elif claims:
                yield from self._report_difference(sentence, nearest_claim(sentence, claims))
            else:
                about = drift.About(
                    subject=self.matching.subject(sentence),
                    elsewhere=self.matching.elsewhere(sentence),
                    grade=drift.other_word(sentence.stated.severity_word, sentence.stated.severity),
                )
                drift.unwatched(sentence.stated.text, sentence.span, about, self.systems, self.diagnostics)
        yield from self._report_bullets_without_limit(used, undocumented)
        for waiver in self.waivers:
            if id(waiver) not in used:
                drift.unused(waiver, self.matching.runbook.path, self.matching.runbook.text, self.diagnostics)

    def _report_bullets_without_limit(
        self, used: set[int], undocumented: Sequence[tuple[Watch, Limit]]
    ) -> Iterator[Span]:
        """Report the bullets without a limit; yield the places of limits whose signal a bullet seems to misspell."""
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

    def _changed_waiver(self, line: str) -> Waiver | None:
        """Return the waiver that seems to quote this line as it was before somebody changed it."""
        return next((waiver for waiver in self._waivers_without_line if waiver.is_like(line)), None)

    @cached_property
    def _waivers_without_line(self) -> tuple[Waiver, ...]:
        """The waivers whose words are in no line of the runbook."""
        lines = [" ".join(line.split()) for line in self.matching.runbook.text.split("\n")]
        return tuple(waiver for waiver in self.waivers if not any(waiver.words in line for line in lines))

    def _waiver(self, line: str, number: str = "") -> Waiver | None:
        return next(self._waiver_index.covering(line, number), None)

    @cached_property
    def _waiver_index(self) -> Covering:
        return Covering(self.waivers)


def _is_waived(waiver: Waiver | None, used: set[int]) -> bool:
    if waiver is not None:
        used.add(id(waiver))
    return waiver is not None


def _misnamed(bullet: Statement, undocumented: Iterable[tuple[Watch, Limit]]) -> tuple[Watch, Limit] | None:
    """Return the undocumented limit that a bullet seems to state, because its title is nearly that of the signal."""
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
    """Return the limits with the statements that they come from; a limit with a statement is no default."""
    return tuple(
        replace(limit, statement=statements[id(limit)], default=False) if id(limit) in statements else limit
        for limit in limits
    )
