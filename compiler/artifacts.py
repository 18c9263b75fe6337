"""Emit: the artifacts that emitters return, and how YAML is written; `compiler.output` writes the artifacts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import yaml

from compiler import conventions
from compiler.characters import is_printable


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file to be written: its path below the output folder, with `/`, and its bytes."""

    path: str
    content: bytes


_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*\.?|(?:[0-9]+[smhd])+")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
"""Words that some YAML 1.1 parser does not read as text."""


def yaml_artifact(path: str, data: object, renewal: str) -> Artifact:
    """Return `data` as YAML, keys in the order given, under the header of generated files.

    `renewal` is the command that renews the file. `data` consists of dicts, lists, text, integers and booleans;
    anything else raises TypeError.

    This function hands events to the C emitter itself: PyYAML's representer would walk the data twice more, for anchors
    and types that do not occur here. It quotes text wherever a YAML 1.1 or 1.2 parser could take it for anything else.
    """
    events: list[yaml.Event] = [*_START]
    _append(data, events)
    events += _END
    text = yaml.emit(events, Dumper=yaml.CSafeDumper, allow_unicode=True, width=_WIDTH)
    return Artifact(path=path, content=(conventions.header(renewal) + text).encode())


_WIDTH: Final = 10**6
_START: Final = (yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False))
_END: Final = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
_MAPPING: Final = (yaml.MappingStartEvent(None, None, implicit=True, flow_style=False), yaml.MappingEndEvent())
_SEQUENCE: Final = (yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False), yaml.SequenceEndEvent())
_EMPTY: Final = (yaml.SequenceStartEvent(None, None, implicit=True, flow_style=True), yaml.SequenceEndEvent())


def _append(value: object, events: list[yaml.Event]) -> None:
    if isinstance(value, str):
        events.append(_scalar(value))
    elif isinstance(value, dict):
        events.append(_MAPPING[0])
        for key, child in value.items():
            events.append(_scalar(key))
            _append(child, events)
        events.append(_MAPPING[1])
    elif isinstance(value, list):
        start, end = _SEQUENCE if value else _EMPTY
        events.append(start)
        for item in value:
            _append(item, events)
        events.append(end)
    elif isinstance(value, bool | int):
        events.append(yaml.ScalarEvent(None, None, (True, True), str(value).lower()))
    else:
        raise TypeError(f"{type(value).__name__} has no place in generated YAML")


@lru_cache(maxsize=65536)
def _scalar(text: str) -> yaml.ScalarEvent:
    style: str | None = '"'
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = None
    elif is_printable(text) and "'" not in text:
        style = "'"
    return yaml.ScalarEvent(None, None, (True, True), text, style=style)
