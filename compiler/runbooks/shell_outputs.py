"""Find where the output of shell commands goes: a label is filled in only if nobody but people reads it. Pure.

`shell_places` uses it. A program's output may contain the label. So the output may be shown, directly or after filters
that read it as data. It may not go into a file, which somebody may run later, nor to another program, which may run it
at once.
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
"""Words that redefine the names of commands, or hide commands from this reader."""
RESERVED: Final = frozenset({"!", "{", "}", "do", "done", "then", "else", "elif", "if", "fi", "while", "until"})
_FORERUNNERS: Final = frozenset({"command", "builtin", "time", *RESERVED})
_PRINTING: Final = frozenset({"echo", "printf"})
_FILE: Final = "what the command prints is written to a file"


def unclear_output(pipelines: Sequence[Pipeline]) -> str:
    """Return why it is unclear where the text's output goes, so that no placeholder is filled; empty if it is clear."""
    return next((why for pipeline in pipelines for why in _reasons(pipeline)), "")


def _reasons(pipeline: Pipeline) -> list[str]:
    reasons = []
    for number, simple in enumerate(pipeline):
        changing_word = _changing_word(simple)
        if changing_word:
            reasons.append(f"the command has `{changing_word}`, which may change what the others do")
        # `exec > file` applies to every command behind it.
        may_be_exec = any(word.text == "exec" for word in simple.words) or _is_hidden(simple)
        if may_be_exec and any(not _is_harmless(redirection) for redirection in simple.redirections):
            reasons.append("a redirection of `exec` may hold for everything behind it")
        if simple.words and simple.words[0].text in _CLOSING:
            if any(redirection.sign.startswith("<") for redirection in simple.redirections):
                reasons.append(f"what is before `{simple.words[0].text}` reads from a file")
            why = output_refusal(pipeline, number)
            if why:
                reasons.append(f"behind `{simple.words[0].text}`, {why}")
    return reasons


def _changing_word(simple: Simple) -> str:
    for word in simple.words:
        if word.text in _CHANGES_THE_SHELL:
            return word.text
        if word.text not in _FORERUNNERS and "=" not in word.text:
            return ""
    return ""


def _is_hidden(simple: Simple) -> bool:
    return bool(simple.words) and (OPAQUE in simple.words[0].text or MARK in simple.words[0].text)


def output_refusal(pipeline: Pipeline, number: int) -> str:
    """Return why the output of one command of a pipeline is not only shown; empty if it is."""
    if any(not _is_harmless(redirection) for simple in pipeline[number:] for redirection in simple.redirections):
        return _FILE
    reader = next((simple for simple in pipeline[number + 1 :] if not _is_filter(simple)), None)
    return "" if reader is None else f"what the command prints is handed to `{_name(reader) or 'another program'}`"


def input_refusal(pipeline: Pipeline, number: int) -> str:
    """Return why a command's input must not go where its placeholders say; empty if it may go there."""
    simple = pipeline[number]
    if _is_filter(simple):
        return ""
    if any(redirection.sign.startswith("<") for redirection in simple.redirections):
        return "the program gets a file to read, and may send it to where the value says"
    if any(_name(earlier) not in _PRINTING or _is_opaque(earlier.words) for earlier in pipeline[:number]):
        return "the program gets what another one prints, and may send it to where the value says"
    return ""


def prints_names(mark: Mark) -> bool:
    """Return whether a substitution prints only names that a service lists; placeholders may select among the names."""
    pipelines = [pipeline for pipeline in mark.within if pipeline[0].words or len(pipeline) > 1]
    if len(pipelines) != 1 or any(simple.redirections for simple in pipelines[0]):
        return False
    first, *filters = pipelines[0]
    return _is_printer(first.words) and all(_is_filter(simple) and _selects(simple.words) for simple in filters)


def _is_printer(words: Sequence[Word]) -> bool:
    if words and words[0].text == "sudo":
        words = words[1:]
    if not words or words[0].marks:
        return False
    name, tool = words[0].text, PROGRAMS.get(words[0].text)
    if not isinstance(tool, Tool):
        return name in PRINTERS
    operands = [argument.word.text for argument in parsed(words[1:], tool.general) if not argument.option]
    return " ".join([name, *operands[:1]]) in PRINTERS or " ".join([name, *operands[:2]]) in PRINTERS


def _selects(words: Sequence[Word]) -> bool:
    """Return whether a filter has no placeholder except in the pattern of `grep`, and then reads no file."""
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
    return all(argument.known and (argument.option or usage.operands != "nothing") for argument in arguments)


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
