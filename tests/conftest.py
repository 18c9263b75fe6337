"""Settings of all tests: property tests have no deadline, since an overloaded machine is slow and not wrong.

`make quick` leaves out the tests that are marked `slow`: those of whole folders, those that use a fixture which compiles a
house, opens a store or starts a program, and those of modules that take long without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SLOW_FOLDERS: Final = frozenset({"acceptance", "documents", "packaging", "testbed"})
SLOW_FIXTURES: Final = frozenset({"base", "either", "either_store", "house", "promtool", "service"})
SLOW_MODULES: Final = frozenset(
    f"test_{name}"
    for name in (
        "access",
        "alertmanager_api",
        "anchors",
        "any_text",
        "bombs",
        "budgets",
        "callbacks",
        "cli",
        "clock",
        "determinism",
        "ends",
        "expressions",
        "faults",
        "files",
        "floods",
        "fuzz",
        "growth",
        "heartbeat",
        "import",
        "in_words",
        "law",
        "links",
        "mutants",
        "names",
        "nesting",
        "new_kind",
        "openapi",
        "paths",
        "peers_behind_one_address",
        "privacy",
        "retention",
        "senders",
        "serving",
        "storm",
        "subjects",
        "unread_answers",
        "wrong_tokens",
    )
)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Mark the slow tests."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        is_property = hasattr(getattr(item, "obj", None), "hypothesis")
        in_slow_place = item.path.parent.name in SLOW_FOLDERS or item.path.stem in SLOW_MODULES
        if in_slow_place or is_property or fixtures & SLOW_FIXTURES:
            item.add_marker(pytest.mark.slow)
