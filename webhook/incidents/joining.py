"""Decide who is called when alerts join an incident, and whether its acknowledgement stands. Pure; `delivery` asks.

An acknowledgement covers what was known at its time. Another runbook section, a more severe alert, another component or
another installation is news: people are called, and an acknowledged incident starts again at its first level. Many
components that fail together are one trouble, so only a few calls are made for other components alone.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents.firing import AlertFiring, News, count
from webhook.incidents.incident import Incident, NotificationTrigger, asked_anew
from webhook.timestamps import MINUTE
from webhook.untrusted import one_line

WINDOW_SECONDS = 5 * MINUTE
"""Alertmanager's default `group_interval`."""
MOST_SINGLE = 3
"""So many calls for other components within the window are sent at once; the next one waits for a batch."""
_MOST_NAMED = 5
_LONGEST_NAME = 60


def called(before: Incident, after: Incident, news: News, now: float) -> tuple[Incident, NotificationTrigger]:
    """Return the incident after the news, and the trigger of the call about it."""
    times = tuple(at for at in before.news_at if now - at < WINDOW_SECONDS)
    waits_until = max(now, times[0] + WINDOW_SECONDS) if news.only_parts and len(times) >= MOST_SINGLE else None
    # A call that waits for a batch counts at the time it is sent; while one waits, no second one is added.
    waits = any(at > now for at in times)
    times = times if not news.only_parts or waits else (*times, waits_until or now)
    trigger = NotificationTrigger(kind="joined", fingerprint=news.firing.fingerprint, not_before=waits_until)
    return replace(_with_deadlines(before, after, news, now), news_at=times), trigger


def covered(incident: Incident) -> str:
    """Return what an acknowledgement covers, for the timeline: `covers 2 alerts (checkout, payments)`."""
    firings = incident.open_firings
    names = list(dict.fromkeys(name for firing in firings if (name := _name(firing))))
    more = len(names) - _MOST_NAMED
    shown = names[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    return f"covers {count(len(firings), incident.truncated)}" + (f" ({', '.join(shown)})" if shown else "")


def _with_deadlines(before: Incident, after: Incident, news: News, now: float) -> Incident:
    if news.more_severe or before.status == "acknowledged":
        return asked_anew(after, now)
    # People are being called already: a stream of components must not delay the next level.
    since = after.paged_at if news.only_parts else now
    return replace(after, paged_at=since, suppressed_since=None, suppressed_by=None)


def _name(firing: AlertFiring) -> str:
    return one_line(firing.labels.get("component", ""), _LONGEST_NAME)
