"""Test the law of ends and holds with random deliveries, answers, acts of people, clocks, replicas and restarts.

The law stands in `webhook.incidents.alertmanager_state`.

`world` holds which alerts fire in which cluster and what each server does. `replicas` runs two processes of the real
webhook over a real store; only HTTP is left out. `oracle` derives from the world what must follow, without the module
that decides. `machine` lets everything happen in any order.

One case is left out because no webhook could know of it: all Alertmanagers of a cluster without a Watchdog lose their
Prometheus.

`python -m testbed.law` is the long form, tests/webhook/test_law.py the short one. `python -m testbed.law.mutations`
says whether they would notice a mistake in that module.
"""
