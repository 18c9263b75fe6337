"""Find the commands of a section and their placeholders.

Used by `section`. Text that only looks like a placeholder is left out: redirections, tags, types, and variables that
the shell or the command itself sets.
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
"""What sets a variable in a shell; `X=$X` does not count, because the value comes from elsewhere."""
_SHELLS_OWN: Final = re.compile(
    "BASH|BASHPID|COLUMNS|EDITOR|EUID|FNR|FS|FUNCNAME|GID|HOME|HOSTNAME|IFS|LANG|LINENO|LINES|LOGNAME|NF|NR|OFS|OLDPWD"
    "|OPTARG|OPTIND|ORS|PATH|PIPESTATUS|PPID|PS1|PWD|RANDOM|REPLY|RS|SECONDS|SHELL|SHLVL|TERM|TMPDIR|UID|USER"
)
"""Variables that the shell, the login or awk sets."""
_TEMPLATES_OWN: Final = frozenset({"break", "continue", "else", "end", "range", "with"})
"""Keywords of Go's templates, which `kubectl` and `docker` accept."""
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
"""The beginning of a line with a prompt. A bare `#` does not count: it is a comment more often than root's prompt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placeholder:
    """A part of a command that an alert label or a person fills in.

    `label` is the alert label, or None if a person must fill it in. `explanation` is the line of the section that names
    the label. `places` has each occurrence: its offset in the command, in characters, and what it takes.
    """

    text: str
    label: str | None
    explanation: str | None = None
    places: tuple[tuple[int, Place], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A fenced code block of a section, without the indentation of its list.

    For a session (`console`), `text` is only what somebody typed, without prompts and output.
    """

    language: str
    text: str
    placeholders: tuple[Placeholder, ...]


_Explained = Mapping[str, tuple[str, str]]


def commands(fences: Sequence[tuple[str, str]], markdown: str) -> tuple[Command, ...]:
    """Return the commands of the fences (language and text); the section's `markdown` explains their placeholders."""
    explained = {match[1]: (match[2], match[0]) for match in _FILLED_BY.finditer(markdown)} if fences else {}
    return tuple(_command(language, text, explained) for language, text in fences)


def language(info: str) -> str:
    """Return the language that the words behind a fence name: `bash`, also for `bash title=x` and `{.bash}`."""
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].lstrip(".") if words else ""


def _command(language: str, text: str, explained: _Explained) -> Command:
    typed = _typed(text) if language.lower() in _SESSIONS else text
    parts = _parts(language.lower(), typed)
    # A part that the section explains is always a placeholder.
    texts = dict.fromkeys(part for part, is_known in parts if not is_known or part in explained)
    filled = frozenset(part for part in texts if part in explained)
    places_by_text = _places_by_text(language, typed, tuple(texts), filled)
    placeholders = (_placeholder(part, explained, places_by_text) for part in texts)
    return Command(language=language, text=typed, placeholders=tuple(placeholders))


_PlacesByText = Mapping[str, tuple[tuple[int, Place], ...]]


@lru_cache(maxsize=4096)
def _places_by_text(language: str, text: str, parts: tuple[str, ...], filled: frozenset[str]) -> _PlacesByText:
    """Return, for each placeholder that a label fills, what each occurrence takes."""
    if not filled:
        return {}
    pattern = re.compile("|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)))
    matches = tuple(pattern.finditer(text))
    fillable = frozenset(number for number, match in enumerate(matches) if match.group() in filled)
    places_by_text: dict[str, tuple[tuple[int, Place], ...]] = {}
    for match, place in zip(
        matches, places(language, text, tuple(match.span() for match in matches), fillable), strict=True
    ):
        if match.group() in filled:
            places_by_text[match.group()] = (*places_by_text.get(match.group(), ()), (match.start(), place))
    return places_by_text


def _typed(text: str) -> str:
    """Return what somebody typed into a session; return the whole text if no line has a prompt."""
    typed_lines, continued = [], False
    for line in text.split("\n"):
        prompt = _PROMPT.match(line)
        if prompt is None and not continued:
            continue
        typed_lines.append(line[prompt.end() :] if prompt else line.removeprefix("> "))
        continued = line.endswith("\\")
    return "\n".join(typed_lines) if typed_lines else text


@lru_cache(maxsize=4096)
def _parts(language: str, text: str) -> tuple[tuple[str, bool], ...]:
    """Return what looks like a placeholder, in order, and whether its language already gives it a meaning.

    The result is cached, because each enclosing section has the same fence.
    """
    matches = tuple(_PLACEHOLDER.finditer(text))
    if not matches:
        return ()
    closed = frozenset(_CLOSING.findall(text))
    set_at: dict[str, int] = {}
    for assignment in _SET.finditer(text):
        set_at.setdefault(next(name for name in assignment.groups() if name), assignment.start())
    return tuple((match.group(), _is_known(match, language, set_at, closed)) for match in matches)


def _is_known(match: re.Match[str], language: str, set_at: Mapping[str, int], closed: frozenset[str]) -> bool:
    """Return whether a part of a command is a type, a tag, a set variable or a template's keyword: no placeholder."""
    part = match.group()
    if part[0] == "<":
        return _TYPED.fullmatch(language) is not None or f"</{part[1:]}" in closed
    if part[0] == "{":
        return part.strip("{ }") in _TEMPLATES_OWN
    name = part.strip("${}")
    return part[0] == "$" and (_SHELLS_OWN.fullmatch(name) is not None or set_at.get(name, match.end()) < match.start())


def _placeholder(text: str, explained: _Explained, places_by_text: _PlacesByText) -> Placeholder:
    label, explanation = explained.get(text, (None, None))
    return Placeholder(text=text, label=label, explanation=explanation, places=places_by_text.get(text, ()))
