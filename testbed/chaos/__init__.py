"""Prove that nothing is lost in a storm of alerts while the webhook is killed and its receivers misbehave.

`run.py` plays the storm. `storm.py` says what is posted and what must follow, `faults.py` says how the receivers
misbehave, `serve.py` runs the real webhook with shorter waits, and `verdict.py` checks what is left. `python -m
testbed.chaos` (`make chaos`) is the long form; tests/acceptance has a short one.
"""
