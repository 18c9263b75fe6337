"""Post thousands of mutated deliveries, which Alertmanager would never send, to a real webhook.

`mutate.py` makes them from a seed; `run.py` posts them and checks the results. `python -m testbed.payloads` (`make
fuzz`) is the long form; tests/webhook has a short one.
"""
