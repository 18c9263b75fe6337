"""Check that the written artifacts are complete, and valid YAML or JSON."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

_TEMPORARY: Final = re.compile(r"(^|/)\.")
_ALWAYS: Final = (
    "catalog.json",
    "catalog.schema.json",
    "alertmanager/alertmanager.yml",
    "prometheus/rules/watchdog.rules.yml",
)


def complaints(folder: Path, tree: Mapping[str, bytes | None]) -> list[str]:
    """Return what is wrong with the files of an output folder, each alone and all together."""
    files = {path: content for path, content in tree.items() if content is not None}
    problems = [
        f"{path.rpartition('/')[2]}: {problem}"
        for path, content in files.items()
        if (problem := _unreadable(path, content))
    ]
    problems += [f"missing: {path}" for path in _ALWAYS if path not in files]
    problems += [f"left over: {path}" for path in files if _TEMPORARY.search(path)]
    return problems or _missing_rules(json.loads((folder / "catalog.json").read_bytes()), files)


def _missing_rules(catalog: Any, files: Mapping[str, bytes]) -> list[str]:  # noqa: ANN401
    """Return a complaint for each rule or test file that a system with alerts in the catalogue lacks."""
    systems = sorted({alert["system"] for alert in catalog["alerts"]})
    expected = [
        f"prometheus/{kind}s/{system}.{kind}s.yml".replace("tests.yml", "test.yml")
        for system in systems
        for kind in ("rule", "test")
    ]
    return [f"missing: {path}" for path in expected if path not in files]


@lru_cache(maxsize=4096)
def _unreadable(path: str, content: bytes) -> str | None:
    """Return why a file cannot be read; the result is cached, because most inputs give the same artifacts."""
    try:
        text = content.decode()
        if path.endswith(".json"):
            json.loads(text)
        else:
            yaml.load(text, Loader=yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return None
