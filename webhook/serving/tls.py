"""TLS with a certificate from files. When the files are renewed, new connections use the new certificate."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import structlog

LOOK_SECONDS = 10.0
"""How often the files are checked for changes."""

log = structlog.get_logger("tocsin.server")


def load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server context with this certificate; raises ValueError when the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without this, OpenSSL would ask for the password of an encrypted key at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        raise ValueError(f"the certificate {certificate} and the key {key} do not work: {error.reason}") from None
    except OSError as error:
        raise ValueError(f"the certificate {certificate} and the key {key}: {error.strerror}") from None
    return context


class Certificate:
    """The TLS context in force. It is renewed when the files change; unusable files leave the old context in force."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read the files; raises ValueError."""
        self._files = (certificate, key)
        self._stamps = self._read_stamps()
        self._context = load(certificate, key)
        self._looked_at = time.monotonic()

    @property
    def context(self) -> ssl.SSLContext:
        """The context for a new connection."""
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._renew()
        return self._context

    def _renew(self) -> None:
        stamps = self._read_stamps()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._context = load(*self._files)
        except ValueError as error:
            log.warning("the new certificate cannot be used, the old one stays in force", reason=str(error))
        else:
            log.info("the certificate was renewed")

    def _read_stamps(self) -> tuple[object, ...]:
        stamps: list[object] = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return tuple(stamps)
