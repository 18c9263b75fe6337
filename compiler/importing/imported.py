"""Turn files of guides into the output of the command `import`: JSON, or a beginning of thresholds.yaml."""

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
    """The statements of all guides, the name and the stanza of each guide, and the lines that may hold more limits."""

    statements: tuple[GuideStatement, ...]
    stanzas: tuple[tuple[str, Stanza], ...]
    unread: tuple[UnreadLine, ...]

    def as_json(self) -> str:
        """Return `{"statements": […], "left_out": […]}`."""
        document = {
            "statements": [
                {**statement.as_json(), "guesses": self._guesses(statement)} for statement in self.statements
            ],
            "left_out": [line.as_json() for line in self.unread],
        }
        return harmless.as_json(document, indent=2)

    def _guesses(self, statement: GuideStatement) -> list[str]:
        """Return the guesses about a statement, in the words of the YAML."""
        against = any(statement in stanza.against for _, stanza in self.stanzas)
        return [*guesses(statement), *([AGAINST] if against else [])]

    def as_yaml(self, *, new: bool = False) -> str:
        """Return a beginning of thresholds.yaml; it marks what a person must answer.

        With `new` it is a whole file. Otherwise an existing file takes it in, or includes it.
        """
        head = f"# Begun by `{conventions.PROGRAM} import`. Answer every {conventions.QUESTION}, look at every GUESS."
        if new:
            head = f"{conventions.modeline(conventions.SCHEMA_PATH)}\n{_ABOUT_THE_SCHEMA}\n{head}"
        house = (
            [resources.files(__package__).joinpath("house.yaml").read_text(encoding="utf-8").rstrip("\n") + "\n"]
            if new
            else []
        )
        stanzas = [stanza.text for _, stanza in self.stanzas]
        return "\n".join([head, *house, *self._own_signals(), "systems:", *stanzas, *self._unread()])

    def summary(self) -> str:
        """Return one line for each guide: its number of statements, their use, and how sure the sections are."""
        unread = Counter(line.path for line in self.unread)
        return "\n".join(_summary(path, stanza, unread[path]) for path, stanza in self.stanzas)

    def _unread(self) -> Iterator[str]:
        """Yield a comment for each line that may hold a limit that was not read."""
        if self.unread:
            yield "# Not read, though it has a number and a severity or a comparator; what is a limit, add by hand:"
        for line in self.unread:
            yield one_line(f"#   {line.path}:{line.line}: {shortened(line.text)} ({line.reason})")

    def _own_signals(self) -> Iterator[str]:
        own = {signal.id: signal for _, stanza in self.stanzas for signal in stanza.own}
        if own:
            yield "signals:"
        for _, signal in sorted(own.items()):
            yield f"  {signal.id}: {{{', '.join(_definition(signal))}}}"


_ABOUT_THE_SCHEMA: Final = (
    f"# Editors complete and explain this file by that schema; `{conventions.PROGRAM} schema --write` puts it there."
)


def _summary(path: str, stanza: Stanza, unread: int) -> str:
    total = stanza.used + stanza.again + stanza.left_out
    statements = (
        f"{path}: {total} statements; "
        f"{len(stanza.chosen)} alerts with {stanza.used} limits, {stanza.guesses} of them guesses; "
    )
    sections = Counter(section.sureness if section else "open" for section in stanza.chosen.values())
    sure = ", ".join(f"{sections[name]} {name}" for name in (SURE, LIKELY, GUESS, "open"))
    more = f"; {unread} {'line' if unread == 1 else 'lines'} not read" if unread else ""
    return f"{statements}{stanza.again} said again, {stanza.left_out} left out; sections: {sure}{more}"


def _definition(signal: Signal) -> Iterator[str]:
    yield f"kind: {signal.kind}"
    yield from (f"{name}: {value}" for name, value in signal.parameters.items())
    yield f"unit: {signal.unit}"
    yield f"title: {signal.title}"
    if signal.bad is not None and meaning.side(replace(signal, bad=None), meaning.usual_inputs(signal)) is None:
        yield f"bad: {signal.bad}"


def import_guides(paths: Sequence[Path], diagnostics: Diagnostics, *, new: bool = False) -> Imported:
    """Return what the guides document; an unreadable file becomes an error in `diagnostics`.

    With `new` the stanzas belong to a whole file, which has a team and a policy.
    """
    known = {
        key: signal for key, signal in signals(Table(Span("", 1, 1, 1)), diagnostics).items() if signal is not None
    }
    statements: list[GuideStatement] = []
    unread: list[UnreadLine] = []
    stanzas = []
    # A person who types the name of a guide may name any file.
    files = InputFiles(None)
    for path in paths:
        name = shown(path)
        text = read_text(path, Span(name, 1, 1, 1), diagnostics, files=files, ours=False, most=MAX_MARKDOWN)
        if text is None:
            continue
        guide = read_guide(name, text)
        statements += guide.statements
        unread += unread_lines(name, text, guide)
        # This command discards findings about a guide's form; compiling the file reports them later.
        runbook = parse_runbook(name, text, Diagnostics())
        stanzas.append((name, stanza(runbook, guide.statements, known, new=new)))
    return Imported(statements=tuple(statements), stanzas=tuple(stanzas), unread=tuple(unread))
