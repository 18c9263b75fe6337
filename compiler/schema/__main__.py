"""`python -m compiler.schema`: renew the published schema of thresholds.yaml after a kind of signal has changed."""

from __future__ import annotations

import json
from pathlib import Path

from compiler.schema import THRESHOLDS, text, with_kinds


def publish() -> str:
    """Return the text of the published schema with the kinds as they are now."""
    return json.dumps(with_kinds(json.loads(text(THRESHOLDS))), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name(THRESHOLDS).write_text(publish(), encoding="utf-8")
