"""What can be wrong with one matcher, of PromQL and of Alertmanager alike: its operator, its value, an alternative.

The value stays quoted as it is, so that no escape has to be understood.
"""

import re
from collections.abc import Iterator

OPPOSITES = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}

_QUOTED = re.compile(r"(?P<quote>[\"'`]?)(?P<value>.*)(?P=quote)", re.DOTALL)
_PLAIN_ALTERNATIVES = re.compile(r"[^|()\[\]\\]+(?:\|[^|()\[\]\\]+)+")


def changed_matchers(operator: str, quoted: str) -> Iterator[str]:
    """Yield operator and value of each mutant of a matcher; dropping it is the caller's."""
    yield OPPOSITES[operator] + quoted
    quote, value = split_quotes(quoted)
    yield f"{operator}{quote}{value}x{quote}"
    if operator in {"=~", "!~"} and _PLAIN_ALTERNATIVES.fullmatch(value):
        alternatives = value.split("|")
        for dropped in range(len(alternatives)):
            rest = "|".join(alternatives[:dropped] + alternatives[dropped + 1 :])
            yield f"{operator}{quote}{rest}{quote}"


def split_quotes(quoted: str) -> tuple[str, str]:
    """Return the quotation mark and what is inside; Alertmanager allows a value without one."""
    found = _QUOTED.fullmatch(quoted)
    return (found["quote"], found["value"]) if found else ("", quoted)
