"""Tests of the published schemas: they are complete, agree with the kinds of signal, and fit the repository's files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from compiler import document, schema, syntax
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.schema.__main__ import publish
from compiler.schema.validator import validator
from tests.compiler.base import DATA, ROOT

THRESHOLDS: dict[str, Any] = json.loads(schema.text(schema.THRESHOLDS))
CATALOG: dict[str, Any] = json.loads(schema.text(schema.CATALOG))


def keys_of(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each key that a document of the schema can have, with its subschema."""
    for name, child in node.get("properties", {}).items():
        yield f"{path}/{name}", child
        yield from keys_of(child, f"{path}/{name}")
    for keyword in ("additionalProperties", "items"):
        if isinstance(child := node.get(keyword), dict):
            yield from keys_of(child, f"{path}/{keyword}")
    for name, child in node.get("$defs", {}).items():
        yield f"{path}/$defs/{name}", child
        yield from keys_of(child, f"{path}/$defs/{name}")


def with_reference(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return a subschema merged with the one that it refers to. Its own keywords take precedence."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    return ({**root["$defs"][name]} if name else {}) | node


THRESHOLDS_KEYS = dict(keys_of(THRESHOLDS))
CATALOG_KEYS = dict(keys_of(CATALOG))


@pytest.mark.parametrize("path", THRESHOLDS_KEYS)
def test_every_key_of_thresholds_is_described_with_examples_that_it_accepts(path: str) -> None:
    """Editors complete and explain from these. An example that does not fit would mislead."""
    node = with_reference(THRESHOLDS_KEYS[path], THRESHOLDS)
    assert node.get("description")
    assert node.get("examples")
    validator = Draft202012Validator({**THRESHOLDS_KEYS[path], "$defs": THRESHOLDS["$defs"]})
    for example in node["examples"]:
        assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("path", CATALOG_KEYS)
def test_every_key_of_the_catalogue_is_described(path: str) -> None:
    """Everybody who reads the catalogue uses the schema as the reference."""
    assert with_reference(CATALOG_KEYS[path], CATALOG).get("description")


@pytest.mark.parametrize("node", [THRESHOLDS, CATALOG], ids=["thresholds", "catalogue"])
def test_a_published_schema_is_one(node: dict[str, Any]) -> None:
    """It conforms to draft 2020-12, and all its references exist."""
    Draft202012Validator.check_schema(node)
    for _, child in keys_of(node):
        assert with_reference(child, node)


def test_the_published_schemas_know_kinds_and_channels_as_they_are() -> None:
    """Fails until `python -m compiler.schema` has been run after a change of a kind of signal or a channel."""
    assert publish() == {schema.THRESHOLDS: schema.text(schema.THRESHOLDS)}


def test_the_repository_keeps_to_its_schema() -> None:
    """The first line of thresholds.yaml names the schema by an existing path, and the file is valid."""
    text = (ROOT / "thresholds.yaml").read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (ROOT / first.partition("=")[2]).samefile(ROOT / "compiler" / "schema" / schema.THRESHOLDS)
    table = document.parse("thresholds.yaml", text, Diagnostics())
    assert list(Draft202012Validator(THRESHOLDS).iter_errors(table)) == []


@pytest.mark.parametrize("spec", [ROOT / "thresholds.yaml", DATA / "base" / "thresholds.yaml"], ids=["own", "base"])
def test_a_compiled_catalogue_keeps_to_its_schema(spec: Path) -> None:
    """The webhook validates on loading what the compiler writes."""
    artifacts = {artifact.path: artifact.content for artifact in compile_spec(spec).artifacts}
    catalog = json.loads(artifacts["catalog.json"])
    assert catalog["alerts"]
    assert [error.message for error in Draft202012Validator(CATALOG).iter_errors(catalog)] == []
    assert json.loads(artifacts["catalog.schema.json"]) == CATALOG


def test_an_included_file_may_hold_signals_and_systems_alone() -> None:
    """Settings of the whole house stand in the main file."""
    diagnostics = Diagnostics()
    table = document.parse("s.yaml", "version: 1\nlinks: {}\nsystems: {}\n", diagnostics)
    assert table is not None
    assert schema.validate(table, diagnostics, included=True)
    (finding,) = diagnostics.found
    assert (finding.code, finding.span.line) == ("unknown-key", 2)
    assert finding.hint == "write it into the main file; an included one holds `signals` and `systems`"


PATTERNS = {path: node["pattern"] for path, node in THRESHOLDS_KEYS.items() if "pattern" in node}


@pytest.mark.parametrize("path", [path for path, pattern in PATTERNS.items() if pattern.endswith("$")])
def test_the_end_of_a_pattern_is_the_end_of_the_text(path: str) -> None:
    """The standard says so: a line feed behind a valid text is one character too many."""
    node = with_reference(THRESHOLDS_KEYS[path], THRESHOLDS)
    (example, *_) = [candidate for candidate in node["examples"] if isinstance(candidate, str)]
    accepting = validator({"pattern": node["pattern"]})
    assert accepting.is_valid(example)
    assert not accepting.is_valid(f"{example}\n")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"^a\$$", "a$", True),
        (r"^a\$$", "a", False),
        (r"^[$]$", "$", True),
        (r"^[\]$]$", "$", True),
        (r"^(a$|b)", "a\n", False),
        (r"a$", "xa", True),
    ],
)
def test_a_dollar_sign_that_is_meant_stays_one(pattern: str, text: str, fits: bool) -> None:  # noqa: FBT001 - a column
    """Behind a backslash and in a set, the dollar sign is a character."""
    assert validator({"pattern": pattern}).is_valid(text) == fits


@pytest.mark.parametrize(
    "url",
    [
        "http://tocsin:9095/\n",
        "http://tocsin:9095/\x07",
        "http://tocsin:9095/\x7f",
        "http://tocsin:9095/%",
        "http://tocsin:9095/%4",
        "http://tocsin:9095/%zz",
        "http://tocsin:9095/a b",
        "http://tocsin:9095\n/",
        "http://user:word@tocsin:9095/",
    ],
)
def test_an_address_that_alertmanager_could_not_load_is_refused(url: str) -> None:
    """Alertmanager would refuse the configuration (Go, `net/url`), and no alert would reach anybody."""
    assert not accepts("webhook", url)


@pytest.mark.parametrize("url", ["http://tocsin", "https://[::1]:9095/a%20b?c=%C3%BC#d", "http://10.0.0.1:9095/ü"])
def test_an_address_with_escapes_is_one(url: str) -> None:
    """Go reads two digits behind the percent sign."""
    assert accepts("webhook", url)


@pytest.mark.parametrize(
    "link",
    [
        "https://docs.example.com/{{path}}#{anchor}",
        "https://docs.example.com/{path}#{anchor}{{ $value }}",
        "https://docs.example.com/{path}#{anchor}?of={system}",
        "https://docs.example.com/{path}#{anchor}\n",
        "https://docs.example.com/{path}",
        "{path}#{anchor}",
    ],
)
def test_a_link_of_other_parts_than_path_and_anchor_is_refused(link: str) -> None:
    """The link becomes an annotation, which Prometheus reads as a template."""
    assert not accepts("link", link)


def accepts(field: str, text: str) -> bool:
    """Return whether the schema accepts a text as the webhook's address, or as the link to a runbook."""
    path = {"webhook": "/$defs/routing/webhook/url", "link": "/links/runbook"}[field]
    assert validator(THRESHOLDS_KEYS[path]).is_valid(THRESHOLDS_KEYS[path]["examples"][0])
    return validator(THRESHOLDS_KEYS[path]).is_valid(text)


@pytest.mark.parametrize("name", ["id", "signal_id"])
def test_an_id_has_sixty_three_characters_at_the_most(name: str) -> None:
    """The id becomes a part of the names of files and rules."""
    accepting = validator(THRESHOLDS["$defs"][name])
    assert accepting.is_valid("a" * 63)
    assert not accepting.is_valid("a" * 64)


def test_the_keys_whose_commas_part_items_are_lists() -> None:
    """Each key that `compiler.syntax` treats as a list without brackets is a list in the schema."""
    parts = [THRESHOLDS, *THRESHOLDS["$defs"].values()]
    keys = [(path.rpartition("/")[2], json.dumps(node)) for part in parts for path, node in keys_of(part)]
    named = re.compile(r'"#/\$defs/(\w+)"')
    lists = {
        name
        for name, shown in keys
        if '"array"' in shown
        or any('"array"' in json.dumps(THRESHOLDS["$defs"][definition]) for definition in named.findall(shown))
    }
    assert lists >= syntax.LISTS
