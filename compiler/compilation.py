"""The stages in sequence: parse → resolve → lower → check → emit.

`compiler.source_files` reads the files. The caller decides whether to write artifacts; `compiler.output` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from compiler import consequences
from compiler.alerts import AlertGroup, lower
from compiler.artifacts import Artifact
from compiler.checks import check
from compiler.checks.context import CheckContext
from compiler.checks.functions import without_unknown
from compiler.diagnostics import MAX_FOUND, Diagnostics, TooManyFindingsError
from compiler.document import Table
from compiler.emitters import emit
from compiler.linked_files import linked_files
from compiler.model import Model
from compiler.renewal import renewal
from compiler.resolve import resolve
from compiler.source_files import SourceFiles, link_style
from compiler.suppressions import suppress


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """The result of a run: always the diagnostics, and the results of the stages that the run reached."""

    diagnostics: Diagnostics
    context: CheckContext | None = None
    groups: tuple[AlertGroup, ...] = ()
    artifacts: tuple[Artifact, ...] = ()

    @property
    def model(self) -> Model | None:
        """The model, or None if the documents could not be read."""
        return None if self.context is None else self.context.model


def compile_spec(spec: Path) -> Compilation:
    """Compile `spec`, the path of a thresholds.yaml; there are artifacts only if there is no error.

    Paths in the file are relative to its folder. Diagnostics and artifacts show paths as the caller and the file wrote
    them.
    """
    diagnostics = Diagnostics(most=MAX_FOUND)
    files = SourceFiles(spec, diagnostics)
    try:
        table = files.spec()
        context = None if table is None else _context(table, files, diagnostics)
    except TooManyFindingsError:
        context = None
        diagnostics.most = None
        message = f"there are more than {MAX_FOUND} findings, and nothing more is looked at"
        diagnostics.error("too-large", diagnostics.found[0].span, message, hint="mend those that are shown first")
    diagnostics.most = None
    suppress(files.documents, files.texts, diagnostics)
    consequences.drop(diagnostics)
    if context is None:
        return Compilation(diagnostics=diagnostics)
    artifacts = () if diagnostics.failed else tuple(emit(context.model, context.groups))
    return Compilation(
        diagnostics=diagnostics,
        context=context,
        groups=context.groups,
        artifacts=artifacts,
    )


def _context(table: Table, files: SourceFiles, diagnostics: Diagnostics) -> CheckContext:
    """Resolve, lower and check the documents; return the context that the checks used."""
    runbooks, style = files.runbooks(table), link_style(table)
    model = without_unknown(resolve(table, runbooks, diagnostics), diagnostics)
    model = replace(model, renewal=renewal(files.folder, files.input_files))
    groups = lower(model, diagnostics)
    linked = linked_files(files.folder, files.input_files, runbooks, style, diagnostics)
    context = CheckContext(document=table, runbooks=runbooks, model=model, groups=groups, linked=linked, style=style)
    check(context, diagnostics)
    return context
