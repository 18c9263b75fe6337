"""The statements of one guide → a beginning of thresholds.yaml: numbers with their lines, sections, and questions.

`limits` chooses what becomes a limit, `compiler.choosing` the sections, `waivers` lists what no limit carries. What is
a guess says so, and what only people know is a question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from compiler.choosing.proposals import GUESS, LIKELY, Proposal, propose
from compiler.conventions import DEFAULT_SCRAPE_INTERVAL, MISSING_SECTION, MISSING_SIGNAL, OFF, QUESTION, words
from compiler.guides.absence import AGE, SILENCE
from compiler.guides.statement import GuideStatement
from compiler.importing.limits import ImportedLimit, Limits, limits, window
from compiler.importing.spelling import amount, one_line, quoted, said, seconds
from compiler.importing.waivers import agreement, waivers
from compiler.runbooks import Runbook, Section
from compiler.signals import examples, kinds
from compiler.signals.bound import Signal
from compiler.signals.contract import Input
from compiler.signals.inputs import SINCE, UNTIL
from compiler.signals.ratio import READS, SUCCESSES


@dataclass(frozen=True, kw_only=True, slots=True)
class Stanza:
    """The text of the stanza and what was found for it.

    `own` are the signals to be defined beside the vocabulary's; of the statements, `used` stand in the stanza,
    `guesses` of these with a guess, `again` say what one of these says, and `left_out` nothing in the stanza says.
    `against` are those that would page on the good side. `chosen` has the section of each signal, None where none fits.
    """

    text: str
    own: tuple[Signal, ...]
    used: int
    guesses: int
    again: int
    left_out: int
    against: frozenset[GuideStatement]
    chosen: Mapping[str, Proposal | None]


def stanza(
    runbook: Runbook, statements: Sequence[GuideStatement], signals: Mapping[str, Signal], *, new: bool = False
) -> Stanza:
    """Return the stanza of one guide; `signals` is the vocabulary that limits may use.

    With `new` it belongs to the file that `house.yaml` begins, and takes that file's team and policy.
    """
    path, sections = runbook.path, runbook.sections
    first = limits(statements, signals)
    known = {**signals, **{one.id: one for one in first.own}}
    chosen = {key: _section(known[key], lines, sections) for key, lines in first.of_signal.items()}
    anchors = {one.anchor: one for one in sections}
    agreed = agreement(runbook, first, known, {key: anchors[one.anchor] for key, one in chosen.items() if one})
    found = agreed.limits
    used = [line for lines in found.of_signal.values() for line in lines]
    written = [
        f"  {_identifier(path)}:",
        f"    title: {quoted(title_of(runbook.text, path))}",
        f"    team: {_TEAM if new else QUESTION}  # whose is it?",
        f"    runbook: {quoted(path)}",
        f"    escalation: {_POLICY if new else QUESTION}  # a policy below `escalation:`",
        "    limits:",
        *_limits(found, chosen, agreed.quotations),
        *_missing(anchors),
        "    metrics:",
        *_metrics(found, known),
        *waivers(agreed.alone, path),
    ]
    return Stanza(
        text="\n".join(written),
        own=found.own,
        used=len(used),
        guesses=sum(line.guessed for line in used),
        again=max(0, len(statements) - len(used) - len(agreed.alone)),
        left_out=len(agreed.alone),
        against=found.against,
        chosen={key: one for key, one in chosen.items() if key in found.of_signal},
    )


_TEAM: Final = "owners"
_POLICY: Final = "standard"
"""The ids in `house.yaml`."""


def _section(signal: Signal, lines: Sequence[ImportedLimit], sections: Sequence[Section]) -> Proposal | None:
    proposals = propose(signal.id, signal.title, sections, [one.stated.line for one in lines])
    return proposals[0] if proposals else None


def _limits(found: Limits, chosen: Mapping[str, Proposal | None], quotations: Mapping[str, str]) -> Iterator[str]:
    for signal, lines in found.of_signal.items():
        yield f"      {signal}:"
        for line in lines:
            one = line.statement
            limit = f"{line.severity}: {quoted(f'{one.comparator} {amount(one)}')}"
            yield f"        {limit}  # {said(one, one.text)}{f' ({line.remark})' if line.remark else ''}"
        holds = {
            line.severity: line.statement.for_seconds or 0
            for line in lines
            if line.statement.for_seconds or line.stated.subject
        }
        if holds:
            inside = ", ".join(f"{severity}: {seconds(for_seconds)}" for severity, for_seconds in holds.items())
            where = "; ".join(said(one, one.text) for one in dict.fromkeys(line.holding for line in lines) if one)
            yield f"        for: {{{inside}}}{'  # ' if where else ''}{where}"
        if signal in quotations:
            yield f"        documented: {quoted(quotations[signal])}"
        yield f"        runbook: {_leads_to(chosen[signal])}"


def _missing(anchors: Collection[str]) -> Iterator[str]:
    if MISSING_SECTION.removeprefix("#") in anchors:
        yield f"      {MISSING_SIGNAL}: {{runbook: {quoted(MISSING_SECTION)}}}"
    else:
        why = f"no section says what to do without data; write “{words(MISSING_SIGNAL)}”"
        yield f"      {MISSING_SIGNAL}: {OFF}  # GUESS: {why}"


_COUNTED: Final = "increase"
"""The kind whose limit means nothing without the time in which so many come."""
_SCRAPES: Final = 4
_INTERVALS: Final = (30, 20, 15, 10, 5)
_ENOUGH: Final = _SCRAPES * DEFAULT_SCRAPE_INTERVAL
_HOW_SURE: Final = {LIKELY: "likely: ", GUESS: "GUESS: "}


def _leads_to(proposal: Proposal | None) -> str:
    if proposal is None:
        return f"{QUESTION}  # no section fits: which one helps?"
    why = one_line(f"{_HOW_SURE.get(proposal.sureness, '')}“{proposal.title}” {proposal.why}")
    return f"{quoted(f'#{proposal.anchor}')}  # {why}"


def _metrics(found: Limits, signals: Mapping[str, Signal]) -> Iterator[str]:
    for signal, lines in found.of_signal.items():
        kind = signals[signal].kind
        inputs = _form(signals[signal], lines)
        within = window(lines)
        counted = [f"window: {QUESTION if within is None else seconds(within)}"] if kind == _COUNTED else []
        asked = ", ".join([*(f"{one.name}: {QUESTION}" for one in inputs), *counted, f"per: {QUESTION}"])
        if kind == SILENCE:
            scraped = _scraped(lines)
            guess = "GUESS: the limit must hold four scrapes; " if scraped else ""
            yield f"      {signal}: {{{asked}{scraped}}}  # {guess}add `quiet: 1d` where each day has quiet hours"
        else:
            yield f"      {signal}: {{{asked}}}"
    if not found.of_signal:
        yield "      {}"


def _scraped(lines: Sequence[ImportedLimit]) -> str:
    """Return how often a counter must be scraped, where the shortest time that it may be silent tells."""
    shortest = min(int(line.statement.value) for line in lines)
    often = next((one for one in _INTERVALS if one * _SCRAPES <= shortest), 1)
    return f", scrape_interval: {seconds(often)}" if shortest < _ENOUGH else ""


def _form(signal: Signal, lines: Sequence[ImportedLimit]) -> Sequence[Input]:
    """Return the inputs to ask for: of a share that must not be low, those that count what went well."""
    forms = kinds()[signal.kind].forms
    if signal.id.startswith(AGE):
        return (SINCE,)
    usual = next(iter(examples.forms(signal.id)), ())
    if UNTIL.name in usual:
        return (UNTIL,)
    low = lines[0].statement.comparator.startswith("<")
    if signal.id in _OF_READS:
        return next(form for form in forms if READS in form)
    return next((form for form in forms if SUCCESSES in form), forms[0]) if low else forms[0]


_OF_READS: Final = frozenset({"cache_hit_ratio"})


def _identifier(path: str) -> str:
    """Return a system's id from the name of its guide."""
    name = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(path).stem.lower()).strip("-")
    return name if re.match(r"[a-z]", name) else f"system-{name}"


def title_of(text: str, path: str) -> str:
    """Return a guide's first heading, else words of its file name."""
    found = re.search(r"^#\s+(.+?)\s*#*$|^(\S.*)\n=+\s*$", text, re.MULTILINE)
    return (found[1] or found[2]).strip() if found else words(PurePosixPath(path).stem)
