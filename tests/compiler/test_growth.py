"""Tests that work grows no faster than the input: ten times the text takes about ten times the work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.importing.imported import import_guides
from tests.compiler.houses import HEAD, RATIO, SYSTEM, one_system


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have a current directory of its own."""
    monkeypatch.chdir(tmp_path)


def hosts(count: int) -> str:
    """Return a table with one row for each host."""
    rows = "".join(f"| web-{number} | > {number % 40 + 20} % | > 81 % |\n" for number in range(count))
    return f"| Host | Disk usage warning | Disk usage critical |\n|---|---|---|\n{rows}"


def sections(count: int) -> str:
    """Return sections, each with a sentence and a link."""
    return "".join(
        f"## Alert {number}\n\nPage when the error ratio of part {number} exceeds {number % 60 + 3} %."
        f" See [another](#alert-{(number + 7) % count}).\n\n"
        for number in range(count)
    )


def sentences(count: int) -> str:
    """Return a paragraph of so many sentences, on one line."""
    return "".join(f"Page when p95 of part {number} is above {number + 300} ms. " for number in range(count))


def story(count: int) -> str:
    """Return a limit in a very long paragraph."""
    return "Page when the error ratio is above 45 %. " + "People buy here, and parcels come by post. " * count


def items(count: int) -> str:
    """Return a list in which each item has the same words."""
    return "".join(f"- Error ratio of shop {number}: critical above 7 %\n" for number in range(count))


SHAPES: Final = {shape.__name__: shape for shape in (hosts, sections, sentences, story, items)}
_FEW: Final = 40
_TIMES: Final = 10
_MOST: Final = 14
"""The most calls for ten times the text, relative to the text itself. With one quadratic stage they are 30 and more."""


def calls(work: Callable[[], object]) -> int:
    """Return the number of function calls, including built-in functions."""
    count = 0

    def counted(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def _imports() -> object:
    return import_guides([Path("runbook.md")], Diagnostics())


def _checks() -> object:
    return list(compile_spec(Path("thresholds.yaml")).diagnostics)


@pytest.mark.parametrize("work", [_imports, _checks], ids=["import", "check"])
@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_as_the_guide_does(shape: str, work: Callable[[], object]) -> None:
    """The text has ten times the rows, sections, sentences or items."""
    spec = one_system(
        "kind: ratio, unit: ratio", ("error_share", "Error ratio", RATIO), ("other_share", "Other", RATIO)
    )
    Path("thresholds.yaml").write_text(
        HEAD + spec.replace("{one}", "> 7 %").replace("{other}", "> 9 %"), encoding="utf-8"
    )
    counted = []
    # The first run makes what is made only once, such as the words. Its calls do not count.
    for count in (1, _FEW, _FEW * _TIMES):
        Path("runbook.md").write_text(f"# Shop\n\n{SHAPES[shape](count)}\n\n## Look\n\nLook.\n", encoding="utf-8")
        counted.append(calls(work))
    assert counted[2] < _MOST * counted[1], counted


def system(key: str, more: str = "", *, team: str = "shop", section: str = "look", limits: str = "") -> str:
    """Return a system with a limit, and further keys, limits and metrics."""
    return (
        f"  {key}:\n{SYSTEM.replace('team: shop', f'team: {team}')}{more}    selector: 'job=\"{key}\"'\n    limits:\n"
        f"      error_share: {{warning: '> 7 %', runbook: '#{section}'}}\n{limits}    metrics:\n      error_share: {RATIO}\n"
    )


SIGNAL: Final = "signals:\n  error_share: {kind: ratio, unit: ratio, title: Error ratio}\n"
PLAIN: Final = "# Shop\n\n## Look\n\nLook.\n"


def repeated(text: str, count: int) -> str:
    """Return so many copies of a text, each with its own number."""
    return "".join(text.replace("{n}", str(number)) for number in range(count))


MISTAKES: Final[dict[str, Callable[[int], tuple[str, str]]]] = {
    "unknown keys": lambda n: (f"{SIGNAL}systems:\n{system('a')}{repeated('x{n}: 1' + chr(10), n)}", PLAIN),
    "unknown keys of a system": lambda n: (
        f"{SIGNAL}systems:\n{system('a', more=repeated('    x{n}: 1' + chr(10), n))}",
        PLAIN,
    ),
    "unknown keys on one line": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}x: {{{repeated('y{n}: 1, ', n)}}}\n",
        PLAIN,
    ),
    "keys without a value": lambda n: (f"{SIGNAL}systems:\n{system('a')}{repeated('x{n}:' + chr(10), n)}", PLAIN),
    "systems without a value": lambda n: (f"{SIGNAL}systems:\n{system('a')}{repeated('  x{n}:' + chr(10), n)}", PLAIN),
    "signals without a value": lambda n: (f"{SIGNAL}{repeated('  x{n}:' + chr(10), n)}systems:\n{system('a')}", PLAIN),
    "systems beside their section": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}{repeated('x{n}: {title: a, team: shop}' + chr(10), n)}",
        PLAIN,
    ),
    "words for severities": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}severities:\n{repeated('  w{n}: critical' + chr(10), n)}",
        PLAIN,
    ),
    "metrics of no signal": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}{repeated('      q{n}: {value: up}' + chr(10), n // 4)}",
        PLAIN,
    ),
    "limits of no signal": lambda n: (
        SIGNAL
        + repeated("  sig_{n}: {kind: gauge, unit: seconds, title: Sig {n}}\n", n // 4)
        + "systems:\n"
        + system("a", limits=repeated("      sgi_{n}: {warning: '> 1 s'}\n", n // 4)),
        PLAIN,
    ),
    "teams that nobody knows": lambda n: (
        f"{SIGNAL}systems:\n{''.join(system(f's{number}', team=f'teem{number}') for number in range(n // 10))}",
        PLAIN,
    ),
    "sections that are not there": lambda n: (
        f"{SIGNAL}systems:\n{''.join(system(f's{number}', section=f'lok-{number}') for number in range(n // 10))}",
        PLAIN + repeated("\n## Look {n}\n\nLook.\n", n // 10),
    ),
    "links to sections that are not there": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}",
        PLAIN + repeated("\n## Heading {n}\n\n[a](#heding-{n})\n", n // 4),
    ),
    "links to anchors that are not there": lambda n: (
        f"{SIGNAL}systems:\n{system('a')}",
        PLAIN + repeated("\n<a id='name{n}'></a>\n\n[a](#nme{n})\n", n // 4),
    ),
}
_LITTLE: Final = 400
_LONGEST: Final = 25
"""The most time for ten times the text, relative to the text itself.

It was 40 and more when each name was compared with all.
"""


def _seconds(mistake: str, count: int) -> float:
    """Return the processor seconds that a check takes."""
    spec, runbook = MISTAKES[mistake](count)
    Path("thresholds.yaml").write_text(HEAD + spec, encoding="utf-8")
    Path("runbook.md").write_text(runbook, encoding="utf-8")
    begun = time.process_time()
    assert _checks()
    return time.process_time() - begun


@pytest.mark.parametrize("mistake", MISTAKES)
def test_time_grows_as_the_number_of_mistakes_does(mistake: str) -> None:
    """Work without a call, such as copying a list for each of its members, counts too."""
    _seconds(mistake, 10)
    little = min(_seconds(mistake, _LITTLE) for _ in range(2))
    assert _seconds(mistake, _LITTLE * _TIMES) < _LONGEST * max(little, 0.02)
