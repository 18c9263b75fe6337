"""Background threads: they send notifications, take due steps, listen for the Watchdog and archive."""
