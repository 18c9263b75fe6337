"""`python -m testbed.bill <CycloneDX >CycloneDX`: shorten the bill of materials to the form that the repository keeps.

It keeps names, versions, licences, package URLs and dependencies, sorted, and leaves out the packages' descriptions.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_OWN = ("bomFormat", "specVersion", "version")
_OF_COMPONENT = ("type", "name", "version", "purl", "bom-ref", "licenses")


def shortened(bill: dict[str, Any]) -> dict[str, Any]:
    """Return the bill without descriptions, links and the tools that made it."""
    return {
        **{name: bill[name] for name in _OWN},
        "metadata": {"component": _component(bill["metadata"]["component"])},
        "components": sorted(map(_component, bill["components"]), key=lambda component: component["name"].lower()),
        "dependencies": sorted(bill["dependencies"], key=lambda dependency: dependency["ref"].lower()),
    }


def _component(component: dict[str, Any]) -> dict[str, Any]:
    return {name: component[name] for name in _OF_COMPONENT if name in component}


if __name__ == "__main__":
    json.dump(shortened(json.load(sys.stdin)), sys.stdout, indent=1, ensure_ascii=False)
    print()
