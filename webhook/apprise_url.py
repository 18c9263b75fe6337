"""Parses the apprise URLs of SMS and telephone gateways: `TOCSIN_APPRISE_SMS` and `TOCSIN_APPRISE_PHONE`.

`settings` parses a URL, `senders.gateway` sends through it. The number replaces `{to}`; without `{to}` it is added to
the end of the path: `twilio://SID:TOKEN@+12025550100/{to}?method=call`. The package apprise is an extra and is loaded
only when one of the two variables is set. Its log is switched off, because it writes whole URLs, requests and answers.
"""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from webhook.secret import Secret, parts_of

if TYPE_CHECKING:
    from apprise import NotifyBase

PLACE = "{to}"
SAMPLE_NUMBER = "+12025550199"
"""From the range that is reserved for examples; nothing is ever sent to it."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway, and the parts of its URL that must not be shown."""

    url: Secret
    secrets: tuple[Secret, ...]

    def service(self, number: str) -> NotifyBase | None:
        """Return apprise's service that reaches `number`, or None when apprise does not take the URL."""
        import apprise  # noqa: PLC0415  an extra that loads 160 services

        logging.getLogger(apprise.LOGGER_NAME).disabled = True
        asset = apprise.AppriseAsset(app_id="Tocsin", async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY)
        service = apprise.Apprise.instantiate(_addressed(self.url, number).reveal(), asset=asset)
        return service if isinstance(service, apprise.NotifyBase) else None


def parse_apprise_url(secret: Secret) -> Gateway:
    """Return the gateway that the URL names; raises ValueError, whose text never holds the URL."""
    if importlib.util.find_spec("apprise") is None:
        raise ValueError("needs the package apprise: install tocsin[apprise]")
    gateway = Gateway(url=secret, secrets=parts_of(secret, without=(PLACE,)))
    if gateway.service(SAMPLE_NUMBER) is None:
        raise ValueError("is no URL that apprise takes, such as twilio://SID:TOKEN@+12025550100/{to}")
    return gateway


def _addressed(url: Secret, number: str) -> Secret:
    text, quoted_number = url.reveal(), quote(number, safe="")
    if PLACE in text:
        return Secret(text.replace(PLACE, quoted_number))
    path, mark, query = text.partition("?")
    return Secret(f"{path.rstrip('/')}/{quoted_number}{mark}{query}")
