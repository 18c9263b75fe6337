"""Connections and the requests on them: one thread reads with deadlines, other threads answer."""
