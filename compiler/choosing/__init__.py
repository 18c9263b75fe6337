"""Choosing: a signal → the runbook sections that would help with it, best first, and how sure that is.

`proposals` is asked by `compiler.resolve`, where a signal names no section, and by `compiler.importing`. `outline`
tells which sections an alert may lead to, `wording` and `vocabulary.yaml` how signals and headings speak of the same,
and `fit` weighs one against the other.
"""
