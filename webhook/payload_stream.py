"""Decodes a payload that is too large to decode at once: one alert after the other, in bounded memory.

It is pure except that it reads the body; `body` calls it. No text causes a refusal: `payload_texts` cuts texts that are
too long. Texts are kept whole up to `KEPT_WHOLE` characters in total, and shortened after that. Alerts are kept up to
`MOST_KEPT` characters, and a large alert does not displace the others. Alerts beyond that are read and counted, because
Alertmanager writes the group's fields after its alerts. So the webhook takes a part of a delivery that is too large.
The alerts left out count as truncated, and this delivery alone does not end an incident with such alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

import ijson
from ijson.common import ObjectBuilder

from webhook.payload import OF_GRAFANA, Payload, PayloadError, Problem, payload_of, storable
from webhook.payload_texts import LONGEST_TEXT, Texts

KEPT_WHOLE = 17 * 1_024 * 1_024
"""Characters of labels and annotations: 5,000 alerts, the generated `max_alerts`, of 3.5 KB each."""
SHORTENED = 1_000
"""Characters of a label or an annotation that are kept beyond `KEPT_WHOLE`."""
MOST_KEPT = 24 * 1_024 * 1_024
"""Characters of labels and annotations in total: enough for 5,000 alerts with annotations of any length."""
MOST_VALUES = 1_000_000
"""Values that are kept, keys included; small values take thirty times the memory of their text."""
MOST_READ = 4_000_000
"""Values that are read, about 60,000 alerts; reading more takes longer than Alertmanager waits."""
LARGEST_ALERT = 6 * 1_024 * 1_024
"""Characters of one alert that are kept unchanged; each further text of it is shortened."""
MOST_VALUES_OF_ALERT = 10_000
"""Values of one alert, keys included; its further labels and annotations are left out."""
USUAL_ALERT = 64 * 1_024
"""Characters of one alert. Only alerts up to this size may use the room between `KEPT_WHOLE` and `MOST_KEPT`, so a few
large alerts never displace the others."""
_DEEPEST = 32
_PIECE = 64 * 1_024
_KEPT_KEYS = frozenset(
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
_KEPT_KEYS_OF_ALERT = OF_GRAFANA.keys() | frozenset(
    {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "values", "valueString"}
)
_TEXTS = ("labels", "annotations")
_OPENING, _CLOSING = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})

Event = tuple[str, Any]

_LEFT_OUT: Any = object()
"""Stands for an alert that is not kept."""


class Stream(Protocol):
    """The source of a body."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and no bytes at the end."""


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
    """Gives the parser the body in pieces, cuts texts that are too long, and refuses a value without end."""

    def __init__(self, beginning: bytes, rest: Stream) -> None:
        self._beginning = memoryview(beginning)
        self._rest = rest
        self._texts = Texts()
        self.bytes_since_event = 0
        """Bytes read since the parser's last event."""

    def read(self, size: int) -> bytes:
        if not size:  # the parser asks whether the source is binary
            return b""
        # A text always ends before this limit; a number or white space may not.
        if self.bytes_since_event > LONGEST_TEXT + 4 * _PIECE:
            raise PayloadError(Problem(path="$", message=f"holds a value of more than {LONGEST_TEXT:,} bytes"))
        data = b""
        while not data and (piece := self._piece()):
            data = self._texts.fitting(piece)
        data = data or self._texts.rest()
        self.bytes_since_event += len(data)
        return data

    def _piece(self) -> bytes:
        piece = bytes(self._beginning[:_PIECE]) or self._rest.read(_PIECE)
        self._beginning = self._beginning[_PIECE:]
        return piece


class _Bounded:
    """Builds one value. Beyond the limits of an alert, it keeps only the direct members, without their contents."""

    def __init__(self) -> None:
        self.values = 0
        self._builder = ObjectBuilder()
        self._size = 0
        self._depth = 0
        self._kept_depth = 0
        """How many of the open objects and arrays are kept."""

    @property
    def value(self) -> Any:  # noqa: ANN401  JSON
        """Return the value that was built."""
        return getattr(self._builder, "value", None)

    def take(self, kind: str, value: Any) -> None:  # noqa: ANN401  JSON
        """Add the parser's next event."""
        self.values += 1
        if kind in _CLOSING:
            self._depth -= 1
            if self._depth < self._kept_depth:
                self._kept_depth = self._depth
                self._builder.event(kind, value)
            return
        is_kept = self._depth == self._kept_depth and (self._depth <= 1 or self.values <= MOST_VALUES_OF_ALERT)
        if is_kept:
            self._builder.event(kind, self._fitting(value))
        if kind in _OPENING:
            self._depth += 1
            self._kept_depth += is_kept

    def _fitting(self, value: Any) -> Any:  # noqa: ANN401  JSON
        if isinstance(value, Decimal):
            return float(value)
        if not isinstance(value, str):
            return value
        text = value if self._size + len(value) <= LARGEST_ALERT else _short(value)
        self._size += len(text)
        return text


class _Document:
    """The decoded body: its known keys, and the alerts that are kept."""

    def __init__(self, source: _Source) -> None:
        self.data: Any = None
        self.left_out = 0
        self._source = source
        self._values = 0
        self._kept_characters = 0
        self._is_full = False
        self._events = self._checked_events()

    def read(self) -> None:
        """Read to the end."""
        kind, value = next(self._events, ("null", None))
        if kind != "start_map":
            self.data = value if kind not in _OPENING else []
            return  # `payload_of` says what is wrong
        self.data = {}
        for kind, key in self._events:
            if kind == "end_map":
                continue  # only white space can follow
            self._read_member(key)

    def _read_member(self, key: str) -> None:
        first_event = next(self._events)
        if key == "alerts" and first_event[0] == "start_array":
            self.data["alerts"] = list(self._read_alerts())
        elif key == "alerts" or key in _KEPT_KEYS:
            self.data[key] = storable(self._build_value(first_event))
        else:
            self._skip_value(first_event[0])

    def _read_alerts(self) -> Iterator[Any]:
        for first_event in self._events:
            if first_event[0] == "end_array":
                return
            alert = self._skip_value(first_event[0]) if self._is_full else self._read_alert(first_event)
            if alert is _LEFT_OUT:
                self.left_out += 1
            else:
                yield alert

    def _read_alert(self, first_event: Event) -> Any:  # noqa: ANN401  JSON
        """Return the alert, with short texts beyond `KEPT_WHOLE`; `_LEFT_OUT` if there is no room for it."""
        values_before = self._values
        alert = storable(self._build_value(first_event))
        if isinstance(alert, dict):
            alert = {key: value for key, value in alert.items() if key in _KEPT_KEYS_OF_ALERT}
            alert = alert if self._kept_characters + _size(alert) <= KEPT_WHOLE else _shortened(alert)
        size = _size(alert)
        is_usual = size <= USUAL_ALERT
        if self._kept_characters + size <= (MOST_KEPT if is_usual else KEPT_WHOLE) and self._values <= MOST_VALUES:
            self._kept_characters += size
            return alert
        self._is_full = is_usual or self._values > MOST_VALUES
        self._values = values_before
        return _LEFT_OUT

    def _build_value(self, first_event: Event) -> Any:  # noqa: ANN401  JSON
        """Return one value, within the limits of an alert."""
        bounded = _Bounded()
        for event in self._events_of_value(first_event):
            bounded.take(*event)
        self._values += min(bounded.values, MOST_VALUES_OF_ALERT)
        return bounded.value

    def _skip_value(self, kind: str) -> object:
        for _ in self._events_of_value((kind, None)):
            pass
        return _LEFT_OUT

    def _events_of_value(self, first_event: Event) -> Iterator[Event]:
        """Yield the events of one value."""
        yield first_event
        depth = int(first_event[0] in _OPENING)
        while depth:
            event = next(self._events)
            depth += (event[0] in _OPENING) - (event[0] in _CLOSING)
            yield event

    def _checked_events(self) -> Iterator[Event]:
        depth = 0
        # Do not set `use_float`: the parser would refuse an integer of twenty digits, as Grafana writes 1e20.
        events = ijson.basic_parse(self._source, buf_size=_PIECE)
        for number, (kind, value) in enumerate(events, start=1):
            self._source.bytes_since_event = 0
            if number > MOST_READ:
                raise PayloadError(Problem(path="$", message=f"holds more than {MOST_READ:,} values"))
            depth += (kind in _OPENING) - (kind in _CLOSING)
            if depth > _DEEPEST:
                raise PayloadError(Problem(path="$", message="is nested too deeply"))
            yield kind, value


def _shortened(alert: dict[str, Any]) -> dict[str, Any]:
    texts = {key: alert[key] for key in _TEXTS if isinstance(alert.get(key), dict)}
    return {
        **alert,
        **{key: {name: _short(text) for name, text in texts_by_name.items()} for key, texts_by_name in texts.items()},
    }


def _size(value: Any) -> int:  # noqa: ANN401  JSON
    """Return the number of characters in all texts and keys of a value."""
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 0


def _short(text: Any) -> Any:  # noqa: ANN401  JSON
    if not isinstance(text, str) or len(text) <= SHORTENED:
        return text
    return f"{text[:SHORTENED]}… (shortened, {len(text):,} characters)"


def _not_json(reason: str) -> PayloadError:
    return PayloadError(Problem(path="$", message=f"is not JSON: {reason}"))


def _first_line(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    message = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return (message.strip().splitlines() or [type(error).__name__])[0][:200]
