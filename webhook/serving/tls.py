"""TLS from a certificate in files. What is renewed on disk is used for the connections that come after it."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import structlog

LOOK_SECONDS = 10.0
"""How often the files are looked at."""

log = structlog.get_logger("tocsin.server")


def load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a server with this certificate; raises ValueError when the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # A key with a password would ask for it at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        raise ValueError(f"the certificate {certificate} and the key {key} do not work: {error.reason}") from None
    except OSError as error:
        raise ValueError(f"the certificate {certificate} and the key {key}: {error.strerror}") from None
    return context


class Certificate:
    """The context in force, renewed when the files change; one that cannot be used leaves the old one in force."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read the files; raises ValueError."""
        self._files = (certificate, key)
        self._stamp = self._stamps()
        self._context = load(certificate, key)
        self._looked = time.monotonic()

    @property
    def context(self) -> ssl.SSLContext:
        """The context for a connection that begins now."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self._renew()
        return self._context

    def _renew(self) -> None:
        stamp = self._stamps()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._context = load(*self._files)
        except ValueError as error:
            log.warning("the new certificate cannot be used, the old one stays in force", reason=str(error))
        else:
            log.info("the certificate was renewed")

    def _stamps(self) -> tuple[object, ...]:
        found: list[object] = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return tuple(found)
