import pytest

from testbed import loopback
from testbed.service import Series, Service


class Clock:
    """A clock that stands until it is set."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock at zero."""
    return Clock()


def _scrape(service: Service) -> dict[str, float]:
    lines = loopback.get_text(f"{service.url}/metrics").splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_a_counter_grows_at_its_rate_and_keeps_its_count_when_the_rate_changes(clock: Clock) -> None:
    """Ten seconds at 5/s and ten at 1/s make 60; a counter never falls."""
    counter = Series(metric="requests_total", kind="counter", labels={"status": "500"}, rate=5)
    with Service([counter], clock) as service:
        clock.now = 10
        service.change([Series(metric="requests_total", kind="counter", labels={"status": "500"}, rate=1)])
        clock.now = 20
        assert _scrape(service) == {'requests_total{status="500"}': 60}


def test_a_histogram_spreads_its_observations_over_cumulative_buckets(clock: Clock) -> None:
    """A bucket counts everything up to its bound; the sum weighs each observation."""
    spread = {0.1: 0.9, 2.0: 0.1}
    histogram = Series(metric="latency_seconds", kind="histogram", rate=10, spread=spread, buckets=(0.1, 1, 2.5))
    with Service([histogram], clock) as service:
        clock.now = 10
        assert _scrape(service) == {
            'latency_seconds_bucket{le="0.1"}': pytest.approx(90),
            'latency_seconds_bucket{le="1"}': pytest.approx(90),
            'latency_seconds_bucket{le="2.5"}': pytest.approx(100),
            'latency_seconds_bucket{le="+Inf"}': pytest.approx(100),
            "latency_seconds_sum": pytest.approx(29),
            "latency_seconds_count": pytest.approx(100),
        }


def test_a_gauge_shows_what_was_set_last_and_labels_are_escaped() -> None:
    """A label's value may hold anything."""
    labels = {"path": 'C:\\"x"\n'}
    with Service([Series(metric="up_to", kind="gauge", labels=labels, value=3)]) as service:
        service.change([Series(metric="up_to", kind="gauge", labels=labels, value=0.5)])
        assert _scrape(service) == {r'up_to{path="C:\\\"x\"\n"}': 0.5}


def test_a_distribution_whose_shares_do_not_add_up_is_refused() -> None:
    """A typing error in a table shows at once."""
    with pytest.raises(ValueError, match=r"add up to 0\.5"):
        Series(metric="latency_seconds", kind="histogram", rate=1, spread={0.1: 0.5})
