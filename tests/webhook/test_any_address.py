"""Any text in an address, a query, a form or a name gets a correct answer on either store, and never a 5xx."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import pytest
from flask.testing import FlaskClient

from webhook.service import Service
from webhook.web.flask_app import create_app

TEXTS = {
    "NUL": b"\0",
    "NUL within": b"a\0b",
    "NUL behind a key": b"0" * 64 + b"\0",
    "a line break behind a key": b"0" * 64 + b"\n",
    "half a surrogate pair": b"\xed\xa0\x80",
    "no UTF-8": b"\xff\xfe",
    "a quotation mark": b"' OR 1=1 --",
    "a percent sign": b"%s%%",
    "a wildcard": b"%",
    "a digit of another script": "\u0661".encode(),
    "a number beyond the column": b"9" * 30,
    "a negative number": b"-1",
    "a long text": b"a" * 20_000,
    "nothing": b"",
    "an emoji": "\U0001f600".encode(),
    "a noncharacter": "\uffff".encode(),
}
QUERIES = (
    *(f"/v1/archive?{name}=" for name in ("system", "alert", "severity", "since", "until", "limit", "before")),
    *(f"/archive?{name}=" for name in ("system", "alert", "severity", "since", "until", "before")),
    *(f"/v1/incidents?{name}=" for name in ("state", "limit", "before")),
    *("/incidents/1?actor=", "/incidents/1?undone=", "/?before=", "/?actor=", "/heartbeats?actor="),
)


@pytest.fixture
def served(either: Service) -> FlaskClient:
    return create_app(either).test_client()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_in_a_path_is_nothing_that_is_there(text: bytes, served: FlaskClient) -> None:
    """The answer is 404 for a text that is no key or no number."""
    shown = quote_from_bytes(text, safe="")
    for path in ("/v1/heartbeats/{}/forget", "/v1/incidents/{}/acknowledge", "/v1/incidents/{}/reopen"):
        assert served.post(path.format(shown), json={"actor": "ada"}).status_code in {308, 404}
    for path in ("/heartbeats/{}/forget", "/incidents/{}/resolve"):
        assert served.post(path.format(shown), data={"actor": "ada"}).status_code in {303, 308, 404}
    for path in ("/v1/incidents/{}", "/incidents/{}", "/{}x"):
        assert served.get(path.format(shown)).status_code in {200, 308, 404}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_in_a_query_is_answered(text: bytes, served: FlaskClient) -> None:
    """The query is searched for, or refused with a reason."""
    for query in QUERIES:
        assert served.get(query + quote_from_bytes(text)).status_code in {200, 400, 404}, query


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_may_be_the_name_of_who_acts(text: bytes, served: FlaskClient) -> None:
    """The name comes as JSON or in a form, and the incident does not exist any more."""
    name = text.decode(errors="surrogateescape")
    assert served.post("/v1/incidents/1/resolve", json={"actor": name}).status_code in {400, 404}
    assert served.post(f"/v1/heartbeats/{'0' * 64}/forget", json={"actor": name}).status_code in {400, 404}
    form = b"actor=" + quote_from_bytes(text).encode()
    kind = "application/x-www-form-urlencoded"
    assert served.post("/incidents/1/resolve", data=form, content_type=kind).status_code in {303, 404}
