"""Find the command that people type to renew the generated files; the headers of these files name it.

Used by `compiler.compilation`. The command depends only on the folder of thresholds.yaml, so that `compile --check`
computes the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from compiler.conventions import COMPILE, MAKE_RULES
from compiler.input_files import InputFiles

_MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
"""The file names that `make` tries, in its order (GNU make, "What Name to Give Your Makefile")."""
_TARGET: Final = "rules"


def renewal(folder: Path, files: InputFiles) -> str:
    """Return `make rules` if a Makefile in `folder` has a target `rules` that compiles, else `tocsin compile`."""
    for name in _MAKEFILES:
        try:
            text = files.read(folder / name).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        return MAKE_RULES if any(COMPILE in line for line in _recipe(text)) else COMPILE
    return COMPILE


def _recipe(text: str) -> Iterator[str]:
    """Yield the recipe lines of a Makefile's target `rules`, and the text after its colon."""
    is_inside = False
    for line in text.split("\n"):
        if line.startswith("\t"):
            if is_inside:
                yield line
            continue
        targets, colon, rest = line.partition(":")
        is_inside = bool(colon) and _include_rules(targets) and not rest.removeprefix(":").startswith("=")
        if is_inside:
            yield rest


def _include_rules(targets: str) -> bool:
    """Return whether a rule's targets include `rules`; lines of variables and comments have no targets."""
    return not targets[:1].isspace() and not {"=", "#"} & set(targets) and _TARGET in targets.split()
