"""Implement the command `import`: guides → the limits that they document, as JSON or as a beginning of thresholds.yaml.

`imported` reads the files with `compiler.guides`. `stanza` writes one system for each guide.
"""
