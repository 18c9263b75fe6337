"""A text to one telephone number through apprise, with the failures told apart. `sms` and `phone` send through it.

apprise knows the interfaces of dozens of gateways and says only whether one of them took the text. So while it sends,
its service's calls to `requests` go through `transport.exchange`: that bounds them in time and size, checks
certificates, follows no redirect, takes no credentials from the machine, and what was answered is remembered here.
"""

from __future__ import annotations

import io
import re
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests

from webhook.apprise_url import Gateway
from webhook.senders.contract import LONGEST_SEND, Failure, PermanentFailure, TemporaryFailure
from webhook.senders.transport import BROKEN, Bearer, Raw, broken, decoded, exchange, is_lasting, refused
from webhook.untrusted import one_line

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_NUMBER = re.compile(r"\+?[0-9]{5,15}\Z", flags=re.ASCII)
_BETWEEN_DIGITS = str.maketrans("", "", " ().-/")
_IDENTITIES = ("sid", "message_id", "id")
"""Where gateways answer with what they call the message, Twilio first."""


@dataclass
class _Exchanges:
    """What one send has asked and been answered."""

    deadline: float
    answers: list[Raw] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)


_under_way: ContextVar[_Exchanges | None] = ContextVar("exchanges", default=None)


def say(gateway: Gateway, contact: str, text: str) -> str | None:
    """Hand `text` to the gateway for `contact`; return what the gateway calls the message, if it says.

    Raises TemporaryFailure or PermanentFailure; a contact that is no telephone number is permanent.
    """
    service = _service(gateway, contact)
    exchanges = _Exchanges(deadline=time.monotonic() + LONGEST_SEND)
    token = _under_way.set(exchanges)
    try:
        taken = service.notify(body=text, title="")
    except Exception as error:  # noqa: BLE001  a service of many, by many hands: whatever it raises is a failure to send
        raise TemporaryFailure(f"apprise failed: {type(error).__name__}") from None
    finally:
        _under_way.reset(token)
    if taken:
        return _identity(exchanges)
    raise _failure(gateway, exchanges)


def _service(gateway: Gateway, contact: str) -> Any:  # noqa: ANN401  apprise's classes differ
    number = contact.translate(_BETWEEN_DIGITS)
    if not _NUMBER.match(number):
        raise PermanentFailure("the contact is not a telephone number with its country code")
    service = gateway.service(number)
    # Twilio's service, for one, writes to the account's own number when it is left without a target.
    if service is None or getattr(service, "targets", (number,)) in ([], (), None):
        raise PermanentFailure("the gateway takes no such number")
    for kind in type(service).__mro__:
        module = sys.modules[kind.__module__]
        if getattr(module, "requests", None) is requests:
            module.requests = _REQUESTS  # type: ignore[attr-defined]
    return service


def _failure(gateway: Gateway, exchanges: _Exchanges) -> Failure:
    def clean(text: str) -> str:
        for secret in gateway.secrets:
            text = secret.redact(text)
        return one_line(text, 300)

    if exchanges.broken:
        error = exchanges.broken[0]
        return TemporaryFailure(clean(broken(error)), lasting=is_lasting(error))
    for raw in exchanges.answers:
        failure = refused(raw, clean)
        if failure is not None:
            return failure
    if exchanges.answers:
        last = exchanges.answers[-1]
        said = last.body[:500].decode(errors="replace")
        return TemporaryFailure(clean(f"the gateway did not say that it took it: HTTP {last.status}: {said}"))
    return PermanentFailure("apprise sent nothing: the URL or the number does not suit the gateway")


def _identity(exchanges: _Exchanges) -> str | None:
    data = decoded(exchanges.answers[-1].body) if exchanges.answers else None
    if not isinstance(data, dict):
        return None
    found = next((data[key] for key in _IDENTITIES if isinstance(data.get(key), str)), None)
    return one_line(found, 200) if found else None


class _Requests:
    """Stands where a service's module has `requests`; outside a send of ours it is `requests`."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the module has
        if name in _METHODS:
            return lambda url, **options: self.request(name, url, **options)
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401  as `requests` has it
        """Make the request within the bounds of the send that is under way, and remember what came of it."""
        exchanges = _under_way.get()
        if exchanges is None:
            return requests.request(method, url, **options)  # noqa: S113  the caller's own time-out is among the options
        options["auth"] = options.get("auth") or Bearer(None)
        try:
            if time.monotonic() > exchanges.deadline:
                raise requests.exceptions.ReadTimeout
            raw = exchange(method.upper(), url, deadline=exchanges.deadline, clock=time.monotonic, **options)
        except BROKEN as error:
            exchanges.broken.append(error)
            raise requests.exceptions.ConnectionError from None
        exchanges.answers.append(raw)
        return _response(raw)


_REQUESTS = _Requests()


def _response(raw: Raw) -> requests.Response:
    response = requests.Response()
    response.status_code = raw.status
    response.headers.update(raw.headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = io.BytesIO(raw.body)
    return response
