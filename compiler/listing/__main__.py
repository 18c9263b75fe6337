"""`python -m compiler.listing docs/thresholds.md`: renew the tables of signals and of their kinds in a page."""

from __future__ import annotations

import sys
from pathlib import Path

from compiler.listing.written import renewed

if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(renewed(_page.read_text(encoding="utf-8")), encoding="utf-8")
