"""Resolve: the runbook section that a signal links to, and the line of the runbook that its limits quote.

`compiler.resolve.systems` uses it. A missing section is an error with a hint at the one that was probably meant.
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
from compiler.runbooks.statements import Statement
from compiler.signals.bound import Signal

_MOST_SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Finds the sections and quotations that signals name in one runbook.

    A signal's own limits (`own`) come before those of `defaults` (`house`). `span` is the place of the signal, for
    findings on a signal that names no section itself.
    """

    runbook: Runbook
    diagnostics: Diagnostics

    def of(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        """Return the section that a signal links to, or None after adding an error; an empty section is a finding."""
        section = self._of(signal, own, house, span)
        if section is not None and not section.markdown.strip():
            place = Span(self.runbook.shown, section.line, 1, len(section.title) + 1)
            related_signal = Related(span=span, message=f"`{signal.id}` leads to it")
            message = f"“{section.title}” is empty: it does not help the person whom the alert wakes"
            hint = "write below it what to look at, and what to do"
            self.diagnostics.warning("empty-section", place, message, hint=hint, related=(related_signal,))
        return section

    def _of(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        if "runbook" in own:
            return self._find_named(own, own.value_spans["runbook"])
        if "runbook" in house:
            return self._find_named(house, span, by_house=True)
        message = "this signal leads to no runbook section"
        hint = proposals_text(signal.id, signal.title, self.runbook.sections, lines_about(self.runbook, signal))
        self.diagnostics.error("runbook-section", span, message, hint=hint)
        return None

    def of_missing(self, signal: Signal, own: Table, house: Table, span: Span) -> Section | None:
        """Return the section on missing metrics, by default the usual one, or None after adding an error."""
        if "runbook" in own or "runbook" in house:
            return self.of(signal, own, house, span)
        default_anchor = conventions.MISSING_SECTION
        section = self.runbook.anchors.get(default_anchor.removeprefix("#"))
        if section is None:
            message = (
                f"{self.runbook.path} has no section `{default_anchor}`, where the alert on missing metrics leads to"
            )
            hint = f"write that section, or say `{conventions.MISSING_SIGNAL}: {conventions.OFF}` below `limits:`"
            self.diagnostics.error("runbook-section", span, message, hint=hint)
        return section

    def quoted(self, own: Table) -> Statement | None:
        """Return the line that `documented:` quotes; None without the key, or after an error if no line has it."""
        words = own.get("documented")
        statement = None if words is None else self.runbook.quote(str(words))
        if words is not None and statement is None:
            hint = "quote the words as they stand on one line"
            message = f"{self.runbook.path} does not say this"
            self.diagnostics.error("documented", own.value_spans["documented"], message, hint=hint)
        return statement

    def _find_named(self, owner: Table, span: Span, *, by_house: bool = False) -> Section | None:
        anchor = str(owner["runbook"]).removeprefix("#")
        section = self.runbook.anchors.get(anchor)
        if section is None:
            house_says = " (the section that `defaults` names)" if by_house else ""
            message = f"{self.runbook.path} has no section `#{anchor}`{house_says}"
            related = (Related(span=owner.value_spans["runbook"], message="it is named here"),) if by_house else ()
            lost = self.runbook.lost.get(anchor)
            if lost is not None:
                if any(
                    finding.span == lost.span and finding.message == lost.message for finding in self.diagnostics.found
                ):
                    return section
                related_key = Related(span=owner.value_spans["runbook"], message=f"`#{anchor}` is named here")
                self.diagnostics.error(
                    "runbook-section", lost.span, lost.message, hint=lost.hint, related=(related_key,)
                )
            else:
                self.diagnostics.error("runbook-section", span, message, hint=self._hint(anchor), related=related)
        return section

    def _hint(self, anchor: str) -> str:
        if not self.runbook.sections:
            return "it has no heading yet; write one, such as `## High error rate`"
        nearest_anchor = nearest(anchor, self.runbook.anchors)
        section_names = ", ".join(f"`#{anchor_name}`" for anchor_name in sorted(self.runbook.anchors)[:_MOST_SHOWN])
        return f"did you mean `#{nearest_anchor}`?" if nearest_anchor else f"its sections are {section_names}"
