"""Read the commands that README and docs show: blocks of shell, and commands in the text.

`tests/documents/test_commands.py` runs each of them. `tutorial.py` handles the blocks of docs/tutorial.md.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testbed.tutorial import COMMANDS, PROMPT

SHELLS: Final = frozenset({"sh", "bash", "shell", "zsh", COMMANDS})
"""The languages of fences that hold commands."""
PROGRAMS: Final = frozenset({"make", "python", "tocsin", "tocsin-webhook", "promtool"})
"""Words that begin a command in the text."""
OTHER_PROGRAMS: Final = frozenset(
    {
        *(
            "amlint",
            "amtool",
            "apt",
            "apt-get",
            "bash",
            "brew",
            "curl",
            "docker",
            "git",
            "helm",
            "kubectl",
            "node",
            "npm",
        ),
        *("npx", "pip", "pip3", "pipx", "pytest", "python3", "sh", "sudo", "systemctl", "uv", "uvx", "vmalert", "wget"),
    }
)
"""Other words that begin a command; the tests cannot run these."""

_FENCE: Final = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<language>[^\s`]*)[^`]*")
_SPAN: Final = re.compile(r"(?<!`)(?P<marks>`{1,2})(?!`)(?P<text>.+?)(?<!`)(?P=marks)(?!`)")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page: its language, empty if it names none, its text, and the number of its first line."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One command of a page at `line`: the variables that it sets, and its words, if there are any."""

    path: str
    line: int
    variables: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Return the place and the command, without the variables."""
        return f"{self.path}:{self.line}: {' '.join(self.words) or 'settings'}"


def page(path: Path, root: Path, *, blocks: bool = True) -> tuple[Shown, ...]:
    """Return the commands of a page, those of its blocks first; without `blocks`, only the commands in the text."""
    text, name = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
    page_blocks, prose = read(text)
    from_blocks = (
        command for block in page_blocks if block.language in SHELLS for command in _commands_of_block(block, name)
    )
    from_prose = (command for line, words in prose for command in _commands_of_prose(words, name, line))
    return (*(from_blocks if blocks else ()), *from_prose)


def read(text: str) -> tuple[tuple[Block, ...], tuple[tuple[int, str], ...]]:
    """Return the fenced blocks of a page, and the lines outside of them with their numbers.

    Fences inside a fence do not count: an example of a runbook may hold fences of its own.
    """
    blocks, prose = list[Block](), list[tuple[int, str]]()
    open_fence: re.Match[str] | None = None
    block_lines, first_line = list[str](), 0
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.fullmatch(line)
        if open_fence is None and fence is not None:
            open_fence, block_lines, first_line = fence, [], number + 1
        elif open_fence is None:
            prose.append((number, line))
        elif fence is not None and fence["marks"].startswith(open_fence["marks"]) and not fence["language"]:
            blocks.append(Block(language=open_fence["language"], text="\n".join(block_lines), line=first_line))
            open_fence = None
        else:
            block_lines.append(line.removeprefix(open_fence["indent"]))
    return tuple(blocks), tuple(prose)


def _commands_of_block(block: Block, path: str) -> Iterator[Shown]:
    """Yield the commands of a block. A backslash continues a command; output below a prompt is skipped."""
    prompted = block.language == COMMANDS
    pending, begun = "", block.line
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if prompted and not pending and not line.startswith(PROMPT):
            continue
        begun = begun if pending else number
        pending += line.removeprefix(PROMPT) if prompted and not pending else line
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        words = shlex.split(pending, comments=True)
        pending = ""
        if words:
            yield _shown(path, begun, words)


def _commands_of_prose(line: str, path: str, number: int) -> Iterator[Shown]:
    """Yield the commands that stand between backticks in a line of text."""
    for span in _SPAN.finditer(line):
        words = span["text"].replace(r"\|", "|").split()
        if words[0] in PROGRAMS or (words[0] in OTHER_PROGRAMS and len(words) > 1):
            yield _shown(path, number, words)


def _shown(path: str, line: int, words: list[str]) -> Shown:
    count = next((place for place, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    variables = tuple((name, value) for name, _, value in (word.partition("=") for word in words[:count]))
    return Shown(path=path, line=line, variables=variables, words=tuple(words[count:]))
