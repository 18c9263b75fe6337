"""The tables of the store, for SQLite and PostgreSQL alike.

Only the modules of `storage` read and write them. Every time is a double in UTC epoch seconds, except
`firings.started`: it is text, because its nine decimals identify the firing. Changes here need a migration in
`migrations/versions`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

# A literal instead of a bound parameter: SQLite uses a partial index only if the statement shows the value.
WAITING: ColumnElement[str] = literal_column("'waiting'")

MOST_VALUES = 500
"""Most values in one IN list: far below the limit of either database."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite assigns ids only if the type of the primary key is exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")

_NOT_RESOLVED = text("status <> 'resolved'")
_FIRES_ON = text("firing_at IS NOT NULL")
_BATCHED = text("batch_size IS NOT NULL")
_WAITING = text("state = 'waiting'")

incidents = Table(
    "incidents",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("group_hash", Text, nullable=False),
    Column("group_labels", JSON, nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("external_url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("paged_at", Double, nullable=False),
    Column("acknowledged_at", Double),
    Column("acknowledged_by", Text),
    Column("resolved_at", Double),
    Column("resolved_by", Text),
    Column("truncated", Integer, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("level", Integer, nullable=False),
    Column("suppressed_since", Double),
    Column("suppressed_by", Text),
    Column("reopened_at", JSON, nullable=False),
    Column("flapping_since", Double),
    # Set while a person has resolved it and Alertmanager has not: the status is `resolved`, but its alerts fire.
    Column("firing_at", Double),
    Column("news_at", JSON, nullable=False),
    # The time from which Alertmanager is to be asked at once, because a delivery raised a doubt.
    Column("doubted_at", Double),
    # A group has one open incident for a team and policy, whichever Alertmanager delivers it and replica stores it.
    Index(
        "uq_incidents_open_group",
        "group_hash",
        "team",
        "policy",
        unique=True,
        sqlite_where=_NOT_RESOLVED,
        postgresql_where=_NOT_RESOLVED,
    ),
    Index("ix_incidents_fires_on", "group_hash", sqlite_where=_FIRES_ON, postgresql_where=_FIRES_ON),
    Index("ix_incidents_status", "status", "id"),
    Index("ix_incidents_group", "group_hash", "id"),
    sqlite_autoincrement=True,  # an id that people have seen is never reused
)

firings = Table(
    "firings",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("starts_at", Double, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("generator_url", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("ended_at", Double),
    Column("ended_by", Text),
    # The reporters that still report it as firing: external URL, receiver and start of each.
    Column("sources", JSON, nullable=False),
    # The Alertmanagers that listed it when they were asked, and the start time of each.
    Column("listed_by", JSON, nullable=False),
    # When it was told again with its old start after it had ended.
    Column("refired_at", Double),
    Column("absent_since", Double),
    UniqueConstraint("incident_id", "fingerprint", "started"),
    Index("ix_firings_identity", "fingerprint", "started"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("trigger_fingerprint", Text),
    # Why somebody is called; the message says so unless the alerts do.
    Column("why", Text, nullable=False),
    # The id of the undelivered notification that this one stands in for.
    Column("instead_of", Key),
    Column("urgency", Integer, nullable=False),
    Column("dedup_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    # Outside working hours a notification waits for them; this wait does not count as a delay.
    Column("not_before", Double),
    # A claim is a lease: the worker with the token may finish the row until `lease_until`.
    Column("lease_until", Double),
    Column("lease_token", Text),
    Column("leased_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("provider_id", Text),
    Column("last_error", Text),
    Column("finished_at", Double),
    # Batches in a storm: on the primary, the number of incidents; on the others, the id of the primary.
    Column("batch_size", Integer),
    Column("superseded_by", Key),
    # When `fallback` found the call stalled and looked for another channel; the row is still tried again.
    Column("stalled_at", Double),
    # When `fallback` looks for another channel; until then the tier's deadline leaves time for one.
    Column("moves_on_at", Double),
    Index("ix_notifications_incident", "incident_id"),
    Index("ix_notifications_batched", "channel", sqlite_where=_BATCHED, postgresql_where=_BATCHED),
    Index("ix_notifications_recent", "channel", "destination", "finished_at"),
    Index("ix_notifications_instead_of", "instead_of"),
    Index("ix_notifications_ordering_key", "ordering_key", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_notifications_state", "channel", "state"),
    Index(
        "ix_notifications_due",
        "channel",
        "urgency",
        "due_at",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    sqlite_autoincrement=True,
)

timers = Table(
    "timers",
    metadata,
    # The next step of each incident; an incident has at most one.
    Column("incident_id", Key, ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_until", Double),
    Column("lease_token", Text),
    Column("absent_since", Double),
    Index("ix_timers_due", "due_at"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("until", Double, nullable=False),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_timeline_incident", "incident_id", "id"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True),
    Column("heard_at", Double, nullable=False),
)

watchdogs = Table(
    "watchdogs",
    metadata,
    # One row for each Prometheus that sends a Watchdog and each Alertmanager that delivers it: its labels, when it
    # was last heard, and when it was reported as ended.
    Column("key", Text, primary_key=True),
    Column("labels", JSON, nullable=False),
    Column("heard_at", Double, nullable=False),
    Column("stopped_at", Double, nullable=True),
    # The key of the labels alone, without the Alertmanager.
    Column("alike", Text, nullable=False),
    # The external URL of its Alertmanager; NULL if it was last heard by a release without this column.
    Column("source", Text, nullable=True),
    # The latest intervals between two arrivals, in seconds.
    Column("gaps", JSON, nullable=False),
    # Whether another Alertmanager delivered one with the same labels at the same time.
    Column("is_apart", Boolean, nullable=False),
    Index("ix_watchdogs_alike", "alike"),
)

told_watchdogs = Table(
    "told_watchdogs",
    metadata,
    # The Watchdogs that an Alertmanager delivered, with their start. Its answers only count if it lists them.
    Column("url", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("starts_at", Double, primary_key=True),
    Column("heard_at", Double, nullable=False),
    # The row in `watchdogs`: `alike` and `source`.
    Column("alike", Text, nullable=True),
    Column("source", Text, nullable=True),
)

counters = Table(
    "counters",
    metadata,
    # Counters that several processes share; the labels are JSON with sorted keys.
    Column("name", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    Column("number", Key, nullable=False),
)

taken_callbacks = Table(
    "taken_callbacks",
    metadata,
    # Signed requests from providers that were acted on: the SHA-256 of what identifies each.
    Column("key", Text, primary_key=True),
    Column("taken_at", Double, nullable=False),
    Index("ix_taken_callbacks_taken_at", "taken_at"),
)

provider_clocks = Table(
    "provider_clocks",
    metadata,
    # Seconds by which a provider's clock is behind ours at most: the shortest time from an event to its arrival.
    Column("provider", Text, primary_key=True),
    Column("behind", Double, nullable=False),
    Column("measured_at", Double, nullable=False),
)

archive = Table(
    "archive",
    metadata,
    # Whole incidents that ended long ago: their rows of the tables above, as JSON.
    Column("incident_id", Key, primary_key=True, autoincrement=False),
    Column("resolved_at", Double, nullable=False),
    Column("archived_at", Double, nullable=False),
    Column("record", JSON, nullable=False),
)

archive_list = Table(
    "archive_list",
    metadata,
    # The columns that lists show of each archived incident, so that a search reads no records.
    Column("incident_id", Key, ForeignKey("archive.incident_id", ondelete="CASCADE"), primary_key=True),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("resolved_at", Double, nullable=False),
    Column("resolved_by", Text),
    Column("alerts", Integer, nullable=False),
    Index("ix_archive_list_severity", "severity", "incident_id"),
    Index("ix_archive_list_resolved", "resolved_at"),
)

archive_names = Table(
    "archive_names",
    metadata,
    # The systems and alert names of each archived incident.
    Column("label", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("incident_id", Key, ForeignKey("archive.incident_id", ondelete="CASCADE"), primary_key=True),
    Index("ix_archive_names_incident", "incident_id"),
)

archived_parts = Table(
    "archived_parts",
    metadata,
    # Ended parts of incidents that were still open: rows of the tables above, as JSON, and the number of each.
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("incident_id", Key, nullable=False),
    Column("archived_at", Double, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("record", JSON, nullable=False),
    Index("ix_archived_parts_incident", "incident_id"),
)

archived_totals = Table(
    "archived_totals",
    metadata,
    # Archived notifications by final state, so that the counters in metrics never fall.
    Column("channel", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("messages", Key, nullable=False),
)
