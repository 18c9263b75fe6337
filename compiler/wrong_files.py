"""Parse: recognise a file of another program by its first lines and its keys.

`compiler.source_files` asks this before it reports anything else about a file: a user who named the wrong file needs to
hear that, and not which keys it lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from compiler import conventions
from compiler.schema import nodes

_KEY: Final = re.compile(r"^(?:[\"'])?([A-Za-z_][\w-]*)(?:[\"'])?\s*:(?=\s|$)", re.MULTILINE)
_GUIDE_HINT: Final = f"`{conventions.PROGRAM} import --new FILE` begins a {conventions.SPEC_PATH} from a guide"
_NAME_HINT: Final = "`--spec` names the right one"


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """What a file seems to be, the line that shows it, and a hint."""

    kind: str
    line: int
    hint: str


_BY_KEYS: Final = (
    ({"apiVersion", "kind"}, "a manifest of Kubernetes"),
    ({"groups"}, "a rule file of Prometheus"),
    ({"scrape_configs"}, "a configuration of Prometheus"),
    ({"route", "receivers"}, "a configuration of Alertmanager"),
    ({"rule_files", "tests"}, "a test of Prometheus rules"),
    ({"schema_version", "alerts"}, "a catalogue that Tocsin generates"),
    ({"panels"}, "a dashboard of Grafana"),
    ({"services"}, "a file of Docker Compose"),
    ({"openapi", "paths"}, "a description of an HTTP API"),
    ({"$schema", "properties"}, "a JSON Schema"),
    ({"on", "jobs"}, "a workflow of GitHub Actions"),
    ({"stages", "script"}, "a pipeline of GitLab"),
)
_BY_FIRST_LINE: Final = (
    (re.compile(r"#!"), "a program"),
    (re.compile(r"<(?:!doctype|html|\?xml|[a-z]+[ >])", re.IGNORECASE), "a page of the web"),
    (re.compile(r"\[[\w.-]+\]\s*$"), "a file of settings in sections (INI or TOML)"),
)
_PAGE: Final = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_MARKDOWN: Final = re.compile(
    r"^(?:#{1,6} .+\n(?:.*\n)*?(?:[-*] \S|#{1,6} \S|\| ?\S|```|[A-Z][^:\n]*[.,]\s*$))", re.MULTILINE
)


def guess(text: str) -> Guess | None:
    """Return what a text seems to be, or None if it may be thresholds.yaml or a file that it includes."""
    keys = _top_keys(text)
    own = nodes.known([]) - {"version"}
    if own & set(keys):
        return None
    for shown_keys, kind in _BY_KEYS:
        if shown_keys <= set(keys):
            return Guess(kind=kind, line=_line_of(text, keys), hint=_NAME_HINT)
    first = next((line for line in text.split("\n") if line.strip()), "")
    for pattern, kind in _BY_FIRST_LINE:
        if pattern.match(first):
            return Guess(kind=kind, line=text.split("\n").index(first) + 1, hint=_NAME_HINT)
    if not keys and first.startswith("#") and _MARKDOWN.match(text.lstrip()):
        return Guess(kind="a guide in Markdown", line=text.split("\n").index(first) + 1, hint=_GUIDE_HINT)
    return None


def is_page(text: str) -> bool:
    """Return whether a text is a web page, such as a login page that was saved instead of the document."""
    return _PAGE.match(text) is not None


def _top_keys(text: str) -> list[str]:
    """Return the unindented keys of a YAML text, or the keys of a JSON object."""
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except ValueError:
            return []
        return list(content) if isinstance(content, dict) else []
    return _KEY.findall(text)


def _line_of(text: str, keys: Iterable[str]) -> int:
    """Return the first line that holds one of the keys."""
    places = [match.start() for key in keys if (match := re.search(rf"[\"']?\b{re.escape(key)}[\"']?\s*:", text))]
    return text.count("\n", 0, min(places, default=0)) + 1
