"""Tests that names, contacts and addresses are refused if they mislead or would notify other people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic
from tests.compiler.base import SPEC, compiled, edit

HOSTILE: Final = {
    "a line break": "{}\nb",
    "a header behind a line break": "{}\nBcc: x@example.com",
    "a blank line and a body": "{}\n\nall is well",
    "a tab": "{}\tb",
    "another direction": "a\u202e{}",
    "an isolate": "{}\u2066b",
    "a mark of direction": "{}\u200f",
    "a character without width": "{}\u200b",
    "a line separator": "{}\u2028b",
    "a mark of the byte order": "\ufeff{}",
    "an encoded word": "=?utf-8?q?=0aBcc:_x?={}",
    "the beginning of an encoded word": "{}=?x",
    "a text of ten thousand characters": "{}" + "x" * 10_000,
}
CALLING: Final = {
    "a whole channel": "<!channel>",
    "who is there": "<!here|here>",
    "everybody of Slack": "<!everyone>",
    "a group": "<!subteam^S012AB3CD>",
    "a person": "<@U012AB3CD>",
    "another channel": "<#C012AB3CD>",
    "everybody of Discord": "@everyone",
    "a channel of Mattermost": "ops @channel",
    "who is there in Discord": "@here",
    "capitals": "@Everyone",
}
TITLES: Final = {
    "a level": ("title: On call,", "title: {},"),
    "a team": ("title: Sales team,", "title: {},"),
}
CONTACTS: Final = {
    "an e-mail address": ("email: [on-call@example.com]", "email: [{}]", "on-call@example.com"),
    "a number for texts": ('sms: ["+12025550101"]', "sms: [{}]", "+12025550101"),
    "a number for calls": ('phone: ["+12025550101"]', "phone: [{}]", "+12025550101"),
    "a channel": ('slack: "#sales"', "slack: {}", "#sales"),
    "an address of the routing": ("url: http://tocsin:9095/v1/alertmanager", "url: {}", "http://tocsin:9095/v1"),
    "a file of the routing": ("token_file: /etc/alertmanager/token", "token_file: {}", "/etc/alertmanager/token"),
}


def findings() -> list[Diagnostic]:
    """Return the errors in the current directory, and assert that each has a place and a hint."""
    errors = [error for error in compile_spec(Path(SPEC)).diagnostics if error.level == "error"]
    for error in errors:
        assert error.span.path == SPEC
        assert error.hint is not None
    return errors


def refused(old: str, new: str, value: str) -> None:
    """Assert that a text is refused with its line and column, and that no comment silences the error."""
    edit(SPEC, old, new.format(json.dumps(value)))
    text = Path(SPEC).read_text(encoding="utf-8")
    errors = findings()
    assert errors
    assert {error.code for error in errors} <= {"misleading-text", "contact", "schema", "reference", "encoding"}
    line, column = errors[0].span.line, errors[0].span.column
    assert text.split("\n")[line - 1][column - 1 :].startswith(json.dumps(value)[:20])
    lines = text.split("\n")
    lines[line - 1] += f"  # tocsin: ignore[{errors[0].code}] it is meant so"
    Path(SPEC).write_text("\n".join(lines), encoding="utf-8")
    assert not compile_spec(Path(SPEC)).artifacts


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", CONTACTS)
def test_a_contact_that_is_not_what_it_looks_like_is_refused(place: str, name: str) -> None:
    """Line breaks, invisible characters, encoded words and long texts are refused."""
    old, new, value = CONTACTS[place]
    refused(old, new, HOSTILE[name].replace("{}", value))


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", [*HOSTILE, *CALLING])
@pytest.mark.parametrize("place", ["a level", "a team"])
def test_a_name_that_is_not_what_it_looks_like_or_calls_others_is_refused(place: str, name: str) -> None:
    """The name stands in every message of a channel that many people read."""
    old, new = TITLES[place]
    refused(old, new, HOSTILE[name].replace("{}", "a") if name in HOSTILE else CALLING[name])


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", CALLING)
@pytest.mark.parametrize("sign", ["", "#"])
def test_a_channel_that_calls_others_is_refused(sign: str, name: str) -> None:
    """A message to such a channel would notify more people than the policy asks for."""
    refused('slack: "#sales"', "slack: {}", sign + CALLING[name])


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", CALLING)
def test_an_address_that_calls_others_is_none(name: str) -> None:
    """No mail server accepts such an address."""
    refused("email: [on-call@example.com]", "email: [{}]", f"{CALLING[name]}@example.com")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("email: [on-call@example.com]", "email: [o'brien+pager@mail.example.com]"),
        ("email: [on-call@example.com]", "email: [jörg@bücher.example]"),
        ("email: [on-call@example.com]", "email: [ops@localhost]"),
        ('slack: "#sales"', 'slack: "#équipe_ventes-2"'),
        ('slack: "#sales"', "slack: C012AB3CD"),
        ('slack: "#sales"', 'slack: "@ana.lima"'),
        ("title: On call,", "title: Équipe d'astreinte (EU) & Küche,"),
        ("title: On call,", "title: ops@example.com,"),
    ],
)
def test_names_and_contacts_as_people_have_them_are_fine(old: str, new: str) -> None:
    """Letters of any language are allowed."""
    edit(SPEC, old, new)
    compiled()
