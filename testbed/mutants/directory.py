"""Read a generated directory for the mutation check: the documents to break, and the tests that should notice.

`choice.py` lists its mutants, `proof.py` runs its tests.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from testbed.mutants.durations import parse
from testbed.mutants.mutant import Document

RULES, TESTS, ALERTMANAGER = "prometheus/rules", "prometheus/tests", "alertmanager/alertmanager.yml"

# What Prometheus assumes if a test file names no `evaluation_interval`.
DEFAULT_EVALUATION_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Every document by its path below `path`, and for each rule file the test files that load it."""

    path: Path
    rules: dict[str, Document]
    tests: dict[str, Document]
    alertmanager: Document | None

    def document(self, file: str) -> Document:
        """Return the rule file or the Alertmanager configuration at `file`."""
        if file == ALERTMANAGER and self.alertmanager is not None:
            return self.alertmanager
        return self.rules[file]

    def tests_of(self, rule_file: str) -> dict[str, Document]:
        """Return the test files that load `rule_file`."""
        return {file: test for file, test in self.tests.items() if rule_file in loaded(file, test)}

    def evaluation_seconds(self, rule_file: str) -> int:
        """Return how often the tests of `rule_file` evaluate it."""
        intervals = [test["evaluation_interval"] for test in self.tests_of(rule_file).values() if _is_timed(test)]
        return min((int(parse(text).total_seconds()) for text in intervals), default=DEFAULT_EVALUATION_SECONDS)


def loaded(test_file: str, test: Document) -> list[str]:
    """Return the rule files that a test file loads, as paths below the directory."""
    folder = Path(test_file).parent
    return [os.path.normpath(folder / name) for name in test["rule_files"]]


def read_directory(path: Path) -> Directory:
    """Return the directory at `path`; raises `OSError` if a file cannot be read, `yaml.YAMLError` if it is no YAML."""
    config = path / ALERTMANAGER
    return Directory(
        path=path,
        rules=_documents(path, RULES),
        tests=_documents(path, TESTS),
        alertmanager=_load(config) if config.exists() else None,
    )


def _is_timed(test: Document) -> bool:
    return "evaluation_interval" in test


def _documents(path: Path, folder: str) -> dict[str, Document]:
    return {f"{folder}/{file.name}": _load(file) for file in sorted((path / folder).glob("*.yml"))}


def _load(file: Path) -> Document:
    document: Document = yaml.load(file.read_text(), Loader=_LOADER)  # noqa: S506  # either loader is a safe one
    return document


# The loader in C is ten times as fast and reads the same.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
