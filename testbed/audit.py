"""`python -m testbed.audit`: ask whether a locked release is known to be vulnerable; exit 1 if one is.

pip-audit asks the package registry. If the registry cannot be reached, or says nothing of vulnerabilities (a mirror may
not), the command says so and exits 0: what cannot be known is no finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements" / "base.txt"
SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The result: a sentence for each vulnerability, how many releases were audited, and why none was (`unknown`)."""

    found: tuple[str, ...] = ()
    audited: int = 0
    unknown: str = ""

    @property
    def text(self) -> str:
        """The result as text for people."""
        if self.found:
            return "\n".join(self.found)
        return (
            f"not audited: {self.unknown}" if self.unknown else f"{self.audited} releases, none known to be vulnerable"
        )


def audit(lock: Path = LOCK) -> Audit:
    """Return what the registry says of the locked releases."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--no-deps"]
    options = ["--disable-pip", "--progress-spinner", "off", "--format", "json"]
    try:
        result = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Audit(unknown="the registry does not answer")
    return read(result.stdout)


def read(output: str) -> Audit:
    """Return what pip-audit's JSON says. Without JSON, pip-audit has not reached the registry."""
    try:
        releases = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(unknown="the registry does not answer")
    audited = [release for release in releases if "skip_reason" not in release]
    if not audited:
        return Audit(unknown="the registry says nothing of vulnerabilities")
    sentences = tuple(
        f"{release['name']} {release['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no release yet'}"
        for release in audited
        for vulnerability in release["vulns"]
    )
    return Audit(found=sentences, audited=len(audited))


def main(arguments: Sequence[str]) -> int:
    """Audit a lock and print the result; return the exit status."""
    result = audit(Path(arguments[0]) if arguments else LOCK)
    print(result.text)
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
