"""Where the output of a shell's commands goes: a label is filled in only where a person alone reads it. Pure.

Used by `shell_places`. What a program prints may hold the label. So it may be shown, or pass filters that read it as
data and be shown then; a file may be run later, another program may run it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from compiler.runbooks.place import MARK, OPAQUE
from compiler.runbooks.programs import FILTERS, PRINTERS, PROGRAMS, Tool
from compiler.runbooks.shell_marks import parsed
from compiler.runbooks.shell_words import Mark, Pipeline, Redirection, Simple, Word

_CLOSING: Final = frozenset({"}", "done", "fi", "esac"})
_CHANGES_THE_SHELL: Final = frozenset({"function", "alias", "eval", "coproc", "trap", "enable", "hash"})
"""What says anew what the names of commands mean, or hides commands from this reader."""
RESERVED: Final = frozenset({"!", "{", "}", "do", "done", "then", "else", "elif", "if", "fi", "while", "until"})
_FORERUNNERS: Final = frozenset({"command", "builtin", "time", *RESERVED})
_SAID: Final = frozenset({"echo", "printf"})
_FILE: Final = "what the command prints is written to a file"


def unseen(pipelines: Sequence[Pipeline]) -> str:
    """Return why no placeholder of the whole text is filled, or nothing: where its output goes cannot be said."""
    return next((why for pipeline in pipelines for why in _unseen(pipeline)), "")


def _unseen(pipeline: Pipeline) -> list[str]:
    found = []
    for number, simple in enumerate(pipeline):
        changing = _changing(simple)
        if changing:
            found.append(f"the command has `{changing}`, which may change what the others do")
        # `exec > file` holds for everything that comes behind it.
        runs_it = any(word.text == "exec" for word in simple.words) or _is_hidden(simple)
        if runs_it and any(not _is_harmless(one) for one in simple.redirections):
            found.append("a redirection of `exec` may hold for everything behind it")
        if simple.words and simple.words[0].text in _CLOSING:
            if any(one.sign.startswith("<") for one in simple.redirections):
                found.append(f"what is before `{simple.words[0].text}` reads from a file")
            why = goes_on(pipeline, number)
            if why:
                found.append(f"behind `{simple.words[0].text}`, {why}")
    return found


def _changing(simple: Simple) -> str:
    for word in simple.words:
        if word.text in _CHANGES_THE_SHELL:
            return word.text
        if word.text not in _FORERUNNERS and "=" not in word.text:
            return ""
    return ""


def _is_hidden(simple: Simple) -> bool:
    return bool(simple.words) and (OPAQUE in simple.words[0].text or MARK in simple.words[0].text)


def goes_on(pipeline: Pipeline, number: int) -> str:
    """Return why the output of one command of a pipeline is not shown only, or nothing."""
    if any(not _is_harmless(one) for simple in pipeline[number:] for one in simple.redirections):
        return _FILE
    reader = next((one for one in pipeline[number + 1 :] if not _is_filter(one)), None)
    return "" if reader is None else f"what the command prints is handed to `{_name(reader) or 'another program'}`"


def comes_in(pipeline: Pipeline, number: int) -> str:
    """Return why what a command of a pipeline reads may not go where its placeholders say, or nothing."""
    simple = pipeline[number]
    if _is_filter(simple):
        return ""
    if any(one.sign.startswith("<") for one in simple.redirections):
        return "the program gets a file to read, and may send it to where the value says"
    if any(_name(one) not in _SAID or _is_opaque(one.words) for one in pipeline[:number]):
        return "the program gets what another one prints, and may send it to where the value says"
    return ""


def prints_names(mark: Mark) -> bool:
    """Return whether a substitution prints names of things that a service lists, selected by its placeholders."""
    pipelines = [one for one in mark.within if one[0].words or len(one) > 1]
    if len(pipelines) != 1 or any(simple.redirections for simple in pipelines[0]):
        return False
    first, *filters = pipelines[0]
    return _is_printer(first.words) and all(_is_filter(one) and _selects(one.words) for one in filters)


def _is_printer(words: Sequence[Word]) -> bool:
    if words and words[0].text == "sudo":
        words = words[1:]
    if not words or words[0].marks:
        return False
    name, tool = words[0].text, PROGRAMS.get(words[0].text)
    if not isinstance(tool, Tool):
        return name in PRINTERS
    behind = [one.word.text for one in parsed(words[1:], tool.general) if not one.option]
    return " ".join([name, *behind[:1]]) in PRINTERS or " ".join([name, *behind[:2]]) in PRINTERS


def _selects(words: Sequence[Word]) -> bool:
    """Return whether a filter has no placeholder but the pattern of `grep`, and no file that it reads instead."""
    if not any(word.marks for word in words):
        return True
    return words[0].text == "grep" and sum(not word.text.startswith("-") for word in words[1:]) == 1


def _is_filter(simple: Simple) -> bool:
    name = _name(simple)
    if name not in FILTERS:
        return False
    usage = FILTERS[name]
    if usage is None:
        return True
    arguments = parsed(simple.words[1:], usage)
    return all(one.known and (one.option or usage.others != "nothing") for one in arguments)


def _is_harmless(redirection: Redirection) -> bool:
    """Return whether a redirection writes no file."""
    sign, text = redirection.sign, redirection.word.text
    if redirection.word.marks:
        return False
    return (
        sign == "<"
        or (sign in {">", ">>", ">|", "&>", "&>>", ">&"} and text == "/dev/null")
        or (sign == ">&" and text in {"1", "2", "-"})
    )


def _is_opaque(words: Sequence[Word]) -> bool:
    return any(OPAQUE in word.text for word in words)


def _name(simple: Simple) -> str:
    return simple.words[0].text if simple.words and not simple.words[0].marks else ""
