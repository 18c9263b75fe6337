"""Choose the runbook sections that would help with a signal, best first, and say how sure each choice is.

`compiler.resolve` calls `proposals` for a signal that names no section, and `compiler.importing` calls it, too.
`outline` says which sections an alert may lead to. `wording` and `vocabulary.yaml` say which words of signals and
headings mean the same, and `fit` weighs a signal against a section.
"""
