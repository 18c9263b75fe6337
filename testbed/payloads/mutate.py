"""Make mutated deliveries: a payload as Alertmanager sends it, with one to five damages to its parts or to its bytes.

Pure: the same seed and index give the same bytes. The compiler's fuzzer provides the damages to bytes.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, Final

from testbed.fuzz import bytewise, nasty
from testbed.fuzz.case import Case

Json = Any

_NAME: Final = "payload.json"
_GROUPS: Final = 300
_DAMAGES_AT_ONCE: Final = (1, 1, 1, 2, 3, 5)
# One delivery in `_BYTEWISE` has its bytes damaged instead of its parts.
_BYTEWISE: Final = 4

_TEXTS: Final = (
    *nasty.CHARACTERS,
    *(
        "<!channel>",
        "<@U123>",
        "&lt;",
        "*_~`",
        "```",
        "|",
        "<http://x|y>",
        "http://x",
        "javascript:alert(1)",
        "file:///",
    ),
    *("<script>alert(1)</script>", "<img src=x onerror=y>", "{{ 7 * 7 }}", "{% include 'x' %}", "%s%n", "${jndi:x}"),
    *("a\r\nBcc: x@example.com", "=?utf-8?q?x?=", "$(id)", "`id`", "'; DROP TABLE incidents; --", "../../etc/passwd"),
    *("x" * 3_001, "é" * 20_000, "\U0001f525" * 2_000, "a b " * 5_000, "\n" * 1_000, "-rf", "--help", "", " ", "0"),
    *("9999-12-31T23:59:59.999999999Z", "0000-00-00T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T12:00:00+99:99"),
    *("0001-01-01T00:00:00Z", "2026-11-22T12:00:60Z", "1e400", "NaN", "emergency", "critical", "Watchdog", "resolved"),
)
_VALUES: Final[tuple[Json, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 1.5, 1e308, 10**400, [], {}, [[]], [{}], {"": ""}),
    *({"a": None}, {"a": {"b": {}}}, ["x"] * 100, {str(number): "x" for number in range(200)}),
)


def mutated(seed: int, index: int) -> bytes:
    """Return the `index`-th delivery of `seed`."""
    random = Random(f"{seed}-{index}")  # noqa: S311 - made to be repeatable
    payload = original(random)
    if random.randrange(_BYTEWISE) == 0:
        case = Case(origin="base", files={_NAME: _written(payload)})
        for _ in range(random.choice(_DAMAGES_AT_ONCE)):
            case = bytewise.damage(case, random)
        return case.files[_NAME]
    for _ in range(random.choice(_DAMAGES_AT_ONCE)):
        random.choice(_DAMAGES)(payload, random)
    return _written(payload)


def original(random: Random) -> Json:
    """Return a payload as Alertmanager sends it, for a random group, with firing or resolved alerts."""
    group = {"alertname": random.choice(("ApiPlatformErrorRatio", "Unknown")), "cell": str(random.randrange(_GROUPS))}
    alerts = [_alert(group, number, random) for number in range(random.choice((1, 1, 1, 2, 2, 3, 12)))]
    return {
        "receiver": "tocsin",
        "status": "firing",
        "alerts": alerts,
        "groupLabels": group,
        "commonLabels": group,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "version": "4",
        "groupKey": f"{{}}:{json.dumps(group)}",
        "truncatedAlerts": 0,
    }


def _alert(group: dict[str, str], number: int, random: Random) -> Json:
    fires = random.random() < 0.8
    severity = random.choice(("info", "warning", "critical", "emergency"))
    return {
        "status": "firing" if fires else "resolved",
        "labels": {**group, "severity": severity, "component": "api", "instance": f"host-{number}"},
        "annotations": {"summary": "The error ratio is above 5%.", "value": "0.07"},
        "startsAt": "2026-11-22T11:50:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z" if fires else "2026-11-22T11:58:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": f"{number:016x}",
    }


def _written(payload: Json) -> bytes:
    # Keep the JSON escaped: a lone surrogate can only arrive as an escape. Keep Infinity and the like as Python writes
    # them.
    return json.dumps(payload).encode()


def _places(value: Json) -> Iterator[tuple[Json, Any]]:
    """Yield every container of the payload with each of its keys."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _anywhere(payload: Json, random: Random) -> tuple[Json, Any]:
    places = list(_places(payload))
    return random.choice(places) if places else (payload, "alerts")


def _drop(payload: Json, random: Random) -> None:
    container, key = _anywhere(payload, random)
    if isinstance(container, list) or key in container:
        del container[key]


def _set_text(payload: Json, random: Random) -> None:
    container, key = _anywhere(payload, random)
    container[key] = random.choice(_TEXTS)


def _append_to_a_text(payload: Json, random: Random) -> None:
    """Put nasty text where any text is allowed, so that the webhook takes the delivery and people get the text."""
    texts = [
        (container, key)
        for container, key in _places(payload)
        if isinstance(container, dict) and isinstance(container[key], str)
    ]
    if texts:
        container, key = random.choice(texts)
        container[key] = random.choice((container[key], "")) + random.choice(_TEXTS)


def _replace(payload: Json, random: Random) -> None:
    container, key = _anywhere(payload, random)
    container[key] = deepcopy(random.choice(_VALUES))


def _add(payload: Json, random: Random) -> None:
    container, _ = _anywhere(payload, random)
    value = deepcopy(random.choice((*_TEXTS, *_VALUES)))
    if isinstance(container, dict):
        container[random.choice(_TEXTS)] = value
    else:
        container.append(value)


def _repeat(payload: Json, random: Random) -> None:
    alerts = payload.get("alerts")
    if isinstance(alerts, list) and alerts:
        copied_alert = json.dumps(random.choice(alerts))
        alerts.extend(json.loads(copied_alert) for _ in range(random.choice((1, 1, 1, 1, 1, 3, 3, 3, 200))))


def _nest(payload: Json, random: Random) -> None:
    container, key = _anywhere(payload, random)
    value: Json = "x"
    # Python can write at most five of the deepest nestings inside each other; test_mutants.py posts deeper ones.
    for _ in range(random.choice((2, 50, 100))):
        value = [value] if random.random() < 0.5 else {"a": value}
    container[key] = value


def _swap(payload: Json, random: Random) -> None:
    (first, first_key), (second, second_key) = _anywhere(payload, random), _anywhere(payload, random)
    # Copy the values: JSON cannot hold a container that contains itself.
    values = json.dumps(
        [first.get(first_key) if isinstance(first, dict) else first[first_key], _value_at(second, second_key)]
    )
    first[first_key], second[second_key] = reversed(json.loads(values))


def _value_at(container: Json, key: Any) -> Json:  # noqa: ANN401
    return container.get(key) if isinstance(container, dict) else container[key]


_DAMAGES: Final[tuple[Callable[[Json, Random], None], ...]] = (
    *(_append_to_a_text, _append_to_a_text, _append_to_a_text, _append_to_a_text, _append_to_a_text),
    *(_add, _drop, _set_text, _replace, _repeat, _nest, _swap),
)
