"""Threads beside the requests: they send, take due steps, listen for the Watchdog, archive."""
