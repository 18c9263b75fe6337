"""The compact specification that most tests start from, and functions that change and compile it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from click.testing import CliRunner, Result

from compiler.cli import main
from compiler.compilation import Compilation, compile_spec
from compiler.model import Limit, System, WatchedSignal

DATA: Final = Path(__file__).parent / "data"
ROOT: Final = Path(__file__).parents[2]
SPEC: Final = "thresholds.yaml"
SHOP: Final = "runbooks/shop.md"
LEDGER: Final = "runbooks/ledger.md"


def edit(path: str, old: str, new: str | bytes) -> None:
    """Replace `old` in the file at `path`, which must hold it exactly once, so that no edit goes wrong unnoticed."""
    file = Path(path)
    content, old_bytes = file.read_bytes(), old.encode()
    assert content.count(old_bytes) == 1, f"{path} holds {old!r} {content.count(old_bytes)} times"
    file.write_bytes(content.replace(old_bytes, new.encode() if isinstance(new, str) else new))


def tocsin(*arguments: str) -> Result:
    """Return the result of the command `tocsin`, run in the current directory."""
    return CliRunner().invoke(main, arguments)


def compiled() -> Compilation:
    """Compile the specification in the current directory, and assert that there is no finding."""
    compilation = compile_spec(Path(SPEC))
    assert not compilation.diagnostics.found
    return compilation


def codes() -> list[str]:
    """Return the codes of the findings in the current directory, sorted by place."""
    return [finding.code for finding in compile_spec(Path(SPEC)).diagnostics]


def system(compilation: Compilation, identifier: str) -> System:
    """Return one system of the model."""
    assert compilation.model is not None
    return next(candidate for candidate in compilation.model.systems if candidate.id == identifier)


def watched(compilation: Compilation, identifier: str, signal: str) -> WatchedSignal:
    """Return one signal of one system."""
    return next(
        watched_signal
        for watched_signal in system(compilation, identifier).signals
        if watched_signal.bound.signal.id == signal
    )


def tiers(compilation: Compilation, identifier: str, signal: str) -> dict[str, Limit]:
    """Return the limits of one signal of one system, by severity."""
    return {limit.severity: limit for limit in watched(compilation, identifier, signal).limits}
