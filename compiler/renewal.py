"""The command that renews the generated files, as people of a house type it: their headers name it.

Used by `compiler.compilation`. It depends on the folder of thresholds.yaml alone, so that `compile --check` gives the
same bytes everywhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from compiler.conventions import COMPILE, MAKE_RULES

_MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
"""The names that `make` looks for, in its order (GNU make, "What Name to Give Your Makefile")."""
_RULE: Final = re.compile(
    r"^(?:[^\t\s:=#][^:=#\n]*\s)?rules(?:\s[^:=#\n]*)?::?(?!=)(?P<recipe>.*(?:\n\t.*)*)", re.MULTILINE
)


def renewal(folder: Path) -> str:
    """Return `make rules` where a Makefile in `folder` has a target `rules` that compiles, else `tocsin compile`."""
    for name in _MAKEFILES:
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        compiles = any(COMPILE in rule["recipe"] for rule in _RULE.finditer(text))
        return MAKE_RULES if compiles else COMPILE
    return COMPILE
