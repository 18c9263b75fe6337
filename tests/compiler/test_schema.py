"""The published schemas: complete, true to the kinds of signal, and kept by the repository's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from compiler import document, schema
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.schema.__main__ import publish
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
    """Return a subschema with what it refers to; its own words come first."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    return ({**root["$defs"][name]} if name else {}) | node


THRESHOLDS_KEYS = dict(keys_of(THRESHOLDS))
CATALOG_KEYS = dict(keys_of(CATALOG))


@pytest.mark.parametrize("path", THRESHOLDS_KEYS)
def test_every_key_of_thresholds_is_described_with_examples_that_it_accepts(path: str) -> None:
    """An editor completes and explains from these; an example that does not hold would lead astray."""
    node = with_reference(THRESHOLDS_KEYS[path], THRESHOLDS)
    assert node.get("description")
    assert node.get("examples")
    validator = Draft202012Validator({**THRESHOLDS_KEYS[path], "$defs": THRESHOLDS["$defs"]})
    for example in node["examples"]:
        assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("path", CATALOG_KEYS)
def test_every_key_of_the_catalogue_is_described(path: str) -> None:
    """The schema is the reference of everybody who reads the catalogue."""
    assert with_reference(CATALOG_KEYS[path], CATALOG).get("description")


@pytest.mark.parametrize("node", [THRESHOLDS, CATALOG], ids=["thresholds", "catalogue"])
def test_a_published_schema_is_one(node: dict[str, Any]) -> None:
    """It keeps to draft 2020-12 and refers to nothing that is not there."""
    Draft202012Validator.check_schema(node)
    for _, child in keys_of(node):
        assert with_reference(child, node)


def test_the_published_schema_knows_the_kinds_as_they_are() -> None:
    """`python -m compiler.schema` has been run since a kind of signal changed."""
    assert schema.text(schema.THRESHOLDS) == publish()


def test_the_repository_keeps_to_its_schema() -> None:
    """The first line of thresholds.yaml names the schema by a path that exists, and the file passes."""
    text = (ROOT / "thresholds.yaml").read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (ROOT / first.partition("=")[2]).samefile(ROOT / "compiler" / "schema" / schema.THRESHOLDS)
    table = document.parse("thresholds.yaml", text, Diagnostics())
    assert list(Draft202012Validator(THRESHOLDS).iter_errors(table)) == []


@pytest.mark.parametrize("spec", [ROOT / "thresholds.yaml", DATA / "base" / "thresholds.yaml"], ids=["own", "base"])
def test_a_compiled_catalogue_keeps_to_its_schema(spec: Path) -> None:
    """What the webhook validates on loading is what the compiler writes."""
    artifacts = {one.path: one.content for one in compile_spec(spec).artifacts}
    catalog = json.loads(artifacts["catalog.json"])
    assert catalog["alerts"]
    assert [error.message for error in Draft202012Validator(CATALOG).iter_errors(catalog)] == []
    assert json.loads(artifacts["catalog.schema.json"]) == CATALOG


def test_an_included_file_may_hold_signals_and_systems_alone() -> None:
    """What concerns the whole house stands in the main file."""
    diagnostics = Diagnostics()
    table = document.parse("s.yaml", "version: 1\nlinks: {}\nsystems: {}\n", diagnostics)
    assert table is not None
    assert schema.validate(table, diagnostics, included=True)
    (found,) = diagnostics.found
    assert (found.code, found.span.line) == ("unknown-key", 2)
    assert found.hint == "known here: `signals`, `systems`, `version`"
