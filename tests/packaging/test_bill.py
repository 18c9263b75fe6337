"""What the wheel is made of and brings along: a bill of materials, a pinned build, and an audit that says what it knows."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from testbed import audit
from tests.packaging.test_locks import LOCKS, PLATFORMS, PROJECT, ROOT, asked, locked

BILL: dict[str, Any] = json.loads((ROOT / "requirements" / "bill.cdx.json").read_text())

VULNERABLE = {"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2", "1.1"]}]}


def test_bill_names_what_is_locked_and_nothing_else() -> None:
    """Name, version and package URL of each release that the tests ran with on Linux."""
    environment = {**PLATFORMS["linux"], "python_version": "3.11", "python_full_version": "3.11.7"}
    pins = {
        name: str(pin.specifier).removeprefix("==")
        for name, pin in locked("base").items()
        if pin.marker is None or pin.marker.evaluate(environment)
    }
    assert {canonicalize_name(one["name"]): one["version"] for one in BILL["components"]} == pins
    for one in BILL["components"]:
        assert one["purl"] == f"pkg:pypi/{canonicalize_name(one['name'])}@{one['version']}"


def test_bill_says_who_needs_whom() -> None:
    """Whoever hears of a vulnerable release sees by which way it comes in."""
    known = {one["bom-ref"] for one in BILL["components"]} | {"root-component"}
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in BILL["dependencies"]}
    assert {*needs} == known
    [flask] = [ref for ref in known if ref.lower().startswith("flask==")]
    assert any(ref.lower().startswith("werkzeug==") for ref in needs[flask])
    names = {canonicalize_name(one.name) for one in asked("base")}
    reached: set[str] = set()
    waiting = ["root-component", *(ref for ref in known if canonicalize_name(ref.partition("==")[0]) in names)]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached == known


def test_wheel_carries_the_bill(wheel: Path) -> None:
    """Where PEP 770 says that scanners look for it."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [one for one in archive.namelist() if ".dist-info/sboms/" in one]
        assert json.loads(archive.read(name)) == BILL
    assert BILL["metadata"]["component"]["version"] == PROJECT["project"]["version"]


def test_build_backend_is_the_locked_one() -> None:
    """Whoever builds from source builds with what the tests built with."""
    [backend] = PROJECT["build-system"]["requires"]
    assert {str(locked(name)["hatchling"]) for name in LOCKS} == {backend}


@pytest.mark.parametrize(
    ("output", "text", "status"),
    [
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}',
            "1 releases, none known to be vulnerable",
            0,
        ),
        (
            json.dumps(
                {
                    "dependencies": [
                        VULNERABLE,
                        {**VULNERABLE, "name": "b", "vulns": [{"id": "X-2", "fix_versions": []}]},
                    ]
                }
            ),
            "a 1: X-1, mended in 2, 1.1\nb 1: X-2, mended in no release yet",
            1,
        ),
        (
            '{"dependencies": [{"name": "a", "skip_reason": "not found"}]}',
            "not audited: the registry says nothing of vulnerabilities",
            0,
        ),
        ("", "not audited: the registry does not answer", 0),
        ("Traceback", "not audited: the registry does not answer", 0),
        ("[]", "not audited: the registry does not answer", 0),
    ],
)
def test_audit_says_what_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str, text: str, status: int
) -> None:
    """A vulnerable release fails the build; a registry that does not know is said, and does not."""
    done = subprocess.CompletedProcess[str]([], 1, output, "")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.main([]) == status
    assert capsys.readouterr().out == f"{text}\n"


def test_audit_is_part_of_the_tests_environment() -> None:
    """The tool is locked as everything else is."""
    done = subprocess.run([sys.executable, "-m", "pip_audit", "--version"], capture_output=True, check=False)
    assert done.returncode == 0
