"""A delivery is taken whatever a label of one of its alerts holds, and people hear of every other alert in it."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT, alert, payload
from webhook import payload_texts
from webhook.payload import MOST_OBJECTS, PayloadError, parse_payload
from webhook.payload_stream import (
    KEPT_WHOLE,
    LARGEST_ALERT,
    MOST_KEPT,
    MOST_VALUES_OF_ALERT,
    SHORTENED,
    stream_payload,
)
from webhook.payload_texts import LONGEST_TEXT, Texts

MEBIBYTE = 1_024 * 1_024
BRACES = "{" * (MOST_OBJECTS + 1)
TEXTS = {
    "opening braces": BRACES,
    "opening brackets": "[" * (MOST_OBJECTS + 1),
    "braces beyond what is decoded at once": "{" * (4 * MEBIBYTE),
    "objects": "{}," * MOST_OBJECTS * 2,
    "JSON within the text": '[{"a":[1]}]' * 150_000,
    "quotation marks": '"' * (2 * MEBIBYTE),
    "backslashes": BRACES + "\\" * MEBIBYTE,
    "an odd number of backslashes": BRACES + "\\" * (MEBIBYTE - 1),
    "backslashes and quotation marks": '\\"' * MEBIBYTE,
    "escapes of six bytes": "\x01" * MEBIBYTE,
    "NUL": "\0" * MEBIBYTE,
    "first halves of pairs": BRACES + "\ud83d" * 100_000,
    "second halves of pairs": BRACES + "\ude00" * 100_000,
    "pairs that are turned round": BRACES + "\ude00\ud83d" * 100_000,
    "half a pair before an escape": BRACES + "\ud83d\x01" * 100_000,
    "emoji": "😀" * (MEBIBYTE + 1),
    "line breaks": BRACES + "\r\n" * MEBIBYTE,
    "more than a value's bound": "a" * (LONGEST_TEXT + 100_000),
    "digits": "1" * (LONGEST_TEXT + 100_000),
    "white space": " " * (LONGEST_TEXT + 100_000),
    "five times the bound": "a" * (5 * LONGEST_TEXT),
}
PLACES = {
    "labels": lambda text: alert(fingerprint="other", path=text),
    "name of a label": lambda text: {**alert(fingerprint="other"), "labels": {text: "x"}},
    "annotations": lambda text: alert(fingerprint="other", annotations={"summary": text}),
    "generatorURL": lambda text: alert(fingerprint="other", generator=text),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_of_a_label_keeps_the_other_alerts_from_being_told(text: str, client: FlaskClient) -> None:
    """Neither the content nor the length of a label makes the webhook refuse the delivery."""
    delivery = payload(PLACES["labels"](text), alert(fingerprint="good"))
    answer = client.post("/v1/alertmanager", data=json.dumps(delivery).encode())
    assert (answer.status_code, answer.json["result"]) == (200, "opened")
    incident = client.get(f"/v1/incidents/{answer.json['incident']}").json
    assert "good" in {entry["fingerprint"] for entry in incident["alerts"]}
    assert incident["truncated_alerts"] == 0


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("text", ["{" * (MOST_OBJECTS + 1), "x" * (LONGEST_TEXT + 1)], ids=["braces", "long"])
def test_no_text_in_any_place_of_an_alert_refuses_the_delivery(place: Any, text: str, client: FlaskClient) -> None:  # noqa: ANN401
    """Whoever writes metrics also writes names of labels, annotations and links."""
    body = json.dumps(payload(place(text), alert(fingerprint="good"))).encode()
    assert client.post("/v1/alertmanager", data=body).status_code == 200


def test_a_thousand_alerts_with_json_in_an_annotation_are_taken_whole(client: FlaskClient) -> None:
    """JSON in an annotation is common; it needs no attacker."""
    alerts = [alert(instance=str(n), annotations={"d": '[{"a":[1]}]' * 130}) for n in range(1_000)]
    answer = client.post("/v1/alertmanager", data=json.dumps(payload(*alerts)).encode())
    assert answer.status_code == 200
    assert len(client.get(f"/v1/incidents/{answer.json['incident']}").json["alerts"]) == 1_000


@PATIENT
@given(
    text=st.text(st.sampled_from('{}[]"\\/:,u0dD89aAfF \x00\x01\n\ud83d\ude00é😀') | st.characters()),
    times=st.sampled_from([1, 7, 50]),
    ascii_only=st.booleans(),
    pieces=st.lists(st.integers(1, 3_000), min_size=1, max_size=5),
)
@example(text="\\", times=65_536, ascii_only=True, pieces=[1_001])
@example(text="\ud83d", times=7, ascii_only=True, pieces=[1])
@example(text="\ud83d\ude00", times=20_000, ascii_only=True, pieces=[1_001])
def test_read_in_pieces_or_at_once_a_delivery_says_the_same(
    text: str, times: int, *, ascii_only: bool, pieces: list[int]
) -> None:
    """Reading in pieces gives the same payload, whatever a label holds and wherever the pieces are cut."""
    delivery = payload(alert(path=text * times, fingerprint="other"), alert(fingerprint="good"))
    body = json.dumps(delivery, ensure_ascii=ascii_only).encode(errors="replace")
    assert stream_payload(b"", Pieces(body, pieces)) == parse_payload(body)


@PATIENT
@given(body=st.binary(max_size=200), pieces=st.lists(st.integers(1, 30), min_size=1, max_size=3))
@example(body=b'"\\u12', pieces=[1])
@example(body=b'"\\uZZZZZZZZZZZZZZZZ"', pieces=[1])
def test_bytes_that_are_no_json_pass_as_they_are(body: bytes, pieces: list[int]) -> None:
    """The parser says what is wrong with them; only half a surrogate pair is replaced."""
    texts, source = Texts(), Pieces(body, pieces)
    given_back = b"".join(texts.fitting(piece) for piece in source) + texts.rest()
    assert given_back == body or b"\\u" in body


@pytest.mark.parametrize("written", ["é", "😀", "\\u00e9", "\\ud83d\\ude00", '\\"', "\\\\"])
def test_a_text_that_is_too_long_is_cut_between_two_characters(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the cut falls, the rest is valid text and ends with `…`."""
    character, most = json.loads(f'"{written}"'), 64
    monkeypatch.setattr(payload_texts, "LONGEST_TEXT", most)
    for shift, length in itertools.product(range(13), range(1, 30)):
        body = f'"{"x" * shift}{written * most}"'.encode()
        texts, source = Texts(), Pieces(body, [length])
        shortened = json.loads(b"".join(texts.fitting(piece) for piece in source) + texts.rest())
        assert shortened.strip("x").strip(character) == "…"
        assert most - 16 < shift + (len(shortened) - shift - 1) // len(character) * len(written.encode()) <= most


@pytest.mark.parametrize("number", ["100000000000000000000", "1e400", "-1e400", "0." + "1" * 400])
def test_no_number_of_grafana_s_refuses_the_delivery(number: str) -> None:
    """Go writes 1e20 in digits, and no machine's integer holds that."""
    numbered = alert(fingerprint="g")
    body = json.dumps(payload({**numbered, "values": {"A": "NUMBER"}})).replace('"NUMBER"', number).encode()
    assert stream_payload(b"", io.BytesIO(body)) == parse_payload(body)


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize(
    "labels",
    [
        {f"l{n}": "x" * (3 * MEBIBYTE) for n in range(4)},
        {f"l{n}": "x" for n in range(MOST_VALUES_OF_ALERT)},
        {"x" * 1_000 + str(n): "" for n in range(2_000)},
    ],
    ids=["long texts", "many labels", "long names"],
)
def test_large_alerts_take_no_room_of_the_others(labels: dict[str, str], count: int) -> None:
    """Alerts that are large by themselves are shortened; the alerts behind them are kept."""
    large = [dict(alert(fingerprint=f"other{n}"), labels=labels) for n in range(count)]
    usual = [alert(fingerprint=f"good{n}", annotations={"summary": "s" * 400}) for n in range(1_000)]
    delivery = stream_payload(b"", Told([*large, *usual]))
    kept = {received_alert.fingerprint for received_alert in delivery.alerts}
    assert {f"good{n}" for n in range(1_000)} <= kept
    assert len(kept) + delivery.truncated == count + 1_000
    assert "other0" in kept


def test_memory_for_one_alert_is_bounded() -> None:
    """One alert may have forty labels of three megabytes each."""
    labels = {f"l{n}": "x" * (3 * MEBIBYTE) for n in range(40)}
    body = Told([dict(alert(fingerprint="other"), labels=labels), alert(fingerprint="good")])
    del labels
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    delivery = stream_payload(b"", body)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert [received_alert.fingerprint for received_alert in delivery.alerts] == ["other", "good"]
    assert max(len(text) for name, text in delivery.alerts[0].labels.items() if name > "l2") <= SHORTENED + 50
    assert peak < 10 * LARGEST_ALERT
    assert KEPT_WHOLE < MOST_KEPT


def test_a_member_of_an_alert_that_is_beyond_its_bound_leaves_the_alert_whole() -> None:
    """A value that nests inside a skipped member neither ends the alert too early nor hides a member."""
    nested = {"a": [{"b": [0] * 5}] * MOST_VALUES_OF_ALERT, "c": {"d": "e"}}
    entry = {"first": nested, **alert(fingerprint="other", annotations={"summary": "s"}), "last": nested}
    (kept,) = stream_payload(b"", io.BytesIO(json.dumps(payload(entry)).encode())).alerts
    assert (kept.fingerprint, kept.status) == ("other", "firing")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"alerts": [' + b"9" * (5 * MEBIBYTE), b" " * (5 * MEBIBYTE), b'{"a": "\xff"}']
)
def test_what_is_no_payload_is_refused_all_the_same(body: bytes) -> None:
    """A number without an end is not a text."""
    with pytest.raises(PayloadError):
        stream_payload(b"", io.BytesIO(body))


class Pieces:
    """A body that arrives in pieces of these lengths in turn."""

    def __init__(self, body: bytes, lengths: list[int]) -> None:
        self._rest = io.BytesIO(body)
        self._lengths = lengths
        self._number = 0

    def read(self, size: int, /) -> bytes:
        """Return the next piece."""
        self._number += 1
        return self._rest.read(min(size, self._lengths[self._number % len(self._lengths)]))

    def __iter__(self) -> Iterator[bytes]:
        """Return all pieces in turn."""
        return iter(lambda: self.read(MEBIBYTE), b"")


class Told:
    """A delivery of these alerts, generated while it is read."""

    def __init__(self, alerts: list[dict[str, Any]]) -> None:
        self._parts = self._written(alerts)
        self._left = io.BytesIO()

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        while not self._left.getbuffer().nbytes - self._left.tell():
            part = next(self._parts, None)
            if part is None:
                return b""
            self._left = io.BytesIO(part)
        return self._left.read(size)

    def _written(self, alerts: list[dict[str, Any]]) -> Iterator[bytes]:
        group = {key: value for key, value in payload().items() if key != "alerts"}
        yield b'{"alerts": ['
        for number, entry in enumerate(alerts):
            yield b", " * bool(number)
            other_members = {key: value for key, value in entry.items() if key != "labels"}
            yield b'{"labels": {'
            for place, (name, text) in enumerate(entry["labels"].items()):
                yield b", " * bool(place) + json.dumps(name).encode() + b": " + json.dumps(text).encode()
            yield b"}, " + json.dumps(other_members).encode()[1:]
        yield b"], " + json.dumps(group).encode()[1:]
