"""Deliveries that nobody would send: mutated, too large, too deep. Answered 200 or 400, in bounded memory, and told well.

`make fuzz` posts 50,000 mutated ones; here are some hundreds of the same.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from testbed.patience import PATIENCE_SECONDS
from testbed.payloads.mutate import mutated
from testbed.payloads.run import Target, post_all
from tests.webhook.samples import alert, payload
from webhook.payload import MOST_OBJECTS
from webhook.web.body import LARGEST_ACTION, LARGEST_DELIVERY

pytestmark = pytest.mark.acceptance

COUNT = 300
MOST_MEBIBYTES = 500
"""Of the serving process, which has 70 to begin with; without bounds the worst of these bodies takes 1,850."""
HUGE = 64 * 1_024 * 1_024
ONE_ALERT = json.dumps(alert(annotations={"summary": "x" * 500})).encode() + b","
HEAD, TAIL = json.dumps(payload(alert())).encode().split(b'"alerts": [')

HUGE_BODIES = {
    "arrays in arrays": b"[" * HUGE,
    "objects in objects": b'{"a":' * (HUGE // 5),
    "empty objects": b"[" + b"{}," * (HUGE // 3) + b"{}]",
    "one text": b'"' + b"a" * HUGE + b'"',
    "no text": b"\xff" * HUGE,
    "good alerts": HEAD + b'"alerts": [' + ONE_ALERT * (HUGE // len(ONE_ALERT)) + TAIL,
}
LARGEST_BODIES = {
    "arrays in arrays": b"[" * LARGEST_DELIVERY,
    "few arrays in arrays": b"[" * (MOST_OBJECTS - 1),
    "objects in objects": b'{"a":' * (MOST_OBJECTS - 1),
    "empty objects": b"[" + b"{}," * (MOST_OBJECTS - 1) + b"{}]",
    "numbers": b"[" + b"1," * (LARGEST_DELIVERY // 2 - 2) + b"1]",
    "many keys": b"{" + b",".join(b'"%d":1' % number for number in range(LARGEST_DELIVERY // 12)) + b"}",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a webhook with receivers that holds whatever the module's tests send it."""
    with Target(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def test_mutated_deliveries_are_taken_or_refused_with_a_reason(target: Target) -> None:
    """No 500, no traceback in the log, and no message that its receiver refuses or that shouts at everybody."""
    result = post_all(target, 1, range(COUNT), lambda _: None)
    assert result.findings == ()
    assert result.statuses[200] > COUNT / 5
    assert result.statuses[400] > COUNT / 5
    assert all(result.messages.values()), result.messages
    assert result.memory_peak < MOST_MEBIBYTES


@pytest.mark.parametrize("body", HUGE_BODIES.values(), ids=HUGE_BODIES)
def test_huge_body_is_refused_in_bounded_memory(target: Target, body: bytes) -> None:
    """400 and a reason, never 413: to Alertmanager both mean that it should not try again, and one says why."""
    answer = target.post(body)
    assert answer.status == 400
    assert f"is larger than {LARGEST_DELIVERY:,} bytes" in answer.said
    assert target.peak() < MOST_MEBIBYTES


@pytest.mark.parametrize("body", LARGEST_BODIES.values(), ids=LARGEST_BODIES)
def test_body_that_is_just_small_enough_takes_bounded_memory(target: Target, body: bytes) -> None:
    """The text is bounded and so is what is made of it."""
    answer = target.post(body)
    assert answer.status == 400, answer.said
    assert json.loads(answer.said)["problems"]
    assert target.peak() < MOST_MEBIBYTES


def test_large_delivery_of_good_alerts_is_taken(target: Target) -> None:
    """A storm of a group, all in one: as large as a delivery may be."""
    alerts = b",".join(
        json.dumps(alert(instance=str(number), annotations={"summary": "x" * 500})).encode() for number in range(5_000)
    )
    _, _, tail = TAIL.partition(b"]")
    answer = target.post(HEAD + b'"alerts": [' + alerts + b"]" + tail)
    assert answer.status == 200, answer.said
    assert target.peak() < MOST_MEBIBYTES


def test_body_of_unknown_length_is_bounded_too(target: Target) -> None:
    """Sent in chunks, no header tells its size."""
    connection = http.client.HTTPConnection(target.replica.url.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    pieces = (b"[" * 65_536 for _ in range(1_024))
    connection.request("POST", "/v1/alertmanager", pieces, {"Content-Type": "application/json"}, encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 400
    assert b"is larger than" in response.read()
    connection.close()
    assert target.peak() < MOST_MEBIBYTES


def test_person_s_action_is_small(target: Target) -> None:
    """Who acknowledges has a name, and no more."""
    answer = target.post(b'{"actor": "' + b"a" * LARGEST_ACTION + b'"}', "/v1/incidents/1/acknowledge")
    assert answer.status == 400
    assert "is larger than" in answer.said


def test_log_of_it_all_holds_no_traceback(target: Target) -> None:
    """The last of this module: what the others have sent is in the log."""
    assert target.log_findings() == []


def test_same_seed_gives_the_same_deliveries_and_another_gives_others() -> None:
    """A finding is found again by its seed and index."""
    some = [mutated(1, index) for index in range(50)]
    assert some == [mutated(1, index) for index in range(50)]
    assert len(set(some)) == 50
    assert not set(some) & {mutated(2, index) for index in range(50)}
