"""Tests of the program's log: one line for each event, whatever an alert says."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT
from webhook import logs

OBEYED = {
    "a line break": 'up\n{"event": "all is well"}',
    "a carriage return": "a\rb",
    "an escape": "\x1b[2J\x1b]0;title\x07",
    "an eight-bit control sequence": "\x9b2J",
    "an eight-bit next line": "a\x85b",
    "a deleted character": "a\x7f",
    "an override of direction": "a\u202egnp.exe",
    "an isolate of direction": "a\u2066b\u2069",
    "an Arabic letter mark": "a\u061cb",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
    "a zero-width space": "a\u200bb",
    "a byte order mark": "\ufeffa",
    "a soft hyphen": "a\xadb",
    "tags beyond the first plane": "a\U000e0041b",
}


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Log as the program does; return a function that gives the lines since its last call."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", io.StringIO())
    logs.configure("INFO")
    (handler,) = (installed for installed in root.handlers if isinstance(installed, logging.StreamHandler))

    def take() -> str:
        return handler.setStream(io.StringIO()).getvalue()  # type: ignore[no-any-return]

    yield take
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.parametrize("by", ["event", "value", "key", "exception", "library"])
@pytest.mark.parametrize("text", OBEYED.values(), ids=OBEYED)
def test_nothing_in_a_line_is_obeyed_and_nothing_is_lost(text: str, by: str, logged: Callable[[], str]) -> None:
    """It holds for each place and each logger; letters and signs of other scripts stay as they are."""
    _say(by, f"{text} · größer, 日本")
    line = logged()
    assert line.removesuffix("\n").isprintable()
    entry = json.loads(line)
    assert f"{text} · größer, 日本" in "".join(f"{key}{value}" for key, value in entry.items())
    assert "größer, 日本" in line


@PATIENT
@given(st.text(st.characters()))
@example("a\ud800b")
def test_any_text_is_one_line_that_says_it(text: str) -> None:
    """No character is lost, not even half a surrogate pair. Nothing is logged: pytest cannot capture such a half."""
    line = logs._line({"event": text})
    assert line.isprintable()
    assert json.loads(line)["event"] == text


def _say(by: str, text: str) -> None:
    log = structlog.get_logger("tocsin.test")
    if by == "event":
        log.warning(text)
    elif by == "value":
        log.warning("found", instance=text)
    elif by == "key":
        log.warning("found", **{text: 1})
    elif by == "library":
        logging.getLogger("gunicorn.error").warning("%s", text)
    else:
        log.error("broken", exc_info=ValueError(text))
