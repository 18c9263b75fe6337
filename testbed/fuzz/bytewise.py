"""Damages that know nothing of a file's content: flip, cut, repeat or move its bytes."""

from collections.abc import Callable
from random import Random
from typing import Final

from testbed.fuzz.case import Case

_ODD: Final = (
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80"),
    *(b"\r", b"\r\n", b"\x1a", b"\x0c", b"\x85", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1b[0m", b"\x7f"),
)


def damage(case: Case, random: Random) -> Case:
    """Return the case with the bytes of one file spoilt."""
    path = random.choice(sorted(case.files))
    change = random.choice(_CHANGES)
    return case.with_file(path, change(case.files[path], random))


def _flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8, 64)) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _insert(content: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + random.choice(_ODD) * random.choice((1, 1, 1, 5)) + content[at:]


def _truncate(content: bytes, random: Random) -> bytes:
    return content[: random.randint(0, len(content))]


def _cut(content: bytes, random: Random) -> bytes:
    start, end = _range(content, random)
    return content[:start] + content[end:]


def _repeat(content: bytes, random: Random) -> bytes:
    start, end = _range(content, random)
    return content[:end] + content[start:end] * random.choice((1, 1, 3, 30)) + content[end:]


def _move(content: bytes, random: Random) -> bytes:
    start, end = _range(content, random)
    rest = content[:start] + content[end:]
    at = random.randint(0, len(rest))
    return rest[:at] + content[start:end] + rest[at:]


def _noise(content: bytes, random: Random) -> bytes:
    start, end = _range(content, random)
    return content[:start] + random.randbytes(random.choice((1, 4, 64))) + content[end:]


def _recode(content: bytes, random: Random) -> bytes:
    coding = random.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"))
    return content.decode("utf-8", "replace").encode(coding, "replace")


def _line_ends(content: bytes, random: Random) -> bytes:
    return content.replace(b"\n", random.choice((b"\r\n", b"\r", b"\r\r\n", b"\n\r", b"\xe2\x80\xa8", b"\x0b")))


def _replace_all(content: bytes, random: Random) -> bytes:
    return random.choice(
        (b"", b"\n", b" ", b"\x00" * 4096, random.randbytes(256), content * 3, b"\xef\xbb\xbf" + content)
    )


def _range(content: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + int(random.paretovariate(0.7)))


_CHANGES: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    *(_flip, _flip, _insert, _insert, _truncate, _cut, _cut, _repeat, _move, _noise, _recode, _line_ends, _replace_all),
)
