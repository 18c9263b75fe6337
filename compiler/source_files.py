"""The files of one specification: thresholds.yaml, the files that it includes, and the runbooks of its systems.

`compiler.compilation` reads them before `compiler.resolve`. This module gets the texts from `compiler.source_text` and
passes them through `compiler.document`, `compiler.schema` and `compiler.runbooks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from compiler import conventions, document, questions, schema, wrong_files
from compiler.diagnostics import Diagnostics, Related, Span, nearest
from compiler.document import Items, Table
from compiler.guides.vocabulary import severity_words, spellings
from compiler.input_files import MAX_BYTES, MAX_LINE, MAX_MARKDOWN, InputFiles, OutsideError
from compiler.runbooks import Runbook, parse_runbook
from compiler.runbooks.anchors import DEFAULT_STYLE, Style
from compiler.severities import UNTOLD, SeverityWords
from compiler.source_text import outside, read_text, shown


class SourceFiles:
    """Reads the files of one specification. `documents` has the YAML texts by path, and `texts` those of the runbooks.

    `input_files` opens the files; `refused` holds the paths of the runbooks of systems that the schema rejects.
    """

    def __init__(self, spec: Path, diagnostics: Diagnostics) -> None:
        self.path = spec
        self.folder = spec.parent
        self.input_files = InputFiles(spec.parent)
        self.diagnostics = diagnostics
        self.documents: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.refused: set[str] = set()
        self._nodes = document.NodeBudget()

    def spec(self) -> Table | None:
        """Return the main file merged with the files that it includes, or None after adding at least one error."""
        table = self._document(self.path, Span(shown(self.path), 1, 1, 1), included=False)
        if table is None:
            return None
        parts = [self._document(path, span, included=True) for path, span in self._included(table)]
        for part in parts:
            if part is None:
                return None
            self._merge(table, part)
        self._remove_sharing_refused(table)
        if not table.get("systems"):
            if self.refused:
                return None
            hint = "say below `systems:` what is watched, or `include` a file that does"
            self.diagnostics.error("missing-key", table.span, "there is no system", hint=hint)
            return None
        return table

    def _remove_sharing_refused(self, table: Table) -> None:
        """Remove systems that share a runbook with a refused system, because the runbook is about both."""
        systems = table.get("systems", {})
        for key in [key for key, system in systems.items() if system["runbook"] in self.refused]:
            del systems[key]

    def runbooks(self, table: Table) -> dict[str, Runbook]:
        """Return the runbooks that could be read, by the path that the systems name.

        Each file is read once: if systems name the same file by several paths, all of them get the first path.
        """
        runbooks: dict[str, Runbook] = {}
        failed: set[str] = set()
        names: dict[Path, str] = {}
        style, words = link_style(table), self._severity_words(table)
        for system in table["systems"].values():
            span = system.value_spans["runbook"]
            path = system["runbook"] = names.setdefault(_resolved(self.folder / system["runbook"]), system["runbook"])
            if path in runbooks or path in failed:
                continue
            name = shown(self.folder / path)
            text = self._runbook_text(path, span) if self._is_inside(path, span) else None
            if text is None or self._says_nothing(name, text, span):
                failed.add(path)
            else:
                self.texts[name] = text
                runbooks[path] = parse_runbook(path, text, self.diagnostics, shown=name, style=style, words=words)
        return runbooks

    def _severity_words(self, table: Table) -> SeverityWords:
        """Return the words for severities as `severities:` maps them; two spellings of one word are an error."""
        mapping = table.get("severities", Table(table.span))
        own: list[tuple[str, str]] = []
        words_by_key: dict[str, str] = {}
        for word, severity in mapping.items():
            keys = spellings(word)
            first = next((words_by_key[key] for key in keys if key in words_by_key), None)
            if first is None:
                # In documents, a word that stands for `none` has no limits; the catalogue maps it for labels of alerts.
                own += [(word, severity)] if severity != UNTOLD else []
            else:
                related = (Related(span=mapping.key_spans[first], message=f"`{first}` stands here"),)
                message = f"`{word}` and `{first}` are spellings of one word"
                span = mapping.key_spans[word]
                self.diagnostics.error("duplicate-key", span, message, hint="keep one of the two", related=related)
            words_by_key.update(dict.fromkeys(keys, word))
        return severity_words(own)

    def _runbook_text(self, path: str, span: Span) -> str | None:
        """Return a runbook's text, or None after adding an error, which suggests a file of that name elsewhere."""
        before = len(self.diagnostics.found)
        text = self._text(self.folder / path, span, most=MAX_MARKDOWN, line=MAX_LINE)
        error = self.diagnostics.found[-1] if len(self.diagnostics.found) > before else None
        if text is None and error is not None and error.hint is None:
            elsewhere = self.input_files.elsewhere(Path(path).name)
            if elsewhere is not None:
                self.diagnostics.found[-1] = replace(error, hint=f"did you mean `{shown(Path(elsewhere))}`?")
        return text

    def _says_nothing(self, name: str, text: str, span: Span) -> bool:
        """Return whether a runbook is empty or is not Markdown; if so, an error was added."""
        hint = "write what helps whoever is woken: a heading for each trouble, and its limits"
        if not text.strip():
            self.diagnostics.error("runbook-section", span, f"{name} is empty", hint=hint)
        elif wrong_files.is_page(text):
            message = f"{name} is a page of the web, and no Markdown"
            self.diagnostics.error("runbook-section", span, message, hint="save the text that the page is made from")
        else:
            return False
        return True

    def _document(self, path: Path, span: Span, *, included: bool) -> Table | None:
        text, name = self._text(path, span), shown(path)
        if text is None:
            return None
        self.documents[name] = text
        if self._is_of_another_program(name, text, included=included):
            return None
        table = document.parse(name, text, self.diagnostics, self._nodes)
        if table is not None and not questions.check(table, self.diagnostics):
            return None
        if table is None or schema.validate(table, self.diagnostics, included=included):
            return table
        return self._without_refused(table, included=included)

    def _is_of_another_program(self, name: str, text: str, *, included: bool) -> bool:
        """Return whether a file seems to belong to another program; if so, an error says to which one."""
        other_program = wrong_files.guess(text)
        if other_program is not None:
            self.diagnostics.read(name, text)
            length = len(text.split("\n")[other_program.line - 1])
            message = f"this seems to be {other_program.kind}, and not a file of {conventions.PROGRAM}'s"
            span = Span(name, other_program.line, 1, max(2, length + 1))
            hint = "an included file holds `version`, `signals` and `systems`" if included else other_program.hint
            self.diagnostics.error("syntax", span, message, hint=hint)
        return other_program is not None

    def _without_refused(self, table: Table, *, included: bool) -> Table | None:
        """Return a document without the systems that the schema rejects, or None if it rejects other parts too.

        The same run can then find mistakes in the other systems.
        """
        refused = _refused(table)
        for key, system in refused.items():
            self.refused.add(str(system.get("runbook")) if isinstance(system, Table) else "")
            del table["systems"][key]
            table["systems"].contested.discard(key)
        return table if refused and schema.validate(table, Diagnostics(), included=included) else None

    def _included(self, table: Table) -> Iterator[tuple[Path, Span]]:
        """Yield each included file once; the main file is left out, even if a pattern matches it."""
        include = table.get("include", Items(table.span))
        patterns, spans = (
            (include, include.spans) if isinstance(include, Items) else ([include], [table.value_spans["include"]])
        )
        seen = {self.path}
        for pattern, span in zip(patterns, spans, strict=True):
            paths = self._matching(pattern, span) if self._is_inside(pattern, span) else []
            yield from ((path, span) for path in paths if path not in seen)
            seen.update(paths)

    def _matching(self, pattern: str, span: Span) -> list[Path]:
        hint = f"patterns such as `systems/*.yaml` begin in the folder of {self.path.name}"
        try:
            paths = self.input_files.matching(pattern)
        except OutsideError as error:
            outside(shown(Path(error.filename)), span, self.diagnostics)
            return []
        except (ValueError, OSError) as error:
            # An OSError means that a part of the pattern is longer than a file name can be.
            why = (getattr(error, "strerror", None) or str(error)).lower()
            self.diagnostics.error("path", span, f"`{pattern}` is no pattern: {why}", hint=hint)
            return []
        if not paths:
            near = self._suggestion(pattern)
            hint = f"did you mean `{near}`?" if near else hint
            self.diagnostics.error("missing-file", span, f"no file matches `{pattern}`", hint=hint)
        if paths == [self.folder / pattern] and self.input_files.is_folder(paths[0]):
            message = f"{shown(paths[0])} is a folder"
            self.diagnostics.error("missing-file", span, message, hint=f"write `{pattern.rstrip('/')}/*.yaml`")
            return []
        return paths

    def _suggestion(self, pattern: str) -> str | None:
        """Return the file that a pattern was probably meant to name, or a pattern that matches files in its folder."""
        folder = (self.folder / pattern).parent
        try:
            names = [Path(name) for name in self.input_files.names(folder)]
            files = [name for name in names if name.suffix in {".yaml", ".yml"} and folder / name != self.path]
        except (OSError, ValueError):
            return None
        if "*" in Path(pattern).name:
            return shown(Path(pattern).with_name(f"*{files[0].suffix}")) if files else None
        name = nearest(Path(pattern).name, [file.name for file in files])
        return shown(Path(pattern).with_name(name)) if name else None

    def _merge(self, table: Table, part: Table) -> None:
        for key in ("signals", "systems"):
            definitions = part.get(key, Table(part.span))
            merged = table.setdefault(key, Table(definitions.span))
            for name, value in definitions.items():
                span = definitions.key_spans[name]
                if name in merged:
                    related = (Related(span=merged.key_spans[name], message="it stands here first"),)
                    message = f"`{name}` is defined in two files"
                    self.diagnostics.error("duplicate-key", span, message, hint="keep one of the two", related=related)
                    continue
                merged[name] = value
                merged.key_spans[name] = span
                merged.value_spans[name] = definitions.value_spans[name]

    def _is_inside(self, path: str, span: Span) -> bool:
        """Return whether a path leads to a place below the folder of the main file; if not, an error was added."""
        if not path.strip():
            self.diagnostics.error("path", span, "this is not a path", hint="name it relative to this file's folder")
            return False
        if Path(path).is_absolute() or ".." in Path(path).parts:
            message = f"`{path}` leads out of the folder of {self.path.name}"
            hint = (
                f"paths such as `systems/*.yaml` begin in the folder of {self.path.name}, also those in included files"
            )
            path_inside = path.lstrip("./")
            if not Path(path).is_absolute() and self.input_files.is_file(self.folder / path_inside):
                hint = f"write `{path_inside}`: {hint}"
            self.diagnostics.error("path", span, message, hint=hint)
            return False
        return True

    def _text(self, path: Path, span: Span, *, most: int = MAX_BYTES, line: int | None = None) -> str | None:
        main = path == self.path
        return read_text(path, span, self.diagnostics, files=self.input_files, main=main, most=most, line=line)


def _resolved(path: Path) -> Path:
    """Return a path with its links resolved, or the path as written if that fails."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path


def link_style(table: Table) -> Style:
    """Return the style of links for the site where people read the runbooks; the schema admits known styles only."""
    style: Style = table["links"].get("style", DEFAULT_STYLE)
    return style


def _refused(table: Table) -> dict[str, object]:
    """Return the systems of a document that the schema rejects."""
    systems = table.get("systems")
    if not isinstance(systems, Table):
        return {}
    return {
        key: system
        for key, system in systems.items()
        if key in systems.contested or not _admitted(_document_of_one(key, system, systems.span))
    }


def _document_of_one(key: str, system: object, span: Span) -> Table:
    """Return a document that holds one system only."""
    systems = _new_table({key: system}, span)
    return _new_table({"version": 1, "systems": systems}, span)


def _new_table(content: dict[str, object], span: Span) -> Table:
    table = Table(span)
    table.update(content)
    table.key_spans = table.value_spans = dict.fromkeys(content, span)
    return table


def _admitted(document: Table) -> bool:
    return schema.validate(document, Diagnostics(), included=True)
