"""Parse: YAML text → plain data that knows the place of each of its parts.

This is the first stage of the pipeline; `compiler.schema` and `compiler.resolve` read its result. Scalars follow the
core schema of YAML 1.2 (`off`, `on`, `012` and `18:00` are text), not the YAML 1.1 types that are PyYAML's default. The
parser refuses anchors and aliases: a file for people does not need them, and they let small files expand without bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml
from yaml._yaml import Mark as CMark
from yaml.error import Mark

from compiler import slips, syntax
from compiler.conventions import PROGRAM
from compiler.diagnostics import Diagnostics, Related, Span

MAX_DEPTH: Final = 32
"""Levels of nesting; the format's deepest key needs less than half of them."""
MAX_TEXT: Final = 16 * 2**10
"""Characters of one key or value; the longest query that we have seen has a few thousand."""
MAX_NODES: Final = 200_000
"""Keys, values, mappings and lists in all files of one run: enough for some thousand systems."""

_YAML_TAGS: Final = "tag:yaml.org,2002:"
"""What `!!` stands for."""
_RARE_BREAKS: Final = {0x85: " ", 0x2028: " ", 0x2029: " "}
"""Characters that YAML 1.1 takes for line breaks, and that editors do not count as such."""


class Table(dict[str, Any]):
    """A YAML mapping: a dict that also knows its own place and those of its keys and values.

    `end_line` is its last line. `contested` are the keys that it holds twice with a mapping as value. `torn` is set if
    several keys occur twice: then a key above the second half is probably missing.
    """

    __slots__ = ("contested", "end_line", "key_spans", "span", "torn", "value_spans")

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span
        self.end_line = span.line
        self.contested: set[str] = set()
        self.torn = False
        self.key_spans: dict[str, Span] = {}
        self.value_spans: dict[str, Span] = {}


class Items(list[Any]):
    """A YAML sequence: a list that also knows its own place and those of its items."""

    __slots__ = ("span", "spans")

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span
        self.spans: list[Span] = []


CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters except tab and line feed; they would end up in messages, addresses and terminals."""

_BEGIN: Final = f"start with `version: 1`; `{PROGRAM} import --new GUIDE.md` begins a whole file"
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+\Z")
_WORDS: Final[Mapping[str, object]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
}
_DIGITS: Final = 15


class NodeBudget:
    """The number of keys, values, mappings and lists that the files of one run may still hold."""

    def __init__(self) -> None:
        self.left = MAX_NODES


def parse(path: str, text: str, diagnostics: Diagnostics, budget: NodeBudget | None = None) -> Table | None:
    """Return the mapping that the YAML `text` holds, or None after adding an error that ends the reading.

    Keys are text; values are text, int, float, bool, None, `Table` or `Items`. Duplicate keys, aliases, tags,
    directives, several documents, nesting beyond `MAX_DEPTH`, a text beyond `MAX_TEXT`, more nodes than `budget` has
    left and a top level that is no mapping are errors. The parser keeps the first of duplicate keys, so that the same
    run finds other mistakes too.
    """
    diagnostics.read(path, text)
    builder = _Builder(path, diagnostics, budget or NodeBudget())
    try:
        builder.read(text.translate(_RARE_BREAKS))
    except _StopReadingError:
        return None
    except yaml.YAMLError as error:
        syntax.report(path, text, error, diagnostics)
        return None
    if isinstance(builder.root, Table):
        return builder.root
    start = Span(path, 1, 1, 2)
    if builder.root_span is None:
        diagnostics.error("syntax", start, "the file is empty", hint=_BEGIN)
    else:
        diagnostics.error("syntax", builder.root_span, "the top level must be a mapping of keys to values", hint=_BEGIN)
    return None


class _StopReadingError(Exception):
    """The parser cannot usefully read on; the diagnostics hold the reason."""


class _Builder:
    """Turns parser events into data on a stack of its own: PyYAML's composer recurses and crashes on deep nesting."""

    def __init__(self, path: str, diagnostics: Diagnostics, budget: NodeBudget) -> None:
        self.path = path
        self.diagnostics = diagnostics
        self.budget = budget
        self.root: object = None
        self.root_span: Span | None = None
        self.stack: list[Table | Items] = []
        self.keys: list[tuple[str, Span] | None] = []
        self.text = ""
        self.lines: list[str] = []
        self.key_at = (0, 0)
        self.plain: tuple[str, int] | None = None
        self.cut_off: dict[int, syntax.CutOff] = {}
        self.duplicates: dict[int, list[tuple[str, Span, Table]]] = {}

    def read(self, text: str) -> None:
        self.text, documents = text, 0
        self.lines = text.split("\n")
        parser = yaml.CBaseLoader(text)
        while (event := parser.get_event()) is not None:
            if isinstance(event, yaml.ScalarEvent):
                self._check_plain(event, event.tag)
                self._check_size(event)
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._check_plain(event, event.tag)
                self._count(event)
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
                self.keys.pop()
                self.plain = None
            elif isinstance(event, yaml.AliasEvent):
                self._refuse_alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                self._check_directives(event)
                if documents > 1:
                    self._stop("syntax", event, "a second document starts here", "keep one document in each file")
        # The errors are added only now, because several commas may cut one text.
        for cut_off in self.cut_off.values():
            cut_off.report(self.diagnostics)
        for duplicates in self.duplicates.values():
            self._duplicates(duplicates)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span = _span(self.path, event)
        text = self._without_controls(event.value, span)
        plain = event.implicit[0]
        if self.stack and type(self.stack[-1]) is Table and self.keys[-1] is None:
            self._check_key(text, span)
            self.keys[-1], self.key_at = (text, span), (_offset(event.start_mark), _offset(event.end_mark))
            return
        key = self.keys[-1] if self.stack else None
        if key and plain and not text:
            swallowed = self._value_without_colon(key)
            if swallowed is not None:
                self._place(swallowed, key[1])
                return
            if self._is_rejoined(_offset(event.start_mark)):
                return
            text = self._value_without_space(key)
        elif plain and (mended := slips.mended(text)) is not None:
            text, plain = self._mended(mended, text, span), False
        elif plain:
            pass
        else:
            self._check_closed(event)
        # `_value_without_space` may have renamed a key that had swallowed its value.
        current_key = self.keys[-1] if self.stack else None
        self._place(scalar(text) if plain else text, span)
        if current_key and plain and text:
            self.plain = (current_key[0], _offset(event.start_mark))

    def _mended(self, mended: slips.Mended | None, text: str, span: Span) -> str:
        """Return the text that its author meant, after adding an error if there was a slip."""
        if mended is None:
            return text
        self.diagnostics.error("syntax", span, mended.message, hint=mended.hint)
        return mended.text

    def _check_key(self, key: str, span: Span) -> None:
        slip = slips.odd_key(key)
        if slip is not None:
            # To YAML this character is no indentation, so the line would belong to another key.
            self._mended(slip, key, span)
            raise _StopReadingError

    def _value_without_space(self, key: tuple[str, Span]) -> str:
        """Return the value that a key swallowed because no space follows the colon."""
        name, span = key
        slip = slips.without_space(name)
        if slip is not None:
            self.keys[-1] = (name.removesuffix(f":{slip.text}"), span)
        return self._mended(slip, "", span)

    def _value_without_colon(self, key: tuple[str, Span]) -> str | None:
        """Return the value that a key in braces swallowed because the colon is missing; else None."""
        name, span = key
        parts = slips.without_colon(name)
        if parts is None:
            return None
        self.keys[-1] = (parts[0], span)
        return self._mended(parts[1], "", span)

    def _check_closed(self, event: yaml.ScalarEvent) -> None:
        """Refuse a quoted text that does not end in its own line and so swallows the keys of the next lines."""
        start, end = event.start_mark, event.end_mark
        if start is None or end is None or start.line == end.line:
            return
        texts = self.lines
        slip = slips.open_quote(start.line + 1, texts[start.line], texts[start.line + 1 : start.line + 2])
        if slip is not None:
            syntax.add(self.path, slip, self.diagnostics)
            raise _StopReadingError

    def _is_rejoined(self, offset: int) -> bool:
        """Return whether a key without a value is really the end of the preceding text, cut off by a comma.

        If so, this joins the text again, so that the same run finds other mistakes too.
        """
        parent = self.stack[-1]
        if self.plain is None or not isinstance(parent, Table):
            return False
        key, start = self.plain
        whole = syntax.rejoined(self.text, start, self.key_at, offset)
        if whole is None:
            return False
        self.keys[-1] = None
        span = parent.value_spans[key]
        cut_off = syntax.CutOff(key=key, text=whole, span=span)
        self.cut_off[start] = cut_off
        parent[key] = whole
        if cut_off.items:
            parent[key] = items = Items(span)
            items.extend(cut_off.items)
            items.spans.extend(span for _ in cut_off.items)
        elif cut_off.duration is not None:
            parent[key] = cut_off.duration
        return True

    def _without_controls(self, text: str, span: Span) -> str:
        """Return a text without control characters, after adding an error: YAML escapes can write them."""
        control = CONTROL.search(text)
        if control is None:
            return text
        message = f"the control character U+{ord(control.group()):04X} is not allowed"
        self.diagnostics.error("encoding", span, message, hint="delete it")
        return CONTROL.sub("", text)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        span = _span(self.path, event)
        if len(self.stack) >= MAX_DEPTH:
            self._stop("syntax", event, f"nested more than {MAX_DEPTH} deep", None)
        if self.stack and type(self.stack[-1]) is Table and self.keys[-1] is None:
            self._stop("syntax", event, *self._odd_beginning(event))
        collection = Table(span) if isinstance(event, yaml.MappingStartEvent) else Items(span)
        self._place(collection, span)
        self.stack.append(collection)
        self.keys.append(None)

    def _odd_beginning(self, event: yaml.CollectionStartEvent) -> tuple[str, str]:
        """Return the message and the hint for a key that begins with a bracket."""
        start = _offset(event.start_mark)
        rest = self.text[start - 1 :].partition("\n")[0]
        if rest.startswith("{{"):
            template = rest[:MAX_TEXT].partition("#")[0].rstrip()
            return "`{{` without quotes begins a mapping of YAML", f"quote the text: `{json.dumps(template)}`"
        return "a key must be plain text", "quote text that begins with a special character"

    def _place(self, value: object, span: Span) -> None:
        self.plain = None
        if not self.stack:
            self.root, self.root_span = value, span
            return
        parent = self.stack[-1]
        if isinstance(parent, Items):
            parent.append(value)
            parent.spans.append(span)
            return
        key = self.keys[-1]
        assert key is not None  # noqa: S101 - a value follows its key
        self.keys[-1] = None
        name, key_span = key
        if name in parent:
            self.duplicates.setdefault(id(parent), []).append((name, key_span, parent))
            if isinstance(value, Table):
                parent.contested.add(name)
            if parent[name] is None:
                parent[name] = value
            return
        parent[name] = value
        parent.key_spans[name] = key_span
        parent.value_spans[name] = span

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        collection, end = self.stack.pop(), _span(self.path, event)
        span = collection.span
        collection.span = span._replace(end_column=end.end_column) if end.line == span.line else span
        if isinstance(collection, Table):
            # PyYAML ends a block at the start of the next one.
            collection.end_line = max(span.line, end.line if end.column > 1 else end.line - 1)

    def _duplicates(self, duplicates: list[tuple[str, Span, Table]]) -> None:
        """Add one error for the keys that a mapping holds twice."""
        key, span, table = duplicates[0]
        related = (Related(span=table.key_spans[key], message="it stands here first"),)
        message, hint = f"`{key}` stands here a second time", "keep one of the two"
        names = {name for name, _, _ in duplicates}
        if len(names) > 1:
            table.torn = True
            message = f"`{key}` stands here a second time, and so do {len(names) - 1} more keys"
            hint = "write the key above it that these belong to, or keep one of each two"
        self.diagnostics.error("duplicate-key", span, message, hint=hint, related=related)

    def _check_plain(self, event: yaml.NodeEvent, tag: str | None) -> None:
        if event.anchor is not None:
            self._refuse_alias(event)
        if tag is not None:
            shown = tag.replace(_YAML_TAGS, "!!", 1) if tag.startswith(_YAML_TAGS) else tag
            hint = "write the value itself, and quote text that begins with `!`"
            self._stop("syntax", event, f"the tag `{shown}` has no meaning here", hint)

    def _check_directives(self, event: yaml.DocumentStartEvent) -> None:
        """Refuse `%YAML` and `%TAG`: the format has one YAML version and no tags."""
        if event.version or event.tags:
            name = "%YAML" if event.version else "%TAG"
            self._stop("syntax", event, f"the directive `{name}` has no meaning here", "take the line out")

    def _check_size(self, event: yaml.ScalarEvent) -> None:
        """Refuse a text that is too long, before a pattern is matched against it: the match could take long."""
        self._count(event)
        if len(event.value) > MAX_TEXT:
            message = f"this text has {len(event.value)} characters, and {MAX_TEXT} are the most"
            self._stop("too-large", event, message, "shorten it, or record parts of a query by rules of their own")

    def _count(self, event: yaml.Event) -> None:
        self.budget.left -= 1
        if self.budget.left < 0:
            message = f"all files together hold more than {MAX_NODES} keys, values and lists"
            self._stop("too-large", event, message, "give some of the systems a specification of their own")

    def _refuse_alias(self, event: yaml.NodeEvent) -> None:
        sign, kind = ("*", "an alias") if isinstance(event, yaml.AliasEvent) else ("&", "an anchor")
        message = f"`{sign}{event.anchor}` is {kind} to YAML, and none are supported"
        hint = "what many systems share stands in `defaults:`; quote text that begins with `" + sign + "`"
        self._stop("alias", event, message, hint)

    def _stop(self, code: str, event: yaml.Event, message: str, hint: str | None) -> None:
        self.diagnostics.error(code, _span(self.path, event), message, hint=hint)
        raise _StopReadingError


def scalar(text: str) -> object:
    """Return a plain scalar's value by YAML 1.2's core schema; a number that would lose digits stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _DIGITS:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


def _offset(mark: Mark | CMark | None) -> int:
    assert mark is not None  # noqa: S101 - the parser gives every event its marks
    return mark.index


def _span(path: str, event: yaml.Event) -> Span:
    start, end = event.start_mark, event.end_mark
    assert start is not None  # noqa: S101 - the parser gives every event its marks
    assert end is not None  # noqa: S101 - see above
    column = start.column + 1
    return Span(path, start.line + 1, column, end.column + 1 if end.line == start.line else column + 1)
