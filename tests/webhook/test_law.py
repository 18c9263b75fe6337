"""The law of ends and holds against a world of Alertmanagers; `python -m testbed.law` is the long form."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from testbed import law


@pytest.mark.parametrize("first_seed", [1, 20_261])
def test_nothing_ends_and_nothing_is_held_against_the_law(catalog_path: Path, first_seed: int) -> None:
    """Whatever is delivered, answered, done by hand, in whichever order, by replicas whose clocks differ."""
    assert law.play(steps=1_000, first_seed=first_seed, catalog=catalog_path, examples=15) >= 1_000
    structlog.reset_defaults()
