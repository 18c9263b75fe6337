"""Compare what is left after the storm with what must be there. There are no findings if nothing was lost.

This module asks the webhook through its own API and believes none of its claims: a message counts as sent only if the
receiver holds it. `storm.py` works out what must be there, and under which key.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from testbed import loopback
from testbed.chaos.storm import Group, Storm
from testbed.pagerduty import PagerDuty
from testbed.slack import Slack
from testbed.smtp import Mailbox

Json = dict[str, Any]

CONFIGURED = ("slack", "pagerduty", "email", "log")
"""The channels for which the chaos test starts receivers. `log` has no receiver that could be asked."""
MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Receivers:
    """The receivers of the messages."""

    slack: Slack
    pagerduty: PagerDuty
    mailbox: Mailbox


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Every row of the outbox: its incident and the row, by the row's id."""

    rows: Mapping[int, tuple[Json, Json]]

    def told_by(self, number: int) -> set[int]:
        """Return the incidents that a batch message tells of: its own, and those whose rows name it."""
        return {incident["id"] for incident, row in self.rows.values() if number in (row["id"], row["superseded_by"])}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result: `findings` has a sentence for each mistake, `counts` says how many of each kind there were."""

    findings: tuple[str, ...]
    counts: Mapping[str, int]

    def __str__(self) -> str:
        """Return the counts and the first findings as lines for a terminal."""
        counted = [f"  {number:6}  {name}" for name, number in self.counts.items()]
        more = len(self.findings) - MOST_SHOWN
        lines = [*self.findings[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return "\n".join([*counted, *(f"  WRONG: {line}" for line in lines)])


def incidents(url: str, headers: Mapping[str, str]) -> list[Json]:
    """Return every incident in full, as the webhook at `url` tells it; raises `OSError`."""
    return [loopback.get_json(f"{url}/v1/incidents/{entry['id']}", headers) for entry in listed(url, headers)]


def listed(url: str, headers: Mapping[str, str]) -> list[Json]:
    """Return every incident as it stands in the list; raises `OSError`."""
    entries: list[Json] = []
    states = "state=open&state=acknowledged&state=resolved"
    page: str | None = f"/v1/incidents?limit=200&{states}"
    while page:
        answer = loopback.get_json(urljoin(url, page), headers)
        entries += answer["incidents"]
        page = answer["next"]
    return entries


def judge(  # noqa: PLR0913 - one parameter for each source of facts
    storm: Storm,
    catalog: Mapping[str, Any],
    all_incidents: list[Json],
    receivers: Receivers,
    *,
    disruptions: int,
    logs: str,
) -> Verdict:
    """Return what is wrong. `disruptions` is how many sends may have been cut off; each allows one double in Slack."""
    messages = Messages(
        rows={row["id"]: (incident, row) for incident in all_incidents for row in incident["notifications"]}
    )
    by_cell: dict[str, list[Json]] = {group.cell: [] for group in storm.groups}
    for incident in all_incidents:
        by_cell.setdefault(incident["group_labels"].get("cell", ""), []).append(incident)
    posts = _first_posts(receivers.slack)
    doubles = sum(number - 1 for number in posts.values())
    findings = [
        *(finding for group in storm.groups for finding in _group_findings(group, by_cell[group.cell])),
        *(finding for incident in all_incidents for finding in _told_findings(incident, catalog, receivers, messages)),
        *(finding for incident in all_incidents for finding in _row_findings(incident)),
        *(
            finding
            for group in storm.groups
            for finding in _page_findings(group, by_cell[group.cell], catalog, receivers.pagerduty)
        ),
    ]
    if doubles > disruptions:
        findings.append(f"Slack holds {doubles} first posts too many, after {disruptions} disruptions")
    if "Traceback" in logs:
        findings.append("the log holds a traceback: " + logs[logs.index("Traceback") :][:800])
    states = Counter(f"messages {row['state']}" for incident in all_incidents for row in incident["notifications"])
    counts = {
        "incidents": len(all_incidents),
        "incidents open": sum(incident["status"] != "resolved" for incident in all_incidents),
        **dict(sorted(states.items())),
        "tries": sum(row["attempts"] for incident in all_incidents for row in incident["notifications"]),
        "Slack first posts": sum(posts.values()),
        "Slack first posts too many": doubles,
        "messages on many incidents": sum(
            bool(row["batch_size"]) for incident in all_incidents for row in incident["notifications"]
        ),
        "PagerDuty incidents": len(receivers.pagerduty.incidents),
        "mails": len(receivers.mailbox.mails),
    }
    return Verdict(findings=tuple(findings), counts=counts)


def _group_findings(group: Group, group_incidents: list[Json]) -> Iterator[str]:
    """Compare a group's incidents with its fate: one open incident with every alert if it fires, else none."""
    if not group_incidents:
        yield f"{group.cell} never became an incident"
        return
    unresolved = [incident for incident in group_incidents if incident["status"] != "resolved"]
    if len(unresolved) != (1 if group.firing else 0):
        yield f"{group.cell} {group.fate} and has {len(unresolved)} open incidents"
    firing = sum(alert["firing"] for incident in group_incidents for alert in incident["alerts"])
    if firing != group.firing:
        yield f"{group.cell} {group.fate} with {group.firing} alerts, the webhook knows of {firing}"
    seen_instances = {alert["labels"]["instance"] for incident in group_incidents for alert in incident["alerts"]}
    # Alertmanager tells only of alerts that it once sent as firing, so a group that ended early may lack some.
    if group.fate == "fires" and len(seen_instances) != len(group.severities):
        yield f"{group.cell} had {len(group.severities)} alerts, the webhook has seen {len(seen_instances)}"


def _told_findings(
    incident: Json, catalog: Mapping[str, Any], receivers: Receivers, messages: Messages
) -> Iterator[str]:
    """Check that every receiver that the policy names was told of the incident."""
    for channel in _channels(incident, catalog):
        rows = [row for row in incident["notifications"] if row["channel"] == channel]
        if channel not in CONFIGURED:
            if not rows:
                yield f"incident {incident['id']}: no row says why {channel} was not told"
            continue
        if any(_arrived(receivers, incident, row, messages) for row in rows):
            continue
        over = incident["status"] == "resolved" and all(row["state"] == "superseded" and row["reason"] for row in rows)
        if not (rows and over):
            states = [(row["action"], row["state"], row["reason"]) for row in rows]
            yield f"incident {incident['id']}, {incident['status']}: {channel} was not told: {states}"


def _arrived(receivers: Receivers, incident: Json, row: Json, messages: Messages) -> bool:
    """Return whether the receiver has the message, or the batch message that tells it.

    A batch message has to say how many incidents it tells, and exactly that many rows have to name it.
    """
    if row["state"] == "superseded" and row["superseded_by"] is not None:
        incident, row = messages.rows[row["superseded_by"]]
        if len(messages.told_by(row["id"])) != row["batch_size"]:
            return False
    return bool(row["state"] == "sent" and _holds(receivers, incident, row))


def _channels(incident: Json, catalog: Mapping[str, Any]) -> list[str]:
    tier = catalog["policies"][incident["policy"]]["severities"][incident["severity"]]
    return [*tier["announce"], *tier["notify"]]


def _holds(receivers: Receivers, incident: Json, row: Json) -> bool:
    """Return whether the receiver has the message that the webhook claims to have sent."""
    if row["channel"] == "slack":
        _, _, ts = (row["provider_id"] or "").partition("/")
        return ts in receivers.slack.messages and (
            not row["batch_size"] or f" in {row['batch_size']} incidents" in receivers.slack.messages[ts].text
        )
    if row["channel"] == "pagerduty":
        events = [
            *receivers.pagerduty.dropped,
            *(event for page in receivers.pagerduty.incidents for event in page.events),
        ]
        return any(event.dedup_key == incident["dedup_key"] for event in events)
    if row["channel"] == "email":
        return any(
            mail.message["Message-ID"] == (row["provider_id"] or "").partition(" ")[0]
            and row["destination"] in mail.recipients
            and (not row["batch_size"] or f"[Tocsin {row['batch_size']} incidents]" in mail.message["Subject"])
            for mail in receivers.mailbox.mails
        )
    return bool(row["channel"] == "log")


def _row_findings(incident: Json) -> Iterator[str]:
    for row in incident["notifications"]:
        subject = f"incident {incident['id']}: {row['action']} to {row['channel']}"
        if row["state"] == "waiting":
            yield f"{subject} still waits: {row['reason']}"
        elif row["state"] != "sent" and not row["reason"]:
            yield f"{subject} is {row['state']} and does not say why"


def _page_findings(
    group: Group, group_incidents: list[Json], catalog: Mapping[str, Any], pagerduty: PagerDuty
) -> Iterator[str]:
    """Compare PagerDuty's incidents under the group's key with its fate.

    One is open if the tier pages now, or if it paged before the most severe alert ended; otherwise none is open. If
    the incident was over in between, an earlier page does not count: the incident may have come back less severe.
    """
    pages = [page for page in pagerduty.incidents if page.dedup_key == group.dedup_key]
    unresolved = [page for page in pages if page.status != "resolved"]
    paging = [
        incident
        for incident in group_incidents
        if incident["status"] != "resolved" and ("pagerduty" in _channels(incident, catalog) or _has_paged(incident))
    ]
    if len(unresolved) != len(paging):
        yield f"{group.cell} {group.fate}: PagerDuty has {len(unresolved)} open, {len(paging)} should be"
    # PagerDuty's incident ends with its alerts. If an alert fires again soon, our incident reopens, and PagerDuty
    # opens a new one.
    times = len(group_incidents) + sum(
        line["kind"] in {"reopened", "flapping"} for incident in group_incidents for line in incident["timeline"]
    )
    if len(pages) > times:
        yield f"{group.cell} was {times} times an incident and paged {len(pages)} times"


def _has_paged(incident: Json) -> bool:
    """Return whether there is a call to PagerDuty after the last `resolve`."""
    rows = [row for row in incident["notifications"] if row["channel"] == "pagerduty"]
    ended = max((row["id"] for row in rows if row["action"] == "resolve"), default=0)
    return any(row["id"] > ended and row["action"] != "resolve" for row in rows)


def _first_posts(slack: Slack) -> Counter[tuple[str, str]]:
    """Count the first messages of each incident in each channel, without replies in threads."""
    return Counter(
        (_subject(call.arguments["metadata"]["event_payload"]), call.arguments["channel"])
        for call in slack.calls
        if call.method == "chat.postMessage" and call.error is None and "thread_ts" not in call.arguments
    )


def _subject(payload: Json) -> str:
    """Return what a first post is about: an incident, or a storm, which is named by its row in the outbox."""
    return f"storm {payload['notification']}" if "batch_size" in payload else f"incident {payload['incident']}"
