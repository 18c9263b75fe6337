"""The Jinja2 environment of mails and pages. It escapes HTML, except what `markdown.html` has sanitised."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from webhook.untrusted import visible


def _shown(value: object) -> object:
    """Return any template value without the characters that a program obeys instead of showing them."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704  the value was markup already
    return visible(value) if isinstance(value, str) else value


environment = Environment(
    loader=PackageLoader("webhook", "templates"),
    autoescape=select_autoescape(["html"], default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_shown,
)
