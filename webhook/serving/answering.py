"""A request that has arrived is answered: gunicorn's parser, the application, gunicorn's response; in a thread.

The parser gets what was read, and after that the end: nothing in here waits for the other side, but for the stream of
a large delivery.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from webhook.serving.connection import Connection

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request to be answered; `source` gives its bytes."""

    connection: Connection
    source: Iterable[bytes]
    is_whole: bool
    """Whether the source ends where the request does, so that the next one can follow it."""


def answer(
    job: Job,
    application: Application,
    *,
    configuration: Any,  # noqa: ANN401  gunicorn's
    failed: Callable[[Any, Connection, Exception], None],
    is_stopping: Callable[[], bool],
) -> bool:
    """Answer the request; return whether the connection can be used for another one.

    `failed` answers for what the parser refuses and for what the application did not catch.
    """
    request = None
    try:
        request = next(RequestParser(configuration, iter(job.source), job.connection.address))
        return _run(job, request, application, configuration, closes=is_stopping() or not job.is_whole)
    except (NoMoreData, StopIteration):
        return False
    except (OSError, ssl.SSLError):
        return False  # the other side is gone, or takes nothing
    except Exception as error:  # noqa: BLE001  whatever it is, it is answered
        failed(request, job.connection, error)
        return False


def _run(
    job: Job,
    request: Any,  # noqa: ANN401  gunicorn's
    application: Application,
    configuration: Any,  # noqa: ANN401  gunicorn's
    *,
    closes: bool,
) -> bool:
    connection = job.connection
    if job.is_whole and hasattr(request, "_expected_100_continue"):
        request._expected_100_continue = False  # noqa: SLF001  `connections` has said so already
    response, environ = wsgi.create(request, connection.sock, connection.address, connection.server, configuration)
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
