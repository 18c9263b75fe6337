"""A large house to compile: many systems of five signals, two severities each, every one with a runbook of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A signal of the house: its limits in the file, the same in the runbook's words, and its binding."""

    signal: str
    title: str
    warning: tuple[str, str]
    critical: tuple[str, str]
    binding: str


SIGNALS = (
    Measured(
        signal="error_ratio",
        title="Error ratio",
        warning=("> 1%", "above 1 %"),
        critical=("> 5%", "above 5 %"),
        binding="""{requests: app_requests_total, errors: 'app_requests_total{code=~"5.."}', per: service}""",
    ),
    Measured(
        signal="latency_p95",
        title="95th percentile latency",
        warning=("> 1s", "above 1 s"),
        critical=("> 2s", "above 2 s"),
        binding="{histogram: app_request_duration_seconds, per: service}",
    ),
    Measured(
        signal="connection_pool",
        title="Connection pool usage",
        warning=("> 60%", "above 60 %"),
        critical=("> 80%", "above 80 %"),
        binding="{used: app_pool_used, max: app_pool_max, per: service}",
    ),
    Measured(
        signal="memory",
        title="Memory usage",
        warning=("> 80%", "above 80 %"),
        critical=("> 90%", "above 90 %"),
        binding="{used: app_memory_bytes, max: app_memory_limit_bytes, per: pod}",
    ),
    Measured(
        signal="cpu",
        title="CPU usage",
        warning=("> 80%", "above 80 %"),
        critical=("> 90%", "above 90 %"),
        binding="{counter: app_cpu_seconds_total, per: pod}",
    ),
)
ALERTS_A_SYSTEM = 2 * len(SIGNALS) + 2
"""Two severities of each signal, and the two of metrics that are missing."""

_SECTION = """
## {title}

**What it means.** Users of the application wait, or are turned away.

**Diagnosis.**

```bash
kubectl logs -l app=<component> --tail=200
```

- `<component>` is the alert's `component` label.

**Mitigation.** Go back to the last release.
"""


def build(folder: Path, systems: int) -> Path:
    """Write a house of so many systems into `folder` and return the path of its thresholds.yaml."""
    (folder / "runbooks").mkdir(parents=True)
    names = [f"app-{number:05}" for number in range(systems)]
    for name in names:
        (folder / "runbooks" / f"{name}.md").write_text(_runbook(name), encoding="utf-8")
    # People, routing and defaults are the repository's own.
    head = (REPOSITORY / "thresholds.yaml").read_text(encoding="utf-8").split("\nsystems:\n", 1)[0]
    spec = folder / "thresholds.yaml"
    spec.write_text(head + "\nsystems:\n" + "".join(map(_system, names)), encoding="utf-8")
    return spec


def _system(name: str) -> str:
    lines = [
        f"  {name}:",
        "    team: platform",
        f"    runbook: runbooks/{name}.md",
        "    escalation: standard",
        f'    selector: job="{name}"',
        "    limits:",
    ]
    for one in SIGNALS:
        anchor = one.title.lower().replace(" ", "-")
        lines.append(
            f'      {one.signal}: {{warning: "{one.warning[0]}", critical: "{one.critical[0]}", runbook: "#{anchor}"}}'
        )
    lines.append("    metrics:")
    lines += [f"      {one.signal}: {one.binding}" for one in SIGNALS]
    return "\n".join(lines) + "\n"


def _runbook(name: str) -> str:
    bullets = "".join(f"- {one.title}: warning {one.warning[1]}, critical {one.critical[1]}.\n" for one in SIGNALS)
    sections = "".join(_SECTION.format(title=title) for title in (*(one.title for one in SIGNALS), "Metrics missing"))
    return f"# {name}\n\n## Alert thresholds\n\n{bullets}{sections}"
