"""Tests of the walk through the tutorial: how it reads a page, compares outputs, and leaves nothing running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.patience import await_that
from testbed.tutorial import Shell, Step, shows, steps

PAGE = """# Page

```console
$ first
it prints
two lines
$ second
```

```yaml
$ no: command
```
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path) as running:
        yield running


def test_the_commands_of_a_page_are_read_with_what_they_print() -> None:
    """A command stands after the prompt, its output up to the next one; other blocks have none."""
    assert steps(PAGE) == (
        Step(command="first", shown="it prints\ntwo lines", line=4),
        Step(command="second", shown="", line=7),
    )


def test_a_block_of_commands_that_begins_with_none_is_refused() -> None:
    """Otherwise its first lines would be compared with nothing."""
    with pytest.raises(ValueError, match="line 2: a block of commands"):
        steps("```console\nwhat is this\n```\n")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("one\ntwo", "one\ntwo\n", True),
        ("one  ", "one", True),
        ("one", "one\ntwo", False),
        ("one\ntwo", "one", False),
        ("a … d", "a b c d", True),
        ("a … d", "a b\nc d", False),
        ("…\nlast", "one\ntwo\nlast", True),
        ("…\nlast", "last", True),
        ("first\n…", "first\nsecond\nthird", True),
        ("first\n…\nlast", "first\nsecond\nlaster", False),
        ("a.c", "abc", False),
    ],
)
def test_what_is_printed_is_what_the_page_shows(shown: str, printed: str, same: bool) -> None:  # noqa: FBT001
    """`…` in a line is any part of it, alone on a line any number of lines; everything else is compared literally."""
    assert shows(shown, printed) == same


def test_the_shell_keeps_what_one_command_leaves_to_the_next(shell: Shell) -> None:
    """Commands share the folder, variables and status of one terminal; standard error is printed, too."""
    assert shell.run("mkdir there && cd there && export NAME=value") == (0, "")
    assert shell.run('basename "$PWD"; echo $NAME >&2') == (0, "there\nvalue\n")
    assert shell.run("false") == (1, "")


def test_a_command_that_does_not_end_is_told(shell: Shell) -> None:
    """The walk does not wait for ever."""
    with pytest.raises(TimeoutError, match="`sleep 60` did not end"):
        shell.run("sleep 60", seconds=0.2)


def test_nothing_that_the_shell_started_outlives_it(tmp_path: Path) -> None:
    """A process that the page does not stop is killed with the shell."""
    with Shell(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path) as running:
        _, output = running.run("sleep 600 & echo $!")
    await_that(lambda: not is_running(int(output)))


def is_running(pid: int) -> bool:
    """Return whether a process runs; an ended process that its parent has not waited for does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
