"""Checks of the connection to the webhook: nobody on the network may read the secret that Alertmanager sends."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.resolve.reading import table


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that Alertmanager sends no secret over a network unencrypted.

    The check assumes that a name without a dot is a service in the same container network (Docker Compose, a
    Kubernetes namespace).
    """
    webhook = table(table(context.document, "routing"), "webhook")
    secret = next((key for key in ("token_file", "basic_auth") if key in webhook), None)
    url = urlsplit(context.model.routing.webhook_url)
    if secret is None or url.scheme != "http" or _is_near(url.hostname or ""):
        return
    secret_name = "the token" if secret == "token_file" else "the password"  # noqa: S105 - the name of a key
    message = f"{secret_name} goes to `{url.hostname}` over `http:`, where anybody on the network path can read it"
    hint = "write `https:`, with `ca_file` where the certificate is the house's own"
    related = (Related(span=webhook.key_spans[secret], message=f"{secret_name} is named here"),)
    diagnostics.warning("cleartext", webhook.value_spans["url"], message, hint=hint, related=related)


def _is_near(host: str) -> bool:
    """Return whether a host is this machine, or a name in the same container network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return "." not in host or host.rstrip(".").endswith(".localhost")
