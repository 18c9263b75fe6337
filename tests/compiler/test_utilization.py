"""Tests of the utilization of a component of several instances, from a counter of each instance's work."""

from __future__ import annotations

import pytest

from compiler.promql import canonical, parse_selector
from compiler.quantities import RATIO
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, Signal

COUNTER = "engine_cpu_seconds_total"
ALONE = f"sum by (job, instance, pod) (rate({COUNTER}[4m]))"


@pytest.mark.parametrize(
    ("counter", "capacity", "per", "expression"),
    [
        (COUNTER, None, (), f"max({ALONE})"),
        (COUNTER, None, ("zone",), f"max by (zone) ({ALONE.replace('(job', '(zone, job')})"),
        (COUNTER, None, ("zone", "job"), f"max by (zone, job) ({ALONE.replace('(job', '(zone, job')})"),
        (COUNTER, None, ("instance",), f"sum by (instance) (rate({COUNTER}[4m]))"),
        (COUNTER, None, ("pod",), f"sum by (pod) (rate({COUNTER}[4m]))"),
        (f'{COUNTER}{{instance="a:9"}}', None, (), f'sum(rate({COUNTER}{{instance="a:9"}}[4m]))'),
        (COUNTER, "engine_cores", ("zone",), f"sum by (zone) (rate({COUNTER}[4m])) / "),
    ],
)
def test_without_a_capacity_of_all_the_busiest_instance_counts(
    counter: str, capacity: str | None, per: tuple[str, ...], expression: str
) -> None:
    """Three half-busy instances are no trouble; one full instance is."""
    inputs = {"counter": counter} | ({"capacity": capacity} if capacity else {})
    binding = Binding(inputs={key: parse_selector(text) for key, text in inputs.items()}, per=per, window=240)
    signal = Signal(id="engine", kind="utilization", unit=RATIO, title="Engine")
    rendered = canonical(kinds()["utilization"].expression(BoundSignal(signal=signal, binding=binding)))
    assert rendered.startswith(expression)
