"""Files of guides → what the command `import` prints: statements as JSON, or a beginning of thresholds.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from compiler import conventions, harmless, meaning
from compiler.choosing.proposals import GUESS, LIKELY, SURE
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.guides.grammar import read_guide
from compiler.guides.statement import GuideStatement
from compiler.guides.unread import UnreadLine, unread_lines
from compiler.importing.limits import AGAINST, guesses
from compiler.importing.spelling import one_line, shortened
from compiler.importing.stanza import Stanza, stanza
from compiler.input_files import MAX_MARKDOWN, InputFiles
from compiler.resolve.definitions import signals
from compiler.runbooks import parse_runbook
from compiler.signals.bound import Signal
from compiler.source_text import read_text, shown


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What was read: the statements of all guides, and a stanza each; and the lines that may hold more."""

    statements: tuple[GuideStatement, ...]
    stanzas: tuple[tuple[str, Stanza], ...]
    unread: tuple[UnreadLine, ...]

    def as_json(self) -> str:
        """Return `{"statements": […], "left_out": […]}`."""
        found = {
            "statements": [{**one.as_json(), "guesses": self._guesses(one)} for one in self.statements],
            "left_out": [one.as_json() for one in self.unread],
        }
        return harmless.as_json(found, indent=2)

    def _guesses(self, one: GuideStatement) -> list[str]:
        """Return what is guessed of a statement, in the words of the YAML."""
        against = any(one in stanza.against for _, stanza in self.stanzas)
        return [*guesses(one), *([AGAINST] if against else [])]

    def as_yaml(self, *, new: bool = False) -> str:
        """Return a beginning of thresholds.yaml; what a person must say is marked.

        With `new` it is a whole file; without, what a file that there is takes in, or includes.
        """
        head = f"# Begun by `{conventions.PROGRAM} import`. Answer every {conventions.QUESTION}, look at every GUESS."
        if new:
            head = f"{conventions.modeline(conventions.SCHEMA_PATH)}\n{_ABOUT_THE_SCHEMA}\n{head}"
        house = (
            [resources.files(__package__).joinpath("house.yaml").read_text(encoding="utf-8").rstrip("\n") + "\n"]
            if new
            else []
        )
        stanzas = [one.text for _, one in self.stanzas]
        return "\n".join([head, *house, *self._own_signals(), "systems:", *stanzas, *self._unread()])

    def summary(self) -> str:
        """Return a line a guide: how many statements there are, what became of them, how sure the sections are."""
        unread = Counter(one.path for one in self.unread)
        return "\n".join(_summary(path, one, unread[path]) for path, one in self.stanzas)

    def _unread(self) -> Iterator[str]:
        """Yield a comment for each line that may hold a limit that was not read."""
        if self.unread:
            yield "# Not read, though it has a number and a severity or a comparator; what is a limit, add by hand:"
        for one in self.unread:
            yield one_line(f"#   {one.path}:{one.line}: {shortened(one.text)} ({one.reason})")

    def _own_signals(self) -> Iterator[str]:
        own = {signal.id: signal for _, one in self.stanzas for signal in one.own}
        if own:
            yield "signals:"
        for _, signal in sorted(own.items()):
            yield f"  {signal.id}: {{{', '.join(_definition(signal))}}}"


_ABOUT_THE_SCHEMA: Final = (
    f"# Editors complete and explain this file by that schema; `{conventions.PROGRAM} schema --write` puts it there."
)


def _summary(path: str, one: Stanza, unread: int) -> str:
    found = one.used + one.again + one.left_out
    said = (
        f"{path}: {found} statements; {len(one.chosen)} alerts with {one.used} limits, {one.guesses} of them guesses; "
    )
    sections = Counter(chosen.sureness if chosen else "open" for chosen in one.chosen.values())
    sure = ", ".join(f"{sections[name]} {name}" for name in (SURE, LIKELY, GUESS, "open"))
    more = f"; {unread} {'line' if unread == 1 else 'lines'} not read" if unread else ""
    return f"{said}{one.again} said again, {one.left_out} left out; sections: {sure}{more}"


def _definition(signal: Signal) -> Iterator[str]:
    yield f"kind: {signal.kind}"
    yield from (f"{name}: {value}" for name, value in signal.parameters.items())
    yield f"unit: {signal.unit}"
    yield f"title: {signal.title}"
    if signal.bad is not None and meaning.side(replace(signal, bad=None), meaning.usual_inputs(signal)) is None:
        yield f"bad: {signal.bad}"


def import_guides(paths: Sequence[Path], diagnostics: Diagnostics, *, new: bool = False) -> Imported:
    """Return what the guides document; a file that cannot be read is an error in `diagnostics`.

    With `new` the stanzas belong to a whole file, which has a team and a policy.
    """
    known = {key: one for key, one in signals(Table(Span("", 1, 1, 1)), diagnostics).items() if one is not None}
    found: list[GuideStatement] = []
    unread: list[UnreadLine] = []
    stanzas = []
    # Whoever types the name of a guide may name any file.
    files = InputFiles(None)
    for path in paths:
        name = shown(path)
        text = read_text(path, Span(name, 1, 1, 1), diagnostics, files=files, ours=False, most=MAX_MARKDOWN)
        if text is None:
            continue
        read = read_guide(name, text)
        found += read.statements
        unread += unread_lines(name, text, read)
        # What a guide's form lacks is said when it is compiled; here it is somebody else's file.
        runbook = parse_runbook(name, text, Diagnostics())
        stanzas.append((name, stanza(runbook, read.statements, known, new=new)))
    return Imported(statements=tuple(found), stanzas=tuple(stanzas), unread=tuple(unread))
