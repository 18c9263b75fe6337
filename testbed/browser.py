"""Drive a real browser without a window: Selenium with the Chromium that `install-browser` put beside the servers.

The browser writes only into a folder of its own, and asks only the addresses that a test opens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from testbed.patience import PATIENCE_SECONDS
from testbed.servers import SERVERS_FOLDER

BROWSER_FOLDER = SERVERS_FOLDER / "browser"
_NAMES = ("chromium", "chromedriver")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A screen, in CSS pixels; a `mobile` one has touch and uses the width that the page asks for."""

    width: int
    height: int
    mobile: bool = False


DESKTOP = Screen(width=1280, height=900)
PHONE = Screen(width=390, height=844, mobile=True)


def missing(folder: Path = BROWSER_FOLDER) -> tuple[str, ...]:
    """Return which of the browser and its driver are missing."""
    return tuple(name for name in _NAMES if not (folder / "bin" / name).exists())


@contextmanager
def browser(profile: Path, screen: Screen = DESKTOP, *, certificate_of: str = "") -> Iterator[Chrome]:
    """Yield a browser whose profile is in `profile`; it ends with the block.

    `certificate_of` is the digest of a public key, in base64. The browser accepts a certificate with that key: no
    authority signs the tests' own certificates.
    """
    options = ChromeOptions()
    options.binary_location = str(BROWSER_FOLDER / "bin" / "chromium")
    for argument in _arguments(profile, screen, certificate_of):
        options.add_argument(argument)
    if screen.mobile:
        metrics = {"width": screen.width, "height": screen.height, "pixelRatio": 2.0, "touch": True, "mobile": True}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    # Chromium's libraries write below the home folder even if there is a profile.
    environment = {**os.environ, "HOME": str(profile), "XDG_CACHE_HOME": str(profile / "cache")}
    driver = Service(executable_path=str(BROWSER_FOLDER / "bin" / "chromedriver"), env=environment)
    page = Chrome(options=options, service=driver)
    try:
        page.set_page_load_timeout(PATIENCE_SECONDS)
        yield page
    finally:
        page.quit()


def _arguments(profile: Path, screen: Screen, certificate_of: str) -> Iterator[str]:
    yield from ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
    yield from (f"--user-data-dir={profile / 'profile'}", f"--window-size={screen.width},{screen.height}")
    # Allow no other requests: no update, no list of bad addresses, no name beyond this machine.
    yield from ("--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync")
    yield "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1"
    if os.geteuid() == 0:
        # Chromium's sandbox does not work for root; the pages are our own.
        yield "--no-sandbox"
    if certificate_of:
        yield f"--ignore-certificate-errors-spki-list={certificate_of}"
