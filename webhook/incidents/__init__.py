"""What happened to an incident, and what it makes of it: pure, the clock and the catalogue are passed in."""
