"""Write the statements of one guide as a beginning of thresholds.yaml: limits with their lines, sections, questions.

`limits` chooses the statements that become limits, `compiler.choosing` chooses the sections, and `waivers` lists the
statements that no limit carries. The stanza marks each guess, and asks for each fact that only people know.
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
from compiler.importing.spelling import amount, comment_on, one_line, quoted, seconds
from compiler.importing.waivers import agreement, waivers
from compiler.runbooks import Runbook, Section
from compiler.signals import examples, kinds
from compiler.signals.bound import Signal
from compiler.signals.contract import Input
from compiler.signals.inputs import SINCE, UNTIL
from compiler.signals.ratio import READS, SUCCESSES


@dataclass(frozen=True, kw_only=True, slots=True)
class Stanza:
    """The text of a stanza, with counts of its statements.

    `own` holds the signals that the file must define beside the vocabulary's. `used` counts the statements in the
    stanza, and `guesses` those of them with a guess. `again` counts the statements that repeat one of these, `left_out`
    those that the stanza does not contain. `against` holds the statements that would page on the good side. `chosen`
    maps each signal to its section, or to None if none fits.
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
    """Return the stanza of one guide; limits may use the `signals`.

    With `new` the stanza belongs to the file that `house.yaml` begins, and uses that file's team and policy.
    """
    path, sections = runbook.path, runbook.sections
    all_limits = limits(statements, signals)
    known = {**signals, **{signal.id: signal for signal in all_limits.own}}
    chosen = {key: _section(known[key], lines, sections) for key, lines in all_limits.of_signal.items()}
    anchors = {section.anchor: section for section in sections}
    proposed = {key: anchors[proposal.anchor] for key, proposal in chosen.items() if proposal}
    agreed = agreement(runbook, all_limits, known, proposed)
    kept = agreed.limits
    used = [line for lines in kept.of_signal.values() for line in lines]
    text_lines = [
        f"  {_identifier(path)}:",
        f"    title: {quoted(title_of(runbook.text, path))}",
        f"    team: {_TEAM if new else QUESTION}  # whose is it?",
        f"    runbook: {quoted(path)}",
        f"    escalation: {_POLICY if new else QUESTION}  # a policy below `escalation:`",
        "    limits:",
        *_limits(kept, chosen, agreed.quotations),
        *_missing(anchors),
        "    metrics:",
        *_metrics(kept, known),
        *waivers(agreed.alone, path),
    ]
    return Stanza(
        text="\n".join(text_lines),
        own=kept.own,
        used=len(used),
        guesses=sum(line.guessed for line in used),
        again=max(0, len(statements) - len(used) - len(agreed.alone)),
        left_out=len(agreed.alone),
        against=kept.against,
        chosen={key: proposal for key, proposal in chosen.items() if key in kept.of_signal},
    )


_TEAM: Final = "owners"
_POLICY: Final = "standard"
"""The ids in `house.yaml`."""


def _section(signal: Signal, lines: Sequence[ImportedLimit], sections: Sequence[Section]) -> Proposal | None:
    proposals = propose(signal.id, signal.title, sections, [line.stated.line for line in lines])
    return proposals[0] if proposals else None


def _limits(kept: Limits, chosen: Mapping[str, Proposal | None], quotations: Mapping[str, str]) -> Iterator[str]:
    for signal, lines in kept.of_signal.items():
        yield f"      {signal}:"
        for line in lines:
            statement = line.statement
            limit = f"{line.severity}: {quoted(f'{statement.comparator} {amount(statement)}')}"
            remark = f" ({line.remark})" if line.remark else ""
            yield f"        {limit}  # {comment_on(statement, statement.text)}{remark}"
        holds = {
            line.severity: line.statement.for_seconds or 0
            for line in lines
            if line.statement.for_seconds or line.stated.subject
        }
        if holds:
            durations = ", ".join(f"{severity}: {seconds(for_seconds)}" for severity, for_seconds in holds.items())
            sources = dict.fromkeys(line.holding for line in lines)
            comment = "; ".join(comment_on(source, source.text) for source in sources if source)
            yield f"        for: {{{durations}}}{'  # ' if comment else ''}{comment}"
        if signal in quotations:
            yield f"        documented: {quoted(quotations[signal])}"
        yield f"        runbook: {_section_reference(chosen[signal])}"


def _missing(anchors: Collection[str]) -> Iterator[str]:
    if MISSING_SECTION.removeprefix("#") in anchors:
        yield f"      {MISSING_SIGNAL}: {{runbook: {quoted(MISSING_SECTION)}}}"
    else:
        reason = f"no section says what to do without data; write “{words(MISSING_SIGNAL)}”"
        yield f"      {MISSING_SIGNAL}: {OFF}  # GUESS: {reason}"


_COUNTED: Final = "increase"
"""The kind that counts events within a time; a limit without the time means nothing."""
_SCRAPES: Final = 4
_INTERVALS: Final = (30, 20, 15, 10, 5)
_ENOUGH: Final = _SCRAPES * DEFAULT_SCRAPE_INTERVAL
_HOW_SURE: Final = {LIKELY: "likely: ", GUESS: "GUESS: "}


def _section_reference(proposal: Proposal | None) -> str:
    if proposal is None:
        return f"{QUESTION}  # no section fits: which one helps?"
    reason = one_line(f"{_HOW_SURE.get(proposal.sureness, '')}“{proposal.title}” {proposal.why}")
    return f"{quoted(f'#{proposal.anchor}')}  # {reason}"


def _metrics(kept: Limits, signals: Mapping[str, Signal]) -> Iterator[str]:
    for signal, lines in kept.of_signal.items():
        kind = signals[signal].kind
        inputs = _form(signals[signal], lines)
        period = window(lines)
        counted = [f"window: {QUESTION if period is None else seconds(period)}"] if kind == _COUNTED else []
        questions = ", ".join([*(f"{metric.name}: {QUESTION}" for metric in inputs), *counted, f"per: {QUESTION}"])
        if kind == SILENCE:
            interval = _scrape_interval(lines)
            guess = "GUESS: the limit must hold four scrapes; " if interval else ""
            yield f"      {signal}: {{{questions}{interval}}}  # {guess}add `quiet: 1d` where each day has quiet hours"
        else:
            yield f"      {signal}: {{{questions}}}"
    if not kept.of_signal:
        yield "      {}"


def _scrape_interval(lines: Sequence[ImportedLimit]) -> str:
    """Return the scrape interval that a counter needs, if its shortest limit holds too few scrapes by default."""
    shortest = min(int(line.statement.value) for line in lines)
    interval = next((interval for interval in _INTERVALS if interval * _SCRAPES <= shortest), 1)
    return f", scrape_interval: {seconds(interval)}" if shortest < _ENOUGH else ""


def _form(signal: Signal, lines: Sequence[ImportedLimit]) -> Sequence[Input]:
    """Return the inputs to ask for; a share that must not be low needs the inputs that count successes."""
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
    """Return a guide's first heading, else the words of its file name."""
    heading = re.search(r"^#\s+(.+?)\s*#*$|^(\S.*)\n=+\s*$", text, re.MULTILINE)
    return (heading[1] or heading[2]).strip() if heading else words(PurePosixPath(path).stem)
