"""Resolve: teams, levels, policies and routing. The module `schedules` resolves when people are on call."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from compiler import conventions
from compiler.channels import CONTACTS
from compiler.diagnostics import Diagnostics, Related
from compiler.document import Table
from compiler.model import Fallback, Level, Policy, Routing, Team, Tier, Turn
from compiler.quantities import QuantityError, parse_duration
from compiler.resolve import contacts, routes
from compiler.resolve.reading import check_reference, duration, reference, table
from compiler.schema import suggestions


def teams(document: Table, diagnostics: Diagnostics) -> tuple[Team, ...]:
    """Return the teams, sorted by id; an invalid Slack channel is a finding."""
    for team in document["teams"].values():
        contacts.check_title(team, diagnostics)
        contacts.check_channel(team, diagnostics)
    return tuple(
        Team(id=key, title=team["title"], slack=team.get("slack")) for key, team in sorted(document["teams"].items())
    )


def levels(document: Table, diagnostics: Diagnostics) -> tuple[Level, ...]:
    """Return the levels, sorted by id; a missing schedule or an invalid contact is an error."""
    for level in document["levels"].values():
        for owner in (level, *level.get("rotation", ())):
            contacts.check(owner, diagnostics)
    return tuple(
        Level(
            id=key,
            title=level["title"],
            contacts=_contacts(level),
            rotation=tuple(_turn(document, turn, diagnostics) for turn in level.get("rotation", ())),
        )
        for key, level in sorted(document["levels"].items())
    )


def _contacts(owner: Table) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(owner.get(kind, ())) for kind in CONTACTS}


def _turn(document: Table, turn: Table, diagnostics: Diagnostics) -> Turn:
    schedule = reference(turn, "schedule", table(document, "schedules"), "schedule", diagnostics)
    return Turn(schedule=schedule, title=turn["title"], contacts=_contacts(turn))


def policies(document: Table, diagnostics: Diagnostics) -> tuple[Policy, ...]:
    """Return the policies, sorted by id; a level that does not exist is an error."""
    resolved = []
    for key, policy in sorted(document["escalation"].items()):
        for level, span in zip(policy["levels"], policy["levels"].spans, strict=True):
            check_reference(level, span, document["levels"], "level", diagnostics)
        tiers = {severity: _tier(document, table(policy, severity), diagnostics) for severity in conventions.SEVERITIES}
        fallback = tuple(policy.get("fallback", ()))
        resolved.append(Policy(id=key, levels=tuple(policy["levels"]), tiers=tiers, fallback=fallback))
    return tuple(resolved)


def _tier(document: Table, tier: Table, diagnostics: Diagnostics) -> Tier:
    defaults = Tier()
    hours = reference(tier, "hours", table(document, "schedules"), "schedule", diagnostics) if "hours" in tier else None
    return Tier(
        respond=_deadline(tier, "respond", diagnostics),
        notify=tuple(tier.get("notify", defaults.notify)),
        announce=tuple(tier.get("announce", defaults.announce)),
        escalate=_deadline(tier, "escalate", diagnostics),
        holds="acknowledged" in tier,
        acknowledged=_deadline(tier, "acknowledged", diagnostics),
        hours=hours,
        still_firing=duration(tier, "still_firing", 0, diagnostics, least=conventions.LEAST_STILL_FIRING)
        if "still_firing" in tier
        else None,
    )


def _deadline(tier: Table, key: str, diagnostics: Diagnostics) -> int | None:
    text = tier.get(key, "never")
    if text == "never":
        return None
    if text == "now":
        return 0
    try:
        return parse_duration(text)
    except QuantityError as error:
        proposal = suggestions.duration(text)
        hint = f"write `{proposal}`" if proposal else "write `30m`, `now` or `never`"
        diagnostics.error("quantity", tier.value_spans[key], str(error), hint=hint)
        return None


def routing(
    document: Table, policies: tuple[Policy, ...], dimensions: tuple[str, ...], diagnostics: Diagnostics
) -> Routing:
    """Return the routing with its defaults; Alertmanager itself pages for each severity that some policy pages for."""
    routing_table: Table = document["routing"]
    contacts.check_settings(routing_table, diagnostics)
    webhook, pagerduty = routing_table["webhook"], table(routing_table, "pagerduty")

    def seconds(key: str, default: int, *, least: int = 1) -> int:
        return duration(routing_table, key, default, diagnostics, least=least)

    return Routing(
        group_by=tuple(dict.fromkeys((*_group_by(routing_table, diagnostics), *dimensions))),
        group_wait=seconds("group_wait", conventions.DEFAULT_GROUP_WAIT, least=0),
        group_interval=seconds("group_interval", conventions.DEFAULT_GROUP_INTERVAL),
        repeat_interval=seconds("repeat_interval", conventions.DEFAULT_REPEAT_INTERVAL),
        webhook_url=webhook["url"],
        webhook_token_file=webhook.get("token_file"),
        webhook_login=_login(webhook, diagnostics),
        webhook_tls=_tls(webhook, diagnostics),
        pagerduty_key_file=pagerduty.get("routing_key_file"),
        pagerduty_severities=_paging(policies),
        watchdog_repeat=duration(
            table(routing_table, "watchdog"), "repeat", conventions.DEFAULT_WATCHDOG_REPEAT, diagnostics, least=1
        ),
        fallback=_fallback(document, routing_table["fallback"], diagnostics),
    )


def _login(webhook: Table, diagnostics: Diagnostics) -> tuple[str, str] | None:
    if "basic_auth" not in webhook:
        return None
    login = webhook["basic_auth"]
    if "token_file" in webhook:
        related = (Related(span=webhook.key_spans["token_file"], message="the token is here"),)
        message = "`token_file` and `basic_auth` exclude each other"
        span = webhook.key_spans["basic_auth"]
        diagnostics.error("schema", span, message, hint="keep one of the two", related=related)
    return login["username"], login["password_file"]


_TLS: Final = ("ca_file", "cert_file", "key_file", "server_name")


def _tls(webhook: Table, diagnostics: Diagnostics) -> tuple[tuple[str, str], ...]:
    """Return the TLS options that the file sets; Alertmanager requires a certificate and its key together."""
    options = [key for key in _TLS if key in webhook]
    if options and webhook["url"].startswith("http:"):
        related = (Related(span=webhook.value_spans["url"], message="the address is here"),)
        message = f"`{options[0]}` is for `https:`, and the address begins with `http:`"
        hint = f"write `https:` in the address, or take `{options[0]}` out"
        diagnostics.error("schema", webhook.key_spans[options[0]], message, hint=hint, related=related)
    pair = [key for key in ("cert_file", "key_file") if key in webhook]
    if len(pair) == 1:
        missing_key = "key_file" if pair == ["cert_file"] else "cert_file"
        message = f"`{pair[0]}` needs `{missing_key}`"
        diagnostics.error("schema", webhook.key_spans[pair[0]], message, hint=f"add `{missing_key}`")
    return tuple((key, webhook[key]) for key in options)


def _group_by(routing_table: Table, diagnostics: Diagnostics) -> tuple[str, ...]:
    labels = tuple(routing_table.get("group_by", conventions.DEFAULT_GROUP_BY))
    missing = [label for label in conventions.DEFAULT_GROUP_BY if label not in labels]
    if missing:
        message = f"groups must not mix alerts of different {' or '.join(f'`{label}`' for label in missing)}"
        hint = f"add {' and '.join(f'`{label}`' for label in missing)}"
        diagnostics.error("group-by", routing_table.key_spans["group_by"], message, hint=hint)
    return labels


def _paging(policies: tuple[Policy, ...]) -> tuple[str, ...]:
    """Return the severities for which at least one policy announces to PagerDuty."""
    return tuple(
        severity
        for severity in conventions.SEVERITIES
        if any("pagerduty" in policy.tiers[severity].announce for policy in policies)
    )


def _fallback(document: Table, mapping: Table, diagnostics: Diagnostics) -> Fallback:
    fallback = Fallback(
        team=reference(mapping, "team", document["teams"], "team", diagnostics),
        policy=reference(mapping, "escalation", document["escalation"], "policy", diagnostics),
        severity=mapping.get("severity", conventions.DEFAULT_FALLBACK_SEVERITY),
    )
    return replace(fallback, routes=routes.routes(document, mapping, fallback, diagnostics))
