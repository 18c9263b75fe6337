"""Tests of the wheel's contents: a bill of materials, a pinned build, and an audit that says what it knows."""

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
from tests.packaging.test_locks import LOCKS, PLATFORMS, PROJECT, ROOT, direct_requirements, locked

BILL: dict[str, Any] = json.loads((ROOT / "requirements" / "bill.cdx.json").read_text())

VULNERABLE = {"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2", "1.1"]}]}


def test_bill_names_what_is_locked_and_nothing_else() -> None:
    """It holds name, version and package URL of each release that the tests run with on Linux."""
    environment = {**PLATFORMS["linux"], "python_version": "3.11", "python_full_version": "3.11.7"}
    pins = {
        name: str(pin.specifier).removeprefix("==")
        for name, pin in locked("base").items()
        if pin.marker is None or pin.marker.evaluate(environment)
    }
    assert {canonicalize_name(component["name"]): component["version"] for component in BILL["components"]} == pins
    for component in BILL["components"]:
        assert component["purl"] == f"pkg:pypi/{canonicalize_name(component['name'])}@{component['version']}"


def test_bill_says_who_needs_whom() -> None:
    """Whoever hears of a vulnerable release sees which package requires it."""
    known = {component["bom-ref"] for component in BILL["components"]} | {"root-component"}
    needs = {dependency["ref"]: set(dependency.get("dependsOn", ())) for dependency in BILL["dependencies"]}
    assert {*needs} == known
    [flask] = [ref for ref in known if ref.lower().startswith("flask==")]
    assert any(ref.lower().startswith("werkzeug==") for ref in needs[flask])
    names = {canonicalize_name(requirement.name) for requirement in direct_requirements("base")}
    reached: set[str] = set()
    waiting = ["root-component", *(ref for ref in known if canonicalize_name(ref.partition("==")[0]) in names)]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached == known


def test_wheel_carries_the_bill(wheel: Path) -> None:
    """It lies where PEP 770 tells scanners to look."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [member for member in archive.namelist() if ".dist-info/sboms/" in member]
        assert json.loads(archive.read(name)) == BILL
    assert BILL["metadata"]["component"]["version"] == PROJECT["project"]["version"]


def test_build_backend_is_the_locked_one() -> None:
    """A build from source uses the same backend as the tests."""
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
    """A vulnerable release fails the build; an unreachable registry is reported, and does not."""
    done = subprocess.CompletedProcess[str]([], 1, output, "")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.main([]) == status
    assert capsys.readouterr().out == f"{text}\n"


def test_audit_is_part_of_the_tests_environment() -> None:
    """The tool is locked like everything else."""
    done = subprocess.run([sys.executable, "-m", "pip_audit", "--version"], capture_output=True, check=False)
    assert done.returncode == 0
