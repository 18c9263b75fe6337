"""Answers one request in a thread: gunicorn's parser reads it, the application answers, gunicorn writes the response.

The parser gets the bytes that were read and then the end of input. `outgoing` keeps the response until `connections`
sends it. Nothing in this module waits for the client, except when it reads the stream of a large delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from webhook.serving.connection import Connection
from webhook.serving.outgoing import Outgoing

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request to answer: `source` yields its bytes, `outgoing` collects the bytes of the answer."""

    connection: Connection
    source: Iterable[bytes]
    is_whole: bool
    """Whether the source ends at the end of the request, so that another request can follow."""
    outgoing: Outgoing = field(default_factory=Outgoing)


def answer(
    job: Job,
    application: Application,
    *,
    configuration: Any,  # noqa: ANN401  gunicorn's
    failed: Callable[[Any, Outgoing, tuple[Any, ...], Exception], None],
    is_stopping: Callable[[], bool],
) -> tuple[bytes, bool]:
    """Return the answer, and whether the connection can be used for another request.

    `failed` writes the answer when the parser refuses the request or the application raises an exception.
    """
    request, outgoing = None, job.outgoing
    try:
        request = next(RequestParser(configuration, iter(job.source), job.connection.address))
        closes = is_stopping() or not job.is_whole
        keeps = _run(job, request, application, configuration, closes=closes)
    except (NoMoreData, StopIteration):
        return b"", False
    except Exception as error:  # noqa: BLE001  the client gets an answer, whatever the error
        outgoing.clear()
        failed(request, outgoing, job.connection.address, error)
        return outgoing.take(), False
    return outgoing.take(), keeps


def _run(
    job: Job,
    request: Any,  # noqa: ANN401  gunicorn's
    application: Application,
    configuration: Any,  # noqa: ANN401  gunicorn's
    *,
    closes: bool,
) -> bool:
    connection = job.connection
    if hasattr(request, "_expected_100_continue"):
        request._expected_100_continue = False  # noqa: SLF001  `connections` has sent it where it waits for the body
    response, environ = wsgi.create(request, job.outgoing, connection.address, connection.server, configuration)
    environ["gunicorn.socket"] = connection.sock  # `client_connection` checks whether the client still waits
    environ["wsgi.multithread"] = True
    if connection.is_encrypted:
        environ["wsgi.url_scheme"] = "https"
    if closes:
        response.force_close()
    body = application(environ, response.start_response)
    try:
        for piece in body:
            response.write(piece)
        response.close()
    finally:
        if hasattr(body, "close"):
            body.close()
    return not response.should_close()
