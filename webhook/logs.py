r"""Writes the program's log: one JSON object per line on stderr, gunicorn's and alembic's lines included.

The log holds texts of alerts. A control character, or a character that hides or reverses text, is written as `\uXXXX`.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog
from gunicorn.glogging import Logger as GunicornLogger  # type: ignore[import-untyped]

from webhook.untrusted import UNSEEN

_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: str) -> None:
    """Send every log line, ours and the libraries', to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_line),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("alembic", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _line(event: object, **options: Any) -> str:  # noqa: ANN401  structlog's
    """Return the JSON with every invisible character escaped, such as eight-bit controls and reversed text."""
    text = json.dumps(event, ensure_ascii=False, **options)
    if text.isprintable() and UNSEEN.search(text) is None:
        return text
    text = UNSEEN.sub(lambda unseen: json.dumps(unseen[0])[1:-1], text)
    # Such characters occur only within JSON strings, where the escape means the same.
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


class ServerLogger(GunicornLogger):  # type: ignore[misc]
    """Gunicorn's logger without handlers of its own: its lines go to the same place as all others."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401  gunicorn's configuration
        """Pass errors on to the root logger; requests are counted in the metrics, not logged."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)
        self.access_log.propagate = False
