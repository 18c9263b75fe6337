"""Codes of people and routing: who is told, when, and in which notification."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="cleartext",
        summary="Alertmanager sends the webhook its token or password over `http:`.",
        explanation=(
            "Anybody on the network path can read it, and can then deliver false alerts or false ends of real alerts."
            " This is a warning. There is no finding for a loopback address, nor for a name without a dot, which"
            " counts as a service in the same container network."
        ),
        mend=(
            "Write `https:`. With `ca_file`, `cert_file`, `key_file` and `server_name` beside the address,"
            " Alertmanager and the webhook identify each other."
        ),
        suppressible=True,
    ),
    Code(
        code="contact",
        summary="A level of a policy lacks a contact that the policy uses to notify it, or a contact is not valid.",
        explanation=(
            "The step would be taken, but nobody would be told. The check covers the first level for every severity,"
            " and the further levels if the severity escalates. It is a warning if the level lacks this contact but"
            " has another one that the policy uses. A telephone number has a `+`, the country code and digits. An"
            " e-mail address has no name beside it. A Slack channel is a name with `#`, or an id."
        ),
        mend=(
            "Add the contact to the level, or notify by a kind of contact that it has. Write the contact as the hint"
            " shows."
        ),
        suppressible=True,
    ),
    Code(
        code="deadline-too-short",
        summary="A policy's first deadline is shorter than Alertmanager's batching.",
        explanation=(
            "Alertmanager delays a new group by `group_wait`. It tells changes in a group, its end included, only once"
            " in a `group_interval`. If a deadline is shorter than the two together, it passes before anybody can know"
            " that the trouble has begun or is over, and the next level is woken for nothing. `now` is no deadline."
        ),
        mend="Lengthen the deadline, or shorten `group_interval` below `routing:`.",
        suppressible=True,
    ),
    Code(
        code="group-by",
        summary="`group_by` puts different alerts or severities into one notification.",
        explanation=(
            "A notification must have alerts of one name and one severity only. A page has one PagerDuty key, which"
            " Alertmanager makes from the group, and a person who acknowledges the page acknowledges all of the group."
            " The name stands for one signal of one system, so a group belongs to one team. If another configuration"
            " mixes teams, the webhook splits the group into one incident for each team, but Alertmanager's own page"
            " stays one. Components of a system need not be separate: an additional one is news, and the webhook calls"
            " again for it."
        ),
        mend="Keep `alertname` and `severity` in `group_by`.",
    ),
    Code(
        code="matcher",
        summary="A matcher of a route below `routing: fallback:` cannot be read.",
        explanation=(
            "Matchers are written as in Alertmanager and mean the same: `=` and `!=` compare, `=~` and `!~` match the"
            " whole value against a regular expression, and an absent label is empty. Expressions must be readable for"
            r" every Prometheus. The webhook reads each character once, so it does not support `\b`, `\B`, `\p`,"
            " `(?m)`, and expressions of more than 1000 characters when repetitions are written out."
        ),
        mend='Write `namespace="payments"`, or `{namespace: payments}` as a mapping.',
    ),
    Code(
        code="route-never-taken",
        summary="No alert takes a route below `routing: fallback:`.",
        explanation=(
            "An alert takes the first route whose matchers it meets. A route is never taken if an earlier route takes"
            " all of its alerts, if two of its matchers exclude each other, or if it names an alert that the file"
            " defines: such an alert belongs to the team of its system."
        ),
        mend="Put the narrower route first, or delete the route.",
        suppressible=True,
    ),
    Code(
        code="recurrence",
        summary="The times of a schedule cannot be read, or never occur.",
        explanation=(
            "A shift recurs by a rule of RFC 5545, from a first date and time in the local time of its zone. The rule"
            " recurs by days, weeks, months or years, and `until:` ends it."
        ),
        mend="Write a rule such as `FREQ=WEEKLY;BYDAY=MO,TU`, and times such as `2026-01-05 09:00`.",
    ),
    Code(
        code="misleading-text",
        summary="A name, a contact or an address of the routing looks different from what it is, or notifies others.",
        explanation=(
            "Names of teams and people, contacts, and the files and addresses of `routing:` are used in messages, mail"
            " headers and Alertmanager's configuration. The check refuses line breaks, tabs, invisible characters,"
            " characters that change the direction of writing, beginnings of encoded words (`=?`), texts that notify"
            " people in a chat (`<!channel>`, `@everyone`), and texts that are too long for their place."
        ),
        mend="Write the text on one line, exactly as it should be shown.",
    ),
    Code(
        code="rotation-gap",
        summary="In the next two years there are times at which nobody in a rotation is on call.",
        explanation=(
            "The check combines the shifts of a rotation, each in the local time of its schedule's zone, with every"
            " change of clocks and every exception, from today or from the rotation's first beginning. Nobody is on"
            " call if no shift holds: between two shifts, on a day that is an exception, after `until`. At such a time"
            " the level's own contacts are told, and the message says so."
        ),
        mend="Make the shifts meet, let them continue, or add a last turn whose schedule always holds.",
        suppressible=True,
    ),
    Code(
        code="timezone",
        summary="A schedule's time zone is not known.",
        explanation="Zones have the names of the tz database; most abbreviations do not define daylight saving time.",
        mend="Write a name such as `Europe/Berlin`, or `UTC`.",
    ),
)
