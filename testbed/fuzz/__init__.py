"""Fuzz the compiler: any bytes give artifacts or findings, never a traceback or half an output.

`python -m testbed.fuzz --seed N --count N` is the long run (`make fuzz`), `tests/compiler/test_fuzz.py` a short one.
Input `i` of seed `s` is always the same: `--only i` repeats it alone.

The package imports the compiler, because a process for each input would be too slow.

| module | holds |
|---|---|
| `case.py` | one input: files, links, folders; and the correct specifications that inputs are made from |
| `bytewise.py`, `linewise.py`, `grammar.py`, `markdown.py`, `paths.py` | the damages, by what each knows of a file |
| `nasty.py`, `values.py` | words that have brought programs down, and values that are mostly right |
| `inputs.py` | seed and index → case |
| `workshop.py` | the folder that a case is laid out in, and a good `generated/` beside it |
| `judge.py`, `artifacts.py`, `places.py`, `tools.py` | compile a case and compare the outcome with the promises |
| `shrink.py` | the smallest damage that still fails in the same way |
| `crew.py` | processes that may die or hang, and what they report |
| `report.py` | the counts, as a page of text |
"""
