"""Checks of secrets: no file that many people read may contain one.

The compiler looks for secrets in each file as soon as it has read the file, so that no other report can show them. It
knows only forms that hardly any other text has: published formats of tokens, and passwords in commands and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from compiler.diagnostics import Diagnostics, Span


class Form(NamedTuple):
    """A form of secrets: its name, its pattern with the group `secret`, and texts of which a file must contain one.

    The check does not try the pattern on a file that contains no text of `within`.
    """

    what: str
    pattern: re.Pattern[str]
    within: tuple[str, ...]


def _form(name: str, pattern: str, *within: str) -> Form:
    return Form(name, re.compile(pattern), within)


_LITERAL: Final = r"[^\s'\"`<>${}()*|;&,\\]"
"""A character of a literal value, which is no placeholder, variable or substitution."""

FORMS: Final = (
    _form(
        "the address of a Slack webhook",
        r"hooks\.slack\.com/(?P<secret>[a-z]{1,20}/[A-Za-z0-9/_-]{20,200})",
        "hooks.slack.com/",
    ),
    _form("a Slack token", r"\b(?P<secret>(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,300})", "xox", "xapp-"),
    _form("a GitHub token", r"\b(?P<secret>gh[opsru]_[A-Za-z0-9]{36,255})", "ghp_", "gho_", "ghs_", "ghr_", "ghu_"),
    _form("a GitHub token", r"\b(?P<secret>github_pat_[A-Za-z0-9_]{22,255})", "github_pat_"),
    _form("a GitLab token", r"\b(?P<secret>glpat-[A-Za-z0-9_-]{20,300})", "glpat-"),
    _form("an AWS access key", r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b", "AKIA", "ASIA"),
    _form(
        "a private key",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----\s{1,99}(?P<secret>[A-Za-z0-9+/=\s]{40,20000})",
        "PRIVATE KEY-----",
    ),
    _form(
        "a JSON web token",
        r"\b(?P<secret>eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,2000})",
        "eyJ",
    ),
    _form("a bearer token", r"earer (?P<secret>[A-Za-z0-9._~+/-]{20,2000}=*)(?=['\"\s]|$)", "earer "),
    _form("a password in an address", r"://[^\s/:@'\"<>`${}]{0,200}:(?P<secret>[^\s/'\"<>`${}*]{1,200})@", "://"),
    _form(
        "a key",
        r"(?i:key|token|secret)[\"']?[ \t]{0,9}[:=][ \t]{0,9}[\"']?"
        r"(?P<secret>(?=[A-Za-z]{0,63}[0-9])(?=[0-9]{0,63}[A-Za-z])[A-Za-z0-9]{32,64})(?![A-Za-z0-9/._-])",
        *("key", "Key", "KEY", "oken", "TOKEN", "ecret", "SECRET"),
    ),
    _form(
        "a password",
        rf"(?i:password|passwd)=[\"']?(?P<secret>{_LITERAL}{{4,200}})",
        *("assword=", "ASSWORD=", "asswd=", "ASSWD="),
    ),
    _form(
        "a password",
        rf"\b(?:mysql|mariadb)[^\n]{{0,300}}? -p[\"'](?P<secret>{_LITERAL}{{4,200}})[\"']",
        *("mysql", "mariadb"),
    ),
    _form(
        "a password",
        rf"\bcurl\b[^\n]{{0,300}}? (?:-u|--user)[ =]?[\"']?[\w.@-]{{1,80}}:(?P<secret>{_LITERAL}{{4,200}})",
        "curl",
    ),
)

_EXAMPLES: Final = frozenset({"changeme", "example", "password", "placeholder", "redacted", "secret"})


MAX_SECRETS: Final = 100
"""The most secrets reported in one text: a file with more is a list of secrets, not a slip."""


def check(path: str, text: str, diagnostics: Diagnostics) -> bool:
    """Add an error for each secret of a text, and conceal all of them in every report.

    Return whether the compiler may continue to read the text. It may not if there are too many secrets to conceal.
    """
    # Two forms may match one secret, such as a web token after `Bearer`; both matches then have the same end.
    secrets = {end: (kind, start) for kind, start, end in reversed([*islice(_matches(text), _MOST_MATCHES)])}
    if not secrets:
        return True
    if len(secrets) > MAX_SECRETS or not diagnostics.may_conceal:
        span = _span(path, text, next(reversed(secrets.values()))[1], next(reversed(secrets)))
        many = f"more than {MAX_SECRETS}" if len(secrets) > MAX_SECRETS else "further"
        message = f"{many} secrets are written in this file"
        hint = "nothing else of it is read until they are gone"
        diagnostics.error("secret", span, message, hint=hint)
        return False
    for end, (kind, start) in reversed(secrets.items()):
        _conceal(text, start, end, diagnostics)
        hint = "revoke it; keep the new one in a file that the program reads, or write a placeholder"
        diagnostics.error("secret", _span(path, text, start, end), f"{kind} is written here", hint=hint)
    return True


_MOST_MATCHES: Final = 10_000


def _matches(text: str) -> Iterator[tuple[str, int, int]]:
    for form in FORMS:
        if any(part in text for part in form.within):
            for match in form.pattern.finditer(text):
                secret = match["secret"].casefold()
                if secret not in _EXAMPLES and len(set(secret)) > 1:
                    yield form.what, *match.span("secret")


_LONG: Final = 8
"""A secret with fewer characters may occur in other words, so it is concealed only beside its neighbours."""


def _conceal(text: str, start: int, end: int, diagnostics: Diagnostics) -> None:
    for part in text[start:end].split():
        if len(part) >= _LONG:
            diagnostics.conceal(part)
    if end - start < _LONG:
        before, behind = text[max(0, start - 1) : start], text[end : end + 1]
        diagnostics.conceal(text[start:end], before=before.strip(), behind=behind.strip())


def _span(path: str, text: str, start: int, end: int) -> Span:
    """Return the place of a secret, or of its first line if it has several."""
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Span(path, line, column, column + len(text[start:end].split("\n", 1)[0]))
