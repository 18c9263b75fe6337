"""The compiler: documented thresholds and runbooks in, Prometheus rules, their proof, routing and a catalogue out.

The stages stand in sequence in `compiler.compilation`; everything else is one of its rooms. The webhook is a separate
program that reads `catalog.json` and imports nothing from here.
"""
