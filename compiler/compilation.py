"""The stages in sequence: parse → resolve → lower → check → emit.

Writing is `compiler.output`'s, and the caller's decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler import conventions, document, schema
from compiler.alerts import AlertGroup, lower
from compiler.artifacts import Artifact
from compiler.checks import check
from compiler.diagnostics import Diagnostics, Related, Span, did_you_mean, nearest
from compiler.document import Items, Table
from compiler.emitters import emit
from compiler.model import Model
from compiler.resolve import resolve
from compiler.runbooks import Runbook, parse_runbook


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """What a run found: diagnostics always; model, alert groups and artifacts as far as the stages came."""

    diagnostics: Diagnostics
    model: Model | None = None
    groups: tuple[AlertGroup, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


def compile_spec(spec: Path) -> Compilation:
    """Return what `spec`, the path of a thresholds.yaml, compiles to; artifacts only where there is no error.

    Paths in the file are relative to its folder; in diagnostics and artifacts they are as the caller and the file wrote
    them.
    """
    diagnostics = Diagnostics()
    files = _Files(spec, diagnostics)
    table = files.spec()
    if table is None:
        return Compilation(diagnostics=diagnostics)
    model = resolve(table, files.runbooks(table), diagnostics)
    groups = lower(model, diagnostics)
    check(model, groups, diagnostics)
    artifacts = () if diagnostics.failed else tuple(emit(model, groups))
    return Compilation(diagnostics=diagnostics, model=model, groups=groups, artifacts=artifacts)


class _Files:
    """Reads the files of one specification."""

    def __init__(self, spec: Path, diagnostics: Diagnostics) -> None:
        self.path = spec
        self.folder = spec.parent
        self.diagnostics = diagnostics

    def spec(self) -> Table | None:
        """Return the main file with what it includes, or None after adding at least one error."""
        name = self.path.as_posix()
        table = self._document(self.path, name, Span(name, 1, 1, 1), included=False)
        if table is None:
            return None
        parts = [self._document(path, path.as_posix(), span, included=True) for path, span in self._included(table)]
        for part in parts:
            if part is None:
                return None
            self._merge(table, part)
        if not table.get("systems"):
            hint = "say below `systems:` what is watched, or `include` a file that does"
            self.diagnostics.error("missing-key", table.span, "there is no system", hint=hint)
            return None
        return table

    def runbooks(self, table: Table) -> dict[str, Runbook]:
        """Return the runbooks that could be read, by the path that systems name."""
        found: dict[str, Runbook] = {}
        failed: set[str] = set()
        for system in table["systems"].values():
            path, span = system["runbook"], system.value_spans["runbook"]
            if path in found or path in failed:
                continue
            shown = (self.folder / path).as_posix()
            text = self._text(self.folder / path, span, shown) if self._inside(path, span) else None
            if text is None:
                failed.add(path)
            else:
                found[path] = parse_runbook(path, text, self.diagnostics, shown=shown)
        return found

    def _document(self, path: Path, name: str, span: Span, *, included: bool) -> Table | None:
        text = self._text(path, span, name)
        if text is None:
            return None
        table = document.parse(name, text, self.diagnostics)
        if table is None or not schema.validate(table, self.diagnostics, included=included):
            return None
        return table

    def _included(self, table: Table) -> Iterator[tuple[Path, Span]]:
        """Yield each included file once; the main file, which a wide pattern may match, is none of them."""
        given = table.get("include", Items(table.span))
        patterns, spans = (
            (given, given.spans) if isinstance(given, Items) else ([given], [table.value_spans["include"]])
        )
        seen = {self.path}
        for pattern, span in zip(patterns, spans, strict=True):
            paths = self._matching(pattern, span) if self._inside(pattern, span) else []
            yield from ((path, span) for path in paths if path not in seen)
            seen.update(paths)

    def _matching(self, pattern: str, span: Span) -> list[Path]:
        hint = f"patterns such as `systems/*.yaml` begin in the folder of {self.path.name}"
        try:
            paths = sorted(self.folder.glob(pattern))
        except ValueError as error:
            self.diagnostics.error("path", span, f"`{pattern}` is no pattern: {str(error).lower()}", hint=hint)
            return []
        if not paths:
            self.diagnostics.error("missing-file", span, f"no file matches `{pattern}`", hint=hint)
        return paths

    def _merge(self, table: Table, part: Table) -> None:
        for key in ("signals", "systems"):
            given = part.get(key, Table(part.span))
            into = table.setdefault(key, Table(given.span))
            for name, value in given.items():
                span = given.key_spans[name]
                if name in into:
                    related = (Related(span=into.key_spans[name], message="it stands here first"),)
                    message = f"`{name}` is defined in two files"
                    self.diagnostics.error("duplicate-key", span, message, hint="keep one of the two", related=related)
                    continue
                into[name] = value
                into.key_spans[name] = span
                into.value_spans[name] = given.value_spans[name]

    def _inside(self, path: str, span: Span) -> bool:
        if not path.strip() or "\0" in path:
            self.diagnostics.error("path", span, "this is not a path", hint="name it relative to this file's folder")
            return False
        if Path(path).is_absolute() or ".." in Path(path).parts:
            message = f"`{path}` leads out of the folder of {self.path.name}"
            self.diagnostics.error("path", span, message, hint="name it relative to that folder")
            return False
        return True

    def _text(self, path: Path, span: Span, name: str) -> str | None:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._not_text(name, error)
        except OSError as error:
            self._missing(path, span, name, error)
        else:
            return text.replace("\r\n", "\n").replace("\r", "\n")
        return None

    def _not_text(self, name: str, error: UnicodeDecodeError) -> None:
        self.diagnostics.read(name, error.object.decode("utf-8", "replace"))
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
        self.diagnostics.error("encoding", Span(name, line, column, column + 1), message, hint="save the file as UTF-8")

    def _missing(self, path: Path, span: Span, name: str, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        if isinstance(error, IsADirectoryError):
            self.diagnostics.error("missing-file", span, f"{name} is a folder", hint="name a file in it")
            return
        try:
            neighbours = [one.name for one in path.parent.iterdir()]
        except OSError:
            neighbours = []
        if path != self.path:
            hint = did_you_mean(path.name, neighbours)
        elif (near := nearest(path.name, neighbours)) is not None:
            hint = f"did you mean `{near}`?"
        else:
            hint = f"run {conventions.PROGRAM} where {conventions.SPEC_PATH} is, or name it by --spec"
        self.diagnostics.error("missing-file", span, f"cannot read {name}: {reason}", hint=hint)
