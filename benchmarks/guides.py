"""Print how well `tocsin import` reads the labelled guides, one line for each half of `tests/corpus`.

The vocabulary was written with the guides in `seen`. The other guides were written and labelled without looking at the
vocabulary, so their score shows what to expect of an unknown guide.
"""

from __future__ import annotations

from pathlib import Path

from testbed.guides import Score, score

CORPUS = Path(__file__).parents[1] / "tests" / "corpus"


def main() -> None:
    """Print the score of each half."""
    print("import: shares of the documented limits found, of those read that are right, and of those found, details")
    print(f"  {'guides':10} {'limits':>6}  {'recall':>9}  {'precision':>9}  {'severity':>9}  {'signal':>9}")
    for folder in sorted(path for path in CORPUS.iterdir() if any(path.glob("*.json"))):
        _print(folder.name, score(folder))
    print(f"  {'aim':10} {'':6}  {0.9:9.3f}  {0.95:9.3f}  {0.9:9.3f}")


def _print(name: str, result: Score) -> None:
    severity, signal = (result.details[detail] / result.found for detail in ("severity", "signal"))
    shares = "".join(f"  {share:9.3f}" for share in (result.recall, result.precision, severity, signal))
    print(f"  {name:10} {result.documented:6}{shares}")
