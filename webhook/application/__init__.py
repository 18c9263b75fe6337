"""Applies each operation in one transaction: loads the state, lets pure modules decide, and stores the result.

`alert_batches` applies what Alertmanager posts, and `responses` applies what people and providers do. `watchdogs`
records which Watchdogs are heard and forgotten. `steps` does what falls due. `outcomes` writes what any of them
changes. `relevance` says which waiting notifications are still worth sending, and `record` reads an incident with its
history.
"""
