"""The proof that nothing is lost: a storm of alerts while the webhook is killed and its receivers misbehave.

`run.py` plays it, `storm.py` says what is posted and what must come of it, `faults.py` how the receivers misbehave,
`serve.py` is the real webhook with its patience scaled down, `verdict.py` looks at what is left. `python -m
testbed.chaos` (`make chaos`) is the long form; tests/acceptance has a short one.
"""
