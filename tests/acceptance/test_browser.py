"""Tests of the pages in a real browser: under a prefix, behind proxies of every kind, by TLS and by IPv6."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from testbed import loopback
from testbed.browser import DESKTOP, PHONE, Screen, browser
from testbed.chaos.replica import Replica
from testbed.patience import PATIENCE_SECONDS, await_that
from testbed.ports import LOOPBACK, free_port
from testbed.proxy import PREFIX, SETUPS, proxied
from tests.webhook.samples import alert, payload
from webhook.application.responses import HASTY_SECONDS

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("has_browser")]

TOKEN = "a-token"
CATALOG = Path(__file__).parents[2] / "generated" / "catalog.json"


@pytest.fixture
def started(short_folder: Path) -> Iterator[Callable[..., Replica]]:
    """Return a function that starts a webhook with these settings and one incident."""
    replicas: list[Replica] = []

    def begin(*, url: str = "", certificate: Path | None = None, **settings: str) -> Replica:
        usual = {
            "TOCSIN_CATALOG": str(CATALOG),
            "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
            "TOCSIN_TOKEN": TOKEN,
        }
        replica = Replica(f"webhook{len(replicas)}", short_folder, {**usual, **settings})
        replica.url = url or replica.url
        replicas.append(replica)
        if certificate is None:
            replica.process.health_url = f"{replica.url}/readyz"
            replica.process.start()
        else:
            replica.process.spawn()
            await_that(lambda: can_connect(replica.url), replica.process.log_tail)
        return replica

    yield begin
    for replica in replicas:
        replica.process.stop()


def can_connect(url: str) -> bool:
    host, port = url.partition("//")[2].rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def deliver(replica: Replica) -> None:
    status, _ = loopback.post_json(
        f"{replica.url}/v1/alertmanager", payload(alert()), {"Authorization": f"Bearer {TOKEN}"}
    )
    assert status == 200


def work_through(page: Chrome, address: str) -> list[str]:
    """Log in, open the incident from the list, acknowledge and give back; return what the page said after each."""
    scheme, _, rest = address.partition("//")
    page.get(f"{scheme}//0:{TOKEN}@{rest}/")
    assert_styled(page)
    page.find_element(By.CSS_SELECTOR, "main a[href*='/incidents/1']").click()
    standings = [standing(page)]
    assert_styled(page)
    for words in ("Acknowledge", "Give back"):
        enter_name(page)
        time.sleep(HASTY_SECONDS)
        button(page, words).click()
        assert page.current_url.rstrip("/").endswith("/incidents/1")
        assert_styled(page)
        standings.append(standing(page))
    return standings


def enter_name(page: Chrome) -> WebElement:
    """Open what is folded, write a name, and return its field."""
    for summary in page.find_elements(By.CSS_SELECTOR, "details.further:not([open]) > summary"):
        summary.click()
    name = page.find_element(By.NAME, "actor")
    name.clear()
    name.send_keys("ana")
    return name


def button(page: Chrome, words: str) -> WebElement:
    return page.find_element(By.XPATH, f"//button[normalize-space()='{words}']")


def standing(page: Chrome) -> str:
    """Return what the page says of the incident; wait if the page is still changing into the next one."""
    anew = WebDriverWait(page, PATIENCE_SECONDS, ignored_exceptions=[StaleElementReferenceException])
    return str(anew.until(lambda _: page.find_element(By.CSS_SELECTOR, ".standing strong").text))


def assert_styled(page: Chrome) -> None:
    """Assert that the style sheet has loaded: without it the page looks different."""
    rules = page.execute_script(
        "return [...document.styleSheets].reduce((sum, sheet) => sum + sheet.cssRules.length, 0)"
    )
    assert rules > 10, page.page_source[:500]


def assert_worked(standings: list[str]) -> None:
    unclaimed, acknowledged, given_back = standings
    assert "ana" in acknowledged
    assert "ana" not in unclaimed
    assert given_back.partition(",")[0] == unclaimed.partition(",")[0]


@pytest.mark.parametrize("proxy_kind", SETUPS)
def test_a_person_reads_and_presses_behind_a_proxy(
    started: Callable[..., Replica], short_folder: Path, proxy_kind: str
) -> None:
    """Style and buttons work, whether the proxy keeps path and host, or announces in headers what it has changed."""
    with proxied(proxy_kind) as proxy:
        replica = started(
            TOCSIN_PUBLIC_URL=f"http://{proxy.netloc}{PREFIX}",
            **({"TOCSIN_TRUSTED_PROXIES": LOOPBACK} if proxy_kind == "says what it does" else {}),
        )
        proxy.port = int(replica.url.rpartition(":")[2])
        deliver(replica)
        with browser(short_folder) as page:
            assert_worked(work_through(page, f"http://{proxy.netloc}{PREFIX}"))


def tap_twice(page: Chrome, element: WebElement) -> None:
    """Tap twice at one place, 0.3 s apart, whatever stands there at the second tap."""
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    place = page.execute_script("const r = arguments[0].getBoundingClientRect(); return [r.x + 9, r.y + 9]", element)
    for _ in range(2):
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            page.execute_cdp_cmd("Input.dispatchMouseEvent", event)
        time.sleep(0.3)


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_half_awake_thumb_does_no_harm(started: Callable[..., Replica], short_folder: Path, screen: Screen) -> None:
    """Two taps on each button have the effect of one, and Enter in the name does no more than acknowledge."""
    replica = started()
    deliver(replica)
    address, headers = f"{replica.url}/incidents/1", {"Authorization": f"Bearer {TOKEN}"}

    def timeline() -> list[str]:
        data = loopback.get_json(f"{replica.url}/v1/incidents/1", headers)
        return [line["kind"] for line in data["timeline"]]

    def opened(path: str = "") -> WebElement:
        page.get(f"{address}{path}")
        name = enter_name(page)
        time.sleep(HASTY_SECONDS)
        return name

    with browser(short_folder, screen) as page:
        page.get(f"{replica.url.replace('//', f'//0:{TOKEN}@')}/")
        opened().send_keys(Keys.ENTER)
        await_that(lambda: "acknowledged" in timeline(), timeline)
        expected = timeline()
        for path in ("", "/resolve"):
            opened(path).send_keys(Keys.ENTER)
            time.sleep(HASTY_SECONDS)
            assert timeline() == expected
        for path, words, kind in (
            ("", "Give back", "unacknowledged"),
            ("", "Acknowledge", "acknowledged"),
            ("", "Resolve…", None),
            ("/resolve", "Resolve, though it fires", "resolved"),
            ("", "Reopen", "reopened"),
        ):
            opened(path)
            tap_twice(page, button(page, words))
            time.sleep(HASTY_SECONDS)
            expected += [kind] if kind else []
            # A second tap may acknowledge what its person has just taken back or reopened.
            assert timeline() in (
                expected,
                [*expected, "acknowledged"] if words in {"Give back", "Reopen"} else expected,
            )
            expected = timeline()
            if words == "Give back" and expected[-1] == "acknowledged":
                opened()
                button(page, "Give back").click()
                expected = [*expected, "unacknowledged"]
        assert_fits(page, screen)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_person_reads_and_presses_without_a_proxy(
    started: Callable[..., Replica], short_folder: Path, host: str
) -> None:
    """It works by IPv4 and IPv6, on a phone; nothing is wider than its screen."""
    if host == "[::1]" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    listen = f"{host}:{free_port()}"
    replica = started(url=f"http://{listen}", TOCSIN_LISTEN=listen)
    deliver(replica)
    with browser(short_folder, PHONE) as page:
        assert_worked(work_through(page, replica.url))
        assert_fits(page, PHONE)


def test_a_person_reads_and_presses_by_tls(started: Callable[..., Replica], short_folder: Path) -> None:
    """The certificate comes from a file, and there is no proxy."""
    certificate, key = short_folder / "tls.crt", short_folder / "tls.key"
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", str(key), "-out", str(certificate)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    listen = f"localhost:{free_port()}"
    replica = started(
        url=f"https://{listen}",
        certificate=certificate,
        TOCSIN_LISTEN=listen,
        TOCSIN_PUBLIC_URL=f"https://{listen}",
        TOCSIN_TLS_CERT_FILE=str(certificate),
        TOCSIN_TLS_KEY_FILE=str(key),
    )
    line = http.client.HTTPSConnection(listen, context=ssl.create_default_context(cafile=str(certificate)))
    line.request("POST", "/v1/alertmanager", json.dumps(payload(alert())), {"Authorization": f"Bearer {TOKEN}"})
    assert line.getresponse().status == 200
    line.close()
    with browser(short_folder, certificate_of=digest_of(certificate)) as page:
        assert_worked(work_through(page, replica.url))


def digest_of(certificate: Path) -> str:
    """Return the digest of a certificate's public key, in base64, in the browser's format."""
    public = subprocess.run(
        ["openssl", "x509", "-in", str(certificate), "-pubkey", "-noout"], check=True, capture_output=True, text=True
    ).stdout
    return base64.b64encode(hashlib.sha256(base64.b64decode("".join(public.splitlines()[1:-1]))).digest()).decode()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def assert_fits(page: Chrome, screen: Screen) -> None:
    assert page.execute_script("return document.documentElement.scrollWidth") <= screen.width
