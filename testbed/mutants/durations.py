"""Change durations of holds, ranges and routes: make them longer, shorter or zero."""

from datetime import timedelta

import promql_parser

NOTHING = "0s"


def longer_and_shorter(text: str, step_seconds: int) -> list[str]:
    """Return `text` a step longer, a step shorter and as zero, without repetition and without `text` itself."""
    length, step = parse(text), timedelta(seconds=step_seconds)
    changed = [length + step, length - step, timedelta()]
    return list(
        dict.fromkeys(write(candidate) for candidate in changed if candidate >= timedelta() and candidate != length)
    )


def doubled_and_shortened(text: str) -> list[str]:
    """Return a range twice as long and four fifths as long: 5m as 10m and 4m."""
    length = parse(text)
    return [write(length * 2), write(length * 4 / 5)]


def parse(text: str) -> timedelta:
    """Return a duration in Prometheus's form, such as `1h30m`; `0s` and other zeros are no time."""
    if not text.strip("0smhdwy"):
        return timedelta()
    length: timedelta = promql_parser.parse_duration(text)
    return length


def write(length: timedelta) -> str:
    """Return a duration in Prometheus's form."""
    return str(promql_parser.display_duration(length)) if length else NOTHING
