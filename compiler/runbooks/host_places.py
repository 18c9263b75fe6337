"""Decide whether a label may choose the machine to which a program connects; no credential may go there. Pure.

`shell_places` uses it. Whoever writes a label can name a machine of their own. So the whole command must be known, and
must carry nothing that could be a secret. If one word or option is not listed, nothing is filled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.programs import Tool, Usage
from compiler.runbooks.shell_marks import Argument, PlacesByNumber, parsed, placed, refused, shown
from compiler.runbooks.shell_words import Mark, Word

_CONNECTING: Final = frozenset(
    {"psql", "pg_isready", "redis-cli", "nc", "whois", "dig", "host", "nslookup", "ping", "traceroute", "amtool"}
)
_HOST: Final = frozenset({"-h", "--host"})
READS_CREDENTIALS: Final = frozenset({"redis-cli", "pg_isready"})
"""Programs that send a password from an environment variable."""
_QUESTIONS: Final = frozenset(
    {"ping", "info", "dbsize", "role", "time", "lastsave", "latency", "latest", "doctor", "memory", "stats"}
    | {"slowlog", "get", "len", "client", "list", "replication", "persistence", "clients", "server", "keyspace"}
)
"""The words with which a command may ask a Redis server that a label names."""
_CREDENTIAL_SENT: Final = "a credential may be sent along, to whichever host it names"
_NO_HOST_BEFORE: Final = re.compile(
    rf"(?:.*\s)?(?:dbname|user|port|application_name)=|postgres(?:ql)?://[A-Za-z0-9._:@{MARK}{OPAQUE}-]*/", re.DOTALL
)
"""The text before a part of a database's address that is not the host."""
_NAME: Final = re.compile(r"[\w-]+")
_ALERTMANAGER: Final = re.compile(rf"--alertmanager\.url=(?:https?://)?{MARK}(?::[0-9]{{1,5}})?/?")


def host_refusals(name: str, words: Sequence[Word], usage: Usage | Tool) -> PlacesByNumber:
    """Return the refused placeholders of a program that connects to a machine; `words` stand behind its name."""
    if name not in _CONNECTING:
        return {}
    arguments = parsed(words, usage if isinstance(usage, Usage) else _all_options(usage))
    unknown = _unknown_argument(name, arguments)
    if unknown:
        return refused(words, unknown)
    if name == "psql":
        return _psql_refusals(arguments)
    if name == "amtool":
        urls = [argument.word for argument in arguments if argument.option == "--alertmanager.url"]
        return refused([word for word in urls if not _ALERTMANAGER.fullmatch(word.text)], _CREDENTIAL_SENT)
    if name in READS_CREDENTIALS and not _is_a_question(name, arguments):
        return refused(words, _CREDENTIAL_SENT)
    return _address_refusals(arguments) if name == "pg_isready" else {}


def _is_a_question(name: str, arguments: Sequence[Argument]) -> bool:
    """Return whether a client names a fixed host, or asks a host that a label names only for what needs no secret."""
    if not any(MARK in argument.word.text for argument in arguments if argument.option in _HOST):
        return True
    databases = [
        argument.word.text.removeprefix("--dbname=") for argument in arguments if argument.option in {"-d", "--dbname"}
    ]
    if any(OPAQUE in argument.word.text for argument in arguments) or not all(map(_NAME.fullmatch, databases)):
        return False
    questions = [argument.word.text.lower() for argument in arguments if not argument.option]
    return all(name == "redis-cli" and word in _QUESTIONS for word in questions)


def _psql_refusals(arguments: Sequence[Argument]) -> PlacesByNumber:
    hosts = [argument.word for argument in arguments if argument.option in _HOST]
    why = "psql asks for a password, and sends it to whichever host the value names"
    return refused(hosts, why) | _address_refusals(arguments)


def _address_refusals(arguments: Sequence[Argument]) -> PlacesByNumber:
    """Refuse placeholders that would be the host, or more than a name, in the address of a PostgreSQL database."""
    refusals: PlacesByNumber = {}
    for argument in arguments:
        if argument.option not in {"", "-d", "--dbname"}:
            continue
        text = argument.word.text.removeprefix("--dbname=")
        for mark in argument.word.marks:
            offset = mark.at - len(argument.word.text) + len(text)
            ends = text[offset + 1 : offset + 2] in {"", " ", "?"}
            if text != MARK and not (ends and _NO_HOST_BEFORE.fullmatch(text[:offset])):
                refusals |= dict.fromkeys(
                    mark.numbers, never(f"it would be a part of an address, and {_CREDENTIAL_SENT}")
                )
    return refusals


def _all_options(tool: Tool) -> Usage:
    """Return all options of a program and of its verbs as one usage."""
    usages = (tool.general, *tool.verbs.values())
    return Usage(
        switches=frozenset().union(*(usage.switches for usage in usages)),
        options=frozenset().union(*(usage.options for usage in usages)),
    )


def _unknown_argument(name: str, arguments: Sequence[Argument]) -> str:
    unknown = next((argument.word.text for argument in arguments if not argument.known), None)
    return "" if unknown is None else f"what `{shown(unknown)}` of `{name}` does with the rest is not known"


_NUMBER: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
_METHOD: Final = re.compile(r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS")
_NO_FILE: Final = re.compile(r"[^@].*", re.DOTALL)
_NAMED: Final = re.compile(r"[A-Za-z0-9_.-]*=(?!@).*", re.DOTALL)
_SHOWN: Final = re.compile(r"(?:%\{[a-z_]+\}|[A-Za-z0-9 :=,./()-]|\\[nt])*")
_ALLOWED_VALUES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("-m", "--max-time", "--connect-timeout", "--retry"), _NUMBER),
    **dict.fromkeys(("-X", "--request"), _METHOD),
    **dict.fromkeys(("-o", "--output"), re.compile("/dev/null|-")),
    **dict.fromkeys(("-w", "--write-out"), _SHOWN),
    **dict.fromkeys(("-d", "--data", "-H", "--header", "-u", "--user"), _NO_FILE),
    "--data-urlencode": _NAMED,
}
"""The values that each option of curl may have: they name no file that curl reads or writes."""
_DATA: Final = frozenset({"-d", "--data", "--data-urlencode"})
_HEADER: Final = frozenset({"-H", "--header"})
_PUBLIC_HEADER: Final = re.compile(r"(?i)(?:accept|content-type|cache-control): ?[a-z0-9/.+*;=, -]{0,60}")
_ANY_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: ?\Z")
_FOLLOWS_REDIRECTIONS: Final = re.compile(r"-[A-Za-z]*L")
_WITH_DIGITS: Final = re.compile(r"-[A-Za-z][0-9]+")
_FIXED_HOST: Final = re.compile(rf"(?:https?://)?(?:[^/@?#\s{MARK}]*@)?[A-Za-z0-9._{OPAQUE}-]+(?::[0-9{OPAQUE}]+)?[/?]")
_CHOSEN_HOST: Final = re.compile(
    rf"(?:https?://)?[A-Za-z0-9.-]*{MARK}[A-Za-z0-9.-]*(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9_.-]{{0,24}})*"
)
"""An address whose host a label chooses: it has no user, no password, no query, and no long word in the path."""


def curl_places(words: Sequence[Word], usage: Usage) -> PlacesByNumber:
    """Return what placeholders behind `curl` take: a part of the request, or the host of a request without secrets."""
    arguments = parsed(words, usage)
    why = _unknown_argument("curl", arguments) or next(
        (why for argument in arguments if (why := _unsafe_argument(argument))), ""
    )
    if why:
        return refused(words, why)
    places: PlacesByNumber = {}
    for argument in arguments:
        for mark in argument.word.marks:
            places |= placed(argument.word, mark, _curl_place(argument, mark, arguments))
    return places


def _unsafe_argument(argument: Argument) -> str:
    """Return why this argument forbids every value in the command, even in other arguments; empty if it does not."""
    text, option = argument.word.text, argument.option
    if any(mark.substituted for mark in argument.word.marks):
        return "what another program prints would be sent"
    if argument.switch:
        has_number = _WITH_DIGITS.fullmatch(text) is not None and text[1] not in "m46"
        return f"what `{shown(text)}` of `curl` does is not known" if has_number or "=" in text else ""
    if option and not _ALLOWED_VALUES[option].fullmatch(text):
        return f"what `{shown(text)}` behind `{option}` of `curl` does is not known to be harmless"
    return ""


def _curl_place(argument: Argument, mark: Mark, arguments: Sequence[Argument]) -> Place:
    option, text = argument.option, argument.word.text
    # A header may cause a redirection to a host that its value names, and curl would send the other headers there.
    follows_redirections = any(
        switch.switch and (switch.word.text == "--location" or _FOLLOWS_REDIRECTIONS.match(switch.word.text))
        for switch in arguments
    )
    if option in _DATA or (option in _HEADER and not follows_redirections and _ANY_HEADER.match(text[: mark.at])):
        return Place(takes="word")
    if option:
        return never(f"what `{shown(option)}` of `curl` does with it is not known to be harmless")
    if _FIXED_HOST.match(text[: mark.at]):
        return Place(takes="word")
    if not _CHOSEN_HOST.fullmatch(text):
        return never("it would be a part of an address that is not known to be a page")
    if not all(_is_public(other_argument) for other_argument in arguments if other_argument is not argument):
        return never(_CREDENTIAL_SENT)
    return Place(takes="url" if text == MARK else "word")


def _is_public(argument: Argument) -> bool:
    """Return whether an argument of curl cannot hold a secret; a second address might hold one."""
    if argument.switch:
        return True
    if MARK in argument.word.text or OPAQUE in argument.word.text:
        return False
    if argument.option in _HEADER:
        return _PUBLIC_HEADER.fullmatch(argument.word.text) is not None
    return argument.option not in {*_DATA, "-u", "--user", ""}
