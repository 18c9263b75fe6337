"""Lower: the kinds of signal, and the built-in signals.

Each file in this folder that has a `KIND` is a kind; no other place lists the kinds. `vocabulary.yaml` defines the
common signals of the field, so that a system can bind `error_ratio` without defining it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources
from pkgutil import iter_modules
from typing import Final

from compiler.signals.contract import Kind

VOCABULARY: Final = "vocabulary.yaml"


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds by name, sorted."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    all_kinds: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(all_kinds, key=lambda kind: kind.name)}


@cache
def vocabulary_text() -> str:
    """Return the text of the built-in signals, in the form of `signals:` in thresholds.yaml."""
    return resources.files(__name__).joinpath(VOCABULARY).read_text(encoding="utf-8")
