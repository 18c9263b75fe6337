"""Read guides: ordinary operations Markdown → the limits that it documents.

A wing beside the pipeline, for the command `import`: `passages` takes a document apart, `grammar` finds statements in
its passages by the words of `vocabulary.yaml`, `stanza` writes them down as a beginning of thresholds.yaml.
"""
