"""The testbed: real servers and stand-in receivers on loopback, for the acceptance tests and for `make demo`.

It stands outside both programs and outside the wheel. The pipeline imports neither the compiler nor the webhook: it
reads what the compiler writes, and starts the webhook as a process, as an operator would. Modules that try thousands of
cases, such as `testbed.fuzz` and `testbed.law`, import the code that they test, because a process for each case would
take too long.
"""
