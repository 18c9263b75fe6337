"""Tests with random hostile input, a part of what `make fuzz` tries; they also prove that faults are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.hostile import files, mails, markdown
from webhook.render import markdown as rendering
from webhook.senders import mail


def test_every_channel_lays_out_the_same_words() -> None:
    """Each format holds everything that the compiler accepts, whole and in order."""
    assert list(markdown.faults(400, 11)) == []


def test_words_that_a_format_loses_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that drops a span has other words than the others."""
    monkeypatch.setattr(rendering, "_words", lambda _: iter(("w0w",)))
    assert any("words has other words" in fault for fault in markdown.faults(40, 11))


def test_no_word_of_an_alert_becomes_a_header() -> None:
    """A server on loopback takes all mails, and each has the intended headers."""
    assert list(mails.faults(150, 11)) == []


def test_header_that_was_not_meant_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the breaking up of encoded words and without the check before sending, such a header gets through."""
    good = b"From: a\r\nTo: b\r\nSubject: c\r\nContent-Type: text/plain\r\n\r\nx"
    assert mails.fault(good.replace(b"Subject", b"Bcc: x\r\nSubject"), ("ops@example.com",)) is not None
    assert mails.fault(good, ("x@example.com",)) is not None
    monkeypatch.setattr(mail, "headers_are", lambda *_: False)
    assert list(mails.faults(3, 11)) == [], "it is refused, and no mail is sent"


def test_nothing_beside_the_house_is_read_or_changed() -> None:
    """Whatever stands in the place of a file, each run ends, and shows and changes nothing of the folder beside it."""
    assert list(files.faults(6, 11)) == []


def test_house_that_shows_what_lies_beside_it_is_noticed(tmp_path: Path) -> None:
    """A run that prints the secret, or changes a file, is a fault."""
    files.house(tmp_path)
    runbook = tmp_path / "house" / "runbooks" / "shop.md"
    runbook.write_text(f"# {files.SECRET} 5 %\n\n## {files.SECRET}\n", encoding="utf-8")
    assert files.fault(tmp_path, ("check",)) == "shows what lies outside"
