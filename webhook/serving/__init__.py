"""Connections and the requests on them: read with deadlines in one thread, answered in others."""
