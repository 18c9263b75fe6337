"""Runs generated tests through `promtool test rules`, and tells a failure in the words of thresholds.yaml.

`running` starts promtool, `reading` takes its output apart, `pairing` sets what was expected beside what was got,
`findings` finds the limit, the sentence and the example that a failure is about. `compiler.proof` writes the tests.
"""
