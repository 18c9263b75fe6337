"""The fixtures that the tests of the documents share."""

from testbed.fixtures import newest_servers, short_folder  # noqa: F401 - fixtures by their names
