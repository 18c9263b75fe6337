"""Read guides: ordinary operations Markdown → the limits that it documents.

`passages` takes a document apart. `grammar` finds statements in the passages by the words of `vocabulary.yaml`.
`compiler.importing` begins a thresholds.yaml with the statements. `compiler.resolve` compares them with one.
"""
