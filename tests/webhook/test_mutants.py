"""Tests of deliveries that are mutated, too large or too deep: a 200 or 400, bounded memory, and correct messages.

`make fuzz` posts 50,000 mutated deliveries; these tests post some hundreds of the same.
"""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator

import pytest

from testbed import loopback
from testbed.patience import PATIENCE_SECONDS
from testbed.payloads.mutate import mutated
from testbed.payloads.run import Target, post_all
from tests.webhook.samples import alert, payload
from webhook.payload import MOST_OBJECTS
from webhook.web.body import LARGEST_ACTION, LARGEST_WHOLE

pytestmark = pytest.mark.acceptance

COUNT = 300
MOST_MEBIBYTES = 600
"""Limit for the serving process, which starts with 70; without bounds the worst of these bodies takes 1,850."""
HUGE = 64 * 1_024 * 1_024
ONE_ALERT = json.dumps(alert(annotations={"summary": "x" * 500})).encode() + b","
HEAD = json.dumps(payload(alert())).encode().partition(b'"alerts": [')[0]

HUGE_BODIES = {
    "arrays in arrays": b"[" * HUGE,
    "objects in objects": b'{"a":' * (HUGE // 5),
    "empty objects": b"[" + b"{}," * (HUGE // 3) + b"{}]",
    "one text": b'"' + b"a" * HUGE + b'"',
    "one text in a text": b'{"groupKey": "' + b"a" * HUGE + b'"}',
    "no text": b"\xff" * HUGE,
    "alerts that are none": b'{"alerts": [' + b"{}," * (HUGE // 3) + b"{}]}",
    "one alert of many keys": b'{"alerts": [{' + b",".join(b'"%d":1' % n for n in range(HUGE // 12)) + b"}]}",
    "good alerts without an end": HEAD + b'"alerts": [' + ONE_ALERT * (HUGE // len(ONE_ALERT)),
}
WHOLE_BODIES = {
    "arrays in arrays": b"[" * LARGEST_WHOLE,
    "few arrays in arrays": b"[" * (MOST_OBJECTS - 1),
    "objects in objects": b'{"a":' * (MOST_OBJECTS - 1),
    "empty objects": b"[" + b"{}," * (MOST_OBJECTS - 1) + b"{}]",
    "numbers": b"[" + b"1," * (LARGEST_WHOLE // 2 - 2) + b"1]",
    "many keys": b"{" + b",".join(b'"%d":1' % number for number in range(LARGEST_WHOLE // 12)) + b"}",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a webhook with receivers that keeps everything that this module's tests send."""
    with Target(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def test_mutated_deliveries_are_taken_or_refused_with_a_reason(target: Target) -> None:
    """No delivery causes a 500, a traceback in the log, a refused message, or a message that notifies everybody."""
    result = post_all(target, 1, range(COUNT), lambda _: None)
    assert result.findings == ()
    assert result.statuses[200] > COUNT / 5
    assert result.statuses[400] > COUNT / 5
    assert all(result.messages.values()), result.messages
    assert result.memory_peak < MOST_MEBIBYTES


@pytest.mark.parametrize("body", HUGE_BODIES.values(), ids=HUGE_BODIES)
def test_huge_body_that_is_no_delivery_is_refused_in_bounded_memory(target: Target, body: bytes) -> None:
    """The answer is 400 with a reason, never 413: both tell Alertmanager not to try again, but only one says why."""
    answer = target.post(body)
    assert answer.status == 400
    assert json.loads(answer.text)["problems"]
    assert target.peak() < MOST_MEBIBYTES


@pytest.mark.parametrize("body", WHOLE_BODIES.values(), ids=WHOLE_BODIES)
def test_body_that_is_just_small_enough_to_be_decoded_at_once_takes_bounded_memory(target: Target, body: bytes) -> None:
    """Both the text and the decoded values are bounded."""
    answer = target.post(body)
    assert answer.status == 400, answer.text
    assert json.loads(answer.text)["problems"]
    assert target.peak() < MOST_MEBIBYTES


@pytest.mark.parametrize("length", [500, 3_300, 20_000])
def test_what_the_generated_configuration_lets_through_is_taken_whole(target: Target, length: int) -> None:
    """Five thousand alerts of a group are taken, whatever they say; so are their ends."""
    group = {"groupLabels": {"group": f"of {length}"}, "groupKey": f"of {length}"}
    for status, result in (("firing", "opened"), ("resolved", "resolved")):
        alerts = [
            alert(
                group=f"of {length}",
                instance=str(number),
                status=status,
                annotations={"summary": "x\n" * (length // 2)},
            )
            for number in range(5_000)
        ]
        answer = target.post(json.dumps(payload(*alerts, status=status, **group)).encode())
        assert answer.status == 200, answer.text
        assert json.loads(answer.text)["result"] == result
    assert target.peak() < MOST_MEBIBYTES


def test_storm_beyond_every_bound_is_taken_in_part_and_says_so(target: Target) -> None:
    """The alerts that were read count; those left out may fire, so such a delivery never ends an incident."""
    group = {"groupLabels": {"group": "beyond"}, "groupKey": "beyond"}
    texts = {f"text {number}": "x" * 1_000 for number in range(12)}
    alerts = [alert(group="beyond", instance=str(number), annotations=texts) for number in range(5_000)]
    answer = target.post(json.dumps(payload(*alerts, **group)).encode())
    assert answer.status == 200, answer.text
    number = json.loads(answer.text)["incident"]
    incident = loopback.get_json(f"{target.replica.url}/v1/incidents/{number}")
    kept = len(incident["alerts"])
    assert 2_000 < kept < 5_000
    assert incident["truncated_alerts"] == 5_000 - kept
    ended = [{**firing_alert, "status": "resolved"} for firing_alert in alerts]
    answer = target.post(json.dumps(payload(*ended, status="resolved", **group)).encode())
    assert (answer.status, json.loads(answer.text)["result"]) == (200, "updated")
    assert target.peak() < MOST_MEBIBYTES


def test_body_of_unknown_length_is_bounded_too(target: Target) -> None:
    """The body comes in chunks, and no header tells its size."""
    connection = http.client.HTTPConnection(target.replica.url.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    pieces = (b"[" * 65_536 for _ in range(1_024))
    with contextlib.suppress(OSError):  # it need not read on
        connection.request(
            "POST", "/v1/alertmanager", pieces, {"Content-Type": "application/json"}, encode_chunked=True
        )
    response = connection.getresponse()
    assert response.status == 400
    assert b"must be an object" in response.read()
    connection.close()
    assert target.peak() < MOST_MEBIBYTES


def test_person_s_action_is_small(target: Target) -> None:
    """The body of an action holds a name and nothing more."""
    answer = target.post(b'{"actor": "' + b"a" * LARGEST_ACTION + b'"}', "/v1/incidents/1/acknowledge")
    assert answer.status == 400
    assert "is larger than" in answer.text


def test_log_of_it_all_holds_no_traceback(target: Target) -> None:
    """This test runs last in the module: the log holds what the others have sent."""
    assert target.log_findings() == []


def test_same_seed_gives_the_same_deliveries_and_another_gives_others() -> None:
    """The seed and the index of a finding reproduce it."""
    some = [mutated(1, index) for index in range(50)]
    assert some == [mutated(1, index) for index in range(50)]
    assert len(set(some)) == 50
    assert not set(some) & {mutated(2, index) for index in range(50)}
