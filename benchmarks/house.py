"""Build a large house to compile: many systems with five signals of two severities, each with a runbook of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A signal of the house: its binding and its limits, each as thresholds.yaml and as the runbook writes it."""

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
"""Two severities of each signal, and two alerts about missing metrics."""

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
    """Write a house of `systems` systems into `folder` and return the path of its thresholds.yaml."""
    (folder / "runbooks").mkdir(parents=True)
    names = [f"app-{number:05}" for number in range(systems)]
    for name in names:
        (folder / "runbooks" / f"{name}.md").write_text(_runbook(name), encoding="utf-8")
    # Take people, routing and defaults from the repository's own file.
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
    for measured in SIGNALS:
        anchor = measured.title.lower().replace(" ", "-")
        warning, critical = measured.warning[0], measured.critical[0]
        lines.append(f'      {measured.signal}: {{warning: "{warning}", critical: "{critical}", runbook: "#{anchor}"}}')
    lines.append("    metrics:")
    lines += [f"      {measured.signal}: {measured.binding}" for measured in SIGNALS]
    return "\n".join(lines) + "\n"


def _runbook(name: str) -> str:
    bullets = "".join(
        f"- {measured.title}: warning {measured.warning[1]}, critical {measured.critical[1]}.\n" for measured in SIGNALS
    )
    sections = "".join(
        _SECTION.format(title=title) for title in (*(measured.title for measured in SIGNALS), "Metrics missing")
    )
    return f"# {name}\n\n## Alert thresholds\n\n{bullets}{sections}"
