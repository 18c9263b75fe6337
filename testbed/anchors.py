"""`python -m testbed.anchors`: compare our anchors with those of npm's `github-slugger`, GitHub's reference.

The command needs node and npm; npm fetches the reference into a temporary folder. `make test` needs neither: it
compares our anchors with `tests/compiler/data/anchors.json`, which `--write` makes. The command asks for random
headings; with `--every` it asks for each code point of Unicode.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from compiler.runbooks.anchors import STYLES, Anchors, Style
from testbed.headings import Document, corpus, every_code_point, rows, sample_documents

VERSION: Final = "2.0.0"
_SECONDS: Final = 300
_SHOWN: Final = 10
_SCRIPT: Final = """
import Slugger from 'github-slugger'
import { readFileSync } from 'node:fs'
const documents = JSON.parse(readFileSync(0, 'utf8'))
const anchors = documents.map(headings => { const one = new Slugger(); return headings.map(h => one.slug(h)) })
process.stdout.write(JSON.stringify(anchors))
"""


def reference(documents: Sequence[Document]) -> list[list[str]]:
    """Return the reference's anchors, by document and heading."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install_reference(folder)
        (folder / "slug.js").write_text(_SCRIPT, encoding="utf-8")
        document_json = json.dumps(documents).encode()
        run = subprocess.run(
            ["node", "slug.js"], cwd=folder, input=document_json, check=True, timeout=_SECONDS, capture_output=True
        )
    anchors: list[list[str]] = json.loads(run.stdout)
    return anchors


def install_reference(folder: Path) -> None:
    """Let npm install the reference into `folder`, for scripts that import it."""
    (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"github-slugger@{VERSION}"]
    subprocess.run(install, cwd=folder, check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL)


def ours(headings: Document) -> list[str]:
    """Return our anchors of one document's headings."""
    anchors = Anchors("github")
    return [anchors.add(heading) for heading in headings]


def digest_of(style: Style) -> str:
    """Return the digest of our anchors of every character."""
    return digest(Anchors(style).add(row) for row in rows())


def digest(anchors: Iterable[str]) -> str:
    """Return the digest that stands for many anchors in the fixture."""
    return hashlib.sha256("\n".join(anchors).encode()).hexdigest()


def differing(documents: Sequence[Document], expected: Sequence[list[str]]) -> list[tuple[Document, list[str]]]:
    """Return the documents in which one of our anchors differs, with the reference's anchors."""
    return [
        (document, anchors) for document, anchors in zip(documents, expected, strict=True) if ours(document) != anchors
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the differences, and return 1 if there is any."""
    options = _options(arguments)
    documents = list(every_code_point() if options.every else corpus(options.seed, options.count))
    wrong = differing(documents, reference(documents))
    for headings, anchors in wrong[:_SHOWN]:
        print(ascii(headings), "\n  reference", ascii(anchors), "\n  ours     ", ascii(ours(headings)))
    count = sum(len(document) for document in documents)
    print(
        f"{count} headings in {len(documents)} documents: {len(wrong)} documents differ from github-slugger {VERSION}"
    )
    if options.write:
        _write(options.write)
    return 1 if wrong else 0


def _write(path: Path) -> None:
    """Write the fixture: the sample documents, one a line, and for each style a digest of every character."""
    documents = sample_documents()
    of_github = (anchor for (anchor,) in reference([[row] for row in rows()]))
    digests = {style: digest_of(style) for style in STYLES if style != "plain"} | {"github": digest(of_github)}
    lines = [
        json.dumps({"headings": headings, "anchors": anchors})
        for headings, anchors in zip(documents, reference(documents), strict=True)
    ]
    path.write_text(
        f'{{"reference": "github-slugger {VERSION}",\n"every_character": {json.dumps(digests)},\n"documents": [\n'
        + ",\n".join(lines)
        + "\n]}\n",
        encoding="utf-8",
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testbed.anchors", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="headings")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", action="store_true", help="each code point of Unicode, between two letters")
    parser.add_argument("--write", type=Path, help="where to write the fixture")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
