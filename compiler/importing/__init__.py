"""The command `import`: guides as they are → what they document, as JSON or as a beginning of thresholds.yaml.

`imported` reads the files by `compiler.guides`; `stanza` writes one system a guide.
"""
