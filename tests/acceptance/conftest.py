"""Fixtures of the acceptance tests: the repository's own generated configuration, on real servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testbed.fixtures import (  # noqa: F401 - fixtures by their names
    has_browser,
    newest_servers,
    oldest_servers,
    servers,
    short_folder,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def generated() -> Path:
    """Return the committed output of the compiler."""
    return ROOT / "generated"


@pytest.fixture(scope="session")
def catalog(generated: Path) -> dict[str, Any]:
    """Return the committed catalogue."""
    content: dict[str, Any] = json.loads((generated / "catalog.json").read_text(encoding="utf-8"))
    return content
