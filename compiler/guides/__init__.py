"""Read guides: ordinary operations Markdown → the limits that it documents.

`passages` takes a document apart, `grammar` finds statements in its passages by the words of `vocabulary.yaml`. Used by
`compiler.importing`, which begins a thresholds.yaml with them, and by `compiler.resolve`, which holds them against one.
"""
