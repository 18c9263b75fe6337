"""Resolve: the runbook section that a signal leads to, and the words of the runbook that its limits quote.

Used by `compiler.resolve.systems`. A section that is not there is an error with the one that was probably meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from compiler import conventions
from compiler.choosing.proposals import proposals_text
from compiler.diagnostics import Diagnostics, Related, Span, nearest
from compiler.document import Table
from compiler.resolve.claims import lines_about
from compiler.runbooks import Runbook, Section
from compiler.signals.bound import Signal
from compiler.statements import Statement

_MOST_SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Finds in one runbook what signals name; the house's limits (`house`) count where its own (`own`) say nothing.

    `span` is where a signal stands that names nothing itself.
    """

    runbook: Runbook
    diagnostics: Diagnostics

    def of(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        """Return the section that a signal leads to, or None after adding an error; one that is empty is a finding."""
        section = self._of(signal, own, house, span)
        if section is not None and not section.markdown.strip():
            place = Span(self.runbook.shown, section.line, 1, len(section.title) + 1)
            named = Related(span=span, message=f"`{signal.id}` leads to it")
            message = f"“{section.title}” is empty: it helps nobody whom the alert wakes"
            hint = "write below it what to look at, and what to do"
            self.diagnostics.warning("empty-section", place, message, hint=hint, related=(named,))
        return section

    def _of(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        if "runbook" in own:
            return self._named(own, own.value_spans["runbook"])
        if "runbook" in house:
            return self._named(house, span, by_house=True)
        message = "this signal leads to no runbook section"
        hint = proposals_text(signal.id, signal.title, self.runbook.sections, lines_about(self.runbook, signal))
        self.diagnostics.error("runbook-section", span, message, hint=hint)
        return None

    def of_missing(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        """Return the section on missing metrics, the usual one where none is named, or None after adding an error."""
        if "runbook" in own or "runbook" in house:
            return self.of(signal, own, house, span)
        usual = conventions.MISSING_SECTION
        section = self.runbook.anchors.get(usual.removeprefix("#"))
        if section is None:
            message = f"{self.runbook.path} has no section `{usual}`, where the alert on missing metrics leads to"
            hint = f"write that section, or say `{conventions.MISSING_SIGNAL}: {conventions.OFF}` below `limits:`"
            self.diagnostics.error("runbook-section", span, message, hint=hint)
        return section

    def quoted(self, own: Table) -> Statement | None:
        """Return the line that `documented:` quotes; None where it quotes none, after adding an error if it should."""
        words = own.get("documented")
        statement = None if words is None else self.runbook.quote(str(words))
        if words is not None and statement is None:
            hint = "quote the words as they stand on one line"
            message = f"{self.runbook.path} does not say this"
            self.diagnostics.error("documented", own.value_spans["documented"], message, hint=hint)
        return statement

    def _named(self, owner: Table, span: Span, *, by_house: bool = False) -> Section | None:
        anchor = str(owner["runbook"]).removeprefix("#")
        section = self.runbook.anchors.get(anchor)
        if section is None:
            house_says = " (the section that `defaults` names)" if by_house else ""
            message = f"{self.runbook.path} has no section `#{anchor}`{house_says}"
            here = (Related(span=owner.value_spans["runbook"], message="it is named here"),) if by_house else ()
            lost = self.runbook.lost.get(anchor)
            if lost is not None:
                if any(one.span == lost.span and one.message == lost.message for one in self.diagnostics.found):
                    return section
                named = Related(span=owner.value_spans["runbook"], message=f"`#{anchor}` is named here")
                self.diagnostics.error("runbook-section", lost.span, lost.message, hint=lost.hint, related=(named,))
            else:
                self.diagnostics.error("runbook-section", span, message, hint=self._instead(anchor), related=here)
        return section

    def _instead(self, anchor: str) -> str:
        if not self.runbook.sections:
            return "it has no heading yet; write one, such as `## High error rate`"
        near = nearest(anchor, self.runbook.anchors)
        known = ", ".join(f"`#{one}`" for one in sorted(self.runbook.anchors)[:_MOST_SHOWN])
        return f"did you mean `#{near}`?" if near else f"its sections are {known}"
