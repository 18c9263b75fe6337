"""What is asked over HTTP: routes, pages, callbacks, and who may come in with how much."""
