"""A shell command as pipelines of words, as far as it is needed to say where a placeholder stands. Pure.

Used by `shell_places` and its neighbours. What is not read here (here-documents, backquotes, arithmetic, functions,
`case`) raises `NotReadError`: then no placeholder of the command is filled.
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
"""How deep substitutions may lie within each other."""

Mode = Literal["bare", "single", "double"]


class NotReadError(ValueError):
    """The command holds what this reader does not read; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A placeholder, or a substitution with placeholders in it, within a word: where, in which quotes, which ones."""

    at: int
    mode: Mode
    numbers: tuple[int, ...]
    substituted: bool = False
    within: tuple[Pipeline, ...] = ()
    """The pipelines of the substitution."""
    refused: str = ""
    """Why it takes nothing, where the word alone says so."""


@dataclass(kw_only=True)
class Word:
    """A word without its quotes; variables and substitutions in it are `OPAQUE`, placeholders `MARK`."""

    text: str = ""
    marks: list[Mark] = field(default_factory=list)
    quoted: bool = False
    refused: str = ""
    """Why its placeholders take nothing, where the text behind the word says so."""


@dataclass(frozen=True, kw_only=True)
class Redirection:
    """A redirection without the number before it: its sign and the word behind."""

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
        """Placeholders in comments."""
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
            here = self._text[self._at]
            if here == closing:
                self._at += 1
                break
            if here in "()":
                raise NotReadError("a subshell or a function")
            if here == "#":
                self._comment()
            elif self._text.startswith(("|&", "|"), self._at) and not self._text.startswith("||", self._at):
                self._at += 2 if self._text.startswith("|&", self._at) else 1
                pipeline.append(Simple())
            elif self._redirection(pipeline[-1], depth):
                pass
            elif following := _NEXT_COMMAND.match(self._text, self._at):
                self._at = following.end()
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
            self.commented.append(self._next())
        self._at = end

    def _redirection(self, simple: Simple, depth: int) -> bool:
        found = _REDIRECTION.match(self._text, self._at)
        if found is None:
            return False
        if self._text.startswith(("<<", "<(", ">("), found.end() - 1):
            raise NotReadError("a here-document or a process substitution")
        self._at = found.end()
        self._blanks()
        if self._at >= len(self._text) or self._text[self._at] in "\n;&|()<>":
            raise NotReadError("a redirection to nowhere")
        simple.redirections.append(Redirection(sign=found[0].lstrip("0123456789"), word=self._word(depth)))
        return True

    def _next(self) -> int:
        self._number += 1
        return self._number - 1

    def _word(self, depth: int) -> Word:  # noqa: C901, PLR0912  one branch for each kind of character
        word, mode = Word(), "bare"
        while self._at < len(self._text):
            here = self._text[self._at]
            if mode == "single":
                self._at += 1
                if here == "'":
                    mode = "bare"
                else:
                    self._character(word, here, "single")
            elif mode == "bare" and here in " \t\n;&|()<>":
                if here == "(":
                    raise NotReadError("a function, an array or a pattern with brackets")
                if here in "<>":
                    word.refused = "a number there would belong to the redirection right behind it"
                break
            elif here == "'" and mode == "bare":
                self._at, mode, word.quoted = self._at + 1, "single", True
            elif here == '"':
                self._at, mode, word.quoted = self._at + 1, "bare" if mode == "double" else "double", True
            elif here == "\\":
                self._escaped(word, mode)
            elif here == "`":
                raise NotReadError("backquotes")
            elif here == "$":
                self._dollar(word, "double" if mode == "double" else "bare", depth)
            else:
                self._at += 1
                self._character(word, here, "double" if mode == "double" else "bare")
        if mode != "bare":
            raise NotReadError("a quotation mark that does not end")
        return word

    def _escaped(self, word: Word, mode: str) -> None:
        escaped = self._text[self._at + 1 : self._at + 2]
        if escaped == MARK:
            raise NotReadError("a backslash before a placeholder")
        self._at += 1 + len(escaped)
        if escaped != "\n":
            word.text += escaped if mode == "bare" or escaped in '"\\$`' else f"\\{escaped}"
            word.quoted = True

    def _character(self, word: Word, here: str, mode: Mode) -> None:
        if here == MARK:
            word.marks.append(Mark(at=len(word.text), mode=mode, numbers=(self._next(),)))
        word.text += here

    def _dollar(self, word: Word, mode: Mode, depth: int) -> None:
        text, at = self._text, self._at
        if text.startswith(("$((", "$[", "$'", '$"'), at):
            raise NotReadError("arithmetic, or quotation marks behind a dollar sign")
        if text.startswith("$(", at):
            self._at += 2
            first, earlier = self._number, len(self.pipelines)
            self._script(closing=")", depth=depth + 1)
            numbers = tuple(range(first, self._number))
            if numbers:
                within = tuple(self.pipelines[earlier:])
                word.marks.append(Mark(at=len(word.text), mode=mode, numbers=numbers, substituted=True, within=within))
            word.text += OPAQUE
        elif text.startswith("${", at):
            end = text.find("}", at)
            inside = text[at + 2 : end]
            if end < 0 or any(character in inside for character in "`'\"{("):
                raise NotReadError("an expansion of a variable with quotation marks or other expansions in it")
            numbers = tuple(self._next() for _ in range(inside.count(MARK)))
            refused = "it would be a subscript or the name of a variable"
            word.marks += [Mark(at=len(word.text), mode=mode, numbers=numbers, refused=refused)] if numbers else []
            word.text += OPAQUE
            self._at = end + 1
        else:
            found = _VARIABLE.match(text, at)
            self._at = found.end() if found else at + 1
            word.text += OPAQUE if found else "$"
            if self._at < len(text) and text[self._at] == MARK:
                refused = "it would be a part of the name of a variable"
                word.marks.append(Mark(at=len(word.text), mode=mode, numbers=(self._next(),), refused=refused))
                word.text += MARK
                self._at += 1
