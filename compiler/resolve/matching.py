"""Resolve: what one runbook states, beside what the systems that share it watch: who speaks of whom.

Used by `compiler.resolve.evidence`, which says what does not agree. A runbook states limits in two ways: in the bullets
of its "Alert thresholds" (`compiler.statements`), which name a signal by its title, and in its own words anywhere else
(`compiler.resolve.sentences`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from compiler.diagnostics import Span
from compiler.guides.statement import TARGET
from compiler.model import Limit
from compiler.quantities import STATE, Comparison
from compiler.resolve.claims import Claim, active_claim, agrees, candidates, in_unit, is_usual, limit_claim
from compiler.resolve.sentences import Sentence, of_runbook
from compiler.runbooks import Runbook, Section, Unread
from compiler.signals.bound import Signal
from compiler.statements import Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One signal of a system as far as it could be read.

    `severities` are those that the file names, also where their limit could not be read; `quoted` the words that
    `documented:` quotes, `misquoted` whether it quotes what is not there; `active` what makes a state true, and where.
    """

    system: str
    signal: Signal
    severities: tuple[str, ...]
    limits: tuple[Limit, ...]
    section: Section | None
    quoted: Statement | None = None
    misquoted: bool = False
    active: tuple[Comparison, Span] | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The numbers that it watches."""
        found = [limit_claim(self.signal, one, self.section) for one in self.limits if one.unit != STATE]
        active = active_claim(self.signal, self.active[0], self.section, self.active[1]) if self.active else None
        return (*found, *((active,) if active else ()))


@dataclass(frozen=True, kw_only=True)
class Matching:
    """One runbook and what the systems that share it watch; `titles` are those of all signals, in small letters."""

    runbook: Runbook
    watches: tuple[Watch, ...]
    titles: frozenset[str]

    @cached_property
    def bullets(self) -> tuple[Statement, ...]:
        """The bullets whose title is a signal's; of others, what `compiler.guides` reads in their line counts."""
        read = {one.span.line for one in self.sentences}
        return tuple(
            one for one in self.runbook.statements if one.title.casefold() in self.titles or one.span.line not in read
        )

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every limit that can be read in the runbook, also in the lines of bullets."""
        return of_runbook(self.runbook)

    @cached_property
    def free(self) -> tuple[Sentence, ...]:
        """The sentences that are no bullet's."""
        taken = {one.span.line for one in self.bullets}
        return tuple(one for one in self.sentences if one.span.line not in taken)

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """The bullets that cannot be read in any way: a sentence of another form is as good."""
        said = {one.span.line for one in self.free}
        return tuple(
            one
            for one in self.runbook.unread
            if said.isdisjoint(range(one.span.line, one.span.line + one.text.count("\n") + 1))
        )

    def bullet(self, signal: Signal, severity: str) -> Statement | None:
        """Return the bullet that states a severity's limit of a signal."""
        return (self._named.get(signal.title.casefold()) or self._named.get(signal.id) or {}).get(severity)

    def bearers(self, bullet: Statement) -> tuple[str, ...]:
        """Return the alerts that a bullet is about, as signal and severity."""
        return tuple(
            dict.fromkeys(
                f"{watch.signal.id} {severity}"
                for watch in self.watches
                for severity in watch.severities
                if self.bullet(watch.signal, severity) is bullet
            )
        )

    def carriers(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that say what a sentence of `free` says."""
        return self._carried[sentence]

    def candidates(self, sentence: Sentence) -> tuple[Claim, ...]:
        """Return the claims that a sentence may speak of: those that quote its line know best."""
        quoting = [watch for watch in self.watches if watch.quoted and watch.quoted.span.line == sentence.span.line]
        quoted = in_unit(sentence, [claim for watch in quoting for claim in watch.claims])
        return tuple(quoted) or candidates(sentence, self._claims)

    def saying(self, watch: Watch, limit: Limit) -> Statement | None:
        """Return the sentence that says what a limit says, as its statement; the one that names the severity first."""
        claim = limit_claim(watch.signal, limit, watch.section)
        found = [one for one in self.free if claim in self.carriers(one)]
        if not found:
            return None
        best = min(found, key=lambda one: (one.stated.severity != limit.severity, one.span))
        title = watch.signal.title
        return Statement(title=title, severity=limit.severity, comparison=None, text=best.line, span=best.span)

    def may_be_unread(self, signal: Signal) -> bool:
        """Return whether one of the bullets that cannot be read seems to be about a signal."""
        return any(one.text.casefold().startswith(signal.title.casefold()) for one in self.unread)

    @cached_property
    def _claims(self) -> tuple[Claim, ...]:
        return tuple(claim for watch in self.watches for claim in watch.claims)

    @cached_property
    def _carried(self) -> Mapping[Sentence, tuple[Claim, ...]]:
        found = {one: tuple(claim for claim in self.candidates(one) if agrees(one, claim)) for one in self.free}
        stated = [claim for one, claims in found.items() if one.stated.kind != TARGET for claim in claims]
        return {one: claims or self._kept(one, stated) for one, claims in found.items()}

    def _kept(self, sentence: Sentence, stated: Sequence[Claim]) -> tuple[Claim, ...]:
        """Return the claims that begin beyond a target and are stated elsewhere: it says what is usual, they alert."""
        claims = self.candidates(sentence)
        elsewhere = all(claim in stated or self._has_bullet(claim) for claim in claims)
        return claims if elsewhere and is_usual(sentence, claims) else ()

    def _has_bullet(self, claim: Claim) -> bool:
        return claim.severity is not None and self.bullet(claim.signal, claim.severity) is not None

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, Statement]]:
        found: dict[str, dict[str, Statement]] = {}
        for one in self.bullets:
            found.setdefault(one.title.casefold(), {})[one.severity] = one
        return found
