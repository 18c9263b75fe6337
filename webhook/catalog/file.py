"""Loads `catalog.json`, checks it with the schema beside it, and reloads it after a change without a restart.

`cli` opens it, `alert_batches`, `render` and `api` read `current`, the watcher thread calls `refresh`. If the new file
is broken, the last good catalogue stays in force and `error` says why (for /readyz and the metrics).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import structlog
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from webhook.catalog.model import SCHEMA_VERSION, Catalog
from webhook.catalog.parse import CatalogError, parse

SCHEMA_NAME = "catalog.schema.json"
WATCH_SECONDS = 2.0

log = structlog.get_logger("tocsin.catalog")

_FileStamps = tuple[tuple[int, int, int] | None, ...]


class CatalogFile:
    """The catalogue in force, and whether it is the file on disk."""

    def __init__(self, path: Path) -> None:
        """Load `path`; raises CatalogError when the file cannot be used."""
        self.path = path
        self._last_stamps = self._stamps()
        self._catalog = load(path)
        self._error: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Catalog:
        """The last good catalogue."""
        return self._catalog

    @property
    def error(self) -> str | None:
        """Why the file on disk is not the catalogue in force; None if it is."""
        return self._error

    def refresh(self) -> bool:
        """Load the file again if it or its schema changed; return whether a new catalogue is in force."""
        stamps = self._stamps()
        if stamps == self._last_stamps:
            return False
        self._last_stamps = stamps
        try:
            self._catalog = load(self.path)
        except CatalogError as error:
            self._error = str(error)
            log.error("catalogue not reloaded, the last good one stays in force", reason=self._error)  # noqa: TRY400
            return False
        self._error = None
        log.info("catalogue reloaded", path=str(self.path), alerts=len(self._catalog.alerts))
        return True

    def watch(self) -> None:
        """Start a thread that calls `refresh` every `WATCH_SECONDS` until `close`."""
        self._thread = threading.Thread(target=self._watch, name="catalog-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            self.refresh()

    def _stamps(self) -> _FileStamps:
        return tuple(_stamp(path) for path in (self.path, self.path.with_name(SCHEMA_NAME)))


def load(path: Path) -> Catalog:
    """Return the catalogue in `path`, checked with the schema beside it.

    Raises CatalogError when a file is missing or not JSON, when its `schema_version` is not `SCHEMA_VERSION`, when the
    schema refuses it, or when an id in it refers to nothing.
    """
    data = _read(path)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise CatalogError(f"{path}: schema_version is {version!r}; this program reads version {SCHEMA_VERSION}")
    schema_path = path.with_name(SCHEMA_NAME)
    schema = _read(schema_path)
    try:
        Draft202012Validator.check_schema(schema)
        error = best_match(Draft202012Validator(schema).iter_errors(data))
    except (SchemaError, TypeError, AttributeError) as schema_error:
        raise CatalogError(f"{schema_path}: is not a usable JSON Schema") from schema_error
    if error is not None:
        raise CatalogError(f"{path}: {error.json_path}: {error.message[:300]}")
    try:
        return parse(data)
    except CatalogError as parse_error:
        raise CatalogError(f"{path}: {parse_error}") from None
    except (KeyError, TypeError, ValueError) as shape_error:
        # The schema beside the file is not the one of this release.
        raise CatalogError(
            f"{path}: does not have the shape of version {SCHEMA_VERSION}: {shape_error!r}"
        ) from shape_error


def _read(path: Path) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{path}: is not JSON: {error}") from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
