"""Codes of people and routing: who is told, when, and in which notification."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="cleartext",
        summary="Alertmanager shows the webhook its token or password over `http:`.",
        explanation=(
            "Whoever is on the way reads it, and can then deliver alerts of their own, or ends of real ones. It is a"
            " warning. A loopback address is no network, and a name without a dot is taken for a service of the same"
            " container network."
        ),
        mend=(
            "Write `https:`; `ca_file`, `cert_file`, `key_file` and `server_name` beside the address say how"
            " Alertmanager knows the webhook, and it Alertmanager."
        ),
        suppressible=True,
    ),
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
            " key, which Alertmanager makes from the group, and whoever acknowledges it takes all of it. The name"
            " stands for one signal of one system, so a group is one team's. The webhook takes apart what another"
            " configuration mixes: each team has an incident of its own then; Alertmanager's own page stays one."
            " Components of a system need not be told apart: one that joins is news, and is called."
        ),
        mend="Keep `alertname` and `severity` in `group_by`.",
    ),
    Code(
        code="matcher",
        summary="A matcher of a route below `routing: fallback:` cannot be read.",
        explanation=(
            "Matchers are written as in Alertmanager, and mean the same: `=` and `!=` compare, `=~` and `!~` hold the"
            " whole value against a regular expression, and an absent label is empty. Expressions are those that every"
            " Prometheus reads, without what the webhook does not match, because it looks at each character once:"
            r" `\b`, `\B`, `\p`, `(?m)`, and what is written out more than 1000 characters long."
        ),
        mend='Write `namespace="payments"`, or `{namespace: payments}` as a mapping.',
    ),
    Code(
        code="route-never-taken",
        summary="A route below `routing: fallback:` takes no alert.",
        explanation=(
            "The first route whose matchers an alert meets takes it. A route is never taken where one before it asks"
            " for no more, where two of its matchers exclude each other, or where it names an alert that the file"
            " defines: those belong to their system's team."
        ),
        mend="Put the narrower route first, or take the route out.",
        suppressible=True,
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
        code="misleading-text",
        summary="A name, a contact or an address of the routing is not what it looks like, or calls others.",
        explanation=(
            "Names of teams and people, contacts, and the files and addresses of `routing:` stand in messages, headers"
            " of mails and Alertmanager's configuration. Refused are line breaks, tabs and characters that are not seen"
            " or turn the direction of writing, beginnings of encoded words (`=?`), what calls people in a chat"
            " (`<!channel>`, `@everyone`), and texts too long for their place."
        ),
        mend="Write the text as it is to be shown, on one line.",
    ),
    Code(
        code="rotation-gap",
        summary="There are times in the next two years at which nobody in a rotation is on call.",
        explanation=(
            "The shifts of a rotation are laid over each other, by the clock on the wall of each schedule's zone, over"
            " every change of clocks and every exception, from today or the rotation's first beginning on. Nobody is on"
            " call where none holds: between two shifts, on a day that is an exception, after `until`. The level's own"
            " contacts are told then, and the message says so."
        ),
        mend="Let the shifts meet, let them go on, or add a last turn whose schedule always holds.",
        suppressible=True,
    ),
    Code(
        code="timezone",
        summary="A schedule's time zone is not known.",
        explanation="Zones are named as in the tz database; most abbreviations say nothing of daylight saving.",
        mend="Write a name such as `Europe/Berlin`, or `UTC`.",
    ),
)
