"""Resolve: match the limits that one runbook states with the signals that its systems watch.

`compiler.resolve.evidence` uses the result and reports differences. A runbook states limits in two ways: in the bullets
of its section "Alert thresholds" (`compiler.runbooks.statements`), which name a signal by its title, and in free
sentences anywhere else (`compiler.resolve.sentences`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from compiler.diagnostics import Span
from compiler.guides.passage import plain, restored
from compiler.guides.statement import NO_SEVERITY, TARGET, Surroundings
from compiler.model import Limit
from compiler.quantities import STATE, Comparison
from compiler.resolve.bullets import Bullet, bullets
from compiler.resolve.bullets import sentence as sentence_of
from compiler.resolve.claims import (
    Claim,
    active_claim,
    agrees,
    candidates,
    in_unit,
    is_usual,
    limit_claim,
    nearest_claim,
)
from compiler.resolve.sentences import Sentence, above, of_runbook
from compiler.runbooks import Runbook, Section, Unread
from compiler.runbooks.statements import Statement
from compiler.signals.bound import Signal
from compiler.subjects import ENVIRONMENT, About, Scope, Spoken, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One signal that a system watches, as far as the compiler could read it.

    `severities` are those that the file names, even those whose limit could not be read. `quoted` is the line that
    `documented:` quotes; `misquoted` is set if the runbook lacks those words. `active` is the comparison that
    makes a state true, with its place. `subject` is what the alerts are about. `window` is the number of seconds within
    which the signal counts events, or None if it counts none.
    """

    system: str
    signal: Signal
    severities: tuple[str, ...]
    limits: tuple[Limit, ...]
    section: Section | None
    quoted: Statement | None = None
    misquoted: bool = False
    active: tuple[Comparison, Span] | None = None
    subject: Subject = ()
    window: int | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the signal's limits, and of `active` if there is one."""
        claims = [self.claim(limit) for limit in self.limits if limit.unit != STATE]
        active = active_claim(self.signal, self.active[0], self.section, self.active[1]) if self.active else None
        return (*claims, *((self._with_context(active),) if active else ()))

    def claim(self, limit: Limit) -> Claim:
        """Return the claim of one of the signal's limits."""
        return self._with_context(limit_claim(self.signal, limit, self.section))

    def _with_context(self, claim: Claim) -> Claim:
        return replace(claim, system=self.system, subject=self.subject, window=self.window)

    @property
    def about(self) -> About:
        """What the alerts of the signal are about."""
        claim = next(iter(self.claims), None)
        return claim.about if claim else About(subject=self.subject, quantity=(self.signal.kind, self.signal.unit))


def _place_of(sentence: Sentence) -> tuple[int, int]:
    return sentence.span.line, sentence.span.column


@dataclass(frozen=True, kw_only=True)
class Matching:
    """One runbook and the signals that its systems watch; `titles` are those of all signals, in lower case."""

    runbook: Runbook
    watches: tuple[Watch, ...]
    titles: frozenset[str]

    @cached_property
    def bullets(self) -> tuple[Statement, ...]:
        """The bullets that hold for all alerts of the signal that their title names.

        A bullet with another title is included only if `sentences` finds no limit in its line.
        """
        lines_read = {sentence.span.line for sentence in self.sentences}
        lines_taken = {sentence.span.line for sentence in self._own_sentences}
        titled = {id(bullet.statement) for bullet in self._titled_bullets}
        return tuple(
            statement
            for statement in self.runbook.statements
            if statement.span.line not in lines_taken
            and (id(statement) in titled or statement.span.line not in lines_read)
        )

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """All limits that the guide grammar reads in the runbook, including those in the lines of bullets."""
        return of_runbook(self.runbook)

    @cached_property
    def free(self) -> tuple[Sentence, ...]:
        """The sentences outside of `bullets`, and the bullets that hold for only some alerts with their title."""
        lines_taken = {bullet.span.line for bullet in self.bullets} | {own.span.line for own in self._own_sentences}
        sentences = [sentence for sentence in self.sentences if sentence.span.line not in lines_taken]
        sentences += self._own_sentences
        return tuple(sorted(sentences, key=_place_of))

    @cached_property
    def _titled_bullets(self) -> tuple[Bullet, ...]:
        watched = {name for watch in self.watches for name in (watch.signal.title.casefold(), watch.signal.id)}
        titled = bullets(self.runbook, self.titles, watched)
        return tuple(bullet for bullet in titled if bullet.exact or self.scope.written(bullet.spoken))

    @cached_property
    def _own_sentences(self) -> tuple[Sentence, ...]:
        """The bullets that name what their limits are about, read as sentences."""
        stated = [sentence_of(bullet) for bullet in self._titled_bullets if self.scope.written(bullet.spoken)]
        return tuple(sentence for sentence in stated if sentence is not None)

    @cached_property
    def scope(self) -> Scope:
        """What the alerts of the runbook are about."""
        first = self.runbook.sections[0] if self.runbook.sections else None
        title = first.title if first and all(section.end <= first.end for section in self.runbook.sections) else ""
        return Scope(abouts=tuple(dict.fromkeys(watch.about for watch in self.watches)), title=title)

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """The bullets that could not be read, except those in which a free sentence was read instead."""
        lines_read = {sentence.span.line for sentence in self.free}
        return tuple(
            unread
            for unread in self.runbook.unread
            if lines_read.isdisjoint(range(unread.span.line, unread.span.line + unread.text.count("\n") + 1))
        )

    def bullet(self, watch: Watch, severity: str) -> Statement | None:
        """Return the bullet that states a signal's limit for a severity.

        Return None if there is none, or if a free sentence names exactly these alerts.
        """
        key = (id(watch), severity)
        return self._bullet_by_limit[key] if key in self._bullet_by_limit else self._find_bullet(watch, severity)

    @cached_property
    def _bullet_by_limit(self) -> Mapping[tuple[int, str], Statement | None]:
        """The bullets of all limits, by the identity of the watch and the severity."""
        return {
            (id(watch), severity): self._find_bullet(watch, severity)
            for watch in self.watches
            for severity in watch.severities
        }

    def _find_bullet(self, watch: Watch, severity: str) -> Statement | None:
        if any(self._names_exactly(sentence, watch, severity) for sentence in self._specific_sentences):
            return None
        same_title = (
            self._bullets_by_title.get(watch.signal.title.casefold())
            or self._bullets_by_title.get(watch.signal.id)
            or ()
        )
        about = watch.about
        fitting = (
            bullet.statement
            for bullet in reversed(same_title)
            if bullet.statement.severity == severity and not self.scope.excludes(about, bullet.spoken, unsure=False)
        )
        return next(fitting, None)

    def _names_exactly(self, sentence: Sentence, watch: Watch, severity: str) -> bool:
        """Return whether a sentence may state a severity's limit and names exactly what a signal's alerts are about."""
        if sentence.stated.severity not in {severity, NO_SEVERITY}:
            return False
        is_meant = any(
            claim.severity == severity and claim.about == watch.about for claim in self._meant_by_sentence[sentence]
        )
        return is_meant and self.scope.singled_out(watch.about, replace(sentence.spoken, titled=True)) > 0

    @cached_property
    def _specific_sentences(self) -> tuple[Sentence, ...]:
        """The sentences that state limits and name more than the signal: an environment, an instance, a component."""
        stating = [sentence for sentence in self.free if sentence.stated.kind != TARGET]
        return tuple(sentence for sentence in stating if self.scope.written(replace(sentence.spoken, titled=True)))

    def bearers(self, bullet: Statement) -> tuple[str, ...]:
        """Return the alerts whose limit a bullet states, each as signal and severity."""
        return self._alerts_by_bullet.get(id(bullet), ())

    @cached_property
    def _alerts_by_bullet(self) -> Mapping[int, tuple[str, ...]]:
        """The alerts whose limit each bullet states, by the identity of the bullet."""
        names_by_bullet: dict[int, dict[str, None]] = {}
        for watch in self.watches:
            for severity in watch.severities:
                bullet = self._bullet_by_limit[id(watch), severity]
                if bullet is not None:
                    names_by_bullet.setdefault(id(bullet), {})[f"{watch.signal.id} {severity}"] = None
        return {bullet: tuple(names) for bullet, names in names_by_bullet.items()}

    def carriers(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that agree with a sentence of `free`."""
        return self._agreeing_by_sentence[sentence]

    def candidates(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that a sentence may be about; if some of them quote its line, return only those."""
        return self._candidates_by_sentence[sentence]

    def elsewhere(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that agree with a sentence, but are about something else."""
        not_excluded = self._not_excluded(sentence, unsure=False)
        return tuple(
            claim
            for claim in candidates(sentence, self._claims)
            if agrees(sentence, claim) and claim not in not_excluded
        )

    def contradicted(self, sentence: Sentence) -> tuple[str, Claim] | None:
        """If a sentence names several things, return the first whose claims all differ from it, and the nearest claim.

        Return None if there is no such thing.
        """
        for several in self.scope.several(sentence.spoken):
            for name in sorted(several.names):
                claims_of_name = [claim for claim in self.candidates(sentence) if self.scope.is_of(claim.about, name)]
                of_severity = [
                    claim for claim in claims_of_name if claim.severity in {None, sentence.stated.severity}
                ] or claims_of_name
                if of_severity and not any(agrees(sentence, claim) for claim in of_severity):
                    return name, nearest_claim(sentence, of_severity)
        return None

    def subject(self, sentence: Sentence) -> tuple[str, ...]:
        """Return the runbook's words for what a sentence is about; return nothing if it is about all alerts."""
        return self.scope.written(sentence.spoken)

    def title_in_bullet(self, watch: Watch) -> str:
        """Return what a bullet calls a signal: its title, with the environment or system if others share the title."""
        same_title = [candidate for candidate in self.watches if candidate.signal.title == watch.signal.title]
        if len(same_title) == 1:
            return watch.signal.title
        environments = {
            part
            for candidate in same_title
            for part in candidate.subject
            if part.dimension == ENVIRONMENT and not part.but
        }
        own = next((environment for environment in environments if environment in watch.subject), None)
        return (
            f"{watch.signal.title} {f'in {min(own.values)}' if own and len(environments) > 1 else f'of {watch.system}'}"
        )

    def other_subject(self, watch: Watch, quoted: Statement) -> tuple[str, ...]:
        """Return the runbook's words for what a quoted line is about; nothing if the watch is about the same."""
        headings_by_line = above(self.runbook.text)
        passage_line = max((line for line in headings_by_line if line <= quoted.span.line), default=0)
        spoken = Spoken(
            around=Surroundings(sentence=restored(plain(quoted.text)), above=headings_by_line.get(passage_line, ()))
        )
        is_about_another = self.scope.excludes(watch.about, spoken, unsure=False)
        return self.scope.written(spoken) if is_about_another else ()

    def _not_excluded(self, sentence: Sentence, *, unsure: bool) -> tuple[Claim, ...]:
        """Return all claims except those that the sentence excludes, because it names something else."""
        spoken = sentence.spoken
        return tuple(claim for claim in self._claims if not self.scope.excludes(claim.about, spoken, unsure=unsure))

    def _claims_meant_by(self, sentence: Sentence) -> tuple[Claim, ...]:
        quoting = [watch for watch in self.watches if watch.quoted and watch.quoted.span.line == sentence.span.line]
        not_excluded = self._not_excluded(sentence, unsure=False)
        quoted = in_unit(sentence, [claim for watch in quoting for claim in watch.claims if claim in not_excluded])
        if quoted:
            return tuple(quoted)
        meant = candidates(sentence, self._not_excluded(sentence, unsure=True)) or candidates(sentence, not_excluded)
        return self._most_exact(sentence, meant)

    def _most_exact(self, sentence: Sentence, claims: Sequence[Claim]) -> tuple[Claim, ...]:
        """Return the claims of another severity, and those of the same severity that match the named thing best."""
        degrees = [(claim, self.scope.singled_out(claim.about, sentence.spoken)) for claim in claims]
        severities = {None, sentence.stated.severity}
        highest = max((degree for claim, degree in degrees if claim.severity in severities), default=0)
        return tuple(claim for claim, degree in degrees if degree >= highest or claim.severity not in severities)

    @cached_property
    def _candidates_by_sentence(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        degrees: dict[tuple[int, str], int] = {}
        for sentence, claims in self._meant_by_sentence.items():
            for claim in claims if sentence.stated.kind != TARGET else ():
                key = (id(claim), sentence.stated.severity)
                degrees[key] = max(degrees.get(key, 0), self.scope.singled_out(claim.about, sentence.spoken))
        return {
            sentence: self._without_better_named(sentence, claims, degrees)
            for sentence, claims in self._meant_by_sentence.items()
        }

    @cached_property
    def _meant_by_sentence(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        return {sentence: self._claims_meant_by(sentence) for sentence in self.free}

    def _without_better_named(
        self, sentence: Sentence, claims: Sequence[Claim], degrees: Mapping[tuple[int, str], int]
    ) -> tuple[Claim, ...]:
        """Return the claims, except those that another sentence with the same severity names more exactly.

        Example: "Above 20 % is critical. In staging, above 5 % is critical." The first sentence is not about staging.
        """
        severity = sentence.stated.severity
        remaining = tuple(
            claim
            for claim in claims
            if degrees.get((id(claim), severity), 0) <= self.scope.singled_out(claim.about, sentence.spoken)
        )
        if len(remaining) == len(claims):
            return remaining
        has_undocumented = any(claim.severity == severity and not self._has_bullet(claim) for claim in remaining)
        return remaining if has_undocumented else tuple(claims)

    def agreeing_statement(self, watch: Watch, limit: Limit) -> Statement | None:
        """Return a sentence that agrees with a limit, as a statement; prefer a sentence that names the severity."""
        claim = watch.claim(limit)
        agreeing = [sentence for sentence in self.free if claim in self.carriers(sentence)]
        if not agreeing:
            return None
        best = min(agreeing, key=lambda sentence: (sentence.stated.severity != limit.severity, sentence.span))
        title, subject = watch.signal.title, self.subject(best)
        return Statement(
            title=title, severity=limit.severity, comparison=None, text=best.line, span=best.span, subject=subject
        )

    def may_be_unread(self, signal: Signal) -> bool:
        """Return whether a bullet that could not be read seems to be about a signal."""
        return any(unread.text.casefold().startswith(signal.title.casefold()) for unread in self.unread)

    @cached_property
    def _claims(self) -> tuple[Claim, ...]:
        return tuple(claim for claim, _ in self._claims_with_watches)

    @cached_property
    def _claims_with_watches(self) -> tuple[tuple[Claim, Watch], ...]:
        return tuple((claim, watch) for watch in self.watches for claim in watch.claims)

    @cached_property
    def _claims_by_span(self) -> Mapping[Span, Sequence[tuple[Claim, Watch]]]:
        pairs: dict[Span, list[tuple[Claim, Watch]]] = {}
        for claim, watch in self._claims_with_watches:
            pairs.setdefault(claim.span, []).append((claim, watch))
        return pairs

    @cached_property
    def _agreeing_by_sentence(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        agreeing = {
            sentence: tuple(claim for claim in self._candidates_by_sentence[sentence] if agrees(sentence, claim))
            for sentence in self.free
        }
        stated = [claim for sentence, claims in agreeing.items() if sentence.stated.kind != TARGET for claim in claims]
        return {
            sentence: claims or self._claims_beyond_target(sentence, stated) for sentence, claims in agreeing.items()
        }

    def _claims_beyond_target(self, sentence: Sentence, stated: Sequence[Claim]) -> tuple[Claim, ...]:
        """Return the claims that lie beyond the target of a sentence, if other sentences or bullets state all of them.

        Then the sentence describes the usual case, and alerts fire when it is broken.
        """
        claims = self.candidates(sentence)
        all_are_stated = all(claim in stated or self._has_bullet(claim) for claim in claims)
        return claims if all_are_stated and is_usual(sentence, claims) else ()

    def _has_bullet(self, claim: Claim) -> bool:
        watches = [watch for candidate, watch in self._claims_by_span[claim.span] if candidate == claim]
        return any(self.bullet(watch, claim.severity) is not None for watch in watches if claim.severity is not None)

    @cached_property
    def _bullets_by_title(self) -> Mapping[str, Sequence[Bullet]]:
        stated = {id(statement) for statement in self.bullets}
        by_title: dict[str, list[Bullet]] = {}
        for bullet in self._titled_bullets:
            if id(bullet.statement) in stated:
                by_title.setdefault(bullet.title, []).append(bullet)
        return by_title
