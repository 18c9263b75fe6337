"""Reads the compiler's catalogue for the webhook: its types, its file, its routes and its schedules."""
