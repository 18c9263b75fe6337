"""`python -m testbed.audit`: asks whether a locked release is known to be vulnerable; exit 1 where one is.

pip-audit asks the package registry. Where that cannot be reached, or says nothing of vulnerabilities, as a mirror may
not, it is said and is no failure: what cannot be known is no finding.
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
    """What was found: sentences on vulnerable releases, how many were looked at, and why none was, if so."""

    found: tuple[str, ...] = ()
    audited: int = 0
    unknown: str = ""

    @property
    def text(self) -> str:
        """What a person reads."""
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
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Audit(unknown="the registry does not answer")
    return read(done.stdout)


def read(output: str) -> Audit:
    """Return what pip-audit's JSON says; without any, it has not come as far as asking."""
    try:
        releases = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(unknown="the registry does not answer")
    known = [one for one in releases if "skip_reason" not in one]
    if not known:
        return Audit(unknown="the registry says nothing of vulnerabilities")
    found = tuple(
        f"{one['name']} {one['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no release yet'}"
        for one in known
        for vulnerability in one["vulns"]
    )
    return Audit(found=found, audited=len(known))


def main(arguments: Sequence[str]) -> int:
    """Say it; return the exit status."""
    result = audit(Path(arguments[0]) if arguments else LOCK)
    print(result.text)
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
