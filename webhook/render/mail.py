"""Renders a message as an e-mail's subject, text and HTML. Pure; `senders.mail` adds the headers and sends it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from webhook.render.markdown import html
from webhook.render.message import Message, Section
from webhook.render.plain import section_text, summary_lines
from webhook.render.templates import environment
from webhook.severity import Severity
from webhook.untrusted import header_text, visible

LONGEST_SUBJECT = 200
LONGEST_SECTION = 20_000

COLOURS: dict[Severity, str] = {"info": "#1d6fa5", "warning": "#b35c00", "critical": "#c62828", "emergency": "#8e0038"}
RESOLVED_COLOUR = "#2e7d32"

_CODE = (
    "padding:10px 12px;background:#f0f0ec;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:14px"
)


@dataclass(frozen=True, kw_only=True)
class MailContent:
    """The parts of a mail that its reader sees."""

    subject: str
    text: str
    html: str


def layout(message: Message, *, follows: bool = False) -> MailContent:
    """Return the mail; `follows` says that it replies to an earlier mail about the same incident."""
    section = message.section if not message.over else None
    cut = section_text(section, LONGEST_SECTION) if section else None
    values = {
        "message": message,
        "lines": summary_lines(message),
        "section": section,
        "cut": cut,
        "colour": RESOLVED_COLOUR if message.over else COLOURS[message.severity],
        "runbook_html": _runbook(section) if section and cut and cut.complete else None,
    }
    subject = header_text(f"[Tocsin {_about(message)}] {message.subject}", LONGEST_SUBJECT)
    return MailContent(
        subject=f"Re: {subject}" if follows else subject,
        text=visible(environment.get_template("mail.txt").render(values)),
        html=visible(environment.get_template("mail.html").render(values)),
    )


def _about(message: Message) -> str:
    return f"{message.batch_size} incidents" if message.batch_size else str(message.incident_id)


def _runbook(section: Section) -> Markup:
    """Return the section as HTML with inline styles, because mail readers drop style sheets."""
    cleaned = html(section.markdown, commands=section.commands, base=section.url)
    return Markup(cleaned.replace("<pre>", f'<pre style="{_CODE}">'))  # noqa: S704  cleaned by nh3
