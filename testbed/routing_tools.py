"""Ask amtool and amlint which receivers an alert reaches, and amlint which alerts are inhibited.

`routing.py` calls it with the questions of `routing_cases.py`. amtool loads the configuration as Alertmanager does, but
knows no inhibition. amlint's simulator (the extra `lint`) knows both, and answers all questions in one run.
"""

import json
import re
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from testbed.routing_cases import Failure, InhibitionCase, RouteCase, name

# If amtool takes longer for one question, or amlint for all of them, it hangs.
TIMEOUT_SECONDS = 300.0


def amtool_failures(amtool: Path, config: Path, cases: Sequence[RouteCase]) -> Iterator[Failure]:
    """Yield the cases in which `amtool config routes test` names other receivers; stop if it refuses the file."""
    for case in cases:
        pairs = [f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in case.labels.items()]
        result = _run([amtool, "config", "routes", "test", f"--config.file={config}", *pairs])
        if result.returncode:
            yield Failure(subject="amtool", expected="to accept the configuration", got=_words(result.stderr))
            return
        if result.stdout.strip() != ",".join(case.receivers):
            yield _misrouted("amtool", case, result.stdout.strip().replace(",", ", "))


def amlint_failures(
    config: Path, routes: Sequence[RouteCase], inhibitions: Sequence[InhibitionCase]
) -> Iterator[Failure]:
    """Yield the cases in which `amlint test` gives another answer."""
    test_cases: list[dict[str, Any]] = [{"labels": case.labels, "receivers": list(case.receivers)} for case in routes]
    test_cases += [
        {"labels": case.target, "firing": [case.firing], "inhibited": case.suppressed} for case in inhibitions
    ]
    command = Path(sysconfig.get_path("scripts")) / "amlint"
    if not command.exists():
        yield Failure(subject="amlint", expected="to be installed", got="nothing: it comes with the extra `lint`")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        yaml.dump(test_cases, file, Dumper=yaml.CSafeDumper)
        file.flush()
        result = _run([command, "test", "--format", "json", config, file.name])
    try:
        answers = json.loads(result.stdout)
    except ValueError:
        yield Failure(subject="amlint", expected="to read the configuration", got=_words(result.stderr))
        return
    for case, answer in zip(routes, answers[: len(routes)], strict=True):
        if not answer["passed"]:
            yield _misrouted("amlint", case, answer.get("actual") or answer["error"])
    for inhibition, answer in zip(inhibitions, answers[len(routes) :], strict=True):
        if not answer["passed"]:
            yield _wrong_inhibition(inhibition)


def _wrong_inhibition(case: InhibitionCase) -> Failure:
    contrasts = [_contrast(case, key) for key in sorted(case.firing | case.target) if _differ(case, key)]
    words = {True: "suppressed", False: "not suppressed"}
    subject = " ".join(["amlint:", name(case.target), *contrasts, "while", name(case.firing), "fires"])
    return Failure(subject=subject, expected=words[case.suppressed], got=words[not case.suppressed])


def _differ(case: InhibitionCase, key: str) -> bool:
    return key not in {"alertname", "severity"} and case.firing.get(key) != case.target.get(key)


def _contrast(case: InhibitionCase, key: str) -> str:
    return f"({key} {case.target.get(key, 'absent')}, not {case.firing.get(key, 'absent')})"


def _misrouted(tool: str, case: RouteCase, got: str) -> Failure:
    more = f" and {len(case.alerts) - 1} more" if len(case.alerts) > 1 else ""
    return Failure(subject=f"{tool}: {case.alerts[0]}{more}", expected=", ".join(case.receivers), got=got)


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False
    )


def _words(text: str) -> str:
    """Return a tool's complaint in one line, without amtool's warning about its own flags."""
    return re.sub(r"\s+", " ", re.sub(r"(?m)^Warning: .*$", "", text)).strip()
