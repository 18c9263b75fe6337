"""Tests of guides' sentences, imported, compiled and evaluated: the bad side of a limit pages, the good side does not.

The tests make the series, not the compiler: for each wording a component in trouble, `bad`, and a healthy one, `good`.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from compiler.guides.grammar import statements
from testbed.servers import Prometheus, Servers
from tests.compiler.base import SPEC, tocsin
from tests.compiler.wordings import ABSENCES, COMPLEMENTS, WORDINGS, Wording

HEAD = """\
version: 1
links: {runbook: "https://docs.example.com/{path}#{anchor}"}
teams: {harbour: {title: Harbour}}
levels: {on-call: {title: On call, email: [on-call@example.com]}}
escalation:
  standard:
    levels: [on-call]
    warning:   {respond: 4h,  notify: [email], escalate: never}
    critical:  {respond: 30m, notify: [email], escalate: never}
routing:
  webhook: {url: http://tocsin:9095/v1/alertmanager, token_file: /etc/alertmanager/token}
  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}
  fallback: {team: harbour, escalation: standard}
"""
ANSWERS = {
    "team": "harbour",
    "escalation": "standard",
    "reason": "the captain knows",
    "per": "service",
    "window": "1h",
    "runbook": '"#alerts"',
}
SPAN = 3 * 3600
"""Seconds of data: more than any time that an alert waits or looks back for."""
STEP = 60
EVENTS = 10.0
SYSTEMS = {f"w{number:02}": wording for number, wording in enumerate(WORDINGS)}
FIRING = 'group by (system, service, severity) (ALERTS{alertstate="firing",service!=""})'


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A series: its name and labels, and its value so many seconds after the beginning."""

    name: str
    labels: Mapping[str, str]
    value: Callable[[float], float]

    def __str__(self) -> str:
        inner = ",".join(f'{name}="{text}"' for name, text in self.labels.items())
        return f"{self.name}{{{inner}}}"


def _constant(value: float) -> Callable[[float], float]:
    return lambda _: value


def _rising(rate: float) -> Callable[[float], float]:
    return lambda seconds: rate * seconds


def _until(ago: float) -> Callable[[float], float]:
    """Return a counter that rises every minute until so long before the end."""
    return lambda seconds: min(seconds, SPAN - ago) // STEP


def series(wording: Wording, metrics: Mapping[str, str], value: float, begin: float, service: str) -> Iterator[Samples]:
    """Yield the series that give a component a value, for the stanza's inputs; `begin` is the first time."""
    labels = {"service": service}
    made: dict[str, Callable[[float], float]] = {
        "used": _constant(value * 1000),
        "max": _constant(1000),
        "requests": _rising(EVENTS),
        "errors": _rising(EVENTS * value),
        "attempts": _rising(EVENTS),
        "successes": _rising(EVENTS * value),
        "reads": _rising(EVENTS),
        "hits": _rising(EVENTS * value),
        "capacity": _constant(4),
        "gauge": _constant(value),
        "since": _constant(begin + SPAN - value),
        "until": _constant(begin + SPAN + value),
    }
    counters = {"restarts": _rising(value / 3600), "silence": _until(value)}
    for key, name in metrics.items():
        if key == "histogram":
            for bound, share in ((value * 0.9, 0), (value * 1.1, 1), ("+Inf", 1)):
                le = bound if isinstance(bound, str) else f"{bound:g}"
                yield Samples(name=f"{name}_bucket", labels={**labels, "le": le}, value=_rising(EVENTS * share))
            yield Samples(name=f"{name}_count", labels=labels, value=_rising(EVENTS))
        elif key == "counter":
            yield Samples(name=name, labels=labels, value=counters.get(wording.signal, _rising(4 * value)))
        else:
            yield Samples(name=name, labels=labels, value=made[key])


def import_all(*, at_once: bool) -> dict[str, dict[str, str]]:
    """Import a guide of each wording, answer its questions, compile; return the metrics of each system by input.

    `at_once` makes every alert fire as soon as its limit is crossed, whatever a guide says of its duration.
    """
    for name, wording in SYSTEMS.items():
        text = wording.text.replace(" for 10 minutes: page", ": page") if at_once else wording.text
        Path(f"{name}.md").write_text(f"# {name}\n\n## Alerts\n\n{text}\n", encoding="utf-8")
    done = tocsin("import", *(f"{name}.md" for name in SYSTEMS))
    assert done.exit_code == 0, done.stderr
    house = "defaults: {for: 0s}\n" if at_once else ""
    stanza = re.sub(r"^        for: .*\n", "", done.stdout, flags=re.MULTILINE) if at_once else done.stdout
    parts, system = [HEAD, house], ""
    for line in stanza.split("\n"):
        system = re.sub(r"^  (w\d\d):$", r"\1", line) if re.match(r"  w\d\d:$", line) else system
        parts.append(
            re.sub(r"(\w+): QUESTION", lambda match, owner=system: f"{match[1]}: {answer(match[1], owner)}", line)
            + "\n"
        )
    Path(SPEC).write_text("".join(parts), encoding="utf-8")
    done = tocsin("compile")
    assert done.exit_code == 0, done.stderr
    systems = yaml.safe_load("".join(parts))["systems"]
    return {
        name: {key: metric for key, metric in binding.items() if str(metric).startswith(name)}
        for name in SYSTEMS
        for binding in systems[name]["metrics"].values()
    }


def answer(key: str, system: str) -> str:
    """Return what a person would write in the place of a question."""
    return ANSWERS.get(key, f"{system}_{key}")


def everything(metrics: Mapping[str, Mapping[str, str]], begin: float) -> list[Samples]:
    """Return the series of all wordings, for a component in trouble and for a healthy one."""
    return [
        samples
        for name, wording in SYSTEMS.items()
        for service, value in (("bad", wording.bad), ("good", wording.good))
        for samples in series(wording, metrics[name], value, begin, service)
    ]


def expected() -> set[tuple[str, str, str]]:
    """Return system, service and severity of the alerts that must fire, and no other."""
    return {(name, "bad", wording.severity) for name, wording in SYSTEMS.items()}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_there_are_wordings_enough() -> None:
    """There are at least 60 wordings, and 30 of them are complements and absences."""
    assert len(WORDINGS) >= 60
    assert len(COMPLEMENTS) + len(ABSENCES) >= 30
    assert len({wording.text for wording in WORDINGS}) == len(WORDINGS)


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: " ".join(wording.text.split())[:60])
def test_a_wording_states_its_limit_and_no_other(wording: Wording) -> None:
    """The limit has the signal's own terms, unless the guide does not say how much the whole is."""
    (stated,) = statements("guide.md", f"# Guide\n\n## Alerts\n\n{wording.text}\n")
    statement = stated.as_json()
    assert statement["severity"] in {wording.severity, "none"}
    assert statement["limit"] in {wording.limit, None}
    assert (statement["limit"] is None) == (wording.signal in {"disk_free", "connections_free"})
    assert statement["complement"] == (wording in COMPLEMENTS)


@pytest.mark.acceptance
def test_the_right_side_pages_by_promtool(servers: Servers) -> None:
    """There are three hours of series and one evaluation a minute; only components in trouble fire."""
    metrics = import_all(at_once=False)
    all_series = everything(metrics, 0)
    steps = SPAN // STEP
    series_of_test = [
        {
            "series": str(samples_of_one),
            "values": " ".join(f"{samples_of_one.value(step * STEP):g}" for step in range(steps + 1)),
        }
        for samples_of_one in all_series
    ]
    samples = [
        {"labels": f'{{system="{system}",service="{service}",severity="{severity}"}}', "value": 1}
        for system, service, severity in sorted(expected())
    ]
    test = {
        "rule_files": sorted(
            str(path) for path in Path("generated/prometheus/rules").glob("w*.yml") if path.stem[1:3].isdigit()
        ),
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": series_of_test,
                "promql_expr_test": [{"expr": FIRING, "eval_time": f"{SPAN}s", "exp_samples": samples}],
            }
        ],
    }
    Path("wordings.test.yml").write_text(json.dumps(test), encoding="utf-8")
    done = subprocess.run(
        [servers.tool("promtool"), "test", "rules", "wordings.test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.acceptance
def test_the_right_side_pages_in_a_real_prometheus(newest_servers: Servers, short_folder: Path) -> None:
    """The same series are the past of a running server, whose rules see them up to now."""
    metrics = import_all(at_once=True)
    now = time.time()
    begin = now - SPAN
    backfill(newest_servers, short_folder / "data", everything(metrics, begin), begin)
    rules = [path.resolve() for path in sorted(Path("generated/prometheus/rules").glob("w[0-9]*.yml"))]
    with Prometheus(newest_servers, short_folder, targets={}, rules=rules) as prometheus:
        prometheus.await_metric(f"count({FIRING}) >= {len(SYSTEMS)}", 60)
        fired = {
            (result["metric"]["system"], result["metric"]["service"], result["metric"]["severity"])
            for result in prometheus.query(FIRING)
        }
    assert fired == expected()


def backfill(servers: Servers, data: Path, all_series: Sequence[Samples], begin: float) -> None:
    """Write series from `begin` on as blocks of a server's storage.

    They end now: a server takes no samples, not even of rules, from before the end of its newest block.
    """
    lines = [
        f"{samples} {samples.value(float(seconds)):.12g} {begin + seconds:.3f}"
        for samples in all_series
        for seconds in range(0, SPAN + 1, STEP)
    ]
    past = data.parent / "past.txt"
    past.parent.mkdir(parents=True, exist_ok=True)
    past.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    done = subprocess.run(
        [servers.tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", past, data],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
