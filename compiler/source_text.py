"""The text of one file: UTF-8, of a bounded size, with line feeds as line ends, and checked for secrets.

Used by `compiler.source_files`, and by `compiler.guides` for files that are only read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from compiler import conventions
from compiler.checks import secrets
from compiler.diagnostics import Diagnostics, Span, nearest
from compiler.input_files import MAX_BYTES, InputFiles, OutsideError

_LOOKED_AT: Final = 1024
_TEXT_HINT: Final = "save it as text in UTF-8, or name another file"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks at the beginning of UTF-16 files."""


def read_text(  # noqa: PLR0913 - the messages about unreadable files need all of them
    path: Path,
    span: Span,
    diagnostics: Diagnostics,
    *,
    files: InputFiles,
    main: bool = False,
    ours: bool = True,
    most: int = MAX_BYTES,
    line: int | None = None,
) -> str | None:
    """Return the text of a file, its lines ended by line feeds; or None after adding an error if it cannot be read.

    `span` is where the file is named, `files` opens it, and `main` says whether it is thresholds.yaml itself. `most` is
    the maximum size in bytes; `line` is the maximum length of a line in characters, if there is one. If the file is
    `ours`, a secret in it is also an error; somebody else's file may show examples of secrets.
    """
    try:
        text = files.read(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _report_other_encoding(shown(path), error, diagnostics)
    except OSError as error:
        _report_unreadable(path, span, error, diagnostics, files=files, main=main)
    else:
        text = _lines_ended(text)
        if "\0" in text[:_LOOKED_AT]:
            is_utf_16 = "\0" in text[1::2] and "\0" not in text[::2]
            message = "the file is UTF-16, and not UTF-8" if is_utf_16 else "this is not a text file"
            diagnostics.error("encoding", Span(shown(path), 1, 1, 2), message, hint=_TEXT_HINT)
            return None
        if not ours:
            return text
        return text if secrets.check(shown(path), text, diagnostics) and _fits(path, text, line, diagnostics) else None
    return None


def _fits(path: Path, text: str, most: int | None, diagnostics: Diagnostics) -> bool:
    """Return whether no line is longer than `most`; adds an error for the first line that is."""
    if most is None or len(text) <= most:
        return True
    number, long_line = next(
        ((count, text_line) for count, text_line in enumerate(text.split("\n"), 1) if len(text_line) > most), (0, "")
    )
    if number:
        diagnostics.read(shown(path), text)
        message = f"this line has {len(long_line)} characters, and {most} are the most"
        diagnostics.error("too-large", Span(shown(path), number, 1, 2), message, hint="break it into several")
    return not number


def _report_other_encoding(name: str, error: UnicodeDecodeError, diagnostics: Diagnostics) -> None:
    text = _lines_ended(error.object.decode("utf-8", "replace"))
    if secrets.check(name, text, diagnostics):
        diagnostics.read(name, text)
    before = _lines_ended(error.object[: error.start].decode("utf-8", "replace"))
    line = before.count("\n") + 1
    column = len(before.rpartition("\n")[2]) + 1
    message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
    if error.object.startswith(_WIDE):
        message = "the file is UTF-16, and not UTF-8"
    diagnostics.error("encoding", Span(name, line, column, column + 1), message, hint="save the file as UTF-8")


def _report_unreadable(  # noqa: PLR0913 - as `read_text`
    path: Path, span: Span, error: OSError, diagnostics: Diagnostics, *, files: InputFiles, main: bool
) -> None:
    name, reason = shown(path), error.strerror or str(error)
    reason = reason[:1].lower() + reason[1:]
    if isinstance(error, OutsideError):
        outside(name, span, diagnostics, main=main)
        return
    if isinstance(error, IsADirectoryError):
        diagnostics.error("missing-file", span, f"{name} is a folder", hint="name a file in it")
        return
    diagnostics.error("missing-file", span, f"cannot read {name}: {reason}", hint=_hint(path, files, main=main))


def outside(name: str, span: Span, diagnostics: Diagnostics, *, main: bool = False) -> None:
    """Add an error for a path that leads out of the folder of thresholds.yaml by a symbolic link."""
    hint = "name the file itself by --spec" if main else "put the file itself there, in place of the link"
    where = "its folder" if main else f"the folder of {conventions.SPEC_PATH}"
    diagnostics.error("path", span, f"{name} leads out of {where} by a symbolic link", hint=hint)


def _hint(path: Path, files: InputFiles, *, main: bool) -> str | None:
    """Return a hint for a missing file; it names the most similar file only, because a full list would hide it."""
    try:
        neighbours = [shown(Path(name)) for name in files.names(path.parent)]
    except FileNotFoundError:
        return f"there is no folder `{shown(path.parent)}`"
    except (OSError, ValueError):
        return None
    if path.name in neighbours:
        return None
    near = nearest(path.name, neighbours)
    if main and near is None and conventions.SPEC_PATH in neighbours:
        near = conventions.SPEC_PATH
    if near is not None:
        return f"did you mean `{shown(path.with_name(near))}`?"
    return _NO_SPEC if main else None


_NO_SPEC: Final = (
    f"run {conventions.PROGRAM} where {conventions.SPEC_PATH} is, or name it by --spec;"
    f" `{conventions.PROGRAM} import --new GUIDE.md` prints a beginning of one"
)


def shown(path: Path) -> str:
    """Return a path as text; file names are bytes, and need not be UTF-8."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines_ended(text: str) -> str:
    """Return a text with line feeds as its only line ends, because editors count the other two kinds as well."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
