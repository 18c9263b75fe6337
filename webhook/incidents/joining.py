"""What is called when alerts join an incident, and what becomes of an acknowledgement then. Pure; `delivery` asks.

Whoever has acknowledged has taken what was known then. Another runbook section, a higher severity, another component or
installation is news: it is called, and an incident that somebody has taken is asked after from the first level
again. Many components that fail together are one trouble, so calls for nothing but another component are few.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents.firing import AlertFiring, News, count
from webhook.incidents.incident import Incident, NotificationTrigger, asked_anew
from webhook.timestamps import MINUTE
from webhook.untrusted import one_line

WINDOW_SECONDS = 5 * MINUTE
"""Alertmanager's own default of how often it tells of a group that changes."""
MOST_SINGLE = 3
"""So many calls for another component within the window are made at once; the next waits for a batch."""
_MOST_NAMED = 5
_LONGEST_NAME = 60


def called(before: Incident, after: Incident, news: News, now: float) -> tuple[Incident, NotificationTrigger]:
    """Return the incident and the call that `news` leads to."""
    times = tuple(at for at in before.news_at if now - at < WINDOW_SECONDS)
    waits_until = max(now, times[0] + WINDOW_SECONDS) if news.only_parts and len(times) >= MOST_SINGLE else None
    # A call that waits for a batch counts when it is made; while one waits there is no second.
    waits = any(at > now for at in times)
    times = times if not news.only_parts or waits else (*times, waits_until or now)
    trigger = NotificationTrigger(kind="joined", fingerprint=news.firing.fingerprint, not_before=waits_until)
    return replace(_asked(before, after, news, now), news_at=times), trigger


def covered(incident: Incident) -> str:
    """Return what an acknowledgement covers, for the timeline: `covers 2 alerts (checkout, payments)`."""
    found = incident.open_firings
    names = list(dict.fromkeys(name for one in found if (name := _name(one))))
    more = len(names) - _MOST_NAMED
    shown = names[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    return f"covers {count(len(found), incident.truncated)}" + (f" ({', '.join(shown)})" if shown else "")


def _asked(before: Incident, after: Incident, news: News, now: float) -> Incident:
    if news.more_severe or before.status == "acknowledged":
        return asked_anew(after, now)
    # Somebody is being asked: a stream of components must not keep the next level from being told.
    since = after.paged_at if news.only_parts else now
    return replace(after, paged_at=since, suppressed_since=None, suppressed_by=None)


def _name(firing: AlertFiring) -> str:
    return one_line(firing.labels.get("component", ""), _LONGEST_NAME)
