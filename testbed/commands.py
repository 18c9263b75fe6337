"""Run commands that are filled from labels, and check that a value is never more than an argument.

This module compiles each template, fills it with each value and runs it. bash runs shell commands in a folder of its
own, with a PATH that holds only stand-ins, which record their arguments. The stand-in of `ssh` passes its words to
another shell, as the real one does. SQLite runs SQL. The effect must be that of a harmless word, with the value in the
word's place. `python -m testbed.commands` runs all combinations, the tests run a part.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compiler.runbooks.commands import commands
from testbed.command_cases import SHELL, SQL, VALUES
from webhook.catalog.model import Command, Place, Placeholder
from webhook.commands import Filled, fill

SECONDS: Final = 60
HARMLESS: Final = "zqz7"

_STUB: Final = """#!/bin/bash
IFS=$'\\x1f'
printf '%s\\n' "${0##*/}$IFS$*" >> "$RECORD"
IFS=' '
case "${0##*/}" in
  ssh) [ $# -gt 1 ] && shift && exec /bin/bash -c "$*" ;;
  sh|bash) exec /bin/bash "$@" ;;
  make|ansible-playbook|script|vim) for a in "$@"; do /bin/bash -c "echo \\"$a\\"" ; done ;;
esac
exit 0
"""
_STANDINS: Final = (
    *(
        "amtool",
        "ansible-playbook",
        "awk",
        "bash",
        "cat",
        "curl",
        "df",
        "docker",
        "docker-compose",
        "env",
        "find",
        "git",
    ),
    *("grep", "head", "iptables", "journalctl", "jq", "kubectl", "make", "nohup", "perl", "psql", "python3", "reboot"),
    *(
        "restart",
        "rm",
        "scp",
        "script",
        "sed",
        "sh",
        "sort",
        "ssh",
        "sudo",
        "systemctl",
        "tail",
        "tar",
        "tee",
        "timeout",
    ),
    *("uniq", "vim", "watch", "xargs"),
)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of a command: its output, the programs that it called with their words, and the files that it left."""

    printed: bytes
    called: bytes
    files: tuple[str, ...]


def compiled(text: str, language: str = "bash", **labels: str | None) -> Command:
    """Return a command as the catalogue holds it; the label given for `name` fills `<name>`."""
    lines = [
        f"- `<{name.replace('_', '-')}>` is the alert's `{label}` label." for name, label in labels.items() if label
    ]
    (parsed,) = commands([(language, text)], "\n".join(lines))
    return Command(
        language=parsed.language,
        text=parsed.text,
        placeholders=tuple(
            Placeholder(
                text=placeholder.text,
                label=placeholder.label,
                places=tuple(Place(at=at, takes=place.takes, why=place.why) for at, place in placeholder.places),
            )
            for placeholder in parsed.placeholders
        ),
    )


class Sandbox:
    """A folder with stand-ins, in which commands run one after another."""

    def __init__(self, folder: Path) -> None:
        """Make the stand-ins."""
        self._bin, self._work, self._record = folder / "bin", folder / "work", folder / "record"
        self._bin.mkdir()
        self._work.mkdir()
        for name in _STANDINS:
            path = self._bin / name
            path.write_text(_STUB)
            path.chmod(0o755)

    def run(self, text: str) -> Effect:
        """Return the effect of a command, and remove the files that it made."""
        self._record.write_bytes(b"")
        result = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-c", text],
            cwd=self._work,
            env={"PATH": str(self._bin), "RECORD": str(self._record)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        files = sorted(path for path in self._work.rglob("*"))
        effect = Effect(
            printed=result.stdout + result.stderr,
            # The parts of a pipeline run at the same time, so their order does not count.
            called=b"\n".join(sorted(self._record.read_bytes().split(b"\n"))),
            files=tuple(str(path.relative_to(self._work)) for path in files),
        )
        for path in reversed(files):
            path.unlink() if path.is_file() else path.rmdir()
        return effect


def filled(command: Command, value: str) -> Filled:
    """Return the command filled with this value of the label `x`; the label `y` is missing."""
    return fill(command, {"x": value})


def shell_fault(sandbox: Sandbox, template: str, value: str) -> str | None:
    """Return what a value does in a shell command beyond being an argument, or None."""
    command = compiled(template, x="x", y="y")
    text = filled(command, value).text
    if text == template:
        return None
    # The harmless word occurs nowhere else in the command, so its places in the effect can be recognised.
    before, after = sandbox.run(_reference(command, text, value)), sandbox.run(text)
    expected = Effect(
        printed=before.printed.replace(HARMLESS.encode(), value.encode()),
        called=b"\n".join(sorted(before.called.replace(HARMLESS.encode(), value.encode()).split(b"\n"))),
        files=before.files,
    )
    return None if after == expected else f"{template!r} with {value!r}: {after}, not {expected}"


def _reference(command: Command, text: str, value: str) -> str:
    """Return the template with the harmless word at exactly the places where `value` was filled in."""
    template, parts, at, shift = command.text, list[str](), 0, 0
    places = sorted(
        place.at for placeholder in command.placeholders if placeholder.label == "x" for place in placeholder.places
    )
    for place in places:
        parts.append(template[at:place])
        if text.startswith("<x>", place + shift) and value != "<x>":
            parts.append("<x>")
        else:
            parts.append(HARMLESS)
            shift += len(value) - len("<x>")
        at = place + len("<x>")
    return "".join(parts) + template[at:]


def sql_fault(template: str, value: str) -> str | None:
    """Return what a value does in a statement beyond being compared, or None."""
    text = filled(compiled(template, "sql", x="x"), value).text
    if text == template:
        return None
    quoted = "'<x>'" in template
    bound_statement = template.replace("'<x>'" if quoted else "<x>", "?")
    after, expected = _sql_effect(text, ()), _sql_effect(bound_statement, (value if quoted else int(value),))
    return None if after == expected else f"{template!r} with {value!r}: {after}, not {expected}"


def _sql_effect(statement: str, values: tuple[str | int, ...]) -> tuple[object, ...]:
    with sqlite3.connect(":memory:") as store:
        store.executescript("CREATE TABLE orders (id INTEGER, name TEXT);")
        names = ("web-1", "a", "x", "it's", "42")
        store.executemany("INSERT INTO orders VALUES (?, ?)", [*enumerate(names), (42, "0")])
        try:
            rows = store.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            rows = ["refused"]
        return (rows, list(store.iterdump()))


def faults(sandbox: Sandbox, *, every: int = 1) -> Iterator[str]:
    """Yield what is wrong; run each template with one in `every` of the values that it takes."""
    for number, template in enumerate(SHELL):
        command = compiled(template, x="x", y="y")
        fitting_values = [value for value in VALUES if filled(command, value).text != template]
        for value in fitting_values[number % every :: every]:
            if (fault := shell_fault(sandbox, template, value)) is not None:
                yield fault
    yield from (fault for template in SQL for value in VALUES if (fault := sql_fault(template, value)) is not None)


def main() -> int:
    """Run every template with every value; return 1 if one did more than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run one in so many of the values that a template takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        failures = list(faults(Sandbox(Path(folder)), every=options.every))
    for fault in failures:
        print(fault)
    print(f"{len(SHELL) + len(SQL)} templates, {len(VALUES)} values: {len(failures)} did more than they should")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
