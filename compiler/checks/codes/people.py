"""Codes of people and routing: who is told, when, and in which notification."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="contact",
        summary="A level of a policy has no contact by which the policy notifies it, or what it has is none.",
        explanation=(
            "The step would be taken and nobody told. Looked at are the first level of every severity, and the further"
            " ones where the severity escalates. It is a warning where a level has another of the contacts by which it"
            " is notified, and lacks this one. A telephone number has a `+`, the country's code and digits; an e-mail"
            " address stands alone; a Slack channel is a name with `#`, or an id."
        ),
        mend="Add the contact to the level, or notify by a kind that it has; write a contact as the hint shows it.",
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
    Code(
        code="recurrence",
        summary="A schedule's times cannot be read, or never come.",
        explanation=(
            "A shift recurs by a rule of RFC 5545, from a first date and time on the clock of its zone. The rule recurs"
            " by days, weeks, months or years, and ends by `until:`."
        ),
        mend="Write a rule such as `FREQ=WEEKLY;BYDAY=MO,TU`, and times such as `2026-01-05 09:00`.",
    ),
    Code(
        code="timezone",
        summary="A schedule's time zone is not known.",
        explanation="Zones are named as in the tz database; most abbreviations say nothing of daylight saving.",
        mend="Write a name such as `Europe/Berlin`, or `UTC`.",
    ),
)
