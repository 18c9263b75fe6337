"""Decide what placeholders take in a shell command: a plain word if the argument is only data, else nothing. Pure.

`places` uses it. Quotes protect a word from the shell, but not from the program that gets it. So this module looks up
each argument in `programs`; an argument that is not there takes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from compiler.runbooks.host_places import READS_CREDENTIALS, curl_places, host_refusals
from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.programs import FORERUNNERS, PROGRAMS, Tool, Usage
from compiler.runbooks.shell_marks import LONG, PlacesByNumber, option_kind, placed, refused, shown
from compiler.runbooks.shell_outputs import RESERVED, input_refusal, output_refusal, prints_names, unclear_output
from compiler.runbooks.shell_words import Mark, NotReadError, Pipeline, Reader, Simple, Word

_LOOPS: Final = frozenset({"for", "select", "case", "function", "coproc", "[[", "in", "esac"})
_ASSIGNMENT: Final = re.compile(rf"[A-Za-z_{MARK}][\w{MARK}]*(?:\[.*?\])?\+?=")
_STANDARD: Final = re.compile(r"(?:/usr(?:/local)?)?/s?bin/([\w.-]+)")
_RISKY_LETTERS: Final = frozenset("cefoX")
_RISKY_WORDS: Final = frozenset({"output", "file", "request", "format"})
"""Options whose value is code, a file or a verb: no label fills them, even if a program's usage lists them."""
_HISTORY: Final = re.compile(r"![^\s=]")
_SUBSTITUTED: Final = "what the substitution prints is not known to be names of things"
_KIND: Final = "it would choose the kind of thing that is meant"


def shell_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a shell command takes, in their order."""
    try:
        reader = Reader(marked)
    except NotReadError as reason:
        return tuple(never(f"the command has {reason}, in which no value is safe") for _ in range(count))
    why = unclear_output(reader.pipelines)
    if why:
        return tuple(never(why) for _ in range(count))
    places: PlacesByNumber = {number: never("it stands in a comment") for number in reader.commented}
    # The reader lists a substitution's pipelines before the pipeline around it, which may refuse their output.
    for pipeline in reader.pipelines:
        places |= _pipeline_places(pipeline)
    if any(_sets_variable(simple) for pipeline in reader.pipelines for simple in pipeline):
        for simple in (simple for pipeline in reader.pipelines for simple in pipeline if _reads_credentials(simple)):
            places |= refused(simple.words, "a variable may hold a credential, which would be sent to the host")
    for number in _behind_history(marked):
        places[number] = never("an interactive shell looks `!` and what follows it up in its history")
    return tuple(places.get(number, never("its place is not understood")) for number in range(count))


def _behind_history(marked: str) -> Iterator[int]:
    """Yield the placeholders behind an exclamation mark that an interactive shell may expand, even within quotes."""
    number, line = 0, ""
    for character in marked:
        if character == MARK:
            if _HISTORY.search(line + character):
                yield number
            number += 1
        line = "" if character == "\n" else line + character


def _sets_variable(simple: Simple) -> bool:
    return any(_ASSIGNMENT.match(word.text) for word in simple.words)


def _reads_credentials(simple: Simple) -> bool:
    return any(_program_name(word.text) in READS_CREDENTIALS for word in simple.words)


def _pipeline_places(pipeline: Pipeline) -> PlacesByNumber:
    places: PlacesByNumber = {}
    for number, simple in enumerate(pipeline):
        command_places = _simple_places(simple.words)
        for redirection in simple.redirections:
            command_places |= refused([redirection.word], "it would name a file that is read or written")
        why = output_refusal(pipeline, number) or input_refusal(pipeline, number)
        if why:
            command_places = {
                key: place if place.takes == "nothing" else never(why) for key, place in command_places.items()
            }
        for word in simple.words:
            for mark in word.marks:
                if why and mark.substituted:
                    command_places |= dict.fromkeys(mark.numbers, never(why)) | command_places
                if mark.substituted and not prints_names(mark):
                    command_places |= dict.fromkeys(mark.numbers, never(_SUBSTITUTED))
        places |= command_places
    return places


def _simple_places(words: Sequence[Word]) -> PlacesByNumber:
    """Return what the placeholders of one command take; words of the shell and assignments stand before the program."""
    places: PlacesByNumber = {}
    position = 0
    while position < len(words):
        text = words[position].text
        if text in RESERVED and not words[position].quoted:
            position += 1
        elif _ASSIGNMENT.match(text):
            places |= refused(words[position : position + 1], "it would be kept in a variable, or be the name of one")
            position += 1
        else:
            break
    command = words[position:]
    if not command:
        return places
    if command[0].text in _LOOPS:
        return places | refused(command, f"`{command[0].text}` keeps it in a variable or compares it")
    return places | _command_places(command)


def _command_places(words: Sequence[Word]) -> PlacesByNumber:
    first = words[0]
    if first.marks:
        return refused(words, "it would choose the program that runs")
    name = _program_name(first.text)
    if name in FORERUNNERS:
        return _behind_forerunner(words, FORERUNNERS[name])
    if name == "ssh":
        return _ssh_places(words)
    program = PROGRAMS.get(name)
    if program is None:
        return refused(words, f"what `{shown(first.text)}` does with its arguments is not known")
    if name == "curl" and isinstance(program, Usage):
        return curl_places(words[1:], program)
    places = (
        _verb_places(name, words[1:], program)
        if isinstance(program, Tool)
        else _argument_places(name, words[1:], program)
    )
    return places | host_refusals(name, words[1:], program)


def _program_name(text: str) -> str:
    standard = _STANDARD.fullmatch(text)
    return standard[1] if standard else text


def _behind_forerunner(words: Sequence[Word], usage: Usage) -> PlacesByNumber:
    position = 1
    while position < len(words) and words[position].text.startswith("-"):
        option = words[position].text[1:]
        position += 2 if option in usage.options else 1
        if option not in usage.options | usage.switches:
            return refused(words, f"what `{shown(words[0].text)} -{shown(option)}` runs is not known")
    places = refused(words[:position], f"it would be an option of `{words[0].text}`")
    return places | (_command_places(words[position:]) if position < len(words) else {})


def _ssh_places(words: Sequence[Word]) -> PlacesByNumber:
    """Return what `ssh host command…` takes: the host takes a word; the remote shell reads the command again."""
    position = 1
    while position < len(words) and words[position].text.startswith("-"):
        position += 2 if words[position].text in {"-p", "-l"} else 1
        if words[position - 1].text.startswith("-") and words[position - 1].text not in {
            "-t",
            "-T",
            "-n",
            "-q",
            "-4",
            "-6",
        }:
            return refused(words, "what this option of `ssh` does with the rest is not known")
    places = refused(words[:position], "it would be an option of `ssh`")
    if position >= len(words):
        return places
    host, command = words[position], words[position + 1 :]
    for mark in host.marks:
        places |= placed(host, mark, Place(takes="word"))
    if not command:
        return places
    if any(OPAQUE in word.text for word in command) or any(mark.substituted for word in command for mark in word.marks):
        return places | refused(command, "the other machine's shell reads it again, together with what is not known")
    numbers = [number for word in command for mark in word.marks for number in mark.numbers]
    remote_places = shell_places(" ".join(word.text for word in command), len(numbers))
    return places | dict(zip(numbers, remote_places, strict=True))


def _verb_places(name: str, words: Sequence[Word], tool: Tool) -> PlacesByNumber:
    """Return what a program with verbs takes: its general usage applies before the verb, the verb's usage behind it."""
    position = 0
    while position < len(words):
        word = words[position]
        if word.text.startswith("-"):
            position += 2 if option_kind(word, tool.general) == "value behind" else 1
        else:
            break
    before, behind = words[:position], words[position:]
    texts = [word.text for word in behind[:2]]
    places = _argument_places(name, before, tool.general)
    pair = " ".join(texts)
    verb = pair if pair in tool.verbs else texts[0] if texts else ""
    usage = tool.verbs.get(verb)
    if usage is None:
        command_text = f"`{name} {shown(verb)}`" if verb else f"`{name}`"
        return places | refused(behind, f"what {command_text} does with its arguments is not known")
    return places | _argument_places(f"{name} {verb}", behind[2 if verb == pair else 1 :], usage)


def _argument_places(name: str, words: Sequence[Word], usage: Usage) -> PlacesByNumber:
    places: PlacesByNumber = {}
    operands, options_ended, option = 0, False, ""
    for position, word in enumerate(words):
        if word.text == "--" and not word.marks and not options_ended:
            if usage.inner:
                return places | (_command_places(words[position + 1 :]) if position + 1 < len(words) else {})
            options_ended, option = True, ""
        elif word.text.startswith("-") and not options_ended and not option:
            kind = option_kind(word, usage)
            for mark in word.marks:
                places |= placed(word, mark, _attached_value_place(name, word, mark, usage))
            if kind == "unknown":
                why = f"what `{shown(word.text)}` of `{name}` does with the rest is not known"
                return places | refused(words[position + 1 :], why)
            option = word.text if kind == "value behind" else ""
        else:
            if not option:
                operands += 1
                if usage.inner and operands > 1:
                    return places | _command_places(words[position:])
            place = _value_place(name, option, usage) if option else _operand_place(word, operands, usage)
            for mark in word.marks:
                places |= placed(word, mark, place)
            option = ""
    return places


def _value_place(name: str, option: str, usage: Usage) -> Place:
    """Return what the value of an option takes, if the value is the word behind the option."""
    is_risky = (
        option[2:] in _RISKY_WORDS | usage.chosen
        if option.startswith("--")
        else option[-1] in _RISKY_LETTERS | usage.chosen
    )
    return _unknown_option(name, option) if is_risky else Place(takes="word")


def _unknown_option(name: str, option: str) -> Place:
    return never(f"what `{shown(option)}` of `{name}` does with it is not known to be harmless")


def _attached_value_place(name: str, word: Word, mark: Mark, usage: Usage) -> Place:
    long = LONG.match(word.text)
    if long is None or mark.at < long.end() or long[1] not in usage.options - _RISKY_WORDS - usage.chosen:
        return _unknown_option(name, word.text.partition("=")[0])
    return Place(takes="word")


def _operand_place(word: Word, number: int, usage: Usage) -> Place:
    if usage.operands == "nothing":
        return never("it would be read as a command of its own")
    if usage.remote and not word.text.partition(MARK)[2].startswith(":"):
        return never("it would name a file")
    if usage.kinds and number == 1 and "/" not in word.text.partition(MARK)[0]:
        return never(_KIND)
    if usage.operands in {"path", "url"} and word.text != MARK:
        return Place(takes="word")
    return Place(takes=usage.operands)
