"""Tests of the law of ends and holds in a simulated world of Alertmanagers; `python -m testbed.law` tests more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from testbed.law import mutations
from testbed.law.machine import play

# Mistakes of the past or similar ones; each ends or holds something wrongly, or never ends it.
MISTAKES = (
    ("any(isinstance(answer, Active)", "all(isinstance(answer, Active)"),
    ("CONFIRM_SECONDS = 120.0", "CONFIRM_SECONDS = 60.0"),
    ("if absent_since is None or now - absent_since < CONFIRM_SECONDS", "if (absent_since := absent_since or now) < 0"),
    ("if reason is None:", "if True:"),
    ("if server.up < SETTLED_SECONDS + _excess_seconds(known):", "if server.up < 0:"),
)


@pytest.fixture(autouse=True)
def loud_again() -> Iterator[None]:
    """Let the process log again after the test: the state machine silences the log."""
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("first_seed", [1, 20_261])
def test_nothing_ends_and_nothing_is_held_against_the_law(catalog_path: Path, first_seed: int) -> None:
    """The law holds for any deliveries, answers and actions in any order, on replicas whose clocks differ."""
    assert play(steps=1_500, first_seed=first_seed, catalog=catalog_path, examples=15) >= 1_500


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_mistake_in_the_room_that_decides_is_noticed(catalog_path: Path, right: str, wrong: str) -> None:
    """The mistake is made in a copy of the package; `python -m testbed.law.mutations` makes many more."""
    room = (mutations.REPOSITORY / mutations.ROOM).read_text()
    assert right in room
    mistake = mutations.Mutation(
        kind="by hand", line=0, before=right, after=wrong, source=room.replace(right, wrong, 1)
    )
    assert "AgainstTheLaw" in mutations.run(mistake, steps=20_000, seed=1, catalog=catalog_path).noticed


def test_mutations_are_the_same_for_the_same_room() -> None:
    """A seed names the same mistakes on each machine, and each mistake changes the module."""
    room = (mutations.REPOSITORY / mutations.ROOM).read_text()
    mutants = mutations.mutations(room)
    assert mutants == mutations.mutations(room)
    assert len(mutants) > 200
    assert len({mutant.source for mutant in mutants}) > 0.9 * len(mutants)
