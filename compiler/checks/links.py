"""Checks of the links in runbooks, offline: each must lead to an existing file, and to an anchor that the file has.

`compiler.linked_files` has read the targets. Targets that it omits are not checked: those on the web, and those outside
the folder of thresholds.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, did_you_mean, nearest
from compiler.runbooks import Link, Runbook
from compiler.runbooks.destinations import Linked, destination

_MOST_HINTS: Final = 50
"""The most broken links of one runbook that get a hint.

Comparing names takes time, and so many broken links mean that somebody moved a folder.
"""
_LONGEST: Final = 200
"""The most characters of a name that are compared."""
_MOST_NAMES: Final = 2000
"""The most names with which one name is compared."""


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the links of each runbook that a system names."""
    for _, runbook in sorted(context.runbooks.items()):
        hints_left = _MOST_HINTS
        for link in runbook.links:
            problem = _problem(runbook, link, context, with_hint=hints_left > 0)
            if problem is not None:
                message, hint = problem
                diagnostics.error("broken-link", link.span, message, hint=hint)
                hints_left -= 1


def _problem(runbook: Runbook, link: Link, context: CheckContext, *, with_hint: bool) -> tuple[str, str | None] | None:
    """Return the message and the hint for a link that leads nowhere, or None."""
    target = destination(runbook.path, link.target, context.style)
    linked = None if target is None else context.linked.get(target.path)
    if target is None or linked is None:
        return None
    if not linked.exists:
        return f"there is no file `{target.path}`", _suggest_file(target.path, linked) if with_hint else None
    if target.anchor is None or linked.anchors is None or target.anchor in linked.anchors:
        return None
    message = f"{target.path} has no section or anchor `#{target.anchor}`"
    return message, _suggest(target.anchor, linked.anchors, prefix="#") if with_hint else None


def _suggest_file(path: str, linked: Linked) -> str | None:
    inner_path = path.removeprefix(linked.folder).lstrip("/") if linked.folder != "." else path
    return _suggest(
        inner_path.partition("/")[0], linked.beside, prefix="" if linked.folder == "." else f"{linked.folder}/"
    )


def _suggest(name: str, known: Iterable[str], *, prefix: str) -> str | None:
    candidates = sorted(name for name in known if len(name) <= _LONGEST)[:_MOST_NAMES]
    match = nearest(name[:_LONGEST], candidates)
    if match is not None:
        return f"did you mean `{prefix}{match}`?"
    return did_you_mean("", [f"{prefix}{candidate}" for candidate in candidates])
