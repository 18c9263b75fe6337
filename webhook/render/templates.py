"""The Jinja2 environment of mails and pages: HTML is escaped unless `markdown.html` has made it safe."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from webhook.untrusted import visible


def _shown(value: object) -> object:
    """Return a value of a template without what is obeyed instead of seen, whoever has put it there."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704  it was markup before
    return visible(value) if isinstance(value, str) else value


environment = Environment(
    loader=PackageLoader("webhook", "templates"),
    autoescape=select_autoescape(["html"], default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_shown,
)
