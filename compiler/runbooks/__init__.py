"""Parse: a Markdown runbook → its sections, their commands and links, and the limits that it states.

Beside `compiler.document` at the head of the pipeline; `compiler.resolve` binds alerts to what is found here. Structure
comes from markdown-it (`markdown`), anchors from `compiler.anchors`. `comments` takes out what is not for readers,
`headings` divides the text into sections, `commands` reads their fences, `links` what leads elsewhere.
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
