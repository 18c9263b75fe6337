"""Small houses for tests that need one of their own: thresholds.yaml and a runbook in the current directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic

HEAD: Final = """version: 1
links: {runbook: "https://git.example.com/ops/blob/main/{path}#{anchor}"}
escalation:
  std:
    levels: [oncall]
    warning: {respond: 4h, notify: [email]}
    critical: {respond: 30m, notify: [email]}
levels: {oncall: {title: On call, email: [oncall@example.com]}}
teams: {shop: {title: Shop team, slack: "#shop"}}
routing:
  webhook: {url: "http://127.0.0.1:9095/v1/alertmanager"}
  fallback: {team: shop, escalation: std}
"""
SYSTEM: Final = "    team: shop\n    runbook: runbook.md\n    escalation: std\n"
TAIL: Final = "\n\n## Look\n\nLook.\n\n## Metrics missing\n\nLook.\n"


@dataclass(frozen=True, kw_only=True)
class House:
    """A thresholds.yaml with two limits left open as `{one}` and `{other}`, and the limits that replace these."""

    spec: str
    one_limit: str
    other_limit: str

    def write(self, runbook: str, *, exchanged: bool = False) -> None:
        """Write the house and its runbook into the current directory."""
        one_limit, other_limit = (self.other_limit, self.one_limit) if exchanged else (self.one_limit, self.other_limit)
        spec = self.spec.replace("{one}", one_limit).replace("{other}", other_limit)
        Path("thresholds.yaml").write_text(HEAD + spec, encoding="utf-8")
        text = runbook.replace("{one}", self.one_limit.strip("<> ")).replace("{other}", self.other_limit.strip("<> "))
        Path("runbook.md").write_text(f"# Shop\n\n{text}{TAIL}", encoding="utf-8")


def findings() -> list[Diagnostic]:
    """Return the findings in the current directory."""
    return list(compile_spec(Path("thresholds.yaml")).diagnostics)


def two_systems(first: str, second: str, signal: str, metrics: str) -> str:
    """Return two systems that select different series of the same metrics, each with one warning."""

    def system(identifier: str, rest: str, limit: str) -> str:
        title, selector = rest.split("|")
        return (
            f"  {identifier}:\n    title: {title}\n{SYSTEM}    selector: {selector}\n    limits:\n"
            f"      {signal}: {{warning: \"{limit}\", runbook: '#look'}}\n    metrics:\n      {signal}: {metrics}\n"
        )

    first_parts, second_parts = (text.split("|", 1) for text in (first, second))
    return f"systems:\n{system(*first_parts, '{one}')}{system(*second_parts, '{other}')}"


def one_system(kind: str, *signals: tuple[str, str, str]) -> str:
    """Return a system with two signals of one kind. Each signal has an id, a title and metrics."""
    definitions = "".join(f"  {key}: {{{kind}, title: {title}}}\n" for key, title, _ in signals)
    limits = "".join(
        f"      {key}: {{warning: \"{{{name}}}\", runbook: '#look'}}\n"
        for (key, _, _), name in zip(signals, ("one", "other"), strict=True)
    )
    metrics = "".join(f"      {key}: {binding}\n" for key, _, binding in signals)
    return (
        f'signals:\n{definitions}systems:\n  shop:\n    title: The shop\n{SYSTEM}    selector: job="shop"\n'
        f"    limits:\n{limits}    metrics:\n{metrics}"
    )


RATIO: Final = "{errors: 'http_requests_total{code=~\"5..\"}', requests: http_requests_total, per: service}"
