"""Find the smallest damage that still fails in the same way: undo the changes piece by piece.

The aim is a small difference from a correct specification, not a small file: a person wants to read the difference.
"""

import difflib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from testbed.fuzz.case import Case, original

_SECONDS: Final = 30.0
Piece = tuple[bytes, bytes]
"""Lines as they were, and as they are now."""


def shrunk(case: Case, fails: Callable[[Case], bool], *, seconds: float = _SECONDS) -> Case:
    """Return a case for which `fails` still holds, with as little damage as was found within `seconds`."""
    deadline = time.monotonic() + seconds

    def holds(smaller: Case) -> bool:
        return time.monotonic() < deadline and fails(smaller)

    for simplify in (_without_links, *map(_restore, original(case.origin).files)):
        simpler = simplify(case)
        case = simpler if simpler != case and holds(simpler) else case
    for path in sorted(case.files):
        case = _shrink_file(case, path, holds)
    return case


def _without_links(case: Case) -> Case:
    return replace(case, links={}, folders=(), pipes=(), blocked=None)


def _restore(path: str) -> Callable[[Case], Case]:
    return lambda case: case.with_file(path, original(case.origin).files[path])


def _shrink_file(case: Case, path: str, holds: Callable[[Case], bool]) -> Case:
    original_content = original(case.origin).files.get(path, b"")
    pieces = _pieces(original_content, case.files[path])
    for index, (before, after) in enumerate(pieces):
        if before == after:
            continue
        for smaller in (before, b""):
            attempt = [*pieces[:index], (before, smaller), *pieces[index + 1 :]]
            if smaller != after and holds(case.with_file(path, _joined(attempt))):
                pieces = attempt
                break
        else:
            pieces = _halved(pieces, index, lambda attempt: holds(case.with_file(path, _joined(attempt))))
    return case.with_file(path, _joined(pieces))


def _pieces(before: bytes, after: bytes) -> list[Piece]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        (b"".join(old[old_start:old_end]), b"".join(new[new_start:new_end]))
        for _, old_start, old_end, new_start, new_end in codes
    ]


def _joined(pieces: Sequence[Piece]) -> bytes:
    return b"".join(after for _, after in pieces)


def _halved(pieces: list[Piece], index: int, holds: Callable[[list[Piece]], bool]) -> list[Piece]:
    """Remove halves of a changed piece, then quarters, and so on down to single bytes."""
    size = max(1, len(pieces[index][1]) // 2)
    while size:
        start = 0
        while start < len(pieces[index][1]):
            before, after = pieces[index]
            attempt = [*pieces[:index], (before, after[:start] + after[start + size :]), *pieces[index + 1 :]]
            if holds(attempt):
                pieces = attempt
            else:
                start += size
        size //= 2
    return pieces
