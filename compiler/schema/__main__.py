"""`python -m compiler.schema`: renew the schema of thresholds.yaml after a kind of signal or a channel has changed."""

from __future__ import annotations

import json
from pathlib import Path

from compiler.schema import THRESHOLDS, text, with_channels, with_kinds


def publish() -> dict[str, str]:
    """Return the text of the schema by its file name, with kinds and channels as they are now."""
    thresholds = with_channels(with_kinds(json.loads(text(THRESHOLDS))))
    return {THRESHOLDS: json.dumps(thresholds, indent=2, ensure_ascii=False) + "\n"}


if __name__ == "__main__":
    for name, schema in publish().items():
        Path(__file__).with_name(name).write_text(schema, encoding="utf-8")
