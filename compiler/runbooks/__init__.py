"""Parse: a Markdown runbook → its sections, their commands and links, and the limits that it states.

This package runs beside `compiler.document` at the start of the pipeline; `compiler.resolve` links alerts to the
sections. `markdown` parses the text with markdown-it, and `compiler.runbooks.anchors` computes the anchors. `comments`
removes HTML comments, `headings` divides the text into sections, `commands` reads their code blocks, and `links` their
links.
"""

from __future__ import annotations

from compiler.runbooks.commands import Command, Placeholder
from compiler.runbooks.links import Link
from compiler.runbooks.place import Place
from compiler.runbooks.reading import Runbook, Unread, anchors_in, parse_runbook
from compiler.runbooks.section import Section

__all__ = [
    "Command",
    "Link",
    "Place",
    "Placeholder",
    "Runbook",
    "Section",
    "Unread",
    "anchors_in",
    "parse_runbook",
]
