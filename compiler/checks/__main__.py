"""`python -m compiler.checks [PATH]`: write the reference page of checks; to stdout where no path is given."""

from __future__ import annotations

import sys
from pathlib import Path

from compiler.checks.reference import page

if __name__ == "__main__":
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
