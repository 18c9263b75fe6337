"""What placeholders take in a shell command: a plain word where it is an argument that is data, else nothing. Pure.

Used by `places`. Quotes protect a word from the shell, not from the program that gets it; so each argument is looked
up in `programs`, and what is not there takes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.programs import FILTERS, FORERUNNERS, PROGRAMS, Tool, Usage
from compiler.runbooks.shell_words import Mark, NotReadError, Pipeline, Reader, Simple, Word

_RESERVED: Final = frozenset({"!", "{", "}", "do", "done", "then", "else", "elif", "if", "fi", "while", "until"})
_LOOPS: Final = frozenset({"for", "select", "case", "function", "coproc", "[[", "in", "esac"})
_ASSIGNMENT: Final = re.compile(rf"[A-Za-z_{MARK}][\w{MARK}]*(?:\[.*?\])?\+?=")
_STANDARD: Final = re.compile(r"(?:/usr(?:/local)?)?/s?bin/([\w.-]+)")
_BEFORE: Final = re.compile(r"(?:\A|[A-Za-z0-9_./:=,&?\"' {}-])\Z")
_BEHIND: Final = re.compile(r"\A(?:\Z|[A-Za-z0-9_./:=,&?\"' {}|)-])")
_LONG: Final = re.compile(r"--?([A-Za-z][A-Za-z0-9.-]+)=")
_SHORT: Final = re.compile(r"-([A-Za-z0-9]+)")
_CREDENTIAL: Final = re.compile(rf"(?i)authorization|bearer|token|api-?key|cookie|secret|passw|{OPAQUE}|@")
_HOST_BEGINS: Final = re.compile(r"https?://\Z")
_WITHIN_HOST: Final = re.compile(r"\Ahttps?://[^/]*\Z")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]?\Z")
_USER: Final = re.compile(r"\A[A-Za-z0-9_.-]+@\Z")
_RISKY_LETTERS: Final = frozenset("cefoX")
_RISKY_WORDS: Final = frozenset({"output", "file", "request", "format"})
"""Options that a program may have with a value, and whose value is code, a file or a verb: no label fills them."""
_KIND: Final = "it would choose the kind of thing that is meant"

_Found = dict[int, Place]


def shell_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a shell command takes, in their order."""
    try:
        reader = Reader(marked)
    except NotReadError as reason:
        return tuple(never(f"the command has {reason}, in which no value is safe") for _ in range(count))
    found: _Found = {number: never("it stands in a comment") for number in reader.commented}
    # A substitution's own pipelines were read before the one that it stands in, which may refuse what they print.
    for pipeline in reader.pipelines:
        found |= _pipeline(pipeline)
    return tuple(found.get(number, never("its place is not understood")) for number in range(count))


def _pipeline(pipeline: Pipeline) -> _Found:
    found: _Found = {}
    for number, simple in enumerate(pipeline):
        judged = _simple(simple.words)
        for word in simple.files:
            judged |= _refused([word], "it would name a file that is read or written")
        reader = next((one for one in pipeline[number + 1 :] if _name(one) not in FILTERS), None)
        if reader is not None:
            why = f"what the command prints is handed to `{_name(reader) or 'another program'}`"
            judged = {one: place if place.takes == "nothing" else never(why) for one, place in judged.items()}
        found |= judged
    return found


def _name(simple: Simple) -> str:
    return simple.words[0].text if simple.words and not simple.words[0].marks else ""


def _refused(words: Sequence[Word], why: str) -> _Found:
    return {number: never(why) for word in words for mark in word.marks for number in mark.numbers}


def _simple(words: Sequence[Word]) -> _Found:
    """Return what the placeholders of one command take: assignments and words of the shell first, then a program."""
    found: _Found = {}
    at = 0
    while at < len(words):
        text = words[at].text
        if text in _RESERVED and not words[at].quoted:
            at += 1
        elif _ASSIGNMENT.match(text):
            found |= _refused(words[at : at + 1], "it would be kept in a variable, or be the name of one")
            at += 1
        else:
            break
    rest = words[at:]
    if not rest:
        return found
    if rest[0].text in _LOOPS:
        return found | _refused(rest, f"`{rest[0].text}` keeps it in a variable or compares it")
    return found | _command(rest)


def _command(words: Sequence[Word]) -> _Found:
    first = words[0]
    if first.marks:
        return _refused(words, "it would choose the program that runs")
    name = _program(first.text)
    if name in FORERUNNERS:
        return _behind_forerunner(words, FORERUNNERS[name])
    if name == "ssh":
        return _remote(words)
    known = PROGRAMS.get(name)
    if known is None:
        return _refused(words, f"what `{_shown(first.text)}` does with its arguments is not known")
    if isinstance(known, Tool):
        return _verb(name, words[1:], known)
    return _arguments(name, words[1:], known)


def _program(text: str) -> str:
    standard = _STANDARD.fullmatch(text)
    return standard[1] if standard else text


def _shown(text: str) -> str:
    return text.replace(OPAQUE, "$…").replace(MARK, "<…>")[:40]


def _behind_forerunner(words: Sequence[Word], usage: Usage) -> _Found:
    at = 1
    while at < len(words) and words[at].text.startswith("-"):
        option = words[at].text[1:]
        at += 2 if option in usage.options else 1
        if option not in usage.options | usage.switches:
            return _refused(words, f"what `{_shown(words[0].text)} -{_shown(option)}` runs is not known")
    found = _refused(words[:at], f"it would be an option of `{words[0].text}`")
    return found | (_command(words[at:]) if at < len(words) else {})


def _remote(words: Sequence[Word]) -> _Found:
    """Return what `ssh host command…` takes: the host a word; the command is read again, by the shell over there."""
    at = 1
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in {"-p", "-l"} else 1
        if words[at - 1].text.startswith("-") and words[at - 1].text not in {"-t", "-T", "-n", "-q", "-4", "-6"}:
            return _refused(words, "what this option of `ssh` does with the rest is not known")
    found = _refused(words[:at], "it would be an option of `ssh`")
    if at >= len(words):
        return found
    host, command = words[at], words[at + 1 :]
    for mark in host.marks:
        found |= _placed(host, mark, Place(takes="word"))
    if not command:
        return found
    if any(OPAQUE in word.text for word in command) or any(mark.substituted for word in command for mark in word.marks):
        return found | _refused(command, "the other machine's shell reads it again, together with what is not known")
    numbers = [number for word in command for mark in word.marks for number in mark.numbers]
    again = shell_places(" ".join(word.text for word in command), len(numbers))
    return found | dict(zip(numbers, again, strict=True))


def _verb(name: str, words: Sequence[Word], tool: Tool) -> _Found:
    """Return what a program with verbs takes: before the verb as it says in general, then as the verb says."""
    at = 0
    while at < len(words):
        word = words[at]
        if word.text.startswith("-"):
            at += 2 if _option(word, tool.general) == "value behind" else 1
        else:
            break
    before, behind = words[:at], words[at:]
    texts = [word.text for word in behind[:2]]
    found = _arguments(name, before, tool.general)
    pair = " ".join(texts)
    verb = pair if pair in tool.verbs else texts[0] if texts else ""
    usage = tool.verbs.get(verb)
    if usage is None:
        shown = f"`{name} {_shown(verb)}`" if verb else f"`{name}`"
        return found | _refused(behind, f"what {shown} does with its arguments is not known")
    return found | _arguments(f"{name} {verb}", behind[2 if verb == pair else 1 :], usage)


def _option(word: Word, usage: Usage) -> str:
    """Return how an option takes its value: `none`, `value behind`, `value within`, or `unknown`."""
    long = _LONG.match(word.text)
    if long:
        return "value within"
    if word.text.startswith("--"):
        name = word.text[2:]
        return "none" if name in usage.switches else "value behind" if name in usage.options else "unknown"
    short = _SHORT.fullmatch(word.text)
    if short is None:
        return "unknown"
    letters = short[1].rstrip("0123456789")
    if len(letters) < len(short[1]):
        # `-40`, or `-A6`: a number right behind its letter.
        return "none" if len(letters) <= 1 and (not letters or letters in usage.options) else "unknown"
    if all(letter in usage.switches for letter in letters[:-1]):
        last = letters[-1]
        return "none" if last in usage.switches else "value behind" if last in usage.options else "unknown"
    return "unknown"


def _arguments(name: str, words: Sequence[Word], usage: Usage) -> _Found:
    found: _Found = {}
    others, ended, option = 0, False, ""
    for at, word in enumerate(words):
        if word.text == "--" and not word.marks and not ended:
            if usage.inner:
                return found | (_command(words[at + 1 :]) if at + 1 < len(words) else {})
            ended, option = True, ""
        elif word.text.startswith("-") and not ended and not option:
            kind = _option(word, usage)
            for mark in word.marks:
                found |= _placed(word, mark, _within_option(name, word, mark, usage))
            if kind == "unknown":
                why = f"what `{_shown(word.text)}` of `{name}` does with the rest is not known"
                return found | _refused(words[at + 1 :], why)
            option = word.text if kind == "value behind" else ""
        else:
            if not option:
                others += 1
                if usage.inner and others > 1:
                    return found | _command(words[at:])
            place = _value(name, option) if option else _other(word, others, usage)
            for mark in word.marks:
                found |= _placed(word, mark, _of_curl(words, word, mark, place, option) if name == "curl" else place)
            option = ""
    return found


def _value(name: str, option: str) -> Place:
    """Return what the value of an option takes that stands behind it."""
    risky = option[2:] in _RISKY_WORDS if option.startswith("--") else option[-1] in _RISKY_LETTERS
    return _unknown(name, option) if risky else Place(takes="word")


def _unknown(name: str, option: str) -> Place:
    return never(f"what `{_shown(option)}` of `{name}` does with it is not known to be harmless")


def _within_option(name: str, word: Word, mark: Mark, usage: Usage) -> Place:
    long = _LONG.match(word.text)
    if long is None or mark.at < long.end() or long[1] not in usage.options - _RISKY_WORDS:
        return _unknown(name, word.text.partition("=")[0])
    return Place(takes="word")


def _other(word: Word, number: int, usage: Usage) -> Place:
    if usage.others == "nothing":
        return never("it would be read as a command of its own")
    if usage.remote and not word.text.partition(MARK)[2].startswith(":"):
        return never("it would name a file")
    if usage.kinds and number == 1 and "/" not in word.text.partition(MARK)[0]:
        return never(_KIND)
    if usage.others in {"path", "url"} and word.text != MARK:
        return Place(takes="word")
    return Place(takes=usage.others)


def _of_curl(words: Sequence[Word], word: Word, mark: Mark, place: Place, option: str) -> Place:
    """Return what curl takes: no file's name behind `@`, and no host where a credential is sent along."""
    if option:
        return place if not word.text.startswith("@") else never("it would name a file that is sent")
    if place.takes == "url" or _WITHIN_HOST.search(word.text[: mark.at]):
        others = any(MARK in one.text for one in words if one is not word) or word.text.count(MARK) > 1
        if others or any(_CREDENTIAL.search(one.text) for one in words):
            return never("a credential may be sent along, to whichever host it names")
    return place


def _placed(word: Word, mark: Mark, place: Place) -> Mapping[int, Place]:
    """Return the place, or nothing where the characters beside the placeholder give a value another meaning."""
    reason = mark.refused or _beside(word, mark)
    if reason and place.takes != "nothing":
        place = never(reason)
    if place.takes == "word" and _HOST_BEGINS.search(word.text[: mark.at]) and _ends_host(word, mark):
        place = Place(takes="address")
    return dict.fromkeys(mark.numbers, place) if not mark.substituted else dict(_substituted(mark, place))


def _ends_host(word: Word, mark: Mark) -> bool:
    return word.text[mark.at + 1 : mark.at + 2] in {"", "/"}


def _substituted(mark: Mark, place: Place) -> Iterator[tuple[int, Place]]:
    """Yield a refusal for each placeholder in a substitution whose output may not stand there, and else nothing."""
    if place.takes == "nothing":
        yield from ((number, place) for number in mark.numbers)


def _beside(word: Word, mark: Mark) -> str:
    """Return why the characters beside a placeholder let no value stand there, or nothing where they do."""
    before, behind = word.text[: mark.at], word.text[mark.at + 1 :]
    if mark.substituted:
        return ""
    if re.fullmatch(r"-+[\w.-]*", before):
        return "it would be a part of an option's name"
    plain = _BEFORE.search(before) or _USER.search(before)
    special = before in {"=", "=="} or _PERCENT.search(before)
    if mark.mode == "bare" and any(sign in before for sign in "[{^!%"):
        special = True
    return "" if plain and _BEHIND.match(behind) and not special else "a sign beside it gives it another meaning"
