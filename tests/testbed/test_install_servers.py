import shutil
import subprocess
from pathlib import Path

import pytest

import testbed

SCRIPT = Path(testbed.__file__).with_name("install-servers")
PLAIN_TOOLS = [
    "bash",
    "basename",
    "cat",
    "dirname",
    "env",
    "grep",
    "head",
    "ln",
    "mkdir",
    "mktemp",
    "readlink",
    "rm",
    "sed",
    "touch",
]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return the only folder on the PATH of a machine that has no package manager and no servers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in PLAIN_TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def _install(machine: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), str(machine.parent / "servers")]
    env |= {"PATH": str(machine), "HOME": str(machine.parent)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def _add(machine: Path, name: str, version: str) -> None:
    program = machine / name
    program.write_text(f"#!/usr/bin/env bash\necho '{name}, version {version} (branch: x)'\n")
    program.chmod(0o755)


def test_servers_on_the_path_are_linked_into_the_generation_of_their_version(machine: Path) -> None:
    """Without a package manager what is installed is used, under one name whatever the system calls it."""
    for name, version in [
        ("prometheus", "2.42.0"),
        ("promtool", "3.5.0"),
        ("prometheus-alertmanager", "0.25.0"),
        ("amtool", "0.33.1"),
    ]:
        _add(machine, name, version)
    done = _install(machine)
    assert done.returncode == 0
    servers = machine.parent / "servers"
    links = {path.relative_to(servers).as_posix(): str(path.readlink()) for path in servers.glob("*/bin/*")}
    assert links == {
        "oldest/bin/prometheus": f"{machine}/prometheus",
        "oldest/bin/alertmanager": f"{machine}/prometheus-alertmanager",
        "newest/bin/promtool": f"{machine}/promtool",
        "newest/bin/amtool": f"{machine}/amtool",
    }
    assert "oldest: prometheus 2.42.0, no promtool, alertmanager 0.25.0, no amtool" in done.stdout
    assert "newest: no prometheus, promtool 3.5.0, no alertmanager, amtool 0.33.1" in done.stdout


def test_an_incomplete_set_is_tried_again_and_a_failure_only_in_ci(machine: Path) -> None:
    """No stamp is left behind, so that `make` comes back to it; without servers the other tests still run."""
    done = _install(machine)
    assert (done.returncode, (machine.parent / "servers" / ".stamp").exists()) == (0, False)
    assert "tests that need a missing server are skipped" in done.stdout
    assert _install(machine, CI="true").returncode == 1


def test_a_complete_set_is_stamped_and_left_alone(machine: Path) -> None:
    """The second run finds everything in place, also where the servers have left the PATH."""
    servers = machine.parent / "servers"
    for generation in ("oldest", "newest"):
        place = servers / generation / "bin"
        place.mkdir(parents=True)
        for name in ("prometheus", "promtool", "alertmanager", "amtool"):
            _add(place, name, "9.9.9")
    done = _install(machine, CI="true")
    assert (done.returncode, done.stderr, (servers / ".stamp").exists()) == (0, "", True)


def test_wrong_usage_is_told(machine: Path) -> None:
    """A folder is needed."""
    done = subprocess.run([SCRIPT], env={"PATH": str(machine)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: install-servers DIR\n")
