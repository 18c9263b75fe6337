"""Checks of the links in runbooks, offline: does each lead to a file that is there, and to a place that the file has.

`compiler.linked_files` has looked at what lies at the other end; what it has left out, the web and what lies outside of
the folder of thresholds.yaml, is not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, did_you_mean, nearest
from compiler.runbooks import Link, Runbook
from compiler.runbooks.destinations import Linked, destination

_MOST_HINTS: Final = 50
"""Links of one runbook that get a hint; comparing names takes its time, and who sees so many has moved a folder."""
_LONGEST: Final = 200
"""Characters of a name that are compared."""
_MOST_NAMES: Final = 2000
"""Names that one is compared with."""


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check every runbook that a system names."""
    for _, runbook in sorted(context.runbooks.items()):
        hints = _MOST_HINTS
        for link in runbook.links:
            found = _wrong(runbook, link, context, hinted=hints > 0)
            if found is not None:
                message, hint = found
                diagnostics.error("broken-link", link.span, message, hint=hint)
                hints -= 1


def _wrong(runbook: Runbook, link: Link, context: CheckContext, *, hinted: bool) -> tuple[str, str | None] | None:
    """Return message and hint where a link leads nowhere."""
    there = destination(runbook.path, link.target, context.style)
    linked = None if there is None else context.linked.get(there.path)
    if there is None or linked is None:
        return None
    if not linked.exists:
        return f"there is no file `{there.path}`", _other_file(there.path, linked) if hinted else None
    if there.anchor is None or linked.anchors is None or there.anchor in linked.anchors:
        return None
    message = f"{there.path} has no section or anchor `#{there.anchor}`"
    return message, _near(there.anchor, linked.anchors, before="#") if hinted else None


def _other_file(path: str, linked: Linked) -> str | None:
    rest = path.removeprefix(linked.folder).lstrip("/") if linked.folder != "." else path
    return _near(rest.partition("/")[0], linked.beside, before="" if linked.folder == "." else f"{linked.folder}/")


def _near(name: str, known: Iterable[str], *, before: str) -> str | None:
    candidates = sorted(one for one in known if len(one) <= _LONGEST)[:_MOST_NAMES]
    match = nearest(name[:_LONGEST], candidates)
    if match is not None:
        return f"did you mean `{before}{match}`?"
    return did_you_mean("", [f"{before}{one}" for one in candidates])
