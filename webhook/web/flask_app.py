"""The Flask application: checks access, routes requests, turns exceptions into answers, counts answers.

`server` runs it under gunicorn, tests run it directly. A client never sees a traceback: it goes to the log.
"""

from __future__ import annotations

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from webhook.application.alert_batches import HungUp
from webhook.payload import PayloadError
from webhook.service import Service
from webhook.storage.database import StoreUnavailable
from webhook.web.access import refusal, shows_token
from webhook.web.api import KEY, NUMBER, Wrong, api
from webhook.web.callbacks import callbacks
from webhook.web.pages import error_page, pages
from webhook.web.proxies import Proxies
from webhook.web.wrong_tokens import WrongTokens

log = structlog.get_logger("tocsin.http")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` browsers would send `Origin: null` with forms of our own pages.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


UNAUTHORIZED = 401
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that the metrics count by name."""


def create_app(service: Service) -> Flask:
    """Return the application over `service`."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.wsgi_app = Proxies(app.wsgi_app, service.settings)  # type: ignore[method-assign,assignment]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(api(service))
    app.register_blueprint(callbacks(service))
    app.register_blueprint(pages(service))
    wrong_tokens = WrongTokens()
    app.before_request(lambda: _let_in(service, wrong_tokens))
    app.after_request(lambda response: _finish(service, response))
    app.register_error_handler(PayloadError, _bad_request)
    app.register_error_handler(Wrong, _bad_request)
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(HungUp, _unheard)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _broken)
    return app


def _let_in(service: Service, wrong_tokens: WrongTokens) -> Response | None:
    refused = refusal(request, service.settings)
    if refused is None:
        return None
    if refused.status == UNAUTHORIZED and shows_token(request):
        service.metrics.wrong_token()
        wrong_tokens.shown(request.remote_addr or "", request.path, service.clock())
    response = _error(refused.status, refused.reason)
    if refused.challenge:
        response.headers["WWW-Authenticate"] = refused.challenge
    return response


def _finish(service: Service, response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    route = request.url_rule.rule.replace(NUMBER, "{id}").replace(KEY, "{key}") if request.url_rule else "unknown"
    # A client may send any text as the method, and each unknown one would add series of its own to `/metrics`.
    method = request.method if request.method in METHODS else "unknown"
    service.metrics.answered(method, route, response.status_code)
    return response


def _bad_request(error: PayloadError | Wrong) -> Response:
    problems = [{"path": problem.path, "message": problem.message} for problem in error.problems]
    log.warning("request refused", path=request.path, problems=problems)
    response = jsonify(error="the request cannot be used", problems=problems)
    response.status_code = 400
    return response


def _unavailable(error: StoreUnavailable) -> Response:
    log.error("the store cannot be used", path=request.path, reason=str(error))
    return _error(503, "the store cannot be used now; try again")


def _unheard(_hung_up: HungUp) -> Response:
    log.warning("the sender has hung up before it was taken", path=request.path)
    return _error(503, "you had hung up; try again")


def _refused(error: HTTPException) -> Response:
    response = _error(error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _broken(error: Exception) -> Response:
    log.error("unexpected error", path=request.path, exc_info=error)
    return _error(500, "unexpected error; the log has it")


def _error(status: int, reason: str) -> Response:
    if request.path.startswith(("/incidents", "/heartbeats")) or request.path in {"/", "/archive"}:
        return error_page(status, reason)
    response = jsonify(error=reason)
    response.status_code = status
    return response
