"""What is left after the storm, held against what must be: the findings are empty where nothing was lost.

The webhook is asked through its own interface, and none of its claims is believed: a message counts as sent when the
receiver holds it. What must be there, and under which key, is worked out by `storm.py`.
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
"""The channels that the chaos gives the webhook receivers for; the log has none that could be asked."""
MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Receivers:
    """Who was told."""

    slack: Slack
    pagerduty: PagerDuty
    mailbox: Mailbox


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Every row of the outbox with its incident, by its number."""

    rows: Mapping[int, tuple[Json, Json]]

    def told_by(self, number: int) -> set[int]:
        """Return the incidents that the message on many has told of: its own, and those whose rows name it."""
        return {one["id"] for one, row in self.rows.values() if number in (row["id"], row["superseded_by"])}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`findings` has a sentence for each thing that is wrong, `counts` what there was."""

    findings: tuple[str, ...]
    counts: Mapping[str, int]

    def __str__(self) -> str:
        """Return it as lines for a terminal."""
        counted = [f"  {number:6}  {name}" for name, number in self.counts.items()]
        more = len(self.findings) - MOST_SHOWN
        said = [*self.findings[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return "\n".join([*counted, *(f"  WRONG: {one}" for one in said)])


def incidents(url: str, headers: Mapping[str, str]) -> list[Json]:
    """Return every incident in full, as the webhook at `url` tells it; raises `OSError`."""
    return [loopback.get_json(f"{url}/v1/incidents/{one['id']}", headers) for one in listed(url, headers)]


def listed(url: str, headers: Mapping[str, str]) -> list[Json]:
    """Return every incident as it stands in the list; raises `OSError`."""
    found: list[Json] = []
    states = "state=open&state=acknowledged&state=resolved"
    page: str | None = f"/v1/incidents?limit=200&{states}"
    while page:
        answer = loopback.get_json(urljoin(url, page), headers)
        found += answer["incidents"]
        page = answer["next"]
    return found


def judge(  # noqa: PLR0913 - everything there is to look at
    storm: Storm,
    catalog: Mapping[str, Any],
    found: list[Json],
    receivers: Receivers,
    *,
    disruptions: int,
    logs: str,
) -> Verdict:
    """Return what is wrong. `disruptions` is how often a send may have been cut off: a Slack double is allowed each."""
    messages = Messages(rows={row["id"]: (one, row) for one in found for row in one["notifications"]})
    by_cell: dict[str, list[Json]] = {group.cell: [] for group in storm.groups}
    for incident in found:
        by_cell.setdefault(incident["group_labels"].get("cell", ""), []).append(incident)
    posts = _first_posts(receivers.slack)
    doubles = sum(number - 1 for number in posts.values())
    findings = [
        *(one for group in storm.groups for one in _of_group(group, by_cell[group.cell])),
        *(one for incident in found for one in _told(incident, catalog, receivers, messages)),
        *(one for incident in found for one in _ended(incident)),
        *(one for group in storm.groups for one in _paged(group, by_cell[group.cell], catalog, receivers.pagerduty)),
    ]
    if doubles > disruptions:
        findings.append(f"Slack holds {doubles} first posts too many, after {disruptions} disruptions")
    if "Traceback" in logs:
        findings.append("the log holds a traceback: " + logs[logs.index("Traceback") :][:800])
    states = Counter(f"messages {row['state']}" for incident in found for row in incident["notifications"])
    counts = {
        "incidents": len(found),
        "incidents open": sum(one["status"] != "resolved" for one in found),
        **dict(sorted(states.items())),
        "tries": sum(row["attempts"] for incident in found for row in incident["notifications"]),
        "Slack first posts": sum(posts.values()),
        "Slack first posts too many": doubles,
        "messages on many incidents": sum(bool(row["batch_size"]) for one in found for row in one["notifications"]),
        "PagerDuty incidents": len(receivers.pagerduty.incidents),
        "mails": len(receivers.mailbox.mails),
    }
    return Verdict(findings=tuple(findings), counts=counts)


def _of_group(group: Group, found: list[Json]) -> Iterator[str]:
    """Hold a group's incidents against its fate: one open where it fires, with every alert, and none where not."""
    if not found:
        yield f"{group.cell} never became an incident"
        return
    unresolved = [one for one in found if one["status"] != "resolved"]
    if len(unresolved) != (1 if group.firing else 0):
        yield f"{group.cell} {group.fate} and has {len(unresolved)} open incidents"
    firing = sum(alert["firing"] for one in found for alert in one["alerts"])
    if firing != group.firing:
        yield f"{group.cell} {group.fate} with {group.firing} alerts, the webhook knows of {firing}"
    seen = {alert["labels"]["instance"] for one in found for alert in one["alerts"]}
    # Alertmanager tells only of alerts that it has once sent as firing, so a group that ended early may lack some.
    if group.fate == "fires" and len(seen) != len(group.severities):
        yield f"{group.cell} had {len(group.severities)} alerts, the webhook has seen {len(seen)}"


def _told(incident: Json, catalog: Mapping[str, Any], receivers: Receivers, messages: Messages) -> Iterator[str]:
    """Ask every receiver that the policy names whether it was told of the incident."""
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
    """Return whether the receiver has the message, or the one on many incidents that it was put into.

    That one has to say on how many incidents it is, and as many rows have to name it: nobody hides behind it.
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
    """Return whether the receiver has what the webhook says it has sent."""
    if row["channel"] == "slack":
        _, _, ts = (row["provider_id"] or "").partition("/")
        return ts in receivers.slack.messages and (
            not row["batch_size"] or f" in {row['batch_size']} incidents" in receivers.slack.messages[ts].text
        )
    if row["channel"] == "pagerduty":
        taken = [*receivers.pagerduty.dropped, *(one for each in receivers.pagerduty.incidents for one in each.events)]
        return any(event.dedup_key == incident["dedup_key"] for event in taken)
    if row["channel"] == "email":
        return any(
            mail.message["Message-ID"] == (row["provider_id"] or "").partition(" ")[0]
            and row["destination"] in mail.recipients
            and (not row["batch_size"] or f"[Tocsin {row['batch_size']} incidents]" in mail.message["Subject"])
            for mail in receivers.mailbox.mails
        )
    return bool(row["channel"] == "log")


def _ended(incident: Json) -> Iterator[str]:
    for row in incident["notifications"]:
        about = f"incident {incident['id']}: {row['action']} to {row['channel']}"
        if row["state"] == "waiting":
            yield f"{about} still waits: {row['reason']}"
        elif row["state"] != "sent" and not row["reason"]:
            yield f"{about} is {row['state']} and does not say why"


def _paged(group: Group, found: list[Json], catalog: Mapping[str, Any], pagerduty: PagerDuty) -> Iterator[str]:
    """Hold PagerDuty's incidents of the group's key against its fate.

    One is open where the tier pages, or has paged before the most severe of the alerts ended; else none. What was paged
    before the incident was over for a time counts no longer: it may have come back as a mild one.
    """
    pages = [one for one in pagerduty.incidents if one.dedup_key == group.dedup_key]
    unresolved = [one for one in pages if one.status != "resolved"]
    wanted = [
        one
        for one in found
        if one["status"] != "resolved" and ("pagerduty" in _channels(one, catalog) or _has_paged(one))
    ]
    if len(unresolved) != len(wanted):
        yield f"{group.cell} {group.fate}: PagerDuty has {len(unresolved)} open, {len(wanted)} should be"
    # PagerDuty's ends with its alerts; firing again soon reopens ours, and is a new one there.
    times = len(found) + sum(line["kind"] in {"reopened", "flapping"} for one in found for line in one["timeline"])
    if len(pages) > times:
        yield f"{group.cell} was {times} times an incident and paged {len(pages)} times"


def _has_paged(incident: Json) -> bool:
    """Return whether there is a call to PagerDuty that no end has followed."""
    rows = [row for row in incident["notifications"] if row["channel"] == "pagerduty"]
    ended = max((row["id"] for row in rows if row["action"] == "resolve"), default=0)
    return any(row["id"] > ended and row["action"] != "resolve" for row in rows)


def _first_posts(slack: Slack) -> Counter[tuple[str, str]]:
    """Count the messages that began an incident's line in a channel; replies in its thread are not among them."""
    return Counter(
        (_about(call.arguments["metadata"]["event_payload"]), call.arguments["channel"])
        for call in slack.calls
        if call.method == "chat.postMessage" and call.error is None and "thread_ts" not in call.arguments
    )


def _about(payload: Json) -> str:
    """Return what a first post is about: an incident, or a storm, which is known by its row."""
    return f"storm {payload['notification']}" if "batch_size" in payload else f"incident {payload['incident']}"
