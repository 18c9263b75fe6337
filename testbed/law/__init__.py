"""Plays deliveries, answers, acts of people, clocks, replicas and restarts against the law of ends and holds.

The law stands in `webhook.incidents.alertmanager_state`.

`world` knows which alerts fire in which cluster and how the servers are; `replicas` are two processes of the real
webhook over a real store, of which HTTP alone is left out; `oracle` says from the world what had to follow, and knows
nothing of the room that decides; `machine` lets everything happen in any order.

What no webhook could know is left out: a cluster whose Alertmanagers all lose their Prometheus without a Watchdog.

`python -m testbed.law` is the long form, tests/webhook/test_law.py the short one, and `python -m testbed.law.mutations`
says whether either would notice a mistake in the room.
"""
