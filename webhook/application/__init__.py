"""The application layer. Each operation is one transaction: load, let the pure rooms decide, store the result.

`alert_batches` takes what Alertmanager posts, `responses` what people and providers do, `watchdogs` which Watchdogs are
heard and forgotten, and `steps` what falls due. `outcomes` writes what any of them changes. `relevance` says which
waiting notifications are still worth sending, `record` reads an incident with its history.
"""
