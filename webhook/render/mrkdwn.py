"""Slack's mrkdwn: escapes text and writes Markdown elements in it. Pure; `slack` builds blocks with it."""

from __future__ import annotations

import re

from webhook.untrusted import visible

FENCE = "```"

_BACKTICKS = re.compile("`{3,}")


def escape(text: str) -> str:
    """Return `text` with Slack's three control characters escaped, so that nothing in it mentions anybody.

    https://api.slack.com/reference/surfaces/formatting#escaping
    """
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class SlackStyle:
    """Slack's mrkdwn."""

    code_in_lists = False  # indentation would become part of the command that is copied

    def plain(self, text: str) -> str:
        """Return the text, escaped."""
        return escape(text)

    def strong(self, inner: str) -> str:
        """Return the text between asterisks."""
        return f"*{inner.replace('*', '')}*"

    def emphasis(self, inner: str) -> str:
        """Return the text between underscores."""
        return f"_{inner}_"

    def code(self, text: str) -> str:
        """Return the text between backticks."""
        return f"`{escape(text).replace('`', 'ˋ')}`"

    def block(self, text: str) -> str:
        """Return the lines between fences; a fence within them cannot end the block early."""
        inner = _BACKTICKS.sub(lambda match: "ˋ" * len(match[0]), escape(text))
        return f"{FENCE}\n{inner}\n{FENCE}"

    def link(self, inner: str, url: str) -> str:
        """Return a link whose text and address cannot end it early."""
        address = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace("&", "&amp;")
        return f"<{address}|{inner.replace('|', '¦')}>"
