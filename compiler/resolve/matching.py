"""Resolve: what one runbook states, beside what the systems that share it watch: who speaks of whom.

Used by `compiler.resolve.evidence`, which says what does not agree. A runbook states limits in two ways: in the bullets
of its "Alert thresholds" (`compiler.statements`), which name a signal by its title, and in its own words anywhere else
(`compiler.resolve.sentences`).
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
from compiler.resolve.bullets import Bullet, bullets, sentence
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
from compiler.signals.bound import Signal
from compiler.statements import Statement
from compiler.subjects import ENVIRONMENT, About, Scope, Spoken, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One signal of a system as far as it could be read.

    `severities` are those that the file names, also where their limit could not be read; `quoted` the words that
    `documented:` quotes, `misquoted` whether it quotes what is not there; `active` what makes a state true, and where;
    `subject` what its alerts are about; `window` the seconds within which it counts events, None where it does not.
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
        """The numbers that it watches."""
        found = [self.claim(one) for one in self.limits if one.unit != STATE]
        active = active_claim(self.signal, self.active[0], self.section, self.active[1]) if self.active else None
        return (*found, *((self._told(active),) if active else ()))

    def claim(self, limit: Limit) -> Claim:
        """Return what one of its limits claims."""
        return self._told(limit_claim(self.signal, limit, self.section))

    def _told(self, claim: Claim) -> Claim:
        return replace(claim, system=self.system, subject=self.subject, window=self.window)

    @property
    def about(self) -> About:
        """What it is about."""
        found = next(iter(self.claims), None)
        return found.about if found else About(subject=self.subject, quantity=(self.signal.kind, self.signal.unit))


def _at(one: Sentence) -> tuple[int, int]:
    return one.span.line, one.span.column


@dataclass(frozen=True, kw_only=True)
class Matching:
    """One runbook and what the systems that share it watch; `titles` are those of all signals, in small letters."""

    runbook: Runbook
    watches: tuple[Watch, ...]
    titles: frozenset[str]

    @cached_property
    def bullets(self) -> tuple[Statement, ...]:
        """The bullets whose title is a signal's, on all of its alerts; of others, what `sentences` reads counts."""
        read = {one.span.line for one in self.sentences}
        taken = {one.span.line for one in self._own_sentences}
        named = {id(one.statement) for one in self._bullets}
        return tuple(
            one
            for one in self.runbook.statements
            if one.span.line not in taken and (id(one) in named or one.span.line not in read)
        )

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every limit that can be read in the runbook, also in the lines of bullets."""
        return of_runbook(self.runbook)

    @cached_property
    def free(self) -> tuple[Sentence, ...]:
        """The sentences that are no bullet's, and the bullets that are about some of the alerts of their title."""
        taken = {one.span.line for one in self.bullets} | {one.span.line for one in self._own_sentences}
        found = [one for one in self.sentences if one.span.line not in taken]
        found += self._own_sentences
        return tuple(sorted(found, key=_at))

    @cached_property
    def _bullets(self) -> tuple[Bullet, ...]:
        watched = {name for one in self.watches for name in (one.signal.title.casefold(), one.signal.id)}
        found = bullets(self.runbook, self.titles, watched)
        return tuple(one for one in found if one.exact or self.scope.written(one.spoken))

    @cached_property
    def _own_sentences(self) -> tuple[Sentence, ...]:
        """The bullets that say of what they state their limits."""
        found = [sentence(one) for one in self._bullets if self.scope.written(one.spoken)]
        return tuple(one for one in found if one is not None)

    @cached_property
    def scope(self) -> Scope:
        """What the alerts of the runbook are about."""
        first = self.runbook.sections[0] if self.runbook.sections else None
        title = first.title if first and all(one.end <= first.end for one in self.runbook.sections) else ""
        return Scope(abouts=tuple(dict.fromkeys(one.about for one in self.watches)), title=title)

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """The bullets that cannot be read in any way: a sentence of another form is as good."""
        said = {one.span.line for one in self.free}
        return tuple(
            one
            for one in self.runbook.unread
            if said.isdisjoint(range(one.span.line, one.span.line + one.text.count("\n") + 1))
        )

    def bullet(self, watch: Watch, severity: str) -> Statement | None:
        """Return the bullet that states a severity's limit of a signal, unless a sentence is on just these alerts."""
        key = (id(watch), severity)
        return self._stating[key] if key in self._stating else self._bullet(watch, severity)

    @cached_property
    def _stating(self) -> Mapping[tuple[int, str], Statement | None]:
        """The bullets of all limits, by the watch itself and the severity."""
        return {
            (id(watch), severity): self._bullet(watch, severity)
            for watch in self.watches
            for severity in watch.severities
        }

    def _bullet(self, watch: Watch, severity: str) -> Statement | None:
        if any(self._singles_out(one, watch, severity) for one in self._singling):
            return None
        named = self._named.get(watch.signal.title.casefold()) or self._named.get(watch.signal.id) or ()
        about = watch.about
        fitting = (
            one.statement
            for one in reversed(named)
            if one.statement.severity == severity and not self.scope.excludes(about, one.spoken, unsure=False)
        )
        return next(fitting, None)

    def _singles_out(self, one: Sentence, watch: Watch, severity: str) -> bool:
        """Return whether a sentence on a severity's limit names just what a signal's alerts are about."""
        if one.stated.severity not in {severity, NO_SEVERITY}:
            return False
        own = any(claim.severity == severity and claim.about == watch.about for claim in self._meant[one])
        return own and self.scope.singled_out(watch.about, replace(one.spoken, titled=True)) > 0

    @cached_property
    def _singling(self) -> tuple[Sentence, ...]:
        """The sentences on limits that name what they are about, apart from their signal."""
        stating = [one for one in self.free if one.stated.kind != TARGET]
        return tuple(one for one in stating if self.scope.written(replace(one.spoken, titled=True)))

    def bearers(self, bullet: Statement) -> tuple[str, ...]:
        """Return the alerts that a bullet is about, as signal and severity."""
        return self._bearers.get(id(bullet), ())

    @cached_property
    def _bearers(self) -> Mapping[int, tuple[str, ...]]:
        """The alerts that each bullet is about, by the bullet itself."""
        found: dict[int, dict[str, None]] = {}
        for watch in self.watches:
            for severity in watch.severities:
                bullet = self._stating[id(watch), severity]
                if bullet is not None:
                    found.setdefault(id(bullet), {})[f"{watch.signal.id} {severity}"] = None
        return {bullet: tuple(names) for bullet, names in found.items()}

    def carriers(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that say what a sentence of `free` says."""
        return self._carried[sentence]

    def candidates(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that a sentence may speak of: those that quote its line know best."""
        return self._candidates[sentence]

    def elsewhere(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that say what a sentence says, and are about something else."""
        about = self._about(sentence, unsure=False)
        return tuple(one for one in candidates(sentence, self._claims) if agrees(sentence, one) and one not in about)

    def contradicted(self, sentence: Sentence) -> tuple[str, Claim] | None:
        """Return one of several things that a sentence names, and a claim on it, where none on it says the same."""
        for several in self.scope.several(sentence.spoken):
            for name in sorted(several.names):
                own = [one for one in self.candidates(sentence) if self.scope.is_of(one.about, name)]
                graded = [one for one in own if one.severity in {None, sentence.stated.severity}] or own
                if graded and not any(agrees(sentence, one) for one in graded):
                    return name, nearest_claim(sentence, graded)
        return None

    def subject(self, sentence: Sentence) -> tuple[str, ...]:
        """Return the runbook's words for what a sentence is about, nothing where it is about all alerts."""
        return self.scope.written(sentence.spoken)

    def called(self, watch: Watch) -> str:
        """Return what a bullet calls a signal: its title, and what it is about where others share the title."""
        sharing = [one for one in self.watches if one.signal.title == watch.signal.title]
        if len(sharing) == 1:
            return watch.signal.title
        every = {one for each in sharing for one in each.subject if one.dimension == ENVIRONMENT and not one.but}
        own = next((one for one in every if one in watch.subject), None)
        return f"{watch.signal.title} {f'in {min(own.values)}' if own and len(every) > 1 else f'of {watch.system}'}"

    def strays(self, watch: Watch, quoted: Statement) -> tuple[str, ...]:
        """Return the runbook's words for what a quoted line is about, where the alerts that quote it are not."""
        over = above(self.runbook.text)
        first = max((line for line in over if line <= quoted.span.line), default=0)
        spoken = Spoken(around=Surroundings(sentence=restored(plain(quoted.text)), above=over.get(first, ())))
        strays = self.scope.excludes(watch.about, spoken, unsure=False)
        return self.scope.written(spoken) if strays else ()

    def _about(self, sentence: Sentence, *, unsure: bool) -> tuple[Claim, ...]:
        """Return the claims that a sentence is not about something else than."""
        spoken = sentence.spoken
        return tuple(one for one in self._claims if not self.scope.excludes(one.about, spoken, unsure=unsure))

    def _those_meant(self, sentence: Sentence) -> tuple[Claim, ...]:
        quoting = [watch for watch in self.watches if watch.quoted and watch.quoted.span.line == sentence.span.line]
        about = self._about(sentence, unsure=False)
        quoted = in_unit(sentence, [claim for watch in quoting for claim in watch.claims if claim in about])
        if quoted:
            return tuple(quoted)
        meant = candidates(sentence, self._about(sentence, unsure=True)) or candidates(sentence, about)
        return self._singled_out(sentence, meant)

    def _singled_out(self, sentence: Sentence, claims: Sequence[Claim]) -> tuple[Claim, ...]:
        """Return the claims without those on anything, where others of the severity are on just what is named."""
        degrees = [(one, self.scope.singled_out(one.about, sentence.spoken)) for one in claims]
        severities = {None, sentence.stated.severity}
        most = max((degree for one, degree in degrees if one.severity in severities), default=0)
        return tuple(one for one, degree in degrees if degree >= most or one.severity not in severities)

    @cached_property
    def _candidates(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        degrees: dict[tuple[int, str], int] = {}
        for one, claims in self._meant.items():
            for claim in claims if one.stated.kind != TARGET else ():
                key = (id(claim), one.stated.severity)
                degrees[key] = max(degrees.get(key, 0), self.scope.singled_out(claim.about, one.spoken))
        return {one: self._not_said_apart(one, claims, degrees) for one, claims in self._meant.items()}

    @cached_property
    def _meant(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        return {one: self._those_meant(one) for one in self.free}

    def _not_said_apart(
        self, sentence: Sentence, claims: Sequence[Claim], degrees: Mapping[tuple[int, str], int]
    ) -> tuple[Claim, ...]:
        """Return the claims without those of which another sentence with this severity speaks, and this one does not.

        "Above 20 % is critical. In staging, above 5 % is critical": the first is not about staging.
        """
        severity = sentence.stated.severity
        left = tuple(
            claim
            for claim in claims
            if degrees.get((id(claim), severity), 0) <= self.scope.singled_out(claim.about, sentence.spoken)
        )
        if len(left) == len(claims):
            return left
        undocumented = any(claim.severity == severity and not self._has_bullet(claim) for claim in left)
        return left if undocumented else tuple(claims)

    def saying(self, watch: Watch, limit: Limit) -> Statement | None:
        """Return the sentence that says what a limit says, as its statement; the one that names the severity first."""
        claim = watch.claim(limit)
        found = [one for one in self.free if claim in self.carriers(one)]
        if not found:
            return None
        best = min(found, key=lambda one: (one.stated.severity != limit.severity, one.span))
        title, subject = watch.signal.title, self.subject(best)
        return Statement(
            title=title, severity=limit.severity, comparison=None, text=best.line, span=best.span, subject=subject
        )

    def may_be_unread(self, signal: Signal) -> bool:
        """Return whether one of the bullets that cannot be read seems to be about a signal."""
        return any(one.text.casefold().startswith(signal.title.casefold()) for one in self.unread)

    @cached_property
    def _claims(self) -> tuple[Claim, ...]:
        return tuple(claim for claim, _ in self._watched)

    @cached_property
    def _watched(self) -> tuple[tuple[Claim, Watch], ...]:
        return tuple((claim, watch) for watch in self.watches for claim in watch.claims)

    @cached_property
    def _by_place(self) -> Mapping[Span, Sequence[tuple[Claim, Watch]]]:
        found: dict[Span, list[tuple[Claim, Watch]]] = {}
        for claim, watch in self._watched:
            found.setdefault(claim.span, []).append((claim, watch))
        return found

    @cached_property
    def _carried(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        found = {one: tuple(claim for claim in self._candidates[one] if agrees(one, claim)) for one in self.free}
        stated = [claim for one, claims in found.items() if one.stated.kind != TARGET for claim in claims]
        return {one: claims or self._kept(one, stated) for one, claims in found.items()}

    def _kept(self, sentence: Sentence, stated: Sequence[Claim]) -> tuple[Claim, ...]:
        """Return the claims that begin beyond a target and are stated elsewhere: it says what is usual, they alert."""
        claims = self.candidates(sentence)
        elsewhere = all(claim in stated or self._has_bullet(claim) for claim in claims)
        return claims if elsewhere and is_usual(sentence, claims) else ()

    def _has_bullet(self, claim: Claim) -> bool:
        watches = [watch for one, watch in self._by_place[claim.span] if one == claim]
        return any(self.bullet(one, claim.severity) is not None for one in watches if claim.severity is not None)

    @cached_property
    def _named(self) -> Mapping[str, Sequence[Bullet]]:
        stated = {id(one) for one in self.bullets}
        found: dict[str, list[Bullet]] = {}
        for one in self._bullets:
            if id(one.statement) in stated:
                found.setdefault(one.title, []).append(one)
        return found
