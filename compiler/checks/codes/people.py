"""Codes of people and routing: who is told, when, and in which notification."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="contact",
        summary="A level of a policy has no contact by which the policy notifies it.",
        explanation=(
            "The step would be taken and nobody told. Looked at are the first level of every severity, and the further"
            " ones where the severity escalates."
        ),
        mend="Add the contact to the level, or notify by a kind that it has.",
        suppressible=True,
    ),
    Code(
        code="deadline-too-short",
        summary="A policy's first deadline is shorter than Alertmanager's batching.",
        explanation=(
            "Alertmanager holds a new group back for `group_wait`, and tells what changes in a group, its end included,"
            " only once a `group_interval`. A deadline below the two together passes before anybody can know that the"
            " trouble has begun, or is over: the next level is woken for nothing. `now` is no deadline."
        ),
        mend="Lengthen the deadline, or shorten `group_interval` below `routing:`.",
        suppressible=True,
    ),
    Code(
        code="group-by",
        summary="`group_by` puts different alerts or severities into one notification.",
        explanation=(
            "Alerts of one name and one severity belong into one notification, and none else: a page has one PagerDuty"
            " key, which Alertmanager makes from the group."
        ),
        mend="Keep `alertname` and `severity` in `group_by`.",
    ),
)
