"""Tests that servers come from Debian's signed archive, by version and hash, or from the PATH on request."""

import hashlib
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
        program = shutil.which(tool)
        assert program
        (folder / tool).symlink_to(program)
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
    """Whoever asks for it uses what is installed, under one name whatever the system calls it."""
    for name, version in [
        ("prometheus", "2.42.0"),
        ("promtool", "3.5.0"),
        ("prometheus-alertmanager", "0.25.0"),
        ("amtool", "0.33.1"),
    ]:
        _add(machine, name, version)
    done = _install(machine, TOCSIN_SERVERS="path")
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


def test_nothing_is_taken_from_the_path_unasked(machine: Path) -> None:
    """The tests do not run with whatever happens to be on a machine."""
    _add(machine, "prometheus", "2.42.0")
    done = _install(machine)
    assert "oldest: no prometheus, no promtool" in done.stdout
    assert "TOCSIN_SERVERS=path takes what is installed" in done.stderr


def test_an_incomplete_set_is_tried_again_and_a_failure_only_in_ci(machine: Path) -> None:
    """No stamp is left behind, so that `make` tries again; without servers the other tests still run."""
    done = _install(machine)
    assert (done.returncode, (machine.parent / "servers" / ".stamp").exists()) == (0, False)
    assert "tests that need a missing server are skipped" in done.stdout
    assert _install(machine, CI="true").returncode == 1


def test_a_complete_set_is_stamped_and_left_alone(machine: Path) -> None:
    """The second run finds everything in place, even if the servers have left the PATH."""
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
    assert (done.returncode, done.stderr) == (2, "usage: install-servers [--lock] DIR\n")


PROGRAMS = {
    "prometheus": ["prometheus"],
    "promtool": ["promtool"],
    "prometheus-alertmanager": ["prometheus-alertmanager", "amtool"],
    "victoria-metrics": ["vmalert"],
}
VERSION = "1.2-3"
APT = """#!/usr/bin/env bash
case "$*" in
  *--print-uris*) echo "'http://mirror.invalid/debian/dists/bookworm/InRelease' x 0" ;;
  *" download "*) while [ "$1" != download ]; do shift; done; shift; for name; do cp "$PACKAGES/$name"_*.deb .; done ;;
esac
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with the script, an empty lock, and the packages of a made-up archive."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on this machine")
    place = tmp_path / "archive"
    (place / "packages").mkdir(parents=True)
    shutil.copy(SCRIPT, place)
    (place / "servers.lock").write_text("# What the tests ran with.\n")
    (place / "apt-get").write_text(APT)
    (place / "apt-get").chmod(0o755)
    for package, programs in PROGRAMS.items():
        root = tmp_path / package
        (root / "DEBIAN").mkdir(parents=True)
        control = f"Package: {package}\nVersion: {VERSION}\nArchitecture: amd64\nMaintainer: x\nDescription: x\n"
        (root / "DEBIAN" / "control").write_text(control)
        (root / "usr/bin").mkdir(parents=True)
        for program in programs + (["promtool"] if package == "prometheus" else []):
            _add(root / "usr/bin", program, "9.9.9")
        if package == "prometheus-alertmanager":
            templates = root / "usr/share/prometheus/alertmanager"
            templates.mkdir(parents=True)
            (templates / "default.tmpl").write_text("x")
        packages = str(place / "packages")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, packages], check=True, capture_output=True)
    return place


def _fetch(archive: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(archive / "install-servers"), *arguments, str(archive / "servers")]
    settings = {"PATH": f"{archive}:/usr/bin:/bin", "HOME": str(archive), "PACKAGES": str(archive / "packages"), **env}
    shutil.rmtree(archive / "servers", ignore_errors=True)
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


def _locked(archive: Path) -> list[str]:
    lines = (archive / "servers.lock").read_text().splitlines()
    assert lines[0].startswith("#")
    return lines[1:]


def test_lock_names_each_package_by_version_and_hash(archive: Path) -> None:
    """Once written, the lock counts, even if only the locked versions are allowed."""
    done = _fetch(archive, "--lock")
    assert done.returncode == 0, done.stderr
    assert f"prometheus {VERSION}, not the locked one: there is none for amd64" in done.stderr
    [whole] = (archive / "packages").glob("promtool_*.deb")
    assert f"newest promtool {VERSION} amd64 {hashlib.sha256(whole.read_bytes()).hexdigest()}" in _locked(archive)
    again = _fetch(archive, TOCSIN_SERVERS="locked")
    assert (again.returncode, again.stderr) == (0, "")
    assert (archive / "servers" / ".stamp").exists()


def test_another_file_of_the_locked_version_is_refused(archive: Path) -> None:
    """None of its files is unpacked."""
    _fetch(archive, "--lock")
    lock = archive / "servers.lock"
    lock.write_text(
        "\n".join(line[:-64] + "0" * 64 if " promtool " in line else line for line in lock.read_text().splitlines())
    )
    done = _fetch(archive, CI="true")
    assert done.returncode == 1
    assert f"newest: promtool {VERSION} is not the file of servers.lock" in done.stderr
    assert not (archive / "servers" / "newest").exists()
    assert (archive / "servers" / "oldest").exists()


@pytest.mark.parametrize(("strict", "returncode"), [("", 0), ("locked", 1)])
def test_archive_that_has_moved_on_is_said(archive: Path, strict: str, returncode: int) -> None:
    """Debian keeps only the newest version of a suite; a setting requires the locked version or nothing."""
    _fetch(archive, "--lock")
    lock = archive / "servers.lock"
    lock.write_text(lock.read_text().replace(f" {VERSION} ", " 1.2-2 "))
    done = _fetch(archive, CI="true", TOCSIN_SERVERS=strict)
    assert done.returncode == returncode
    assert f"prometheus-alertmanager {VERSION}, not the locked 1.2-2" in done.stderr
    assert (archive / "servers" / "oldest").exists() is (strict == "")


def test_other_architectures_stay_in_the_lock(archive: Path) -> None:
    """Each architecture is renewed on a machine of its own."""
    lock = archive / "servers.lock"
    lock.write_text(lock.read_text() + f"newest promtool {VERSION} arm64 {'a' * 64}\n")
    _fetch(archive, "--lock")
    assert sum(" arm64 " in line for line in _locked(archive)) == 1
    assert sum(" amd64 " in line for line in _locked(archive)) == len(PROGRAMS) + 2
