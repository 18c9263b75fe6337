"""The commands of a section, and what has to be filled into them.

Used by `section`. What looks like a placeholder and is none stays out: redirections, tags, types, variables that the
shell or the command itself sets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from compiler.runbooks.place import Place
from compiler.runbooks.places import places

_PLACEHOLDER: Final = re.compile(
    r"(?<![<\\])<[A-Za-z](?:[A-Za-z0-9_. -]*[A-Za-z0-9_])?>"
    r"|(?<![\\$])\$\{[A-Za-z_][A-Za-z0-9_]*\}"
    r"|(?<![\\$])\$[A-Z][A-Z0-9_]+"
    r"|\bYOUR[_-][A-Z0-9_-]*[A-Z0-9]"
    r"|(?<![\w$])\[(?i:your)[_ -][A-Za-z0-9_ -]+\]"
    r"|(?<![\w{}])\{\{ ?[A-Za-z_][A-Za-z0-9_-]* ?\}\}(?!\})"
)
_FILLED_BY: Final = re.compile(r"^.*`([^`\n]+)` is the alert['’]s `([a-zA-Z_][a-zA-Z0-9_]*)` label.*$", re.MULTILINE)
_SET: Final = re.compile(
    r"(?:^|[;&|(])[ \t]*(?:(?:export|local|readonly|declare)[ ]+)?([A-Za-z_][A-Za-z0-9_]*)\+?=(?![\"']?\$\{?\1\b)"
    r"|\bfor[ ]+([A-Za-z_][A-Za-z0-9_]*)[ ]+in\b"
    r"|\bread[ ]+(?:-[A-Za-z]+[ ]+){0,4}([A-Za-z_][A-Za-z0-9_]*)",
    re.MULTILINE,
)
"""What sets a variable in a shell; setting it to what it was sets nothing."""
_SHELLS_OWN: Final = re.compile(
    "BASH|BASHPID|COLUMNS|EDITOR|EUID|FNR|FS|FUNCNAME|GID|HOME|HOSTNAME|IFS|LANG|LINENO|LINES|LOGNAME|NF|NR|OFS|OLDPWD"
    "|OPTARG|OPTIND|ORS|PATH|PIPESTATUS|PPID|PS1|PWD|RANDOM|REPLY|RS|SECONDS|SHELL|SHLVL|TERM|TMPDIR|UID|USER"
)
"""Variables that the shell, the login or awk sets."""
_TEMPLATES_OWN: Final = frozenset({"break", "continue", "else", "end", "range", "with"})
"""Words of Go's templates, which `kubectl` and `docker` take."""
_TYPED: Final = re.compile(
    r"c|c#|c\+\+|cc|cpp|cs|csharp|dart|go|h|hpp|html|java|javascript|js|jsx|kotlin|kt|rs|rust|scala|svg|swift|ts|tsx"
    r"|typescript|vue|xml"
)
"""Languages in which angle brackets hold types, tags or files."""
_CLOSING: Final = re.compile(r"</[A-Za-z][A-Za-z0-9_.-]*>")
_SESSIONS: Final = frozenset({"console", "shell-session", "shellsession", "sh-session", "bash-session"})
_PROMPT: Final = re.compile(
    r"(?:[\w.-]{1,40}@[\w.:~/ -]{1,80}|\[[^\]\n]{1,80}\]|\([\w.-]{1,40}\) )?\$ "
    r"|(?:[\w.-]{1,40}@[\w.:~/ -]{1,80}|\[[^\]\n]{1,80}\])[#%] "
)
"""A bare `#` begins a comment more often than it is root's prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placeholder:
    """A part of a command that somebody fills in, and the alert label that does; None where a person must.

    `explanation` is the line of the section that names the label; `places` what each occurrence takes, with the number
    of characters of the command before it.
    """

    text: str
    label: str | None
    explanation: str | None = None
    places: tuple[tuple[int, Place], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A fenced code block of a section, without the indentation of the list that it stands in.

    Of a session (`console`) only what was typed, without prompts and output.
    """

    language: str
    text: str
    placeholders: tuple[Placeholder, ...]


_Explained = Mapping[str, tuple[str, str]]


def commands(fences: Sequence[tuple[str, str]], markdown: str) -> tuple[Command, ...]:
    """Return the commands of fences, language and text, with placeholders as the section's `markdown` explains them."""
    explained = {one[1]: (one[2], one[0]) for one in _FILLED_BY.finditer(markdown)} if fences else {}
    return tuple(_command(language, text, explained) for language, text in fences)


def language(info: str) -> str:
    """Return the language that the words behind a fence name: `bash`, also of `bash title=x` and `{.bash}`."""
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].lstrip(".") if words else ""


def _command(language: str, text: str, explained: _Explained) -> Command:
    typed = _typed(text) if language.lower() in _SESSIONS else text
    parts = _parts(language.lower(), typed)
    # What the section explains is a placeholder in any case.
    found = dict.fromkeys(part for part, known in parts if not known or part in explained)
    filled = frozenset(part for part in found if part in explained)
    taken = _taken(language, typed, tuple(found), filled)
    placeholders = (_placeholder(part, explained, taken) for part in found)
    return Command(language=language, text=typed, placeholders=tuple(placeholders))


_Taken = Mapping[str, tuple[tuple[int, Place], ...]]


@lru_cache(maxsize=4096)
def _taken(language: str, text: str, parts: tuple[str, ...], filled: frozenset[str]) -> _Taken:
    """Return, by placeholder that a label fills, what each of its occurrences takes."""
    if not filled:
        return {}
    pattern = re.compile("|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)))
    found = tuple(pattern.finditer(text))
    asked = frozenset(number for number, one in enumerate(found) if one.group() in filled)
    taken: dict[str, tuple[tuple[int, Place], ...]] = {}
    for one, place in zip(found, places(language, text, tuple(one.span() for one in found), asked), strict=True):
        if one.group() in filled:
            taken[one.group()] = (*taken.get(one.group(), ()), (one.start(), place))
    return taken


def _typed(text: str) -> str:
    """Return what somebody typed into a session; the text itself where no line has a prompt."""
    found, going_on = [], False
    for line in text.split("\n"):
        prompt = _PROMPT.match(line)
        if prompt is None and not going_on:
            continue
        found.append(line[prompt.end() :] if prompt else line.removeprefix("> "))
        going_on = line.endswith("\\")
    return "\n".join(found) if found else text


@lru_cache(maxsize=4096)
def _parts(language: str, text: str) -> tuple[tuple[str, bool], ...]:
    """Return what looks like a placeholder, in order, and whether it means something to who reads it.

    Remembered, because a fence stands in each section around it.
    """
    found = tuple(_PLACEHOLDER.finditer(text))
    if not found:
        return ()
    closed = frozenset(_CLOSING.findall(text))
    set_at: dict[str, int] = {}
    for one in _SET.finditer(text):
        set_at.setdefault(next(name for name in one.groups() if name), one.start())
    return tuple((one.group(), _is_known(one, language, set_at, closed)) for one in found)


def _is_known(found: re.Match[str], language: str, set_at: Mapping[str, int], closed: frozenset[str]) -> bool:
    """Return whether a part of a command means something to who reads it: type, tag, variable, word of a template."""
    part = found.group()
    if part[0] == "<":
        return _TYPED.fullmatch(language) is not None or f"</{part[1:]}" in closed
    if part[0] == "{":
        return part.strip("{ }") in _TEMPLATES_OWN
    name = part.strip("${}")
    return part[0] == "$" and (_SHELLS_OWN.fullmatch(name) is not None or set_at.get(name, found.end()) < found.start())


def _placeholder(text: str, explained: _Explained, taken: _Taken) -> Placeholder:
    label, explanation = explained.get(text, (None, None))
    return Placeholder(text=text, label=label, explanation=explanation, places=taken.get(text, ()))
