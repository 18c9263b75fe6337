"""Check that diagnostics point into the files that they are about, and that each format shows all of them."""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def complaint(place: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the place of a diagnostic, as `--format json` shows it, or None."""
    line, column, end = place["line"], place["column"], place["end_column"]
    if line < 1 or column < 1:
        return "a place before the file"
    if end < column:
        return "a place that ends before it begins"
    if "\N{REPLACEMENT CHARACTER}" in place["path"]:
        # The name of the file is not UTF-8, so the shown name does not lead to the file.
        return None
    lines = _lines(Path(place["path"]))
    if line > len(lines) + 1:
        return "a line behind the file"
    if column > (len(lines[line - 1]) if line <= len(lines) else 0) + 1:
        return "a column behind the line"
    return None


def _lines(path: Path) -> list[str]:
    """Return the lines of a file as editors count them; one empty line if the file cannot be read."""
    if not path.is_file():
        return [""]
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return [""]
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def form_complaint(form: str, shown: str, count: int) -> str | None:
    """Return what is wrong with the output of `count` diagnostics in a format, or None."""
    if form == "sarif":
        try:
            results = json.loads(shown)["runs"][0]["results"]
        except (ValueError, LookupError):
            return "no SARIF"
        return None if len(results) == count else "a diagnostic is missing"
    if form == "github":
        lines = shown.removesuffix("\n").split("\n")
        fits = len(lines) == count and all(line.startswith("::") for line in lines)
        return None if fits else "not one line a diagnostic"
    return None if f"\n{count} finding" in shown and _is_plain(shown) else "not a page of plain text"


def _is_plain(text: str) -> bool:
    """Return whether a text has no control characters that would change the terminal."""
    return not any(unicodedata.category(character) == "Cc" for character in text if character != "\n")
