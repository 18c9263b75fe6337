"""Users' own queries: what their syntax trees show, and series that give them a chosen value."""
