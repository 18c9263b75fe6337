"""The tables of the store, for SQLite and PostgreSQL alike.

Only the modules of `storage` read and write them. Every time is UTC epoch seconds in a double;
`firings.started` alone is text, because it carries nine decimals of identity. Changes here need a migration in
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

# Written into statements as it stands: SQLite uses a partial index only where it can see the value.
WAITING: ColumnElement[str] = literal_column("'waiting'")

MOST_VALUES = 500
"""Values of one IN list: far below what either database takes in a statement."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is exactly INTEGER.
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
    # Set while a person has resolved it and Alertmanager has not: the state is `resolved`, and its alerts fire.
    Column("firing_at", Double),
    Column("news_at", JSON, nullable=False),
    # Since when Alertmanager is to be asked at once, because a delivery gave cause to.
    Column("doubted_at", Double),
    # A group has one open incident of a team and policy, whoever delivers it and however many replicas take it.
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
    sqlite_autoincrement=True,  # a number that people have seen is never given to another incident
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
    # Who still says that it fires: external URL, receiver and start each.
    Column("sources", JSON, nullable=False),
    # Which Alertmanagers have listed it when they were asked, and when each had started.
    Column("listed_by", JSON, nullable=False),
    # When it was told to fire again with its old start.
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
    # Why somebody is called, said in the message where the alerts do not say it.
    Column("why", Text, nullable=False),
    # The message that could not be sent and that this one stands in for.
    Column("instead_of", Key),
    Column("urgency", Integer, nullable=False),
    Column("dedup_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    # Outside of working hours a message waits for them, and that is no delay.
    Column("not_before", Double),
    # A claim is a lease: whoever holds the token may finish the row until the time has passed.
    Column("lease_until", Double),
    Column("lease_token", Text),
    Column("leased_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("provider_id", Text),
    Column("last_error", Text),
    Column("finished_at", Double),
    # In a storm one message tells of a batch of incidents: how many, and which message told of the others.
    Column("batch_size", Integer),
    Column("superseded_by", Key),
    # When another channel was looked for, because this one does not deliver in time; the row goes on being tried.
    Column("stalled_at", Double),
    # From when on another channel is looked for: until then the tier's deadline leaves room for it.
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
    # What is next for an incident: one thing at a time.
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
    # One for each Prometheus that sends a Watchdog, and each Alertmanager that delivers it: its labels, when it was
    # last heard, when it was said to have ended.
    Column("key", Text, primary_key=True),
    Column("labels", JSON, nullable=False),
    Column("heard_at", Double, nullable=False),
    Column("stopped_at", Double, nullable=True),
    # The key of its labels alone.
    Column("alike", Text, nullable=False),
    # The external URL of its Alertmanager; unknown of what was heard before that was kept.
    Column("source", Text, nullable=True),
    # The latest times between two arrivals, in seconds.
    Column("gaps", JSON, nullable=False),
    # Whether one with the same labels has come beside it from another Alertmanager.
    Column("is_apart", Boolean, nullable=False),
    Index("ix_watchdogs_alike", "alike"),
)

told_watchdogs = Table(
    "told_watchdogs",
    metadata,
    # Which Watchdogs an Alertmanager has told of, and with which start: it has to list them for its word to count.
    Column("url", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("starts_at", Double, primary_key=True),
    Column("heard_at", Double, nullable=False),
    # Which of `watchdogs` that is.
    Column("alike", Text, nullable=True),
    Column("source", Text, nullable=True),
)

counters = Table(
    "counters",
    metadata,
    # What several processes count together; the labels are JSON, sorted.
    Column("name", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    Column("number", Key, nullable=False),
)

taken_callbacks = Table(
    "taken_callbacks",
    metadata,
    # Signed requests of providers that were acted on: SHA-256 of what identifies each.
    Column("key", Text, primary_key=True),
    Column("taken_at", Double, nullable=False),
    Index("ix_taken_callbacks_taken_at", "taken_at"),
)

provider_clocks = Table(
    "provider_clocks",
    metadata,
    # By how much a provider's clock is behind ours at most: how long after it was made the quickest of its events came.
    Column("provider", Text, primary_key=True),
    Column("behind", Double, nullable=False),
    Column("measured_at", Double, nullable=False),
)

archive = Table(
    "archive",
    metadata,
    # Incidents that are long over, whole: what was in the tables above, as JSON.
    Column("incident_id", Key, primary_key=True, autoincrement=False),
    Column("resolved_at", Double, nullable=False),
    Column("archived_at", Double, nullable=False),
    Column("record", JSON, nullable=False),
)

archive_list = Table(
    "archive_list",
    metadata,
    # What lists show of each archived incident, beside its record: a search reads no records.
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
    # Which systems and which alert names it was about.
    Column("label", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("incident_id", Key, ForeignKey("archive.incident_id", ondelete="CASCADE"), primary_key=True),
    Index("ix_archive_names_incident", "incident_id"),
)

archived_parts = Table(
    "archived_parts",
    metadata,
    # What was long over of incidents that were not: rows of the tables above, as JSON, and how many of each.
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
    # How many messages of the archive have ended how: what is counted goes on counting.
    Column("channel", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("messages", Key, nullable=False),
)
