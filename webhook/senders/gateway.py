"""Sends a text to one telephone number through apprise and classifies failures. `sms` and `phone` use it.

apprise knows the interfaces of dozens of gateways but reports only whether a gateway took the text. So while it sends,
this module routes its calls to `requests` through `transport.exchange`, which bounds them in time and size, checks
certificates, follows no redirect and takes no credentials from the machine. This module records the answers.
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
"""The keys under which gateways return the id of the message, Twilio's first."""


@dataclass
class _Exchanges:
    """The answers and errors of the HTTP exchanges of one send."""

    deadline: float
    answers: list[Raw] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)


_under_way: ContextVar[_Exchanges | None] = ContextVar("exchanges", default=None)


def say(gateway: Gateway, contact: str, text: str) -> str | None:
    """Hand `text` to the gateway for `contact`; return the gateway's id for the message, if it gives one.

    Raises TemporaryFailure, or PermanentFailure, for example when the contact is not a telephone number.
    """
    service = _service(gateway, contact)
    exchanges = _Exchanges(deadline=time.monotonic() + LONGEST_SEND)
    token = _under_way.set(exchanges)
    try:
        accepted = service.notify(body=text, title="")
    except Exception as error:  # noqa: BLE001  each error of apprise's many services is a failure to send
        raise TemporaryFailure(f"apprise failed: {type(error).__name__}") from None
    finally:
        _under_way.reset(token)
    if accepted:
        return _identity(exchanges)
    raise _failure(gateway, exchanges)


def _service(gateway: Gateway, contact: str) -> Any:  # noqa: ANN401  apprise's classes differ
    number = contact.translate(_BETWEEN_DIGITS)
    if not _NUMBER.match(number):
        raise PermanentFailure("the contact is not a telephone number with its country code")
    service = gateway.service(number)
    # Without a target, Twilio's service and others would write to the account's own number.
    if service is None or getattr(service, "targets", (number,)) in ([], (), None):
        raise PermanentFailure("the gateway takes no such number")
    for service_class in type(service).__mro__:
        module = sys.modules[service_class.__module__]
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
        body = last.body[:500].decode(errors="replace")
        return TemporaryFailure(clean(f"the gateway did not say that it took it: HTTP {last.status}: {body}"))
    return PermanentFailure("apprise sent nothing: the URL or the number does not suit the gateway")


def _identity(exchanges: _Exchanges) -> str | None:
    data = decoded(exchanges.answers[-1].body) if exchanges.answers else None
    if not isinstance(data, dict):
        return None
    identity = next((data[key] for key in _IDENTITIES if isinstance(data.get(key), str)), None)
    return one_line(identity, 200) if identity else None


class _Requests:
    """Replaces `requests` in the module of an apprise service; outside a send of ours it behaves like `requests`."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  any attribute of the module
        if name in _METHODS:
            return lambda url, **options: self.request(name, url, **options)
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401  as `requests` has it
        """Make the request within the limits of the send that is under way, and record its answer or error."""
        exchanges = _under_way.get()
        if exchanges is None:
            return requests.request(method, url, **options)  # noqa: S113  the caller passes its own timeout in the options
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
