"""Mutated deliveries: what Alertmanager would never send, posted to a real webhook by the thousand.

`mutate.py` makes them from a seed, `run.py` posts them and watches. `python -m testbed.payloads` (`make fuzz`) is the
long form; tests/webhook has a short one.
"""
