"""Run generated tests with `promtool test rules`, and report a failure in the words of thresholds.yaml.

`running` starts promtool, `reading` parses its output, `pairing` sets expected alerts beside actual ones, and
`findings` finds the limit, the sentence and the example that a failure is about. `compiler.proof` writes the tests.
"""
