"""What each event makes of an incident. Pure: callers pass the clock and the catalogue in."""
