"""The testbed: real servers and stand-in receivers on loopback, for the acceptance tests and for `make demo`.

It stands outside both programs and outside the wheel: it imports neither the compiler nor the webhook, reads what the
one writes, and starts the other as a process, as an operator would. `testbed.fuzz` alone imports the compiler, because
a process for each of its inputs would take too long.
"""
