"""Where a label may choose the machine that a program speaks to, so that no credential goes to it. Pure.

Used by `shell_places`. Whoever writes a label can write the name of a machine of their own. So the whole command has to
be known, and to carry nothing that could be a secret; one word or option that is not listed, and nothing is filled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.programs import Tool, Usage
from compiler.runbooks.shell_marks import Argument, Found, parsed, placed, refused, shown
from compiler.runbooks.shell_words import Mark, Word

_SPEAKING: Final = frozenset(
    {"psql", "pg_isready", "redis-cli", "nc", "whois", "dig", "host", "nslookup", "ping", "traceroute", "amtool"}
)
_HOST: Final = frozenset({"-h", "--host"})
READS_CREDENTIALS: Final = frozenset({"redis-cli", "pg_isready"})
"""Programs that send a password that a variable holds."""
_QUESTIONS: Final = frozenset(
    {"ping", "info", "dbsize", "role", "time", "lastsave", "latency", "latest", "doctor", "memory", "stats"}
    | {"slowlog", "get", "len", "client", "list", "replication", "persistence", "clients", "server", "keyspace"}
)
"""What may be asked of a Redis server that a label names."""
_SENT: Final = "a credential may be sent along, to whichever host it names"
_NO_HOST_BEFORE: Final = re.compile(
    rf"(?:.*\s)?(?:dbname|user|port|application_name)=|postgres(?:ql)?://[A-Za-z0-9._:@{MARK}{OPAQUE}-]*/", re.DOTALL
)
"""What stands before a part of an address of a database that is not its host."""
_NAME: Final = re.compile(r"[\w-]+")
_ALERTMANAGER: Final = re.compile(rf"--alertmanager\.url=(?:https?://)?{MARK}(?::[0-9]{{1,5}})?/?")


def host_refusals(name: str, words: Sequence[Word], usage: Usage | Tool) -> Found:
    """Return which placeholders of a program that speaks to a machine take nothing; `words` stand behind its name."""
    if name not in _SPEAKING:
        return {}
    arguments = parsed(words, usage if isinstance(usage, Usage) else _whole(usage))
    unknown = _unknown(name, arguments)
    if unknown:
        return refused(words, unknown)
    if name == "psql":
        return _of_psql(arguments)
    if name == "amtool":
        urls = [one.word for one in arguments if one.option == "--alertmanager.url"]
        return refused([word for word in urls if not _ALERTMANAGER.fullmatch(word.text)], _SENT)
    if name in READS_CREDENTIALS and not _is_a_question(name, arguments):
        return refused(words, _SENT)
    return _of_database(arguments) if name == "pg_isready" else {}


def _is_a_question(name: str, arguments: Sequence[Argument]) -> bool:
    """Return whether a client of a store names its host itself, or asks the named one what it asks without a secret."""
    if not any(MARK in one.word.text for one in arguments if one.option in _HOST):
        return True
    databases = [one.word.text.removeprefix("--dbname=") for one in arguments if one.option in {"-d", "--dbname"}]
    if any(OPAQUE in one.word.text for one in arguments) or not all(map(_NAME.fullmatch, databases)):
        return False
    asked = [one.word.text.lower() for one in arguments if not one.option]
    return all(name == "redis-cli" and word in _QUESTIONS for word in asked)


def _of_psql(arguments: Sequence[Argument]) -> Found:
    hosts = [one.word for one in arguments if one.option in _HOST]
    why = "psql asks for a password, and sends it to whichever host the value names"
    return refused(hosts, why) | _of_database(arguments)


def _of_database(arguments: Sequence[Argument]) -> Found:
    """Refuse what would be the host, or anything but a name, in the address of a PostgreSQL database."""
    found: Found = {}
    for one in arguments:
        if one.option not in {"", "-d", "--dbname"}:
            continue
        text = one.word.text.removeprefix("--dbname=")
        for mark in one.word.marks:
            at = mark.at - len(one.word.text) + len(text)
            ends = text[at + 1 : at + 2] in {"", " ", "?"}
            if text != MARK and not (ends and _NO_HOST_BEFORE.fullmatch(text[:at])):
                found |= dict.fromkeys(mark.numbers, never(f"it would be a part of an address, and {_SENT}"))
    return found


def _whole(tool: Tool) -> Usage:
    """Return all options of a program and of its verbs as one usage."""
    usages = (tool.general, *tool.verbs.values())
    return Usage(
        switches=frozenset().union(*(one.switches for one in usages)),
        options=frozenset().union(*(one.options for one in usages)),
    )


def _unknown(name: str, arguments: Sequence[Argument]) -> str:
    unknown = next((one.word.text for one in arguments if not one.known), None)
    return "" if unknown is None else f"what `{shown(unknown)}` of `{name}` does with the rest is not known"


_NUMBER: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
_METHOD: Final = re.compile(r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS")
_NO_FILE: Final = re.compile(r"[^@].*", re.DOTALL)
_NAMED: Final = re.compile(r"[A-Za-z0-9_.-]*=(?!@).*", re.DOTALL)
_SHOWN: Final = re.compile(r"(?:%\{[a-z_]+\}|[A-Za-z0-9 :=,./()-]|\\[nt])*")
_SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("-m", "--max-time", "--connect-timeout", "--retry"), _NUMBER),
    **dict.fromkeys(("-X", "--request"), _METHOD),
    **dict.fromkeys(("-o", "--output"), re.compile("/dev/null|-")),
    **dict.fromkeys(("-w", "--write-out"), _SHOWN),
    **dict.fromkeys(("-d", "--data", "-H", "--header", "-u", "--user"), _NO_FILE),
    "--data-urlencode": _NAMED,
}
"""What the value of an option may be: it names no file that is read or written."""
_DATA: Final = frozenset({"-d", "--data", "--data-urlencode"})
_HEADER: Final = frozenset({"-H", "--header"})
_PUBLIC_HEADER: Final = re.compile(r"(?i)(?:accept|content-type|cache-control): ?[a-z0-9/.+*;=, -]{0,60}")
_ANY_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: ?\Z")
_FOLLOWS: Final = re.compile(r"-[A-Za-z]*L")
_WITH_DIGITS: Final = re.compile(r"-[A-Za-z][0-9]+")
_FIXED_HOST: Final = re.compile(rf"(?:https?://)?(?:[^/@?#\s{MARK}]*@)?[A-Za-z0-9._{OPAQUE}-]+(?::[0-9{OPAQUE}]+)?[/?]")
_CHOSEN_HOST: Final = re.compile(
    rf"(?:https?://)?[A-Za-z0-9.-]*{MARK}[A-Za-z0-9.-]*(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9_.-]{{0,24}})*"
)
"""An address of which a label is the host: no name, no password, no query, no long word in the path."""


def curl_places(words: Sequence[Word], usage: Usage) -> Found:
    """Return what the placeholders behind `curl` take: a part of what is asked, or the host of a plain question."""
    arguments = parsed(words, usage)
    why = _unknown("curl", arguments) or next((why for one in arguments if (why := _unfit(one))), "")
    if why:
        return refused(words, why)
    found: Found = {}
    for one in arguments:
        for mark in one.word.marks:
            found |= placed(one.word, mark, _part(one, mark, arguments))
    return found


def _unfit(argument: Argument) -> str:
    """Return why an argument, whether or not a value stands in it, lets curl take no value at all, or nothing."""
    text, option = argument.word.text, argument.option
    if any(mark.substituted for mark in argument.word.marks):
        return "what another program prints would be sent"
    if argument.switch:
        within = _WITH_DIGITS.fullmatch(text) is not None and text[1] not in "m46"
        return f"what `{shown(text)}` of `curl` does is not known" if within or "=" in text else ""
    if option and not _SHAPES[option].fullmatch(text):
        return f"what `{shown(text)}` behind `{option}` of `curl` does is not known to be harmless"
    return ""


def _part(argument: Argument, mark: Mark, arguments: Sequence[Argument]) -> Place:
    option, text = argument.option, argument.word.text
    # The answer to a header may be a redirection to the host that it names, and curl would take the others along.
    follows = any(one.switch and (one.word.text == "--location" or _FOLLOWS.match(one.word.text)) for one in arguments)
    if option in _DATA or (option in _HEADER and not follows and _ANY_HEADER.match(text[: mark.at])):
        return Place(takes="word")
    if option:
        return never(f"what `{shown(option)}` of `curl` does with it is not known to be harmless")
    if _FIXED_HOST.match(text[: mark.at]):
        return Place(takes="word")
    if not _CHOSEN_HOST.fullmatch(text):
        return never("it would be a part of an address that is not known to be a page")
    if not all(_is_public(one) for one in arguments if one is not argument):
        return never(_SENT)
    return Place(takes="url" if text == MARK else "word")


def _is_public(argument: Argument) -> bool:
    """Return whether an argument of curl can hold nothing secret; a second address is none."""
    if argument.switch:
        return True
    if MARK in argument.word.text or OPAQUE in argument.word.text:
        return False
    if argument.option in _HEADER:
        return _PUBLIC_HEADER.fullmatch(argument.word.text) is not None
    return argument.option not in {*_DATA, "-u", "--user", ""}
