"""Damages that know paths: included files, folders and pipes in the place of files, links that form loops."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from testbed.fuzz import nasty
from testbed.fuzz.case import SPEC, Case, encoded

_SYSTEM: Final = re.compile(r"^  (?P<name>[a-z][a-z0-9-]*):\n(?:(?:    .*)?\n)+", re.MULTILINE)
_INCLUDED: Final = "systems/{}.yaml"
_ODD_NAMES: Final = (
    "sh\udce9p.md",
    "caf\udce9.yaml",
    "\n.yaml",
    "\x1b[2J.yaml",
    " .yaml",
    "[.yaml",
    "-.yaml",
    "x" * 250 + ".yaml",
)
_BLOCKED: Final = (
    "catalog.json",
    "alertmanager/alertmanager.yml",
    "prometheus/rules/watchdog.rules.yml",
    "prometheus/rules/shop.rules.yml",
)


def split(case: Case, random: Random) -> Case:
    """Return the case with one system in a file of its own, which the main file includes."""
    head, mark, systems_text = case.text(SPEC).partition("\nsystems:\n")
    systems = list(_SYSTEM.finditer(systems_text))
    if not mark or not systems:
        return case
    chosen = random.choice(systems)
    rest = systems_text[: chosen.start()] + systems_text[chosen.end() :]
    text = head.replace("version: 1\n", "version: 1\ninclude: systems/*.yaml\n", 1) + mark + rest
    part = f"version: 1\nsystems:\n{chosen.group()}"
    return case.with_file(SPEC, encoded(text)).with_file(_INCLUDED.format(chosen["name"]), encoded(part))


def damage(case: Case, random: Random) -> Case:
    """Return the case with a path changed, or with another kind of file at a path."""
    return random.choice(_CHANGES)(case, random)


def _include(case: Case, random: Random) -> Case:
    if SPEC not in case.files:
        return case
    chosen = [random.choice(nasty.PATTERNS) for _ in range(random.choice((1, 1, 2, 5)))]
    written = json.dumps(chosen[0] if len(chosen) == 1 else chosen)
    text = case.text(SPEC)
    text = re.sub(r"^include:.*\n", "", text, flags=re.MULTILINE)
    return case.with_file(SPEC, encoded(text.replace("version: 1\n", f"version: 1\ninclude: {written}\n", 1)))


def _name(case: Case, random: Random) -> Case:
    if SPEC not in case.files:
        return case
    text = case.text(SPEC)
    references = list(re.finditer(r"runbook: (?P<path>runbooks/\S+)", text))
    if not references:
        return case
    chosen, path = random.choice(references), json.dumps(random.choice(nasty.PATHS))
    return case.with_file(SPEC, encoded(text[: chosen.start("path")] + path + text[chosen.end("path") :]))


def _remove(case: Case, random: Random) -> Case:
    return case.without_file(random.choice(sorted(case.files)))


def _folder(case: Case, random: Random) -> Case:
    path = random.choice(sorted(case.files))
    return replace(case.without_file(path), folders=(*case.folders, path))


def _pipe(case: Case, random: Random) -> Case:
    path = random.choice(
        [*case.runbooks(), *(path for path in sorted(case.files) if path.startswith("systems/"))] or ["pipe"]
    )
    return replace(case.without_file(path), pipes=(*case.pipes, path))


def _link(case: Case, random: Random) -> Case:
    path = random.choice([*sorted(case.files), "loop", "systems", "dangling"])
    targets = (
        ".",
        "..",
        path.rpartition("/")[2],
        "nowhere",
        "/dev/zero",
        "/dev/full",
        "/proc/self/mem",
        "runbooks",
        SPEC,
        "/",
    )
    return replace(case.without_file(path), links={**case.links, path: random.choice(targets)})


def _odd_name(case: Case, random: Random) -> Case:
    """Add a file whose name is not UTF-8, or has characters that some programs take for something else."""
    folder, name = random.choice(("", "runbooks/", "systems/")), random.choice(_ODD_NAMES)
    return _include(case.with_file(folder + name, b"version: 1\n"), random)


def _block(case: Case, random: Random) -> Case:
    """Let writing fail: put a folder where an artifact belongs."""
    return replace(case, blocked=random.choice(_BLOCKED))


_CHANGES: Final[tuple[Callable[[Case, Random], Case], ...]] = (
    *(_include, _include, _name, _name, _remove, _folder, _pipe, _link, _link, _odd_name, _block),
)
