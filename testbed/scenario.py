"""Read a scenario: what the example service exports while it is healthy or broken, and which alert it should raise.

A scenario is a small file such as `demo.yaml`, beside this module. `pipeline.py` plays it; `demo.py` and tests choose
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.service import DEFAULT_BUCKETS, Series

DEMO = Path(__file__).with_name("demo.yaml")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario; `broken` holds the series that differ from `healthy`, `job` is the scrape job's name."""

    system: str
    signal: str
    severity: str
    job: str
    story: str
    healthy: tuple[Series, ...]
    broken: tuple[Series, ...]


def read_scenario(path: Path = DEMO) -> Scenario:
    """Return the scenario that the YAML file `path` describes; raises `KeyError` or `ValueError` if it does not."""
    data = yaml.safe_load(path.read_text())
    return Scenario(
        system=data["system"],
        signal=data["signal"],
        severity=data["severity"],
        job=data.get("job", data["system"]),
        story=data["story"].strip(),
        healthy=read_series(data["healthy"]),
        broken=read_series(data["broken"]),
    )


def read_series(rows: Sequence[Mapping[str, Any]]) -> tuple[Series, ...]:
    """Return the series that the rows of a table describe."""
    return tuple(
        Series(
            metric=row["metric"],
            kind=row["kind"],
            labels={name: str(value) for name, value in row.get("labels", {}).items()},
            rate=float(row.get("rate", 0)),
            value=float(row.get("value", 0)),
            spread={float(observed): float(share) for observed, share in row.get("spread", {}).items()},
            buckets=tuple(map(float, row.get("buckets", DEFAULT_BUCKETS))),
        )
        for row in rows
    )
