"""Renders a message as plain text: for a mail's text part, the details of events, the log and the terminal. Pure."""

from __future__ import annotations

from dataclasses import replace

from webhook.commands import Filled
from webhook.render.markdown import Cut, fitting, pieces
from webhook.render.message import Message, Section
from webhook.untrusted import shorten, visible

MOST_COMMANDS = 20
LONGEST_COMMAND = 2_000
"""How many commands of a section a message lists beside its text, and how many characters of each."""


class PlainStyle:
    """Plain text: indentation or backticks mark code, and a link shows its address."""

    code_in_lists = True

    def plain(self, text: str) -> str:
        """Return the text."""
        return visible(text)

    def strong(self, inner: str) -> str:
        """Return the text: plain text has no bold."""
        return inner

    def emphasis(self, inner: str) -> str:
        """Return the text: plain text has no italics."""
        return inner

    def code(self, text: str) -> str:
        """Return the text between backticks."""
        return f"`{visible(text)}`"

    def block(self, text: str) -> str:
        """Return the lines, indented."""
        return "\n".join(f"    {line}" for line in visible(text).split("\n"))

    def link(self, inner: str, url: str) -> str:
        """Return the text and its address."""
        return inner if inner == url else f"{inner} ({url})"


def section_text(section: Section, limit: int) -> Cut:
    """Return the runbook section as plain text, at most `limit` characters, cut at block boundaries."""
    return fitting(pieces(section.markdown, PlainStyle(), commands=section.commands, base=section.url), limit)


def commands(section: Section) -> tuple[Filled, ...]:
    """Return the first `MOST_COMMANDS` commands of the section, each cut to `LONGEST_COMMAND` characters."""
    return tuple(
        replace(command, text=shorten(command.text, LONGEST_COMMAND))
        for command in list(section.commands.values())[:MOST_COMMANDS]
    )


def summary_lines(message: Message) -> tuple[str, ...]:
    """Return the sentences that come before the runbook section, one per line."""
    where = f"System: {message.system}" if message.system else ""
    component = f"Component: {message.component}" if message.component else ""
    installation = message.installation[:1].upper() + message.installation[1:]
    lines = (
        message.news,
        "" if message.problem in message.news else message.problem,
        message.description,
        message.since,
        " · ".join(part for part in (where, component, installation) if part),
        f"Labels: {message.labels}" if message.labels else "",
        "" if message.over else message.severity_note,
        message.standing,
        message.next_step,
    )
    return tuple(line for line in lines if line)
