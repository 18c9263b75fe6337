"""Tests of the rules for imports: which module may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import webhook
from webhook.channels import CHANNELS

ROOT = Path(webhook.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)
PURE = [
    *sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in FILES if path.parent.name == "incidents"),
    *sorted(
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in FILES
        if path.parent.name == "render" and path.stem != "templates"
    ),
    *("catalog/model", "catalog/parse", "catalog/schedule", "workers/backoff"),
    *(
        "callback_events",
        "commands",
        "mail_server",
        "payload",
        "payload_stream",
        "payload_texts",
        "quantity",
        "secret",
        "severity",
        "signatures",
    ),
    *("timestamps", "untrusted"),
]
IMPURE = {
    "flask",
    "sqlalchemy",
    "requests",
    "urllib3",
    "gunicorn",
    "smtplib",
    "socket",
    "threading",
    "time",
    "random",
    "os",
}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("room", PURE)
def test_pure_room_knows_no_input_or_output(room: str) -> None:
    """It imports no web, SQL, network, clock or random numbers, directly or through another module of the package."""
    visited, waiting = set[str](), [room]
    while waiting:
        name = waiting.pop()
        visited.add(name)
        imported = imports(ROOT / f"{name}.py")
        assert not {module.partition(".")[0] for module in imported} & IMPURE, name
        neighbours = {
            module.removeprefix("webhook.").replace(".", "/") for module in imported if module.startswith("webhook.")
        }
        waiting += [neighbour for neighbour in neighbours - visited if (ROOT / f"{neighbour}.py").exists()]


def test_webhook_never_imports_the_compiler() -> None:
    """They share a file, not code."""
    assert not [path for path in FILES if any(name.partition(".")[0] == "compiler" for name in imports(path))]


def test_senders_know_nothing_of_each_other() -> None:
    """The registry finds them all, and nobody imports one."""
    senders = {
        path.stem
        for path in FILES
        if path.parent.name == "senders" and path.stem != "registry" and "def configured(" in path.read_text()
    }
    assert len(senders) == len(CHANNELS)
    for path in FILES:
        known = {
            name.removeprefix("webhook.senders.").partition(".")[0]
            for name in imports(path)
            if name.startswith("webhook.senders.")
        }
        allowed = {path.stem} if path.parent.name == "senders" else set()
        assert known & senders <= allowed, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_its_place(path: Path) -> None:
    """A reader can find the package's map from any file."""
    assert ast.get_docstring(ast.parse(path.read_text()))
