"""The text of one file: UTF-8, of a sensible size, its lines ended alike, looked through for secrets.

Used by `compiler.source_files`, and by `compiler.guides` for what is only read.
"""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Final

from compiler import conventions
from compiler.checks import secrets
from compiler.diagnostics import Diagnostics, Span, nearest

_LOOKED_AT: Final = 1024
_TEXT_HINT: Final = "save it as text in UTF-8, or name another file"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
"""What a file in UTF-16 begins with."""
MAX_BYTES: Final = 16 * 2**20
"""Of one file; no person writes half as much."""


def read_text(path: Path, span: Span, diagnostics: Diagnostics, *, main: bool = False, ours: bool = True) -> str | None:
    """Return the text of a file, or None after adding an error where it cannot be read; its lines end in line feeds.

    `span` is where the file is named, `main` whether it is thresholds.yaml itself. A secret in a file of `ours` is an
    error too; somebody else's may show examples of some.
    """
    try:
        _refuse_endless(path)
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _not_text(shown(path), error, diagnostics)
    except OSError as error:
        _missing(path, span, error, diagnostics, main=main)
    else:
        text = _lines_ended(text)
        if "\0" in text[:_LOOKED_AT]:
            wide = "\0" in text[1::2] and "\0" not in text[::2]
            message = "the file is UTF-16, and not UTF-8" if wide else "this is not a text file"
            diagnostics.error("encoding", Span(shown(path), 1, 1, 2), message, hint=_TEXT_HINT)
            return None
        if ours:
            secrets.check(shown(path), text, diagnostics)
        return text
    return None


def _not_text(name: str, error: UnicodeDecodeError, diagnostics: Diagnostics) -> None:
    text = _lines_ended(error.object.decode("utf-8", "replace"))
    diagnostics.read(name, text)
    secrets.check(name, text, diagnostics)
    before = _lines_ended(error.object[: error.start].decode("utf-8", "replace"))
    line = before.count("\n") + 1
    column = len(before.rpartition("\n")[2]) + 1
    message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
    if error.object.startswith(_WIDE):
        message = "the file is UTF-16, and not UTF-8"
    diagnostics.error("encoding", Span(name, line, column, column + 1), message, hint="save the file as UTF-8")


def _missing(path: Path, span: Span, error: OSError, diagnostics: Diagnostics, *, main: bool) -> None:
    name, reason = shown(path), (error.strerror or str(error)).lower()
    if isinstance(error, IsADirectoryError):
        diagnostics.error("missing-file", span, f"{name} is a folder", hint="name a file in it")
        return
    diagnostics.error("missing-file", span, f"cannot read {name}: {reason}", hint=_way_out(path, main=main))


def _way_out(path: Path, *, main: bool) -> str | None:
    """Return what to do about a file that is not there; a list of all that are would hide it."""
    try:
        neighbours = [shown(Path(one.name)) for one in path.parent.iterdir()]
    except FileNotFoundError:
        return f"there is no folder `{shown(path.parent)}`"
    except OSError:
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


def _refuse_endless(path: Path) -> None:
    """Raise OSError for what is neither a file nor a folder: reading a device or a pipe may never end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_BYTES // 2**20} MiB")


def shown(path: Path) -> str:
    """Return a path as text; names of files are bytes, and need not be UTF-8."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines_ended(text: str) -> str:
    """Return a text whose lines end in line feeds alone: editors count the other two ends of lines as well."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
