"""`catalog.json` on disk: read, checked by the schema beside it, watched, and replaced without a restart.

`cli` opens it, `ingest`, `render` and `api` read `current`, the watcher calls `refresh`. A broken new file leaves the
last good one in force and is told in `error` (for /readyz and the metrics).
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

_Stamp = tuple[tuple[int, int, int] | None, ...]


class CatalogFile:
    """The catalogue in force, and whether the file on disk is it."""

    def __init__(self, path: Path) -> None:
        """Load `path`; raises CatalogError when that cannot be done."""
        self.path = path
        self._stamp = self._look()
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
        """Why the file on disk is not the catalogue in force, or None when it is."""
        return self._error

    def refresh(self) -> bool:
        """Load the file again if it or its schema was replaced; return whether a new catalogue is in force."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
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

    def _look(self) -> _Stamp:
        return tuple(_stamp(path) for path in (self.path, self.path.with_name(SCHEMA_NAME)))


def load(path: Path) -> Catalog:
    """Return the catalogue in `path`, checked against the schema lying beside it.

    Raises CatalogError when a file is missing or not JSON, when its `schema_version` is another than
    `SCHEMA_VERSION`, when the schema refuses it, or when an id in it leads nowhere.
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
    except (SchemaError, TypeError, AttributeError) as broken:
        raise CatalogError(f"{schema_path}: is not a usable JSON Schema") from broken
    if error is not None:
        raise CatalogError(f"{path}: {error.json_path}: {error.message[:300]}")
    try:
        return parse(data)
    except CatalogError as dangling:
        raise CatalogError(f"{path}: {dangling}") from None
    except (KeyError, TypeError, ValueError) as broken:
        # The schema beside the file is not the one this program was written for.
        raise CatalogError(f"{path}: does not have the shape of version {SCHEMA_VERSION}: {broken!r}") from broken


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
