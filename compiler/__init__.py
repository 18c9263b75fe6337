"""The compiler: documented thresholds and runbooks in, Prometheus rules, their proof, routing and a catalogue out.

`compiler.compilation` calls the stages in sequence; the other modules are their parts. The webhook is a separate
program that reads `catalog.json` and imports nothing from this package.
"""
