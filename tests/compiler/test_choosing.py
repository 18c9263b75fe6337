"""Tests of choosing a section: which section a signal should lead to, and how sure the choice is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from compiler.choosing.proposals import GUESS, LIKELY, SURE, Proposal, proposals_text, propose
from compiler.conventions import words
from compiler.diagnostics import Diagnostics
from compiler.runbooks import Section, parse_runbook
from compiler.signals import vocabulary_text
from tests.compiler.base import ROOT

_LINK = re.compile(r"\[([^\]]*)\]\(#[^)]*\)")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A signal of the project, the anchor that it leads to, and the proposals when thresholds.yaml names no section."""

    name: str
    anchor: str
    proposals: tuple[Proposal, ...]

    @property
    def right(self) -> bool:
        """Whether the first proposal is the section that people chose."""
        return bool(self.proposals) and self.proposals[0].anchor == self.anchor


@cache
def pairs() -> tuple[Pair, ...]:
    """Return all signals of the project that name a section.

    The runbooks' links are removed, because they give the answer.
    """
    spec = yaml.safe_load((ROOT / "thresholds.yaml").read_text(encoding="utf-8"))
    titles = {**yaml.safe_load(vocabulary_text()), **spec["signals"]}
    return tuple(
        Pair(
            name=f"{name} {signal}",
            anchor=anchor.removeprefix("#"),
            proposals=propose(signal, titles.get(signal, {}).get("title") or words(signal), project(system["runbook"])),
        )
        for name, system in spec["systems"].items()
        for signal, anchor in named(system, spec["defaults"]["limits"])
    )


def named(system: dict[str, Any], house: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for signal in sorted({*system["limits"], *system["metrics"]}):
        own = system["limits"].get(signal, {})
        anchor = own != "off" and isinstance(own, dict) and {**house.get(signal, {}), **own}.get("runbook")
        if anchor:
            yield signal, anchor


@cache
def project(path: str) -> tuple[Section, ...]:
    return sections(_LINK.sub(r"\1", (ROOT / path).read_text(encoding="utf-8")))


def sections(text: str) -> tuple[Section, ...]:
    return parse_runbook("guide.md", text, Diagnostics()).sections


def anchors(identifier: str, title: str, text: str, *stated: int) -> list[str]:
    return [proposal.anchor for proposal in propose(identifier, title, sections(text), stated)]


def test_the_project_has_enough_signals_to_measure() -> None:
    """A measurement of a handful of signals says nothing."""
    assert len(pairs()) >= 75


def test_nearly_every_signal_of_the_project_finds_its_section() -> None:
    """The first proposal is right for at least 95 of 100 signals, one of the first three for at least 98."""
    wrong = [pair.name for pair in pairs() if not pair.right]
    assert len(wrong) <= 0.05 * len(pairs()), wrong
    far = [pair.name for pair in pairs() if pair.anchor not in [proposal.anchor for proposal in pair.proposals[:3]]]
    assert len(far) <= 0.02 * len(pairs()), far


def test_what_is_called_sure_is_right_and_most_is_called_sure() -> None:
    """A program that calls nothing sure is never wrong.

    So 98 of 100 sure proposals must be right, and 80 of 100 be sure.
    """
    sure = [pair for pair in pairs() if pair.proposals and pair.proposals[0].sureness == SURE]
    assert len(sure) >= 0.8 * len(pairs())
    wrong = [pair.name for pair in sure if not pair.right]
    assert len(wrong) <= 0.02 * len(sure), wrong


GUIDE = """\
# Ferry: troubleshooting

## Overview

Latency, memory and disks of the ferry.

## Common issues

### 1. The timetable is slow

#### Symptoms

- Page time above 2 s

### 2. Memory leak

The process grows until the OOM killer comes; the disk may be full of dumps.

## Database problems

### Slow queries

### Connection pool exhaustion

## Alert thresholds

- Slow crossings: warning above 30 min. See [Memory leak](#2-memory-leak).

## Memory profiling
"""


@pytest.mark.parametrize(
    ("identifier", "title", "anchor"),
    [
        ("latency_p95", "95th percentile latency", "1-the-timetable-is-slow"),
        ("memory", "Memory usage", "2-memory-leak"),
        ("connection_pool", "Connection pool usage", "connection-pool-exhaustion"),
        ("active_query_age", "Active query age", "slow-queries"),
    ],
)
def test_a_quantity_is_known_by_its_other_names(identifier: str, title: str, anchor: str) -> None:
    """Latency is slowness, and so is the age of a query. The section that fits best comes first."""
    assert anchors(identifier, title, GUIDE)[0] == anchor


@pytest.mark.parametrize(
    "heading", ["Overview", "Contents", "Alert thresholds", "Troubleshooting", "Key metrics", "Symptoms"]
)
def test_no_alert_leads_to_a_chapter_about_alerts(heading: str) -> None:
    """Such sections do not help with any alert, whatever they mention."""
    text = f"# Ferry\n\n## {heading}\n\nHigh latency, slow answers: latency.\n\n## Boats\n"
    assert anchors("latency_p95", "95th percentile latency", text) == []


def test_the_deepest_section_that_fits_comes_before_its_chapter() -> None:
    """In a chapter, people would have to search."""
    text = "# Ferry\n\n## Database problems\n\n### Database connections\n\nRefused.\n\n### Boats\n"
    assert anchors("database_refusing", "Database refusing", text)[0] == "database-connections"


def test_the_parts_of_a_section_do_not_stand_for_it() -> None:
    """An alert on a slow timetable leads to the heading above its symptoms."""
    assert "symptoms" not in anchors("latency_p95", "95th percentile latency", GUIDE)


def test_a_section_that_tells_how_to_do_something_comes_behind_one_on_a_trouble() -> None:
    """A section on the leak helps more than one that tells how to profile memory."""
    proposals = propose("memory", "Memory usage", sections(GUIDE))
    assert [proposal.anchor for proposal in proposals if "memory" in proposal.anchor] == [
        "2-memory-leak",
        "memory-profiling",
    ]
    assert proposals[1].sureness == GUESS


def test_two_sections_that_fit_alike_are_not_sure() -> None:
    """Only people know which of the two is meant."""
    text = "# Ferry\n\n## Slow timetable\n\n## Slow bookings\n"
    proposals = propose("latency_p95", "95th percentile latency", sections(text))
    assert [proposal.sureness for proposal in proposals] == [GUESS, GUESS]
    three = sections(f"{text}\n## Slow crossings\n")
    assert propose("latency_p95", "95th percentile latency", three) == ()


def test_a_limit_that_stands_in_a_section_decides() -> None:
    """The runbook speaks of the signal in this section."""
    text = "# Ferry\n\n## Slow timetable\n\np95 above 2 s.\n\n## Slow bookings\n\np95 is fine.\n"
    proposals = propose("latency_p95", "95th percentile latency", sections(text), [5])
    assert (proposals[0].anchor, proposals[0].sureness) == ("slow-timetable", SURE)
    assert proposals[0].why == "names slow and states a limit of it"


def test_a_link_beside_the_name_of_the_signal_decides() -> None:
    """Somebody has already named the section, in the runbook instead of in thresholds.yaml."""
    proposals = propose("crossing_time", "Slow crossings", sections(GUIDE))
    assert (proposals[0].anchor, proposals[0].sureness) == ("2-memory-leak", SURE)
    assert proposals[0].why == "the line on “Slow crossings” links to it"
    assert {proposal.sureness for proposal in proposals[1:]} <= {GUESS}


def test_words_of_the_text_alone_are_a_guess() -> None:
    """A section that mentions the disk in passing is not the section on the disk."""
    proposals = propose("disk", "Disk usage", sections("# Ferry\n\n## Boats\n\nTheir disk may be full.\n"))
    assert [(proposal.anchor, proposal.sureness, proposal.why) for proposal in proposals] == [
        ("boats", GUESS, "stands beside disk")
    ]


def test_a_limit_in_a_list_of_limits_proposes_nothing() -> None:
    """All limits stand in that section, and reading them helps nobody."""
    text = "# Ferry\n\n## Performance targets\n\n### Web\n\n- Pages: 2 s\n"
    assert anchors("latency_p95", "95th percentile latency", text, 7) == []


def test_where_nothing_fits_nothing_is_proposed_and_the_hint_says_so() -> None:
    """A wrong section costs more time than no section."""
    assert propose("certificate_expiry", "Time to certificate expiry", sections(GUIDE)) == ()
    text = proposals_text("certificate_expiry", "Time to certificate expiry", sections(GUIDE))
    assert text == 'no section fits; write one and add `runbook: "#…"`'


def test_the_hint_names_the_section_how_sure_it_is_and_why() -> None:
    """The hint also names the other possible section."""
    text = "# Ferry\n\n## Boats not ready\n\n## Service does not start\n"
    assert proposals_text("service_down", "Service down", sections(text)) == (
        'add `runbook: "#service-does-not-start"`? sure: “Service does not start” (names service, does not start); '
        "or `#boats-not-ready` (a guess)"
    )


@pytest.mark.parametrize("title", ["", "…", "the", "***"])
def test_a_title_without_words_gets_no_proposal(title: str) -> None:
    """The title says nothing, and neither does the id."""
    assert propose("x", title, sections(GUIDE)) == ()
    assert propose("x", title, ()) == ()


def test_likely_lies_between_sure_and_a_guess() -> None:
    """The heading names the conductor but not its problem."""
    text = sections("# Ferry\n\n## The conductor\n\nIt refuses requests.\n")
    proposals = propose("conductor_requests_failing", "Conductor requests failing", text)
    assert [proposal.sureness for proposal in proposals] == [LIKELY]
