"""Read guides, which are ordinary operations Markdown, and find the limits that they document.

`passages` takes a document apart. `grammar` finds statements in the passages by the words of `vocabulary.yaml`.
`compiler.importing` begins a thresholds.yaml with the statements. `compiler.resolve` compares the statements with one.
"""
