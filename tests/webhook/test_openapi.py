"""Tests that the API keeps to its description: schemathesis makes requests from openapi.json.

An answer whose status, content type or form is not in the description is a defect of the API or of the description.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi import checks

from tests.webhook.samples import Clock, alert, payload
from webhook.service import Service
from webhook.timestamps import DAY
from webhook.untrusted import one_line
from webhook.web.api import openapi
from webhook.web.flask_app import create_app

FORM = "application/x-www-form-urlencoded"
EXAMPLES = 25
"""For each operation and mode; the mutated payloads of test_mutants.py test deliveries more deeply."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
]
OF_ONE_INCIDENT = [
    (method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods if "{number}" in path
]
OPERATIONS = [
    (method.upper(), path, mode)
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
    for mode in GenerationMode
    # An operation without input has no invalid requests.
    if mode is GenerationMode.POSITIVE or operation.keys() & {"parameters", "requestBody"}
]


@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_description_knows(
    service: Service, method: str, path: str, mode: GenerationMode, capfd: pytest.CaptureFixture[str]
) -> None:
    """Valid and invalid requests of every operation cause no 500, no traceback and no undocumented answer."""
    app = create_app(service)
    assert app.test_client().post("/v1/alertmanager", json=payload(alert())).status_code == 200
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers_as_described(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    answers_as_described()
    assert "Traceback" not in "".join(capfd.readouterr())


def test_name_of_who_acts_is_described_as_it_is_checked() -> None:
    """An invisible name is refused, and the description's pattern says the same of every character."""
    pattern = re.compile(openapi()["components"]["schemas"]["Actor"]["properties"]["actor"]["pattern"])
    characters = [char for char in map(chr, range(0x11_0000)) if not "\ud800" <= char <= "\udfff"]
    assert [char for char in characters if bool(pattern.search(char)) != bool(one_line(char))] == []


@pytest.mark.parametrize(("method", "path"), OF_ONE_INCIDENT)
def test_archived_incident_is_answered_as_described(
    service: Service, clock: Clock, drain: Callable[..., int], method: str, path: str
) -> None:
    """Reading it works as for any other incident; changing it has its own answer."""
    app = create_app(service)
    for status in ("firing", "resolved"):
        app.test_client().post("/v1/alertmanager", json=payload(alert(status=status)))
        drain()
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    case = schemathesis.openapi.from_wsgi("/openapi.json", app)[path][method].Case(
        path_parameters={"number": 1},
        body={"actor": "on-call"} if method == "POST" else NOT_SET,
        media_type=None if method == "GET" else "application/json" if path.startswith("/v1") else FORM,
    )
    answer = case.call_and_validate(checks=CHECKS[:-2])
    leads_on = path.startswith("/incidents") and (method == "POST" or path.endswith("/resolve"))
    assert answer.status_code == (303 if leads_on else 200 if method == "GET" else 409)
