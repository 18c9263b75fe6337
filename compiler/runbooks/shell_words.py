"""Split a shell command into pipelines of words, as far as needed to say where a placeholder stands. Pure.

`shell_places` and the modules beside it use it. If a command has here-documents, backquotes, arithmetic, functions or
`case`, this module raises `NotReadError`, and no placeholder of the command is filled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from compiler.runbooks.place import MARK, OPAQUE

_VARIABLE: Final = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9?#@*!$_-])")
_REDIRECTION: Final = re.compile(r"(?:&>>?|[0-9]*(?:>>|>\||>&|<&|<>|[<>]))")
_NEXT_COMMAND: Final = re.compile(r"&&|\|\||[;\n&]")
DEEPEST: Final = 20
"""The most nested substitutions."""

Mode = Literal["bare", "single", "double"]


class NotReadError(ValueError):
    """The command has something that this reader does not read; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A placeholder within a word, or a substitution that contains placeholders.

    `at` is its offset in the word, `mode` the quotes around it; `numbers` are the numbers of the placeholders.
    """

    at: int
    mode: Mode
    numbers: tuple[int, ...]
    substituted: bool = False
    within: tuple[Pipeline, ...] = ()
    """The pipelines of the substitution."""
    refused: str = ""
    """Why the placeholder takes nothing, if the word alone shows the reason; else empty."""


@dataclass(kw_only=True)
class Word:
    """A word without its quotes; variables and substitutions in it are `OPAQUE`, placeholders `MARK`."""

    text: str = ""
    marks: list[Mark] = field(default_factory=list)
    quoted: bool = False
    refused: str = ""
    """Why the word's placeholders take nothing, if the text behind the word shows the reason; else empty."""


@dataclass(frozen=True, kw_only=True)
class Redirection:
    """A redirection without the number before it: its sign, and the word behind the sign."""

    sign: str
    word: Word


@dataclass(kw_only=True)
class Simple:
    """One command of a pipeline, and its redirections."""

    words: list[Word] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)


Pipeline = list[Simple]


class Reader:
    """Reads one text; `pipelines` are those of the text and of every substitution within it."""

    def __init__(self, text: str) -> None:
        """Read `text` to its end; raises NotReadError."""
        self._text = text
        self._at = 0
        self._number = 0
        self.pipelines: list[Pipeline] = []
        self.commented: list[int] = []
        """The numbers of the placeholders in comments."""
        self._script(closing="", depth=0)

    def _script(self, closing: str, depth: int) -> None:  # noqa: C901  one branch for each kind of token
        if depth > DEEPEST:
            raise NotReadError("too many substitutions lie within each other")
        pipeline: Pipeline = [Simple()]
        while True:
            self._blanks()
            if self._at >= len(self._text):
                if closing:
                    raise NotReadError("a substitution does not end")
                break
            character = self._text[self._at]
            if character == closing:
                self._at += 1
                break
            if character in "()":
                raise NotReadError("a subshell or a function")
            if character == "#":
                self._comment()
            elif self._text.startswith(("|&", "|"), self._at) and not self._text.startswith("||", self._at):
                self._at += 2 if self._text.startswith("|&", self._at) else 1
                pipeline.append(Simple())
            elif self._redirection(pipeline[-1], depth):
                pass
            elif separator := _NEXT_COMMAND.match(self._text, self._at):
                self._at = separator.end()
                # A line feed behind `|` continues the pipeline.
                if pipeline[-1].words or pipeline[-1].redirections or len(pipeline) == 1:
                    self.pipelines.append(pipeline)
                    pipeline = [Simple()]
            else:
                pipeline[-1].words.append(self._word(depth))
        self.pipelines.append(pipeline)

    def _blanks(self) -> None:
        while self._at < len(self._text):
            if self._text[self._at] in " \t":
                self._at += 1
            elif self._text.startswith("\\\n", self._at):
                self._at += 2
            else:
                return

    def _comment(self) -> None:
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        for _ in range(self._text.count(MARK, self._at, end)):
            self.commented.append(self._next_number())
        self._at = end

    def _redirection(self, simple: Simple, depth: int) -> bool:
        match = _REDIRECTION.match(self._text, self._at)
        if match is None:
            return False
        if self._text.startswith(("<<", "<(", ">("), match.end() - 1):
            raise NotReadError("a here-document or a process substitution")
        self._at = match.end()
        self._blanks()
        if self._at >= len(self._text) or self._text[self._at] in "\n;&|()<>":
            raise NotReadError("a redirection to nowhere")
        simple.redirections.append(Redirection(sign=match[0].lstrip("0123456789"), word=self._word(depth)))
        return True

    def _next_number(self) -> int:
        self._number += 1
        return self._number - 1

    def _word(self, depth: int) -> Word:  # noqa: C901, PLR0912  one branch for each kind of character
        word, mode = Word(), "bare"
        while self._at < len(self._text):
            character = self._text[self._at]
            if mode == "single":
                self._at += 1
                if character == "'":
                    mode = "bare"
                else:
                    self._append(word, character, "single")
            elif mode == "bare" and character in " \t\n;&|()<>":
                if character == "(":
                    raise NotReadError("a function, an array or a pattern with brackets")
                if character in "<>":
                    word.refused = "a number there would belong to the redirection right behind it"
                break
            elif character == "'" and mode == "bare":
                self._at, mode, word.quoted = self._at + 1, "single", True
            elif character == '"':
                self._at, mode, word.quoted = self._at + 1, "bare" if mode == "double" else "double", True
            elif character == "\\":
                self._escape(word, mode)
            elif character == "`":
                raise NotReadError("backquotes")
            elif character == "$":
                self._expansion(word, "double" if mode == "double" else "bare", depth)
            else:
                self._at += 1
                self._append(word, character, "double" if mode == "double" else "bare")
        if mode != "bare":
            raise NotReadError("a quotation mark that does not end")
        return word

    def _escape(self, word: Word, mode: str) -> None:
        escaped = self._text[self._at + 1 : self._at + 2]
        if escaped == MARK:
            raise NotReadError("a backslash before a placeholder")
        self._at += 1 + len(escaped)
        if escaped != "\n":
            word.text += escaped if mode == "bare" or escaped in '"\\$`' else f"\\{escaped}"
            word.quoted = True

    def _append(self, word: Word, character: str, mode: Mode) -> None:
        if character == MARK:
            word.marks.append(Mark(at=len(word.text), mode=mode, numbers=(self._next_number(),)))
        word.text += character

    def _expansion(self, word: Word, mode: Mode, depth: int) -> None:
        text, start = self._text, self._at
        if text.startswith(("$((", "$[", "$'", '$"'), start):
            raise NotReadError("arithmetic, or quotation marks behind a dollar sign")
        if text.startswith("$(", start):
            self._at += 2
            first_number, pipelines_before = self._number, len(self.pipelines)
            self._script(closing=")", depth=depth + 1)
            numbers = tuple(range(first_number, self._number))
            if numbers:
                within = tuple(self.pipelines[pipelines_before:])
                word.marks.append(Mark(at=len(word.text), mode=mode, numbers=numbers, substituted=True, within=within))
            word.text += OPAQUE
        elif text.startswith("${", start):
            end = text.find("}", start)
            inside = text[start + 2 : end]
            if end < 0 or any(character in inside for character in "`'\"{("):
                raise NotReadError("an expansion of a variable with quotation marks or other expansions in it")
            numbers = tuple(self._next_number() for _ in range(inside.count(MARK)))
            refused = "it would be a subscript or the name of a variable"
            word.marks += [Mark(at=len(word.text), mode=mode, numbers=numbers, refused=refused)] if numbers else []
            word.text += OPAQUE
            self._at = end + 1
        else:
            variable = _VARIABLE.match(text, start)
            self._at = variable.end() if variable else start + 1
            word.text += OPAQUE if variable else "$"
            if self._at < len(text) and text[self._at] == MARK:
                refused = "it would be a part of the name of a variable"
                word.marks.append(Mark(at=len(word.text), mode=mode, numbers=(self._next_number(),), refused=refused))
                word.text += MARK
                self._at += 1
