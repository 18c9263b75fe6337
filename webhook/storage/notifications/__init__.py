"""Notifications in SQL: the queue (`outbox`), its order, the batches of storms, what is stalled, and reports on it."""
