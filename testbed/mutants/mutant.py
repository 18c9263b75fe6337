"""One mutant: a document with one place changed. `rules.py` and `alertmanager.py` make them, `proof.py` runs them."""

import copy
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Gone(Enum):
    """The value of a mutant that removes a place."""

    GONE = "gone"


GONE = Gone.GONE
Key = str | int
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A change of one place in one file of a generated directory.

    `file` is relative to the directory, `place` names the place for a person, `keys` lead to it in the document, and
    `value` is the new value there. `before` and `after` show the difference.
    """

    kind: str
    file: str
    place: str
    keys: tuple[Key, ...]
    value: Any = field(repr=False)
    before: str
    after: str

    @property
    def identity(self) -> str:
        """A text that no other mutant of the directory has."""
        return "\n".join((self.file, self.kind, *map(str, self.keys), str(self.value)))

    def applied(self, document: Document) -> Document:
        """Return a copy of `document` with the change; a missing key is added."""
        changed = copy.deepcopy(document)
        *parent_keys, last = self.keys
        parent: Any = changed
        for key in parent_keys:
            parent = parent[key]
        if self.value is GONE:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(self.value)
        return changed


def at(document: Document, keys: tuple[Key, ...]) -> Any:  # noqa: ANN401  # whatever YAML holds
    """Return the value in `document` to which `keys` lead."""
    node: Any = document
    for key in keys:
        node = node[key]
    return node
