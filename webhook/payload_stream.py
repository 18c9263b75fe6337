"""A payload too large to be decoded at once: alert after alert, in bounded memory. Pure but for the reading.

`body` calls it. Texts are kept whole up to `KEPT_WHOLE` characters, and shortened after that; alerts are kept up to
`MOST_KEPT`. What comes after them is read and counted, because Alertmanager writes the group behind its alerts. So a
storm that is too large is taken in part: what is left out counts as truncated, and an incident with such alerts is not
over on this delivery's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import ijson
from ijson.common import ObjectBuilder

from webhook.payload import OF_GRAFANA, Payload, PayloadError, Problem, payload_of, storable

KEPT_WHOLE = 17 * 1_024 * 1_024
"""Characters of labels and annotations: 5,000 alerts, the generated `max_alerts`, of 3.5 KB each."""
SHORTENED = 1_000
"""Characters that are kept of an annotation after that."""
MOST_KEPT = 24 * 1_024 * 1_024
"""Characters of labels and annotations in all: 5,000 alerts, however long their annotations are."""
MOST_VALUES = 1_000_000
"""Of what is kept, keys included; small values take thirty times the memory of their text."""
MOST_READ = 4_000_000
"""Values of all that is read, some 60,000 alerts; more takes longer than anybody waits."""
LONGEST_TEXT = 4 * 1_024 * 1_024
"""Bytes of one value: it is one piece in memory."""
_DEEPEST = 32
_PIECE = 64 * 1_024
_KEPT = frozenset(
    {
        "version",
        "groupKey",
        "truncatedAlerts",
        "status",
        "receiver",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
    }
)
_KEPT_OF_ALERT = OF_GRAFANA.keys() | frozenset(
    {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "values", "valueString"}
)
_TEXTS = ("labels", "annotations")
_OPENING, _CLOSING = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})

Event = tuple[str, Any]


class Stream(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, none at the end."""


def stream_payload(beginning: bytes, rest: Stream) -> Payload:
    """Return the payload whose body begins with these bytes; raises PayloadError."""
    try:
        document = _Document(_Source(beginning, rest))
        document.read()
    except ijson.IncompleteJSONError as error:
        raise _not_json(f"it breaks off or goes wrong: {_first_line(error)}") from None
    except (ijson.JSONError, ValueError) as error:
        raise _not_json(_first_line(error)) from None
    return payload_of(document.data, left_out=document.left_out)


class _Source:
    """Gives the parser its pieces, counts them, and notices a text without end."""

    def __init__(self, beginning: bytes, rest: Stream) -> None:
        self._beginning = memoryview(beginning)
        self._rest = rest
        self.size = 0
        self.quiet = 0
        """Bytes since the parser last said something."""

    def read(self, size: int) -> bytes:
        if not size:  # the parser asks what kind of a file it is
            return b""
        if self.quiet > LONGEST_TEXT:
            raise PayloadError(Problem(path="$", message=f"holds a value of more than {LONGEST_TEXT:,} bytes"))
        piece = bytes(self._beginning[:_PIECE]) or self._rest.read(_PIECE)
        self._beginning = self._beginning[_PIECE:]
        self.size += len(piece)
        self.quiet += len(piece)
        return piece


class _Document:
    """The decoded body: of the keys that count, and of the alerts as many as are kept."""

    def __init__(self, source: _Source) -> None:
        self.data: Any = None
        self.left_out = 0
        self._source = source
        self._values = 0
        self._kept = 0
        self._events = self._checked()

    def read(self) -> None:
        """Read to the end."""
        kind, value = next(self._events, ("null", None))
        if kind != "start_map":
            self.data = value if kind not in _OPENING else []
            return  # `payload_of` says what is wrong
        self.data = {}
        for kind, key in self._events:
            if kind == "end_map":
                continue  # only white space can follow it
            self._member(key)

    def _member(self, key: str) -> None:
        first = next(self._events)
        if key == "alerts" and first[0] == "start_array":
            self.data["alerts"] = list(self._alerts())
        elif key == "alerts" or key in _KEPT:
            self.data[key] = storable(self._built(first))
        else:
            self._skip(first[0])

    def _alerts(self) -> Iterator[Any]:
        for first in self._events:
            if first[0] == "end_array":
                return
            if self._is_full():
                self.left_out += 1
                self._skip(first[0])
                continue
            alert = self._shortened(storable(self._built(first)))
            # One that has gone beyond the bounds is not whole.
            if self._is_full():
                self.left_out += 1
            else:
                yield alert

    def _shortened(self, alert: Any) -> Any:  # noqa: ANN401  JSON
        """Count the alert's texts, and shorten its annotations when there are too many of them already."""
        if not isinstance(alert, dict):
            return alert
        alert = {key: value for key, value in alert.items() if key in _KEPT_OF_ALERT}
        labels, annotations = ({**found} if isinstance(found := alert.get(key), dict) else {} for key in _TEXTS)
        if self._kept > KEPT_WHOLE:
            annotations = {name: _short(text) for name, text in annotations.items()}
            alert = {**alert, "annotations": annotations}
        others = (value for key, value in alert.items() if key not in _TEXTS)
        texts = (text for text in (*labels.values(), *annotations.values(), *others) if isinstance(text, str))
        self._kept += sum(map(len, texts))
        return alert

    def _is_full(self) -> bool:
        return self._kept > MOST_KEPT or self._values > MOST_VALUES

    def _built(self, first: Event) -> Any:  # noqa: ANN401  JSON
        builder = ObjectBuilder()
        for kind, value in self._value(first):
            self._values += 1
            if self._values <= MOST_VALUES:
                builder.event(kind, value)
        return getattr(builder, "value", None)

    def _skip(self, kind: str) -> None:
        for _ in self._value((kind, None)):
            pass

    def _value(self, first: Event) -> Iterator[Event]:
        """Yield the events of one value."""
        yield first
        depth = int(first[0] in _OPENING)
        while depth:
            event = next(self._events)
            depth += (event[0] in _OPENING) - (event[0] in _CLOSING)
            yield event

    def _checked(self) -> Iterator[Event]:
        depth = 0
        events = ijson.basic_parse(self._source, use_float=True, buf_size=_PIECE)
        for number, (kind, value) in enumerate(events, start=1):
            self._source.quiet = 0
            if number > MOST_READ:
                raise PayloadError(Problem(path="$", message=f"holds more than {MOST_READ:,} values"))
            depth += (kind in _OPENING) - (kind in _CLOSING)
            if depth > _DEEPEST:
                raise PayloadError(Problem(path="$", message="is nested too deeply"))
            yield kind, value


def _short(text: Any) -> Any:  # noqa: ANN401  JSON
    if not isinstance(text, str) or len(text) <= SHORTENED:
        return text
    return f"{text[:SHORTENED]}… (shortened, {len(text):,} characters)"


def _not_json(reason: str) -> PayloadError:
    return PayloadError(Problem(path="$", message=f"is not JSON: {reason}"))


def _first_line(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return (said.strip().splitlines() or [type(error).__name__])[0][:200]
