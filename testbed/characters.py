"""`python -m testbed.characters`: measure the properties of every character, and write `compiler/characters.txt`.

The command needs node and npm; npm fetches GitHub's reference for anchors into a temporary folder. The command does not
read the reference's own table: it asks for an anchor of each of the 1,112,064 characters. Node itself answers what
Unicode says of each character.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from testbed.anchors import VERSION, install_reference

TABLE: Final = Path(__file__).parents[1] / "compiler" / "characters.txt"
_SECONDS: Final = 300
_UNICODE: Final = "17.0"
"""The version of Unicode that node must have; another version makes another table."""
_SCRIPT: Final = r"""
import { slug } from 'github-slugger'
const [unicode, version] = process.argv.slice(2)
if (process.versions.unicode !== unicode) throw new Error(`node has Unicode ${process.versions.unicode}`)

const characters = []
for (let code = 0; code < 0x110000; code++) {
  if (code < 0xD800 || code > 0xDFFF) characters.push([code, String.fromCodePoint(code)])
}
const hex = code => code.toString(16).toUpperCase().padStart(4, '0')

// A sigma ends a word unless a cased character follows, whatever is ignored between them.
function flags (character) {
  const isFinal = text => text.toLowerCase()[1] === 'ς'
  const all = [
    [slug(`a${character}b`).length > 2 && character !== ' ', 'g'],
    [/^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u.test(character), 'w'],
    [/^[\p{L}\p{N}]$/u.test(character), 'n'],
    [!isFinal(`ΑΣ${character}`), 'c'],
    [isFinal(`ΑΣ${character}`) && !isFinal(`ΑΣ${character}Α`), 'i']
  ]
  return all.filter(([holds]) => holds).map(([, flag]) => flag).join('')
}

const runs = []
for (const [code, character] of characters) {
  const last = runs.at(-1)
  const found = flags(character)
  if (last?.flags === found) last.end = code
  else runs.push({ start: code, end: code, flags: found })
}

const steps = []
const others = []
for (const [code, character] of characters) {
  const small = [...character.toLowerCase()].map(one => one.codePointAt(0))
  if (small.length > 1) others.push(`${hex(code)} = ${small.map(hex).join(' ')}`)
  if (small.length > 1 || small[0] === code) continue
  const [last, distance] = [steps.at(-1), small[0] - code]
  const step = last && code - last.end
  if (last?.distance === distance && (last.start === last.end ? step <= 2 : step === last.step)) {
    Object.assign(last, { end: code, step })
  } else steps.push({ start: code, end: code, step: 1, distance })
}

const span = ({ start, end }) => start === end ? hex(start) : `${hex(start)}-${hex(end)}`
console.log([
  '# Made by `python -m testbed.characters`, read by `characters.py`.',
  `# From Unicode ${unicode} and the anchors of github-slugger ${version}.`,
  '#',
  '# Kinds: g stays in an anchor on GitHub, w is of a word, n is a letter or a number, c has a case,',
  '# i is ignored beside a character with a case.',
  ...runs.filter(run => run.flags).map(run => `${span(run)} ${run.flags}`),
  '#', '# Small letters: how far away they are; `/2` is every second character.',
  ...steps.map(run => `${span(run)}${run.step > 1 ? '/2' : ''} ${run.distance > 0 ? '+' : ''}${run.distance}`),
  ...others
].join('\n'))
"""


def main() -> int:
    """Write the table anew."""
    argparse.ArgumentParser(prog="python -m testbed.characters", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install_reference(folder)
        (folder / "characters.js").write_text(_SCRIPT, encoding="utf-8")
        command = ["node", "characters.js", _UNICODE, VERSION]
        run = subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS, stdout=subprocess.PIPE)
    TABLE.write_bytes(run.stdout)
    print(f"{TABLE.name}: {len(run.stdout.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
