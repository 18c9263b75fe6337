"""Files of guides → what the command `import` prints: statements as JSON, or a beginning of thresholds.yaml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler import conventions
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.guides.grammar import statements
from compiler.guides.statement import GuideStatement
from compiler.importing.stanza import QUESTION, Stanza, stanza, title_of
from compiler.resolve.definitions import signals
from compiler.source_text import read_text, shown


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What was read: the statements of all guides, and a stanza each."""

    statements: tuple[GuideStatement, ...]
    stanzas: tuple[tuple[str, Stanza], ...]

    def as_json(self) -> str:
        """Return `{"statements": […]}`."""
        found = [one.as_json() for one in self.statements]
        return json.dumps({"statements": found}, indent=2, ensure_ascii=False)

    def as_yaml(self) -> str:
        """Return a beginning of thresholds.yaml; what a person must say is marked."""
        head = f"# Begun by `{conventions.PROGRAM} import`. Answer every {QUESTION}, look at every GUESS.\nsystems:"
        return "\n".join([head, *(one.text for _, one in self.stanzas)])

    def summary(self) -> str:
        """Return a line a guide: how many statements there are, how many guesses, and how many were left out."""
        return "\n".join(
            f"{path}: {one.used + len(one.left_out)} statements; {one.used} limits, {one.guesses} of them guesses; "
            f"{len(one.left_out)} left out"
            for path, one in self.stanzas
        )


def import_guides(paths: Sequence[Path], diagnostics: Diagnostics) -> Imported:
    """Return what the guides document; a file that cannot be read is an error in `diagnostics`."""
    known = {key: one for key, one in signals(Table(Span("", 1, 1, 1)), diagnostics).items() if one is not None}
    found: list[GuideStatement] = []
    stanzas = []
    for path in paths:
        name = shown(path)
        text = read_text(path, Span(name, 1, 1, 1), diagnostics, ours=False)
        if text is None:
            continue
        own = statements(name, text)
        found += own
        stanzas.append((name, stanza(name, title_of(text, name), own, known)))
    return Imported(statements=tuple(found), stanzas=tuple(stanzas))
