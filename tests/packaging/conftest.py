"""The wheel, which the tests of the package share."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed import pythons


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that people install."""
    return pythons.build_wheel(tmp_path_factory.mktemp("wheel"))
