"""What is wrong with a user's files, where, and how to mend it.

At the bottom of the house. A user's mistake is a `Diagnostic`, never an exception; all of them are gathered and shown
at once, sorted by place. Each `code` has an explanation in `compiler.checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple

Level = Literal["error", "warning"]


class Span(NamedTuple):
    """A place in a file: line and columns count from 1, the end column is the first one behind."""

    path: str
    line: int
    column: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Another place that belongs to a diagnostic, with what it is."""

    span: Span
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One finding."""

    code: str
    message: str
    span: Span
    hint: str | None = None
    related: tuple[Related, ...] = ()
    level: Level = "error"


@dataclass(kw_only=True)
class Diagnostics:
    """Gathers findings of one run and the source lines that they point at."""

    found: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def error(
        self, code: str, span: Span, message: str, *, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        """Add an error."""
        self.found.append(Diagnostic(code=code, message=message, span=span, hint=hint, related=related))

    def warning(self, code: str, span: Span, message: str, *, hint: str | None = None) -> None:
        """Add a finding that does not keep anything from being written."""
        self.found.append(Diagnostic(code=code, message=message, span=span, hint=hint, level="warning"))

    def read(self, path: str, text: str) -> None:
        """Remember a file's text, so that a finding in it can be shown with its line."""
        self.sources[path] = text.split("\n")

    def line(self, span: Span) -> str | None:
        """Return the source line of a span, or None where there is none to show."""
        lines = self.sources.get(span.path, [])
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None

    @property
    def failed(self) -> bool:
        """Whether nothing may be written."""
        return any(diagnostic.level == "error" for diagnostic in self.found)

    def __iter__(self) -> Iterator[Diagnostic]:
        # By way of a dict, as the order of a set differs from run to run.
        return iter(sorted(dict.fromkeys(self.found), key=lambda d: (d.span, d.code, d.message)))


_TAB_WIDTH: Final = 8
_MAX_SHOWN: Final = 160


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    matches = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the nearest known word, or all of them where they are few."""
    candidates = sorted(known)
    match = nearest(word, candidates)
    if match is not None:
        return f"did you mean `{match}`?"
    if 0 < len(candidates) <= 12:
        return "known here: " + ", ".join(f"`{name}`" for name in candidates)
    return None


def render(diagnostic: Diagnostic, diagnostics: Diagnostics) -> str:
    """Return a diagnostic as text: place, message, the source line with a caret, hint, related places."""
    lines = [f"{_place(diagnostic.span)}: {diagnostic.level}[{diagnostic.code}]: {diagnostic.message}"]
    lines += _excerpt(diagnostic.span, diagnostics)
    for related in diagnostic.related:
        lines.append(f"  {_place(related.span)}: {related.message}")
        lines += _excerpt(related.span, diagnostics)
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def _place(span: Span) -> str:
    return f"{span.path}:{span.line}:{span.column}"


def _excerpt(span: Span, diagnostics: Diagnostics) -> list[str]:
    source = diagnostics.line(span)
    if source is None:
        return []
    before = source[: span.column - 1].expandtabs(_TAB_WIDTH)
    marked = max(1, min(span.end_column, len(source) + 1) - span.column)
    shown = source.expandtabs(_TAB_WIDTH)
    start = max(0, len(before) - _MAX_SHOWN // 2) if len(shown) > _MAX_SHOWN else 0
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown[start : start + _MAX_SHOWN])
    gutter = f"{span.line:>5} | "
    caret = " " * (len(before) - start) + "^" * min(marked, _MAX_SHOWN)
    return [f"{gutter}{shown}", f"{' ' * (len(gutter) - 2)}| {caret[:_MAX_SHOWN]}"]
