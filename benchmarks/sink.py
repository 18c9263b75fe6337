"""`python -m benchmarks.sink`: the webhook's HTTP server with its settings, but with an application that does nothing.

The application counts the alerts of each group by the number of fingerprints in the body, without parsing it, so that
`delivering.py` sees when a storm is over.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, jsonify, request

from webhook.server import Server
from webhook.settings import read_settings


def application() -> Flask:
    """Return an application that takes every delivery."""
    app = Flask(__name__)
    alerts_by_group: dict[bytes, int] = {}

    @app.post("/v1/alertmanager")
    def take() -> Response:
        body = request.get_data(cache=False)
        start = body.find(b'"groupKey"')
        group = body[start : start + 200]
        alerts_by_group[group] = max(alerts_by_group.get(group, 0), body.count(b'"fingerprint"'))
        return jsonify(result="taken")

    @app.get("/v1/incidents")
    def incidents() -> Response:
        return jsonify(incidents=[{"firing": sum(alerts_by_group.values())}])

    @app.get("/readyz")
    def readyz() -> Response:
        return jsonify(status="ready")

    return app


class Sink(Server):
    """The webhook's server with the application that does nothing."""

    def load(self) -> Flask:
        """Return the application."""
        return application()


def main() -> None:
    """Serve until SIGTERM."""

    def build_no_service() -> Any:  # noqa: ANN401 - never called
        raise NotImplementedError

    Sink(read_settings(os.environ), build_no_service, with_worker=False).run()


if __name__ == "__main__":
    main()
