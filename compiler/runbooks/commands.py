"""Find the commands of a section and their placeholders.

`section` uses it. The module leaves out text that only looks like a placeholder: redirections, tags, types, and
variables that the shell or the command itself sets.
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
_EXPLANATION: Final = re.compile(r"^.*`([^`\n]+)` is the alert['’]s `([a-zA-Z_][a-zA-Z0-9_]*)` label.*$", re.MULTILINE)
_ASSIGNMENT: Final = re.compile(
    r"(?:^|[;&|(])[ \t]*(?:(?:export|local|readonly|declare)[ ]+)?([A-Za-z_][A-Za-z0-9_]*)\+?=(?![\"']?\$\{?\1\b)"
    r"|\bfor[ ]+([A-Za-z_][A-Za-z0-9_]*)[ ]+in\b"
    r"|\bread[ ]+(?:-[A-Za-z]+[ ]+){0,4}([A-Za-z_][A-Za-z0-9_]*)",
    re.MULTILINE,
)
"""A text that sets a variable in a shell. `X=$X` does not count, because its value comes from elsewhere."""
_SHELL_VARIABLES: Final = re.compile(
    "BASH|BASHPID|COLUMNS|EDITOR|EUID|FNR|FS|FUNCNAME|GID|HOME|HOSTNAME|IFS|LANG|LINENO|LINES|LOGNAME|NF|NR|OFS|OLDPWD"
    "|OPTARG|OPTIND|ORS|PATH|PIPESTATUS|PPID|PS1|PWD|RANDOM|REPLY|RS|SECONDS|SHELL|SHLVL|TERM|TMPDIR|UID|USER"
)
"""Variables that the shell, the login or awk sets."""
_TEMPLATE_KEYWORDS: Final = frozenset({"break", "continue", "else", "end", "range", "with"})
"""Keywords of Go's templates, which `kubectl` and `docker` accept."""
_TAG_LANGUAGES: Final = re.compile(
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

    `label` is the alert label, or None if a person must fill the placeholder in. `explanation` is the line of the
    section that names the label. `places` has each occurrence: its offset in the command, in characters, and what it
    takes.
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


_LabelsByText = Mapping[str, tuple[str, str]]


def commands(fences: Sequence[tuple[str, str]], markdown: str) -> tuple[Command, ...]:
    """Return the commands of the fences (language and text); the section's `markdown` explains their placeholders."""
    labels_by_text = {match[1]: (match[2], match[0]) for match in _EXPLANATION.finditer(markdown)} if fences else {}
    return tuple(_command(language, text, labels_by_text) for language, text in fences)


def language(info: str) -> str:
    """Return the language that the words behind a fence name: `bash` for `bash`, `bash title=x` and `{.bash}`."""
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].lstrip(".") if words else ""


def _command(language: str, text: str, labels_by_text: _LabelsByText) -> Command:
    typed_text = _typed_text(text) if language.lower() in _SESSIONS else text
    candidates = _candidates(language.lower(), typed_text)
    # A part that the section explains is always a placeholder.
    texts = dict.fromkeys(part for part, is_known in candidates if not is_known or part in labels_by_text)
    filled_texts = frozenset(part for part in texts if part in labels_by_text)
    places_by_text = _places_by_text(language, typed_text, tuple(texts), filled_texts)
    placeholders = (_placeholder(part, labels_by_text, places_by_text) for part in texts)
    return Command(language=language, text=typed_text, placeholders=tuple(placeholders))


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


def _typed_text(text: str) -> str:
    """Return what somebody typed into a session; return the whole text if no line has a prompt."""
    typed_lines, is_continued = [], False
    for line in text.split("\n"):
        prompt = _PROMPT.match(line)
        if prompt is None and not is_continued:
            continue
        typed_lines.append(line[prompt.end() :] if prompt else line.removeprefix("> "))
        is_continued = line.endswith("\\")
    return "\n".join(typed_lines) if typed_lines else text


@lru_cache(maxsize=4096)
def _candidates(language: str, text: str) -> tuple[tuple[str, bool], ...]:
    """Return each text that looks like a placeholder, in order, and whether it already has a meaning in the language.

    The result is cached, because each enclosing section has the same fence.
    """
    matches = tuple(_PLACEHOLDER.finditer(text))
    if not matches:
        return ()
    closing_tags = frozenset(_CLOSING.findall(text))
    set_offsets: dict[str, int] = {}
    for assignment in _ASSIGNMENT.finditer(text):
        set_offsets.setdefault(next(name for name in assignment.groups() if name), assignment.start())
    return tuple((match.group(), _has_meaning(match, language, set_offsets, closing_tags)) for match in matches)


def _has_meaning(
    match: re.Match[str], language: str, set_offsets: Mapping[str, int], closing_tags: frozenset[str]
) -> bool:
    """Return whether a part of a command is no placeholder: a type, a tag, a set variable or a template's keyword."""
    part = match.group()
    if part[0] == "<":
        return _TAG_LANGUAGES.fullmatch(language) is not None or f"</{part[1:]}" in closing_tags
    if part[0] == "{":
        return part.strip("{ }") in _TEMPLATE_KEYWORDS
    name = part.strip("${}")
    return part[0] == "$" and (
        _SHELL_VARIABLES.fullmatch(name) is not None or set_offsets.get(name, match.end()) < match.start()
    )


def _placeholder(text: str, labels_by_text: _LabelsByText, places_by_text: _PlacesByText) -> Placeholder:
    label, explanation = labels_by_text.get(text, (None, None))
    return Placeholder(text=text, label=label, explanation=explanation, places=places_by_text.get(text, ()))
