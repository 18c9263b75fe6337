"""All SQL: incidents, their alerts, the outbox and the timers, on SQLite or PostgreSQL, by SQLAlchemy."""
