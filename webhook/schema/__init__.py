"""JSON Schemas that the webhook itself brings."""
