"""Damages that know the format: replace a value by another of its kind, or add a whole signal with its sentence.

The added parts are mostly right, so that the compiler's later stages see them too. A real Prometheus must
accept whatever compiles.
"""

import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from testbed.fuzz import nasty, values
from testbed.fuzz.case import SPEC, Case, encoded

_ENTRY: Final = re.compile(
    r"(?P<key>[\w-]+):[ \t]+(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\[[^\]\n]*\]|\{[^}\n]*\}|[^\s,}\n#][^,}\n]*)"
)
_SYSTEM: Final = re.compile(r"^    limits:\n(?P<limits>(?:      .*\n)+)    metrics:\n", re.MULTILINE)
_KINDS: Final = (
    *(
        ("gauge", ("gauge",)),
        ("gauge", ("since",)),
        ("gauge", ("until",)),
        ("increase", ("counter",)),
        ("rate", ("counter",)),
    ),
    *(("ratio", ("errors", "requests")), ("ratio", ("successes", "attempts")), ("usage", ("used", "max"))),
    *(
        ("usage", ("available", "max")),
        ("quantile", ("histogram",)),
        ("average", ("histogram",)),
        ("average", ("total", "count")),
    ),
    *(
        ("utilization", ("counter",)),
        ("utilization", ("counter", "capacity")),
        ("utilization", ("idle",)),
        ("query", ("a", "b")),
    ),
    *(
        ("query", ("a",)),
        ("state", ("gauge",)),
        ("state", ("counter",)),
        ("state", ("used", "max")),
        ("state", ("until",)),
    ),
)
_DURATIONS: Final = (
    "for",
    "window",
    "within",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "repeat",
    "respond",
    "escalate",
)
_INPUTS: Final = frozenset(name for _, names in _KINDS for name in names)


def damage(case: Case, random: Random) -> Case:
    """Return the case with a value replaced or a signal added."""
    if SPEC not in case.files:
        return case
    return random.choice((_replace, _replace, _replace, _rename, _add, _add))(case, random)


def _replace(case: Case, random: Random) -> Case:
    text = case.text(SPEC)
    entries = list(_ENTRY.finditer(text))
    if not entries:
        return case
    chosen = random.choice(entries)
    value = _as_yaml(_value(chosen["key"], random), random)
    return case.with_file(SPEC, encoded(text[: chosen.start("value")] + value + text[chosen.end("value") :]))


def _rename(case: Case, random: Random) -> Case:
    """Replace a key, everywhere or in one place."""
    text = case.text(SPEC)
    entries = list(_ENTRY.finditer(text))
    if not entries:
        return case
    chosen, name = random.choice(entries), random.choice((*nasty.IDS, *(entry["key"] for entry in entries)))
    if random.random() < 0.3:
        return case.with_file(SPEC, encoded(re.sub(rf"\b{chosen['key']}\b", lambda _: name, text)))
    name = _as_yaml(name, random)
    return case.with_file(SPEC, encoded(text[: chosen.start()] + name + text[chosen.end("key") :]))


def _value(key: str, random: Random) -> str:
    """Return a value of the key's kind, or a nasty word."""
    if random.random() < 0.2:
        return nasty.word(random)
    makers: tuple[tuple[bool, Callable[[], str]], ...] = (
        (key in values.SEVERITIES, lambda: values.limit(random, random.choice(values.UNITS))),
        (key in _DURATIONS, lambda: values.duration(random)),
        (key in _INPUTS, lambda: values.metric(random)),
        (key == "selector", lambda: values.matchers(random)),
        (key in {"query", "series"}, lambda: values.query(random, ("taken", "done", "up"))),
        (key == "values", lambda: values.samples(random)),
        (key == "per", lambda: values.label(random)),
        (key == "include", lambda: random.choice(nasty.PATTERNS)),
        (key == "runbook", lambda: random.choice(("#errors", "#", "# ", *nasty.PATHS))),
    )
    make_value = next((make for fits, make in makers if fits), None)
    return make_value() if make_value else random.choice((*nasty.CHARACTERS, *nasty.IDS, *nasty.NUMBERS, *nasty.YAML))


def _as_yaml(value: str, random: Random) -> str:
    """Return a value as YAML, in a random kind of quotes, or without quotes."""
    form = random.choice(("plain", "double", "double", "double", "single", "list", "escaped"))
    if form == "double":
        return json.dumps(value, ensure_ascii=False)
    if form == "escaped":
        return json.dumps(value)
    if form == "single":
        return "'" + value.replace("'", "''") + "'"
    return f"[{json.dumps(value)}]" if form == "list" else value


def _add(case: Case, random: Random) -> Case:
    """Add a signal with metrics and limits to a system, and its sentence to that system's runbook."""
    text = case.text(SPEC)
    places = list(_SYSTEM.finditer(text))
    runbooks = [path for path in case.runbooks() if b"## Alert thresholds\n\n" in case.files[path]]
    if not places or not runbooks:
        return case
    place = random.choice(places)
    named = re.findall(r"runbook: (runbooks/\S+)", text[: place.start()])
    path = named[-1] if named and named[-1] in runbooks else random.choice(runbooks)
    kind, inputs = random.choice(_KINDS)
    name = random.choice(("added", "extra_signal", "z9", *nasty.IDS)) if random.random() < 0.2 else "added"
    unit = "state" if kind == "state" else _unit(kind, random)
    limits = {random.choice(values.SEVERITIES): "when true"} if unit == "state" else values.rising_limits(random, unit)
    spec_text = text[: place.start()] + _with_lines(place, name, limits, inputs, random) + text[place.end() :]
    if kind != "state":
        spec_text = spec_text.replace(
            "\nsignals:\n", f"\nsignals:\n  {name}: {_signal(kind, unit, inputs, random)}\n", 1
        )
    bullet = f"- {name.replace('_', ' ').capitalize()}: {_sentence(limits)}.\n"
    runbook_text = case.text(path).replace("## Alert thresholds\n\n", f"## Alert thresholds\n\n{bullet}\n", 1)
    return case.with_file(SPEC, encoded(spec_text)).with_file(path, encoded(runbook_text))


def _unit(kind: str, random: Random) -> str:
    fixed = {"ratio": "ratio", "usage": "ratio", "increase": "count", "rate": "per_second", "quantile": "seconds"}
    return fixed.get(kind, random.choice(values.UNITS)) if random.random() < 0.9 else random.choice(values.UNITS)


def _with_lines(
    place: re.Match[str], name: str, limits: Mapping[str, str], inputs: tuple[str, ...], random: Random
) -> str:
    anchors = re.findall(r'runbook: "(#[^"]+)"', place["limits"]) or ["#errors"]
    tiers = ", ".join(f"{severity}: {json.dumps(limit)}" for severity, limit in limits.items())
    hold = random.choice(("", "", f", for: {values.duration(random)}"))
    limit_line = f'      {name}: {{{tiers}, runbook: "{random.choice(anchors)}"{hold}}}\n'
    measured = "".join(
        f"{input_name}: {json.dumps(values.metric(random), ensure_ascii=False)}, " for input_name in inputs
    )
    dimensions = random.choice(
        ("per: service", "per: [service, region]", "component: x", f"window: {values.duration(random)}")
    )
    state = ', active: "> 0"' if "when true" in limits.values() else ""
    metric_line = f"      {name}: {{{measured}{dimensions}{state}}}\n"
    return place.group().replace("    metrics:\n", f"{limit_line}    metrics:\n{metric_line}")


def _signal(kind: str, unit: str, inputs: tuple[str, ...], random: Random) -> str:
    if kind != "query":
        return f"{{kind: {kind}, unit: {unit}, title: Added}}"
    query = json.dumps(values.query(random, inputs))
    series = ", ".join(
        f'{{series: "{{{{ {input_name} }}}}", values: "{values.samples(random)}"}}' for input_name in inputs
    )
    return f"{{unit: {unit}, title: Added, query: {query}, example: [{series}]}}"


def _sentence(limits: Mapping[str, str]) -> str:
    return ", ".join(severity if limit == "when true" else f"{severity} {limit}" for severity, limit in limits.items())
