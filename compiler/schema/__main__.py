"""`python -m compiler.schema`: renew the published schemas after a kind of signal or a channel has changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from compiler.channels import SCOPES, in_scope
from compiler.schema import CATALOG, THRESHOLDS, text, with_channels, with_kinds


def publish() -> dict[str, str]:
    """Return the texts of the published schemas by their file names, with kinds and channels as they are now."""
    thresholds = with_channels(with_kinds(json.loads(text(THRESHOLDS))))
    return {THRESHOLDS: json.dumps(thresholds, indent=2, ensure_ascii=False) + "\n", CATALOG: _catalog()}


def _catalog() -> str:
    """Return the catalogue's schema with the present channels; its layout is by hand, so the rest stays as it is."""
    written = text(CATALOG)
    for scope in SCOPES:
        names = ", ".join(f'"{name}"' for name in in_scope(scope))
        written = re.sub(rf'("{scope}":[^\[]*"enum": )\[[^]]*\]', rf"\1[{names}]", written, count=1)
    return written


if __name__ == "__main__":
    for name, schema in publish().items():
        Path(__file__).with_name(name).write_text(schema, encoding="utf-8")
