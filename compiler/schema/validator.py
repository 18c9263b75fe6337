"""Make the validator of the published schemas: jsonschema's, with patterns as the standard defines them.

Used only by `compiler.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

_END: Final = re.compile(r"(?P<other>\\.|\[(?:\\.|[^\\\]])*+(?:\]|\Z))|\$", re.DOTALL)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""Return a pattern whose `$` is the end of the text (ECMA-262); in Python, a line feed may follow `$`."""
    return re.compile(_END.sub(lambda match: match["other"] or r"\Z", pattern))


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_STANDARD: Final = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def validator(schema: Mapping[str, Any]) -> Validator:
    """Return a validator of draft 2020-12 for a schema."""
    checker: Validator = _STANDARD(schema)
    return checker
