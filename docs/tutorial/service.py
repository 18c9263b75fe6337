"""The service of the tutorial: as much of it as Prometheus sees, on 127.0.0.1:8000.

`GET /metrics` has its numbers. After `POST /break` one request in five fails; `POST /mend` ends that.
"""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from prometheus_client import Counter, Gauge, Histogram, exposition

ADDRESS = ("127.0.0.1", 8000)
REQUESTS_PER_SECOND = 20

LABELS = {"service": "thumbs"}
broken = Event()

requests = Counter("thumbs_http_requests_total", "Requests answered.", ["service", "code"])
duration = Histogram("thumbs_http_request_duration_seconds", "How long answers took.", ["service"])
gauges = {
    "thumbs_db_connections_in_use": 12,
    "thumbs_db_connections_max": 40,
    "thumbs_store_used_bytes": 41e9,
    "thumbs_store_size_bytes": 100e9,
    "thumbs_queue_jobs": 3,
}


def live() -> None:
    """Answer requests that nobody sends, for ever."""
    for name, value in gauges.items():
        Gauge(name, "As good as constant here.", ["service"]).labels(**LABELS).set(value)
    answered = 0
    while True:
        fails = broken.is_set() and answered % 5 == 0
        requests.labels(**LABELS, code="500" if fails else "200").inc()
        duration.labels(**LABELS).observe(0.04)
        answered += 1
        time.sleep(1 / REQUESTS_PER_SECOND)


class Handler(BaseHTTPRequestHandler):
    """Shows the numbers, and lets the service be broken and mended."""

    def do_GET(self) -> None:
        """Answer with the metrics, whatever the path is."""
        self.answer(exposition.generate_latest().decode(), exposition.CONTENT_TYPE_LATEST)

    def do_POST(self) -> None:
        """Break the service or mend it."""
        if self.path == "/break":
            broken.set()
            self.answer("one request in five fails now\n")
        else:
            broken.clear()
            self.answer("all is well again\n")

    def answer(self, text: str, content_type: str = "text/plain") -> None:
        """Send `text` with status 200."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing of requests."""


if __name__ == "__main__":
    Thread(target=live, daemon=True).start()
    ThreadingHTTPServer(ADDRESS, Handler).serve_forever()
