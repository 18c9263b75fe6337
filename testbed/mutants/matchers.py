"""List the mutants of one matcher of PromQL or Alertmanager: of its operator, its value and its alternatives.

The value keeps its quotes and escapes, so this module need not understand them.
"""

import re
from collections.abc import Iterator

OPPOSITES = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}

_QUOTED = re.compile(r"(?P<quote>[\"'`]?)(?P<value>.*)(?P=quote)", re.DOTALL)
_PLAIN_ALTERNATIVES = re.compile(r"[^|()\[\]\\]+(?:\|[^|()\[\]\\]+)+")


def changed_matchers(operator: str, quoted: str) -> Iterator[str]:
    """Yield operator and value of each mutant of a matcher; the caller makes the mutant without the matcher."""
    yield OPPOSITES[operator] + quoted
    quote, value = split_quotes(quoted)
    yield f"{operator}{quote}{value}x{quote}"
    if operator in {"=~", "!~"} and _PLAIN_ALTERNATIVES.fullmatch(value):
        alternatives = value.split("|")
        for dropped in range(len(alternatives)):
            rest = "|".join(alternatives[:dropped] + alternatives[dropped + 1 :])
            yield f"{operator}{quote}{rest}{quote}"


def split_quotes(quoted: str) -> tuple[str, str]:
    """Return the quotation mark and the text inside; Alertmanager allows a value without quotes."""
    match = _QUOTED.fullmatch(quoted)
    return (match["quote"], match["value"]) if match else ("", quoted)
