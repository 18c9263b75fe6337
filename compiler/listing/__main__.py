"""`python -m compiler.listing docs/thresholds.md`: renew the table of built-in signals in a page."""

from __future__ import annotations

import sys
from pathlib import Path

from compiler.listing import listed
from compiler.listing.written import as_markdown, in_page

if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(in_page(_page.read_text(encoding="utf-8"), as_markdown(listed())), encoding="utf-8")
