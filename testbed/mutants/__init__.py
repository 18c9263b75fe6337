"""The mutation check: break generated rules and routes one place at a time, and check that their tests notice.

`__main__.py` is the command. `directory.py` reads the files; `rules.py` and `alertmanager.py` list the mutants of a
file, `expressions.py` and `naive.py` those of a PromQL expression in it. `choice.py` leaves out the mutants that change
nothing by `equivalent.py`, and takes the requested number by a seed. `proof.py` runs the tests on each mutant, first
the tests that `narrowing.py` finds likely to notice. The package reads only the standard formats, nothing of the
compiler.
"""
