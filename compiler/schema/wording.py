"""Explain why the schema refuses a value, and how to write it; used by `compiler.schema` and `compiler.questions`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import urlsplit

from jsonschema.exceptions import ValidationError

from compiler.characters import is_printable
from compiler.conventions import PROGRAM, SEVERITIES
from compiler.diagnostics import did_you_mean
from compiler.document import Items, Table, scalar
from compiler.schema import nodes, suggestions
from compiler.signals import examples

Advice = tuple[str, str | None]
"""A message, and a hint or None."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 ._/:@-]*")
_DURATION: Final = "^[0-9]+[smhd]([0-9]+[smhd])*$"
_ANCHOR: Final = "^#"
_LABEL: Final = "^[a-zA-Z_][a-zA-Z0-9_]*$"
_TYPES: Final = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "null": "empty",
}
_REFERENCES: Final = {"team": "teams", "escalation": "escalation", "levels": "levels", "schedule": "schedules"}
"""Keys whose values are ids, and the sections that define these ids."""


def flow(value: object) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and scalar(value) == value:
        return value
    if isinstance(value, str) and '"' in value and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def example(node: Mapping[str, Any]) -> str | None:
    """Return the first example of a part of the schema as YAML."""
    examples = node.get("examples", [])
    return flow(examples[0]) if examples else None


def explain(error: ValidationError, document: Table, source: str) -> Advice:
    """Return what is wrong with a value, and how to write it; `source` is the value as it stands in the file."""
    node, path = nodes.whole(cast("Mapping[str, Any]", error.schema)), list(error.absolute_path)
    match error.validator:
        case "type":
            return _type(error, node, path, document, source)
        case "const":
            return (
                _version(error.instance)
                if path == ["version"]
                else (_unknown_message(error.instance), _example_hint(node))
            )
        case "enum":
            return _choice(error.instance, node, path)
        case "minItems" | "minProperties":
            return "this is empty", _example_hint(node)
        case "pattern" | "minLength" | "maxLength":
            return _text(str(error.instance), node, path, document)
        case _:
            return _other_advice(error, node)


def _other_advice(error: ValidationError, node: Mapping[str, Any]) -> Advice:
    if error.validator == "maxProperties":
        count = len(cast("Table", error.instance))
        return f"{count} entries stand here, and {error.validator_value} may", "keep those that are used"
    if error.validator == "maxItems":
        count = len(cast("Items", error.instance))
        return f"{count} items stand here, and {error.validator_value} are the most", "keep those that are needed"
    return f"{_shown(error.instance)} does not fit here", _example_hint(node)


def _type(
    error: ValidationError, node: Mapping[str, Any], path: Sequence[str | int], document: Table, source: str
) -> Advice:
    instance: object = error.instance
    expected = error.validator_value
    types = (expected,) if isinstance(expected, str) else tuple(cast("list[str]", expected))
    key = next((str(step) for step in reversed(path) if isinstance(step, str)), "this")
    advice: Advice | None = None
    if isinstance(instance, Items) and "object" in types and any(isinstance(item, Table) for item in instance):
        advice = f"`{key}` is a list: each dash begins an item", "take the dashes out; keys stand without"
    elif isinstance(instance, str) and instance:
        advice = _not_text(instance, key, types, node)
    elif isinstance(instance, bool | int | float):
        advice = _not_a_number(instance, key, types, node, source)
    elif isinstance(instance, Table) and types == ("string",):
        hint = _matchers(instance, node) or _reference("", key, document) or _example_hint(node)
        advice = f"`{key}` is text, and a mapping stands here", hint
    shown = (
        "a mapping" if isinstance(instance, Table) else "a list" if isinstance(instance, Items) else _shown(instance)
    )
    return advice or (
        f"{shown} stands where `{key}` wants {' or '.join(_TYPES[name] for name in types)}",
        _example_hint(node),
    )


def _not_text(text: str, key: str, types: tuple[str, ...], node: Mapping[str, Any]) -> Advice | None:
    """Return the advice for text in place of a list, or in place of a mapping that needs only one key."""
    if types == ("array",):
        return f"`{text}` is not a list", f"put brackets around it: `{key}: [{flow(text)}]`"
    needed = node.get("required", ())
    if types == ("object",) and len(needed) == 1:
        return f"`{key}` wants keys, and text stands here", f"write `{key}: {{{needed[0]}: {flow(text)}}}`"
    return None


def _not_a_number(
    number: float, key: str, types: tuple[str, ...], node: Mapping[str, Any], source: str
) -> Advice | None:
    """Return the advice for text that YAML reads as a number, or as true or false."""
    kind = "true or false" if isinstance(number, bool) else "a number"
    if types == ("array",):
        return f"YAML reads `{source}` as {kind}, and `{key}` is a list of texts", f'write `{key}: ["{source}"]`'
    if "string" not in types:
        return None
    if node.get("pattern") == _DURATION or "duration" in str(node.get("description", "")):
        return f"`{source}` has no unit of time", f"write {_durations(number)}"
    if types == ("string",):
        return f"YAML reads `{source}` as {kind}, and text is meant", f'quote it: `"{source}"`'
    return None


def _durations(number: object) -> str:
    return f"`{number}s`, `{number}m` or `{number}h`"


def _matchers(instance: Table, node: Mapping[str, Any]) -> str | None:
    """Return a hint with the text of label matchers that somebody wrote as a mapping."""
    if "matchers" not in str(node.get("description", "")) or not all(
        isinstance(value, str) for value in instance.values()
    ):
        return None
    matchers = ",".join(f'{label}="{text}"' for label, text in instance.items())
    return f"write `'{matchers}'`"


def _version(instance: object) -> Advice:
    if str(instance).strip(" v") == "1":
        return f"the version is the number 1, and {_shown(instance)} is text", "write `version: 1`"
    return f"version {_shown(instance)} of the format is not known", "write `version: 1`"


def _choice(instance: object, node: Mapping[str, Any], path: Sequence[str | int]) -> Advice:
    choices = [choice for choice in node["enum"] if isinstance(choice, str)]
    known_choices = "known here: " + ", ".join(f"`{choice}`" for choice in choices)
    meant = suggestions.meant_choice(instance, choices)
    elsewhere = _elsewhere(instance, path)
    if elsewhere is not None:
        return f"`{instance}` is not known here", f"it goes below `{elsewhere}:`; {known_choices}"
    return _unknown_message(instance), f"did you mean `{meant}`? {known_choices}" if meant else known_choices


def exchanged_words(document: Table) -> Advice | None:
    """Return the advice if all of `severities:` maps severities to words, in place of words to severities."""
    mapping = document.get("severities")
    if not isinstance(mapping, Table) or not mapping:
        return None
    is_exchanged = all(
        key in SEVERITIES and isinstance(word, str) and word and word not in SEVERITIES for key, word in mapping.items()
    )
    if not is_exchanged:
        return None
    meant = flow({word: key for key, word in mapping.items()})
    return "words and severities are exchanged: the runbook's word comes first", f"write `severities: {meant}`"


def _elsewhere(instance: object, path: Sequence[str | int]) -> str | None:
    """Return the neighbouring key whose list takes a choice that this key's list does not take."""
    if len(path) < 2 or not isinstance(path[-1], int):
        return None
    owner = list(path[:-2])
    lists = (name for name in sorted(nodes.known(owner)) if name != path[-2])
    return next((name for name in lists if instance in nodes.at([*owner, name, 0]).get("enum", ())), None)


def _text(text: str, node: Mapping[str, Any], path: Sequence[str | int], document: Table) -> Advice:
    if not text.strip():
        return "this is empty", _example_hint(node)
    pattern = node.get("pattern")
    if pattern == _DURATION:
        meant = suggestions.duration(text)
        shown = f"`{text}`" if is_printable(text) else _shown(text)
        return f"{shown} is not a duration", f"write `{meant}`" if meant else f"such as {_examples(node)}"
    key = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    if key in _REFERENCES and pattern == nodes.at(["$id"]).get("pattern", _ID):
        return f"`{text}` is no id", _reference(text, key, document)
    return _by_pattern(text, pattern or "", node)


def _by_pattern(text: str, pattern: str, node: Mapping[str, Any]) -> Advice:
    """Return why text does not have the form of an anchor, a label or an address."""
    if pattern == _ANCHOR:
        return _anchor(text)
    if pattern == _LABEL:
        return f"`{text}` is not a label's name", _label(text) or _example_hint(node)
    if "https?://" in pattern:
        return _address(text, pattern, node)
    return f"{_shown(text)} does not fit here", _example_hint(node)


def _label(text: str) -> str | None:
    """Return how to write text that is not a label as one label or several; None if it holds no name."""
    names = [part.strip() for part in text.split(",")]
    if len(names) > 1 and all(re.fullmatch(_LABEL.strip("^$"), label) for label in names):
        return f"write `[{', '.join(names)}]`"
    last = text.rpartition(".")[2]
    name = re.sub(r"[^a-zA-Z0-9_]+", "_", last).strip("_")
    if not re.match(r"[a-zA-Z_]", name):
        return None
    if last.endswith(name):
        return f"write `{name}`"
    return f"write the label as the metric has it, such as `{name.lower()}`"


def _address(text: str, pattern: str, node: Mapping[str, Any]) -> Advice:
    """Return why an address does not fit: it has no scheme, an unknown placeholder, or lacks a needed one."""
    if not re.match(r"https?://", text):
        links = "anchor" in pattern
        path = "" if links or "/" in text else urlsplit(str(node.get("examples", [""])[0])).path
        meant = f"{'https' if links else 'http'}://{text}{path}"
        hint = f"write `{flow(meant)}`" if re.fullmatch(r"[\w.\[\]-]+(:\d+)?(/\S*)?", text) else _example_hint(node)
        return f"`{text}` does not begin with `http://` or `https://`", hint
    if "anchor" in pattern:
        placeholders = ("{path}", "{page}", "{anchor}")
        unknown = next((name for name in re.findall(r"\{[^{}]*\}", text) if name not in placeholders), None)
        if unknown is not None:
            return f"`{unknown}` is no placeholder", "there are `{path}`, `{page}` and `{anchor}`"
        if "{path}" not in text and "{page}" not in text:
            return "the address names no runbook", "put `{path}`, or `{page}`, where its path belongs"
        if "{anchor}" not in text:
            return "the address names no section", f'write `"{text}#{{anchor}}"`'
    return f"{_shown(text)} does not fit here", _example_hint(node)


_ID: Final = "^[a-z][a-z0-9-]*$"


def _anchor(text: str) -> Advice:
    """Return what is wrong with text in place of a section's anchor: a path before it, or the heading itself."""
    path, sign, anchor = text.partition("#")
    if sign:
        message = f"`{text}` also names a file; the section is one of the system's runbook"
        return message, f'write `"#{anchor}"`' if path else None
    shown = re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", text.casefold()).strip())
    return f"`{text}` is no anchor: it lacks the `#`", f'write `"#{shown}"`'


def _reference(text: str, key: str, document: Table) -> str | None:
    """Return a hint with the id that was probably meant, by the ids and the titles that the document defines."""
    defined = document.get(_REFERENCES.get(key, ""))
    if not isinstance(defined, Table):
        return None
    titles = {str(entry.get("title")).casefold(): name for name, entry in defined.items() if isinstance(entry, Table)}
    name = titles.get(text.casefold())
    if name is not None:
        return f"write `{name}`, the id of “{defined[name]['title']}”"
    return did_you_mean(text.casefold(), defined)


def asked(path: Sequence[str | int], document: Table) -> str:
    """Return a hint for what to write at a place: its meaning, and the ids that exist or an example."""
    key = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    node = nodes.at(path)
    described = str(nodes.at(path[:-1]).get("description", "")) if path and isinstance(path[-1], int) else ""
    meaning = (described or str(node.get("description", ""))).partition(". ")[0].rstrip(".")
    defined = document.get(_REFERENCES.get(key, ""))
    if isinstance(defined, Table) and defined:
        shown = "known here: " + ", ".join(f"`{id_}`" for id_ in defined)
    else:
        fitting = _metric(path) or example(node)
        shown = f"such as `{fitting}`" if fitting else ""
    words = "; ".join(part for part in (meaning[:1].lower() + meaning[1:], shown) if part)
    return f"write in its place: {words}"


def _metric(path: Sequence[str | int]) -> str | None:
    """Return an example of the metric that a system binds at a place, if its signal is a built-in one."""
    if len(path) < _BELOW_METRICS or path[-_BELOW_METRICS] != "metrics":
        return None
    return examples.metric(str(path[-2]), str(path[-1]))


_BELOW_METRICS: Final = 3
"""The number of the steps `metrics`, signal and input."""


def identifier(key: str, description: str) -> Advice:
    """Return what is wrong with a key that cannot be an id, by the description of its form."""
    meant = suggestions.identifier(key, joint="_" if "underscore" in description else "-")
    form = f"an id is made of {description[:1].lower()}{description[1:].rstrip('.')}"
    fits = meant and meant != key and len(meant) <= _LONGEST
    return f"`{key}` cannot be an id", f"write `{meant}`: {form}" if fits else form


_LONGEST: Final = 63


def missing(keys: Sequence[str], node: Mapping[str, Any], document: Table) -> Advice:
    """Return the advice for keys that a mapping lacks."""
    if len(keys) == 1:
        return f"the key `{keys[0]}` is missing", f"add `{_line_with_value(keys[0], node, document)}`"
    message = f"the keys {_joined(f'`{key}`' for key in keys)} are missing"
    if len(keys) > _MOST_SHOWN:
        return message, f"`{PROGRAM} import --new GUIDE.md` begins a file that has them all"
    return message, f"add {_joined(f'`{_line_with_value(key, node, document)}`' for key in keys)}"


_MOST_SHOWN: Final = 4


def _line_with_value(key: str, node: Mapping[str, Any], document: Table) -> str:
    """Return a key with a value: an id that the document defines, else the example of the schema."""
    return f"{key}: {valued(key, nodes.whole(node.get('properties', {}).get(key, {})), document)}"


def valued(key: str, node: Mapping[str, Any], document: Table) -> str | None:
    """Return a value for a key, as YAML: an id that is defined in the document, else the example of the schema."""
    defined = document.get(_REFERENCES.get(key, ""))
    if isinstance(defined, Table) and defined and node.get("type") == "string":
        return str(next(iter(defined)))
    return example(node)


def _joined(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _example_hint(node: Mapping[str, Any]) -> str | None:
    shown = example(node)
    return f"such as `{shown}`" if shown else None


def _examples(node: Mapping[str, Any]) -> str:
    return ", ".join(f"`{flow(text)}`" for text in node.get("examples", ["5m"]) if isinstance(text, str))


def _unknown_message(instance: object) -> str:
    return f"{_shown(instance)} is not known here"


def _shown(instance: object) -> str:
    plain: Collection[type] = (str, int, float, bool)
    return f"`{flow(instance)}`" if isinstance(instance, tuple(plain)) and instance != "" else "this"
