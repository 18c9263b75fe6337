"""The HTTP interface: API routes, pages, callbacks, access control and limits on request bodies."""
