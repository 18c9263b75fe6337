"""Checks of names: no two signals may share an alert name."""

from __future__ import annotations

from compiler import conventions
from compiler.alerts import AlertGroup
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that no two signals get the same alert name, and that no system has a reserved id.

    Ids can collide because names join them: `a-b` with `c` gives the same name as `a` with `b_c`. The name of the file
    for the always-firing alert is reserved.
    """
    seen: dict[str, AlertGroup] = {}
    for group in context.groups:
        name = group.alerts[0].name
        first = seen.setdefault(name, group)
        # The alerts of one system on missing metrics share a name and differ by their component.
        if (first.system.id, first.watched.bound.signal.id) != (group.system.id, group.watched.bound.signal.id):
            related = (Related(span=first.watched.span, message="the other one is here"),)
            message = f"the alert name `{name}` stands for two signals"
            diagnostics.error("alert-name", group.watched.span, message, hint="rename one of the two", related=related)
    for system in context.model.systems:
        if system.id == conventions.WATCHDOG_GROUP:
            message = f"`{system.id}` is the name of the always-firing alert's own file"
            diagnostics.error("reserved-id", system.span, message, hint="name the system otherwise")
