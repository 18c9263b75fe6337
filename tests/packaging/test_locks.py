"""Tests that the locks in `requirements/` are complete: they, not a registry, decide what an installation fetches.

pip 23 resolves a requirement with an extra (`coverage[toml]`) anew although a pin exists, so an installation from a
complete lock fails on the day on which a newer release is published. Nothing may be resolved at install time.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testbed.pythons import versions

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
}
LOCKS = ("base", "compile", "compile-tests", "dev")


def locked(name: str) -> dict[str, Requirement]:
    """Return the pins of one lock by their package's name."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = (line.split("--hash")[0].strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line))
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, lines)}


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, with those of the groups that it includes."""
    members = PROJECT["dependency-groups"][name]
    included = [
        included_line
        for member in members
        if isinstance(member, dict)
        for included_line in group(member["include-group"])
    ]
    return [member for member in members if isinstance(member, str)] + included


def direct_requirements(name: str) -> list[Requirement]:
    """Return the requirements for which `make lock` writes the lock."""
    project = PROJECT["project"]
    extras = [extra_line for extra in ("postgres", "apprise") for extra_line in project["optional-dependencies"][extra]]
    everything = [*project["dependencies"], *extras]
    return [
        Requirement(line)
        for line in {
            "base": [*everything, *group("build")],
            "compile": group("compile"),
            "compile-tests": group("compile-tests"),
            "dev": [*everything, *group("dev")],
        }[name]
    ]


def missing(name: str, environment: dict[str, str]) -> list[str]:
    """Return each requirement, direct or not, that the lock does not answer in this environment."""
    pins = {key: pin for key, pin in locked(name).items() if pin.marker is None or pin.marker.evaluate(environment)}
    waiting, resolved, gaps = [(requirement, "pyproject.toml") for requirement in direct_requirements(name)], set(), []
    while waiting:
        requirement, wanted_by = waiting.pop()
        key = canonicalize_name(requirement.name)
        pin = pins.get(key)
        if pin is None or not requirement.specifier.contains(str(pin.specifier).removeprefix("=="), prereleases=True):
            gaps.append(f"{requirement} (of {wanted_by})")
            continue
        for extra in {"", *requirement.extras}:
            if (key, extra) not in resolved:
                resolved.add((key, extra))
                waiting.extend((further, str(pin)) for further in needs(key, {**environment, "extra": extra}))
    return gaps


def needs(name: str, environment: dict[str, str]) -> list[Requirement]:
    """Return what a package requires in this environment, by the metadata of its installed wheel."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # locked for another platform
        return []
    requirements = map(Requirement, lines)
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    ]


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", versions())
def test_a_lock_answers_every_requirement_of_what_it_holds(name: str, platform: str, python: str) -> None:
    """No requirement is left to look up, direct or not, with extras, on every supported Python."""
    environment = PLATFORMS[platform] | {"python_version": python, "python_full_version": f"{python}.0"}
    assert missing(name, environment) == []


def test_a_requirement_that_a_lock_lacks_is_noticed() -> None:
    """The test looks through all levels of requirements, not only the first."""
    environment = PLATFORMS["linux"] | {"python_version": "3.11", "python_full_version": "3.11.0", "extra": ""}
    assert "jsonschema-specifications" in {
        canonicalize_name(requirement.name) for requirement in needs("jsonschema", environment)
    }
    assert "coverage" in {canonicalize_name(requirement.name) for requirement in needs("pytest-cov", environment)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ")):
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", block), block
        assert "--hash=sha256:" in block


def test_the_locks_agree() -> None:
    """`make test` installs over the packages of `make rules`, so a package has one version."""
    pins = {name: locked(name) for name in LOCKS}
    for smaller in LOCKS:
        for package, pin in pins[smaller].items():
            assert pins["dev"][package].specifier == pin.specifier


def test_what_compiling_needs_is_all_that_make_rules_installs() -> None:
    """The group `compile` repeats the project's own requirements, and names only what the compiler imports."""
    compile_group = {Requirement(line).name: line for line in group("compile")}
    project = {Requirement(line).name: line for line in PROJECT["project"]["dependencies"]}
    ours = {name: line for name, line in compile_group.items() if line not in group("build")}
    assert ours.items() <= project.items()
    packages = metadata.packages_distributions()
    text = "\n".join(path.read_text() for path in (ROOT / "compiler").rglob("*.py"))
    modules = (
        set(re.findall(r"^(?:from|import) (\w+)(?:[\w.]* import |$)", text, re.MULTILINE))
        - sys.stdlib_module_names
        - {"compiler"}
    )
    imported = {canonicalize_name(name) for module in modules for name in packages[module]}
    assert {name for name in map(canonicalize_name, ours) if name != "tzdata"} == imported


def recipes(target: str) -> list[list[str]]:
    """Return the words of each pip command that make would run for a target."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [shlex.split(line) for line in done.stdout.splitlines() if " -m pip " in line]


@pytest.mark.parametrize("target", ["rules", "webhook", "test", "check"])
def test_every_installation_takes_the_lock_as_it_is(target: str) -> None:
    """An installation looks up neither a requirement nor a build dependency of a source archive."""
    commands = recipes(target)
    assert commands
    for words in commands:
        assert "--no-deps" in words
        assert "--no-index" in words or {"--require-hashes", "--only-binary"} <= set(words), words
        assert "--editable" not in words or "--no-build-isolation" in words


def test_make_rules_installs_only_what_compiling_needs() -> None:
    (locks,) = [words for words in recipes("rules") if "--requirement" in words]
    assert locks[-1] == "requirements/compile.txt"


def make_wheel(folder: Path, name: str, version: str, *metadata_lines: str) -> None:
    """Write the smallest wheel that pip installs."""
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{information}/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata_lines, ""]
        ),
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{information}/RECORD"
    files[record] = "".join(f"{path},,\n" for path in [*files, record])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def test_a_release_that_is_published_later_changes_nothing(tmp_path: Path) -> None:
    """A package needs another with an extra, of which a newer release appears: make's flags install the locked one."""
    index, site = tmp_path / "index", tmp_path / "site"
    index.mkdir()
    make_wheel(index, "tocsin_upper", "1.0", "Requires-Dist: tocsin_lower[toml]>=1.0")
    make_wheel(index, "tocsin_lower", "1.0", "Provides-Extra: toml")
    hashes = {path.name.split("-")[0]: hashlib.sha256(path.read_bytes()).hexdigest() for path in index.iterdir()}
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(f"{name}==1.0 --hash=sha256:{digest}\n" for name, digest in hashes.items()))
    make_wheel(index, "tocsin_lower", "2.0", "Provides-Extra: toml")
    (words,) = [words for words in recipes("test") if words[-1] == "requirements/dev.txt"]
    flags = [word for word in words[1:-1] if word != "--require-virtualenv"]
    command = [sys.executable, *flags, str(lock), "--no-index", "--find-links", str(index), "--target", str(site)]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (site / "tocsin_lower.py").read_text() == "VERSION = '1.0'\n"
