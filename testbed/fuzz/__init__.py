"""Fuzzing of the compiler: whatever the bytes, there are artifacts or findings, never a traceback or half an output.

`python -m testbed.fuzz --seed N --count N` is the long run (`make fuzz`), `tests/compiler/test_fuzz.py` a short one.
Input `i` of seed `s` is always the same: `--only i` repeats it alone.

The one part of the testbed that imports the compiler, because a process an input would be too slow.

| room | holds |
|---|---|
| `case.py` | one input: files, links, folders; and the specifications that all begin as |
| `bytewise.py`, `linewise.py`, `grammar.py`, `markdown.py`, `paths.py` | the damages, by what they know |
| `nasty.py`, `values.py` | words that have brought programs down, and such as are mostly right |
| `inputs.py` | seed and index → case |
| `workshop.py` | the folder that a case is laid out in, and a good `generated/` beside it |
| `judge.py`, `artifacts.py`, `places.py`, `tools.py` | compile it and hold the outcome against the promises |
| `shrink.py` | the least of a case that still fails alike |
| `crew.py` | processes that may die or hang, and what they report |
| `report.py` | the counts, as a page of text |
"""
