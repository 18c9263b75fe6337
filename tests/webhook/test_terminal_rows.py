"""Tests that a terminal shows one row for one entry, whatever labels and names hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests.webhook.samples import NOON, alert, incident_of
from webhook.catalog.model import Catalog
from webhook.cli import main
from webhook.storage.archive_search import ArchivedLine
from webhook.storage.store import Listed
from webhook.terminal import archived_line, listed_line

HOSTILE = (
    "a\n    7  critical   resolved      1 min  all is well",
    "a\r\n    7  critical",
    "a\r    7  critical",
    "a\x1b[2J\x1b[H",
    "a\x1b]0;title\x07",
    "a\x9b2J",
    "a\u202eb",
    "a\u2066b\u2069",
    "a\u2028b",
    "a\u0085b",
    "a\x0bb\x0cc",
    "a\u200bb\ufeff",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_label_forges_no_row_and_sends_nothing_to_the_terminal(text: str, catalog: Catalog) -> None:
    """The labels hold line breaks, escape sequences and reversed text."""
    incident = replace(incident_of(catalog, alert()), title=text)
    line = listed_line(Listed(incident=incident, alerts=1, firing=1), now=NOON)
    assert len(line.splitlines()) == 1
    assert line.isprintable()


@pytest.mark.parametrize("text", [*HOSTILE, "a\tb"])
def test_a_label_forges_no_row_of_the_archive(text: str) -> None:
    """An unknown alert's title is its name, unchanged."""
    archived = ArchivedLine(
        incident_id=7,
        severity="critical",
        title=text,
        team="ops",
        opened_at=NOON,
        resolved_at=NOON,
        resolved_by="ana",
        alerts=1,
        archived_at=NOON,
    )
    line = archived_line(archived, now=NOON)
    assert len(line.splitlines()) == 1
    assert line.isprintable()


ARGUMENTS = (
    ("{}",),
    ("--{}",),
    ("serve", "{}"),
    ("serve", "--{}=1"),
    ("send-test", "--only", "{}"),
    ("incidents", "{}"),
    ("incidents", "list", "--state", "{}"),
    ("incidents", "list", "--limit", "{}"),
    ("incidents", "list", "--archived", "--since", "{}"),
    ("incidents", "show", "{}"),
    ("incidents", "acknowledge", "1", "{}"),
    ("heartbeats", "forget"),
    ("heartbeats", "forget", "a", "{}"),
)


@pytest.mark.parametrize("text", [*HOSTILE, "a\tb", "a\n::error::b"])
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_what_is_wrong_with_an_argument_is_said_harmlessly(arguments: tuple[str, ...], text: str) -> None:
    """The output is the usage, where to find help, and one line with the mistake."""
    result = CliRunner().invoke(main, [argument.replace("{}", text) for argument in arguments])
    assert result.exit_code == 2
    lines = [line for line in result.output.split("\n") if line]
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines), result.output


@pytest.mark.parametrize("text", HOSTILE)
def test_a_setting_that_is_wrong_is_said_harmlessly(text: str) -> None:
    """An error of reading the catalogue stands on one line, too."""
    settings = {"TOCSIN_CATALOG": f"/nowhere/{text}", "TOCSIN_LISTEN": f"127.0.0.1:{text}"}
    result = CliRunner().invoke(main, ["incidents", "list"], env=settings)
    assert result.exit_code != 0
    assert all(line.isprintable() for line in result.output.split("\n")), result.output
