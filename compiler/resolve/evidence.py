"""Resolve: the limits of all systems, held against what their runbooks say; and what of either stands alone.

After `compiler.resolve.systems` has read every system. A runbook states limits in two ways: in the bullets of its
"Alert thresholds" (`compiler.statements`), which name a signal by its title, and in its own words anywhere else, which
`compiler.guides` reads. A limit comes from the words that it quotes, else from its bullet, else from a sentence that
says the same. Every sentence must be carried by a limit, or be waived with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.guides.statement import TARGET
from compiler.model import Documented, Limit
from compiler.quantities import STATE, Comparison, Quantity, duration_text
from compiler.resolve.claims import (
    Claim,
    Sentence,
    active_claim,
    agrees,
    candidates,
    differences,
    in_unit,
    limit_claim,
    nearest_claim,
    of_runbook,
)
from compiler.resolve.limits import TRUE, sentence, shown
from compiler.resolve.waivers import Waiver
from compiler.runbooks import Runbook, Section, Unread
from compiler.signals.contract import Signal
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


@dataclass(kw_only=True)
class Evidence:
    """What one runbook says, beside what the systems that share it watch.

    `excused` is set where something of the systems could not be read: what then seems to be alone is not reported.
    """

    runbook: Runbook
    systems: tuple[str, ...]
    watches: tuple[Watch, ...]
    waivers: tuple[Waiver, ...]
    titles: frozenset[str]
    excused: bool
    diagnostics: Diagnostics

    def settle(self) -> dict[int, Statement]:
        """Return the statement that each limit comes from, by the limit's identity; report what does not agree."""
        self.diagnostics.found += [problem for one in self._unread for problem in one.problems]
        found: dict[int, Statement] = {}
        undocumented = []
        for watch in self.watches:
            for limit in watch.limits:
                statement = self._statement(watch, limit)
                if statement is not None:
                    found[id(limit)] = statement
                elif not (limit.default or watch.misquoted or self._may_be_unread(watch.signal)):
                    undocumented.append((watch, limit))
        different = () if self.excused else tuple(self._alone())
        for watch, limit in undocumented:
            if limit.span not in different:
                self._undocumented(watch.signal, limit)
        return found

    def documented(self) -> tuple[Documented, ...]:
        """Return every statement of the runbook with the limits that carry it, or the reason why none does."""
        bullets = (
            Documented(
                path=self.runbook.path,
                line=one.span.line,
                text=one.text,
                carriers=self._bearers(one),
                waived=self._waived(one.text),
            )
            for one in self._bullets
        )
        free = (
            Documented(
                path=self.runbook.path,
                line=one.span.line,
                text=one.stated.text,
                carriers=tuple(dict.fromkeys(_name(claim) for claim in self._carriers(one))),
                waived=self._waived(one.line),
            )
            for one in self._free
        )
        return tuple(sorted((*bullets, *free), key=lambda one: (one.line, one.text)))

    @cached_property
    def _claims(self) -> tuple[Claim, ...]:
        return tuple(claim for watch in self.watches for claim in watch.claims)

    @cached_property
    def _bullets(self) -> tuple[Statement, ...]:
        """The bullets whose title is a signal's; of others, what `compiler.guides` reads in their line counts."""
        read = {one.span.line for one in self._sentences}
        return tuple(
            one for one in self.runbook.statements if one.title.casefold() in self.titles or one.span.line not in read
        )

    @cached_property
    def _sentences(self) -> tuple[Sentence, ...]:
        return of_runbook(self.runbook)

    @cached_property
    def _free(self) -> tuple[Sentence, ...]:
        taken = {one.span.line for one in self._bullets}
        return tuple(one for one in self._sentences if one.span.line not in taken)

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, Statement]]:
        found: dict[str, dict[str, Statement]] = {}
        for one in self._bullets:
            found.setdefault(one.title.casefold(), {})[one.severity] = one
        return found

    def _bullet(self, signal: Signal, severity: str) -> Statement | None:
        return (self._named.get(signal.title.casefold()) or self._named.get(signal.id) or {}).get(severity)

    def _bearers(self, bullet: Statement) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                f"{watch.signal.id} {severity}"
                for watch in self.watches
                for severity in watch.severities
                if self._bullet(watch.signal, severity) is bullet
            )
        )

    @cached_property
    def _unread(self) -> tuple[Unread, ...]:
        """The bullets that cannot be read in any way: a sentence of another form is as good."""
        said = {one.span.line for one in self._free}
        return tuple(
            one
            for one in self.runbook.unread
            if said.isdisjoint(range(one.span.line, one.span.line + one.text.count("\n") + 1))
        )

    def _may_be_unread(self, signal: Signal) -> bool:
        return any(one.text.casefold().startswith(signal.title.casefold()) for one in self._unread)

    def _statement(self, watch: Watch, limit: Limit) -> Statement | None:
        if watch.quoted is not None:
            self._hold_against_quotation(watch, limit, watch.quoted)
            return watch.quoted
        bullet = self._bullet(watch.signal, limit.severity)
        if bullet is not None:
            self._hold_against_bullet(watch.signal, limit, bullet)
            return bullet
        claim = limit_claim(watch.signal, limit, watch.section)
        saying = [one for one in self._free if claim in self._carriers(one)]
        best = min(saying, key=lambda one: (one.stated.severity != limit.severity, one.span), default=None)
        return (
            None
            if best is None
            else Statement(
                title=watch.signal.title, severity=limit.severity, comparison=None, text=best.line, span=best.span
            )
        )

    def _carriers(self, one: Sentence) -> tuple[Claim, ...]:
        return tuple(claim for claim in self._candidates(one) if agrees(one, claim))

    def _candidates(self, one: Sentence) -> tuple[Claim, ...]:
        """Return the claims that a sentence may speak of: those that quote its line know best."""
        quoting = [watch for watch in self.watches if watch.quoted and watch.quoted.span.line == one.span.line]
        quoted = in_unit(one, [claim for watch in quoting for claim in watch.claims])
        return tuple(quoted) or candidates(one, self._claims)

    def _hold_against_bullet(self, signal: Signal, limit: Limit, bullet: Statement) -> None:
        stated, comparison = bullet.comparison or TRUE, _comparison(limit)
        if stated != comparison and not stated.quantity.unit == comparison.quantity.unit == STATE:
            where = f"the {limit.severity} limit of `{signal.id}` is {shown(comparison)}"
            message = f"the runbook says {shown(stated)}, and {where}"
            related = (Related(span=limit.span, message=where),)
            self.diagnostics.error("limit-differs", bullet.span, message, hint=_WHICH_SIDE, related=related)

    def _hold_against_quotation(self, watch: Watch, limit: Limit, quoted: Statement) -> None:
        """Compare with the numbers in the quoted words: one of the limit's unit must be its own."""
        claim = limit_claim(watch.signal, limit, watch.section)
        said = [one for one in self._sentences if one.span.line == quoted.span.line and one.stated.unit == limit.unit]
        if said and not any("number" not in differences(one, claim) for one in said):
            self._different(said[0], claim)

    def _alone(self) -> Iterator[Span]:
        """Report the statements that nobody carries or waives; yield the places of the limits that differ from one."""
        used: set[int] = set()
        for one in self._free:
            waiver = self._waiver(one.line)
            if not self._carriers(one) and waiver is not None:
                used.add(id(waiver))
            elif not self._carriers(one):
                claims = self._candidates(one)
                if claims:
                    claim = nearest_claim(one, claims)
                    self._different(one, claim)
                    yield claim.span
                else:
                    self._unwatched(one.stated.text, one.span)
        for bullet in self._bullets:
            waiver = self._waiver(bullet.text)
            if not self._bearers(bullet) and waiver is not None:
                used.add(id(waiver))
            elif not self._bearers(bullet):
                self._unwatched(bullet.title, bullet.span)
        self._unused(used)

    def _waiver(self, text: str) -> Waiver | None:
        return next((one for one in self.waivers if one.covers(text)), None)

    def _waived(self, text: str) -> str | None:
        waiver = self._waiver(text)
        return None if waiver is None else waiver.reason

    def _different(self, one: Sentence, claim: Claim) -> None:
        runs = shown(claim.comparison)
        where = (
            f"{claim.severity} limit of `{claim.signal.id}`" if claim.severity else f"`active` of `{claim.signal.id}`"
        )
        related = (Related(span=claim.span, message=f"the {where} is {runs}"),)
        hint = f"{_WHICH_SIDE}; where they speak of different things, waive the sentence: {_WAIVE}"
        message = f"the runbook says {_said(one, differences(one, claim))}, and the {where} is {_runs(one, claim)}"
        self.diagnostics.error("limit-differs", one.span, message, hint=hint, related=related)

    def _unwatched(self, what: str, span: Span) -> None:
        whose = " or ".join(f"`{system}`" for system in self.systems)
        message = f"no alert of {whose} carries this limit of “{what}”"
        hint = f"name it below `limits:` of the system, take it out of the runbook, or waive it: {_WAIVE}"
        self.diagnostics.error("unwatched-statement", span, message, hint=hint)

    def _undocumented(self, signal: Signal, limit: Limit) -> None:
        proposed = sentence(signal, limit.severity, _comparison(limit))
        hint = f'add `- {proposed}` below "{THRESHOLDS_HEADING}"'
        message = f"{self.runbook.path} does not state this limit"
        self.diagnostics.error("undocumented-limit", limit.span, message, hint=hint)

    def _unused(self, used: set[int]) -> None:
        for waiver in self.waivers:
            if id(waiver) not in used:
                carried = any(waiver.covers(line) for line in self.runbook.text.split("\n"))
                why = "an alert carries this" if carried else f"{self.runbook.path} does not say this"
                hint = "take it out; a waiver that waives nothing hides what comes later"
                self.diagnostics.error("unused-waiver", waiver.span, f"{why}: there is nothing to waive", hint=hint)


_WHICH_SIDE: Final = (
    "make the two agree: if the runbook is right, change the limit, which is what runs; if the limit is, change the"
    " runbook, which is what people follow"
)
_WAIVE: Final = '`waive: [{statement: "its words", reason: why}]` of the system'


def _said(one: Sentence, what: Sequence[str]) -> str:
    """Return what a sentence says of what it and a claim differ in."""
    stated = one.stated
    limit = shown(Comparison(stated.comparator, Quantity(stated.value, stated.unit)))
    if {"number", "comparator"} & set(what):
        return f"{limit} as a target" if stated.kind == TARGET else limit
    return f"{limit} is {stated.severity}" if "severity" in what else f"{limit} for {duration_text(stated.hold or 0)}"


def _runs(one: Sentence, claim: Claim) -> str:
    runs, hold = shown(claim.comparison), claim.hold
    return f"{runs} for {duration_text(hold)}" if differences(one, claim) == ("for",) and hold is not None else runs


def _comparison(limit: Limit) -> Comparison:
    return TRUE if limit.unit == STATE else Comparison(limit.comparator, Quantity(limit.value, limit.unit))


def _name(claim: Claim) -> str:
    return f"{claim.signal.id} {claim.severity}" if claim.severity else claim.signal.id


def with_statements(limits: Sequence[Limit], statements: Mapping[int, Statement]) -> tuple[Limit, ...]:
    """Return limits with the statements that they come from; one that comes from a statement is no default."""
    return tuple(
        replace(one, statement=statements[id(one)], default=False) if id(one) in statements else one for one in limits
    )
