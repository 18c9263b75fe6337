"""Tests of pages and buttons under a prefix, behind a proxy, by TLS and by IPv6.

A small proxy stands in front of a served webhook; a test client follows the links and presses the buttons of the pages.
"""

from __future__ import annotations

import http.client
import http.server
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from testbed import loopback
from testbed.chaos.replica import Replica
from testbed.patience import PATIENCE_SECONDS, await_that
from testbed.ports import LOOPBACK, free_port
from testbed.proxy import PREFIX, SETUPS, proxied
from tests.webhook.samples import alert, payload
from webhook.service import build
from webhook.settings import SettingsError, read_settings
from webhook.web.flask_app import create_app

PUBLIC = "tocsin.example.com"
TOKEN = "a-token"


@pytest.fixture
def start(short_folder: Path) -> Iterator[Callable[..., Replica]]:
    """Return a function that starts a webhook with these settings."""
    started: list[Replica] = []

    def begin(*, url: str = "", **settings: str) -> Replica:
        usual = {
            "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
            "TOCSIN_TOKEN": TOKEN,
        }
        replica = Replica(f"webhook{len(started)}", short_folder, {**usual, **settings})
        replica.url = url or replica.url
        replica.process.health_url = f"{replica.url}/readyz"
        started.append(replica)
        replica.process.start()
        return replica

    yield begin
    for replica in started:
        replica.process.stop()


def ask(netloc: str, path: str, **fields: str) -> tuple[int, str, str]:
    """Send a request as a browser does without TLS: a form sends `Origin`, and no `Sec-Fetch-Site`."""
    line = http.client.HTTPConnection(netloc, timeout=PATIENCE_SECONDS)
    headers = {"Authorization": "Basic OmEtdG9rZW4="}
    if fields:
        headers |= {"Origin": f"http://{netloc}", "Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST" if fields else "GET", path, "&".join(f"{k}={v}" for k, v in fields.items()) or None, headers)
    answer = line.getresponse()
    response = answer.status, answer.read().decode(), answer.headers["Location"] or ""
    line.close()
    return response


@pytest.mark.acceptance
@pytest.mark.parametrize("proxy_kind", SETUPS)
def test_everything_on_the_pages_leads_somewhere_behind_a_proxy(start: Callable[..., Replica], proxy_kind: str) -> None:
    """Style, links and buttons work, and a button leads back to the incident."""
    with proxied(proxy_kind) as proxy:
        replica = start(
            TOCSIN_PUBLIC_URL=f"http://{proxy.netloc}{PREFIX}/",
            **({"TOCSIN_TRUSTED_PROXIES": LOOPBACK} if proxy_kind == "says what it does" else {}),
        )
        proxy.port = int(replica.url.rpartition(":")[2])
        body = payload(alert())
        assert (
            loopback.post_json(f"{replica.url}/v1/alertmanager", body, {"Authorization": f"Bearer {TOKEN}"})[0] == 200
        )
        assert {f"{PREFIX}/", f"{PREFIX}/style.css", f"{PREFIX}/incidents/1"} <= everything_linked(proxy.netloc)
        for action, state in (("acknowledge", "acknowledged"), ("unacknowledge", "open"), ("resolve", "resolved")):
            page = ask(proxy.netloc, f"{PREFIX}/incidents/1")[1]
            (target,) = set(re.findall(rf'action="([^"]+/{action})"', page))
            status, _, location = ask(proxy.netloc, target, actor="ana")
            assert status == 303, action
            assert urlsplit(location).path == f"{PREFIX}/incidents/1"
            listed = loopback.get_json(f"{replica.url}/v1/incidents/1", {"Authorization": f"Bearer {TOKEN}"})
            assert listed["status"] == state


def everything_linked(netloc: str) -> set[str]:
    """Return the paths that links lead to, starting from the first page; assert that each exists."""
    visited: set[str] = set()
    waiting = [f"{PREFIX}/"]
    while waiting:
        path = waiting.pop()
        if path in visited:
            continue
        visited.add(path)
        status, text, _ = ask(netloc, path)
        assert status == 200, path
        for link in re.findall(r'href="([^"]+)"', text):
            target = urljoin(f"http://{netloc}{path}", link)
            if urlsplit(target).netloc == netloc:
                waiting.append(urlsplit(target).path)
    return visited


@pytest.mark.acceptance
def test_tls_from_files_and_a_renewed_certificate(start: Callable[..., Replica], short_folder: Path) -> None:
    """No proxy is needed; a delivery arrives, and an unfinished handshake delays nobody."""
    certificate, key = certified(short_folder, "first")
    port = free_port()
    replica = Replica("tls", short_folder, {})
    environment = {
        **(replica.process.env or {}),
        "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
        "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
        "TOCSIN_LISTEN": f"localhost:{port}",
        "TOCSIN_PUBLIC_URL": f"https://localhost:{port}",
        "TOCSIN_TLS_CERT_FILE": str(certificate),
        "TOCSIN_TLS_KEY_FILE": str(key),
    }
    replica.process.env = environment
    replica.process.spawn()
    try:
        await_that(lambda: can_connect(port), replica.process.log_tail)
        silent = [socket.create_connection(("localhost", port)) for _ in range(20)]
        for line in silent:
            line.sendall(b"\x16\x03\x01")
        assert tls_status(port, certificate, "POST", "/v1/alertmanager", payload(alert())) == 200
        assert tls_status(port, certificate, "GET", "/") == 200
        for line in silent:
            line.close()
        second, _ = certified(short_folder, "second")
        certified(short_folder, "first", instead_of=certificate)
        await_that(lambda: not works(port, second), replica.process.log_tail)
        await_that(lambda: works(port, certificate), replica.process.log_tail)
        assert "Traceback" not in replica.log.read_text()
    finally:
        replica.process.stop()


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("localhost", port)).close()
    except OSError:
        return False
    return True


def works(port: int, certificate: Path) -> bool:
    try:
        return tls_status(port, certificate, "GET", "/healthz") == 200
    except ssl.SSLError:
        return False


def tls_status(port: int, certificate: Path, method: str, path: str, body: object = None) -> int:
    context = ssl.create_default_context(cafile=str(certificate))
    line = http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE_SECONDS)
    try:
        line.request(method, path, None if body is None else json.dumps(body))
        answer = line.getresponse()
        answer.read()
        return answer.status
    finally:
        line.close()


def certified(folder: Path, name: str, instead_of: Path | None = None) -> tuple[Path, Path]:
    """Return the files of a new certificate for localhost and of its key."""
    certificate, key = instead_of or folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.acceptance
def test_ipv6_address_is_listened_on(start: Callable[..., Replica]) -> None:
    """The address is written in brackets, as usual."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    replica = start(TOCSIN_LISTEN=f"[::1]:{port}", url=f"http://[::1]:{port}")
    assert loopback.answers(f"{replica.url}/readyz")
    body = payload(alert())
    assert loopback.post_json(f"{replica.url}/v1/alertmanager", body, {"Authorization": f"Bearer {TOKEN}"})[0] == 200


@pytest.fixture
def behind(environment: dict[str, str]) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that gives a client of a webhook with these settings."""
    services = []

    def begin(**settings: str) -> FlaskClient:
        service = build(read_settings({**environment, **settings}), senders={})
        services.append(service)
        return create_app(service).test_client()

    yield begin
    for service in services:
        service.close()


def test_headers_of_a_proxy_are_believed_only_of_those_named(behind: Callable[..., FlaskClient]) -> None:
    """Anybody can send them: a stranger's prefix would lead people elsewhere, a stranger's host would let a site in."""
    forwarded = {
        "X-Forwarded-Prefix": "/elsewhere",
        "X-Forwarded-Host": "evil.example",
        "Origin": "http://evil.example",
    }
    for trusted, prefix, status in (("10.0.0.0/8", "", 403), ("127.0.0.1", "/elsewhere", 303)):
        client = behind(TOCSIN_TOKEN=TOKEN, TOCSIN_TRUSTED_PROXIES=trusted)
        login = {"Authorization": "Basic OmEtdG9rZW4="}
        client.post("/v1/alertmanager", json=payload(alert()), headers={"Authorization": f"Bearer {TOKEN}"})
        page = client.get("/", headers={**login, **forwarded}).get_data(as_text=True)
        assert f'href="{prefix}/style.css"' in page
        assert client.post("/incidents/1/acknowledge", headers={**login, **forwarded}).status_code == status


@pytest.mark.parametrize("prefix", ["//evil.example", "/a b", '/"onload="', "elsewhere", "/\r\nX: y", "/../.."])
def test_prefix_that_is_none_is_ignored(behind: Callable[..., FlaskClient], prefix: str) -> None:
    """A trusted proxy may pass on an invalid prefix too; it is ignored."""
    client = behind(TOCSIN_TRUSTED_PROXIES="127.0.0.1")
    environ = {"HTTP_X_FORWARDED_PREFIX": prefix, "HTTP_HOST": "localhost"}
    page = client.get("/", environ_overrides=environ).get_data(as_text=True)
    assert 'href="/style.css"' in page


def test_form_on_our_own_page_says_so(behind: Callable[..., FlaskClient]) -> None:
    """With `no-referrer` a browser would send the origin `null` if the page has no TLS."""
    assert behind().get("/", headers={"Host": "localhost"}).headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("value", ["everybody", "10.0.0.0/99", "example.com"])
def test_proxies_are_named_by_address(environment: dict[str, str], value: str) -> None:
    """A name could point to another machine tomorrow."""
    with pytest.raises(SettingsError, match="TOCSIN_TRUSTED_PROXIES must be addresses or networks"):
        read_settings({**environment, "TOCSIN_TRUSTED_PROXIES": value})


def test_certificate_and_key_go_together(environment: dict[str, str]) -> None:
    """One without the other is a mistake."""
    with pytest.raises(SettingsError, match="TOCSIN_TLS_CERT_FILE is set without TOCSIN_TLS_KEY_FILE"):
        read_settings({**environment, "TOCSIN_TLS_CERT_FILE": "tls.crt"})
