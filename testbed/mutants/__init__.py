"""The mutation check: breaks generated rules and routes one place at a time, and asks whether their tests notice.

`__main__.py` is the command. `directory.py` reads the files; `rules.py` and `alertmanager.py` list the mutants of one,
`expressions.py` and `naive.py` those of a PromQL expression in it. `choice.py` leaves out what `equivalent.py` shows to
change nothing and takes the wanted number by a seed. `proof.py` runs the tests on each, first those that `narrowing.py`
finds likely to notice. Like the rest of the testbed it reads the standard formats and nothing of the compiler.
"""
