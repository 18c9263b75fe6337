"""Run the generated tests on a mutant and say whether they noticed it.

`promtool` tests the rules; the routing tests in `testbed/routing.py` test the Alertmanager configuration. Each run has
a folder of its own with the same layout, so that runs can go in parallel. `choice.py` provides the mutants.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from testbed.mutants.directory import ALERTMANAGER, Directory, loaded
from testbed.mutants.mutant import Document, Mutant
from testbed.mutants.narrowing import concerned_alerts, narrowed_rules, narrowed_tests
from testbed.servers import Servers

# A run takes a second or two. A run that hangs gives no verdict.
TIMEOUT_SECONDS = 300


class Verdict(Enum):
    """The result for a mutant: a test failed, the tool refused to load it, or no test noticed it."""

    NOTICED = "noticed"
    REFUSED = "refused"
    SURVIVED = "survived"


RoutingFailures = Callable[[Path, Servers], list[str]]
"""The routing tests: they take a generated directory and the tools, and return a line for each unmet expectation."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The tests of one directory, run with the tools of one generation."""

    directory: Directory
    servers: Servers
    routing: RoutingFailures

    def judge(self, mutant: Mutant) -> Verdict:
        """Return the verdict of the tests on `mutant`; raises `subprocess.TimeoutExpired` if a tool hangs."""
        changed = mutant.applied(self.directory.document(mutant.file))
        with tempfile.TemporaryDirectory(prefix="tocsin-mutant-") as folder:
            if mutant.file == ALERTMANAGER:
                return self._judge_routes(changed, Path(folder))
            return self._judge_rules(mutant, changed, Path(folder))

    def complaints(self) -> list[str]:
        """Return why the tests fail on the unbroken directory: if they do, a failure on a mutant means nothing."""
        failures: list[str] = []
        with tempfile.TemporaryDirectory(prefix="tocsin-mutant-") as name:
            folder = Path(name)
            for file, rules in self.directory.rules.items():
                failures += self._check_rules(self._write(folder, file, rules))
            for file, test in self.directory.tests.items():
                failures += self._run_tests(self._write(folder, file, test))
            if self.directory.alertmanager is not None:
                failures += self.routing(self._configuration(self.directory.alertmanager, folder), self.servers)
        return failures

    def _judge_rules(self, mutant: Mutant, changed: Document, folder: Path) -> Verdict:
        if self._check_rules(self._write(folder, mutant.file, changed)):
            return Verdict.REFUSED
        alerts = concerned_alerts(mutant, self.directory.rules[mutant.file])
        tests = self.directory.tests_of(mutant.file)
        narrowed = {file: narrowed_tests(test, alerts) for file, test in tests.items()}
        fails = any(
            self._fails(folder, mutant, narrowed_rules(changed, test), {file: test}) for file, test in narrowed.items()
        )
        # The mutant's own tests are nearly always enough. Run all the others before saying that it survived.
        return Verdict.NOTICED if fails or self._fails(folder, mutant, changed, tests) else Verdict.SURVIVED

    def _fails(self, folder: Path, mutant: Mutant, changed: Document, tests: dict[str, Document]) -> bool:
        """Tell whether one of the test files fails with `changed` in the place of the mutant's file."""
        for file, test in tests.items():
            for rule_file in loaded(file, test):
                self._write(folder, rule_file, changed if rule_file == mutant.file else self.directory.rules[rule_file])
            if test["tests"] and self._run_tests(self._write(folder, file, test)):
                return True
        return False

    def _judge_routes(self, changed: Document, folder: Path) -> Verdict:
        generated = self._configuration(changed, folder)
        if self._run("amtool", "check-config", generated / ALERTMANAGER):
            return Verdict.REFUSED
        return Verdict.NOTICED if self.routing(generated, self.servers) else Verdict.SURVIVED

    def _configuration(self, config: Document, folder: Path) -> Path:
        """Write the directory's own files into `folder` with another Alertmanager configuration; return the folder."""
        generated = folder / "generated"
        shutil.copytree(self.directory.path, generated)
        self._write(generated, ALERTMANAGER, config)
        return generated

    def _check_rules(self, file: Path) -> list[str]:
        return self._run("promtool", "check", "rules", file)

    def _run_tests(self, file: Path) -> list[str]:
        return self._run("promtool", "test", "rules", file)

    def _run(self, tool: str, *arguments: str | Path) -> list[str]:
        """Return the tool's output if it failed, else nothing."""
        command = [str(self.servers.tool(tool)), *map(str, arguments)]
        result = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        return [result.stdout.strip() or f"{tool} failed"] if result.returncode else []

    @staticmethod
    def _write(folder: Path, file: str, document: Document) -> Path:
        """Write a document as JSON, which is YAML whose strings cannot be mistaken for other types."""
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False))
        return path
