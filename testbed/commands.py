"""Commands filled from labels, run: whatever the value, nothing happens outside of the argument that it became.

Each template is compiled, filled with each value and run: shell commands by bash in a folder of its own, with a PATH
that holds nothing but stand-ins which write down their arguments (the stand-in of `ssh` gives its words to another
shell, as the real one does); SQL by SQLite. What came of it must be what came of a harmless word, with the value in its
place. `python -m testbed.commands` runs all of them, tests a part.
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
    """What a command did: what it printed, which programs it called with which words, which files there are now."""

    printed: bytes
    called: bytes
    files: tuple[str, ...]


def compiled(text: str, language: str = "bash", **labels: str | None) -> Command:
    """Return a command as the catalogue carries it; `<name>` is filled by the label given for `name`."""
    lines = [
        f"- `<{name.replace('_', '-')}>` is the alert's `{label}` label." for name, label in labels.items() if label
    ]
    (found,) = commands([(language, text)], "\n".join(lines))
    return Command(
        language=found.language,
        text=found.text,
        placeholders=tuple(
            Placeholder(
                text=one.text,
                label=one.label,
                places=tuple(Place(at=at, takes=place.takes, why=place.why) for at, place in one.places),
            )
            for one in found.placeholders
        ),
    )


class Sandbox:
    """A folder with stand-ins, in which commands are run one after the other."""

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
        """Return what came of a command; files that it made are removed."""
        self._record.write_bytes(b"")
        done = subprocess.run(
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
            printed=done.stdout + done.stderr,
            # The parts of a pipeline run beside each other.
            called=b"\n".join(sorted(self._record.read_bytes().split(b"\n"))),
            files=tuple(str(path.relative_to(self._work)) for path in files),
        )
        for path in reversed(files):
            path.unlink() if path.is_file() else path.rmdir()
        return effect


def filled(command: Command, value: str) -> Filled:
    """Return the command with the label `x` of this value; the label `y` is missing."""
    return fill(command, {"x": value})


def shell_fault(sandbox: Sandbox, template: str, value: str) -> str | None:
    """Return what a value does in a shell command beyond being an argument, or None."""
    command = compiled(template, x="x", y="y")
    text = filled(command, value).text
    if text == template:
        return None
    # A word that is filled in nowhere else in the command, so that it can be told from what stands around.
    before, after = sandbox.run(_reference(command, text, value)), sandbox.run(text)
    expected = Effect(
        printed=before.printed.replace(HARMLESS.encode(), value.encode()),
        called=b"\n".join(sorted(before.called.replace(HARMLESS.encode(), value.encode()).split(b"\n"))),
        files=before.files,
    )
    return None if after == expected else f"{template!r} with {value!r}: {after}, not {expected}"


def _reference(command: Command, text: str, value: str) -> str:
    """Return the template with the harmless word at exactly those places at which `value` was filled in."""
    template, parts, at, shift = command.text, list[str](), 0, 0
    places = sorted(place.at for one in command.placeholders if one.label == "x" for place in one.places)
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
    bound = template.replace("'<x>'" if quoted else "<x>", "?")
    after, expected = _asked(text, ()), _asked(bound, (value if quoted else int(value),))
    return None if after == expected else f"{template!r} with {value!r}: {after}, not {expected}"


def _asked(statement: str, values: tuple[str | int, ...]) -> tuple[object, ...]:
    with sqlite3.connect(":memory:") as store:
        store.executescript("CREATE TABLE orders (id INTEGER, name TEXT);")
        names = ("web-1", "a", "x", "it's", "42")
        store.executemany("INSERT INTO orders VALUES (?, ?)", [*enumerate(names), (42, "0")])
        try:
            found = store.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            found = ["refused"]
        return (found, list(store.iterdump()))


def faults(sandbox: Sandbox, *, every: int = 1) -> Iterator[str]:
    """Yield what is wrong; of each template every value that is filled in counts, or one in `every` of them."""
    for number, template in enumerate(SHELL):
        command = compiled(template, x="x", y="y")
        fitting = [value for value in VALUES if filled(command, value).text != template]
        for value in fitting[number % every :: every]:
            if (fault := shell_fault(sandbox, template, value)) is not None:
                yield fault
    yield from (fault for template in SQL for value in VALUES if (fault := sql_fault(template, value)) is not None)


def main() -> int:
    """Run every template with every value; 1 where one did more than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run one in so many of the values that a template takes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = list(faults(Sandbox(Path(folder)), every=given.every))
    for fault in found:
        print(fault)
    print(f"{len(SHELL) + len(SQL)} templates, {len(VALUES)} values: {len(found)} did more than they should")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
