"""The stages in sequence: parse → resolve → lower → check → emit.

Writing is `compiler.output`'s, and the caller's decision.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compiler import conventions, document, schema
from compiler.alerts import AlertGroup, lower
from compiler.artifacts import Artifact
from compiler.checks import check, secrets
from compiler.checks.functions import without_unknown
from compiler.checks.subject import Subject
from compiler.diagnostics import Diagnostics, Related, Span, did_you_mean, nearest
from compiler.document import Items, Table
from compiler.emitters import emit
from compiler.model import Model
from compiler.resolve import resolve
from compiler.runbooks import Runbook, parse_runbook
from compiler.suppressions import suppress, without_comments

MAX_BYTES: Final = 16 * 2**20
"""Of one file; no person writes half as much."""


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
    subject = None if table is None else _subject(table, files.runbooks(table), diagnostics)
    suppress(files.documents, files.texts, diagnostics)
    if subject is None:
        return Compilation(diagnostics=diagnostics)
    artifacts = () if diagnostics.failed else tuple(emit(subject.model, subject.groups))
    return Compilation(diagnostics=diagnostics, model=subject.model, groups=subject.groups, artifacts=artifacts)


def _subject(table: Table, runbooks: dict[str, Runbook], diagnostics: Diagnostics) -> Subject:
    """Return what the checked documents mean, and what the checks have looked at."""
    model = without_unknown(resolve(table, runbooks, diagnostics), diagnostics)
    groups = lower(model, diagnostics)
    subject = Subject(document=table, runbooks=runbooks, model=model, groups=groups)
    check(subject, diagnostics)
    return subject


class _Files:
    """Reads the files of one specification; `documents` are the YAML texts and `texts` the runbooks', by path.

    `refused` are the runbooks of the systems that the schema does not admit.
    """

    def __init__(self, spec: Path, diagnostics: Diagnostics) -> None:
        self.path = spec
        self.folder = spec.parent
        self.diagnostics = diagnostics
        self.documents: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.refused: set[str] = set()

    def spec(self) -> Table | None:
        """Return the main file with what it includes, or None after adding at least one error."""
        name = _shown(self.path)
        table = self._document(self.path, name, Span(name, 1, 1, 1), included=False)
        if table is None:
            return None
        parts = [self._document(path, _shown(path), span, included=True) for path, span in self._included(table)]
        for part in parts:
            if part is None:
                return None
            self._merge(table, part)
        self._leave_aside(table)
        if not table.get("systems"):
            if self.refused:
                return None
            hint = "say below `systems:` what is watched, or `include` a file that does"
            self.diagnostics.error("missing-key", table.span, "there is no system", hint=hint)
            return None
        return table

    def _leave_aside(self, table: Table) -> None:
        """Take out what shares a runbook with a refused system: its statements are those of both."""
        systems = table.get("systems", {})
        for key in [key for key, given in systems.items() if given["runbook"] in self.refused]:
            del systems[key]

    def runbooks(self, table: Table) -> dict[str, Runbook]:
        """Return the runbooks that could be read, by the path that systems name."""
        found: dict[str, Runbook] = {}
        failed: set[str] = set()
        for system in table["systems"].values():
            path, span = system["runbook"], system.value_spans["runbook"]
            if path in found or path in failed:
                continue
            shown = _shown(self.folder / path)
            text = self._text(self.folder / path, span, shown) if self._inside(path, span) else None
            if text is None:
                failed.add(path)
            else:
                self.texts[shown] = text
                found[path] = parse_runbook(path, without_comments(text), self.diagnostics, shown=shown)
                self.diagnostics.read(shown, text)
        return found

    def _document(self, path: Path, name: str, span: Span, *, included: bool) -> Table | None:
        text = self._text(path, span, name)
        if text is None:
            return None
        self.documents[name] = text
        table = document.parse(name, text, self.diagnostics)
        if table is None or schema.validate(table, self.diagnostics, included=included):
            return table
        return self._without_refused(table, included=included)

    def _without_refused(self, table: Table, *, included: bool) -> Table | None:
        """Return a document without the systems that the schema refuses, or None where it refuses more than these.

        What is wrong elsewhere is then found in the same run.
        """
        refused = _refused(table)
        for key, given in refused.items():
            self.refused.add(str(given.get("runbook")) if isinstance(given, Table) else "")
            del table["systems"][key]
        return table if refused and schema.validate(table, Diagnostics(), included=included) else None

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
        except (ValueError, IndexError, RecursionError, OSError) as error:
            # `.` alone is an IndexError; OSError where a part is longer than a file's name can be.
            why = (getattr(error, "strerror", None) or str(error)).lower()
            self.diagnostics.error("path", span, f"`{pattern}` is no pattern: {why}", hint=hint)
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
            _refuse_endless(path)
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._not_text(name, error)
        except OSError as error:
            self._missing(path, span, name, error)
        else:
            text = _lines_ended(text)
            secrets.check(name, text, self.diagnostics)
            return text
        return None

    def _not_text(self, name: str, error: UnicodeDecodeError) -> None:
        text = _lines_ended(error.object.decode("utf-8", "replace"))
        self.diagnostics.read(name, text)
        secrets.check(name, text, self.diagnostics)
        before = _lines_ended(error.object[: error.start].decode("utf-8", "replace"))
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2]) + 1
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
        self.diagnostics.error("encoding", Span(name, line, column, column + 1), message, hint="save the file as UTF-8")

    def _missing(self, path: Path, span: Span, name: str, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        if isinstance(error, IsADirectoryError):
            self.diagnostics.error("missing-file", span, f"{name} is a folder", hint="name a file in it")
            return
        try:
            neighbours = [_shown(Path(one.name)) for one in path.parent.iterdir()]
        except OSError:
            neighbours = []
        if path != self.path:
            hint = did_you_mean(path.name, neighbours)
        elif (near := nearest(path.name, neighbours)) is not None:
            hint = f"did you mean `{near}`?"
        else:
            hint = f"run {conventions.PROGRAM} where {conventions.SPEC_PATH} is, or name it by --spec"
        self.diagnostics.error("missing-file", span, f"cannot read {name}: {reason}", hint=hint)


def _refuse_endless(path: Path) -> None:
    """Raise OSError for what is neither a file nor a folder: reading a device or a pipe may never end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_BYTES // 2**20} MiB")


def _shown(path: Path) -> str:
    """Return a path as text; names of files are bytes, and need not be UTF-8."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines_ended(text: str) -> str:
    """Return a text whose lines end in line feeds alone: editors count the other two ends of lines as well."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refused(table: Table) -> dict[str, object]:
    """Return the systems of a document that the schema does not admit."""
    systems = table.get("systems")
    if not isinstance(systems, Table):
        return {}
    return {key: given for key, given in systems.items() if not _admitted(_alone(key, given, systems.span))}


def _alone(key: str, system: object, span: Span) -> Table:
    """Return a document of one system."""
    systems = _table({key: system}, span)
    return _table({"version": 1, "systems": systems}, span)


def _table(content: dict[str, object], span: Span) -> Table:
    found = Table(span)
    found.update(content)
    found.key_spans = found.value_spans = dict.fromkeys(content, span)
    return found


def _admitted(document: Table) -> bool:
    return schema.validate(document, Diagnostics(), included=True)
