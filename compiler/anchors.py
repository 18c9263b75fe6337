"""Parse: a heading's text → the anchor that the place where people read it gives the heading.

Used by `compiler.runbooks`. What a character is comes from `compiler.characters`, not from Python: each version of it
brings another Unicode. docs/decisions/0012 names the source of each rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from string import ascii_uppercase, digits
from typing import Final, Literal, get_args

from compiler.characters import KEPT_ON_GITHUB, LETTER_OR_NUMBER, OF_A_WORD, is_kind, lower_case, small_letters

Style = Literal["github", "gitlab", "gitea", "mkdocs", "plain"]
"""Who shows the runbooks. `plain` are pages without anchors of their own: sections are named as on GitHub."""

STYLES: Final[tuple[Style, ...]] = get_args(Style)
DEFAULT_STYLE: Final[Style] = "github"

_HYPHENS: Final = re.compile("-{2,}")
_MKDOCS_DROPPED: Final = re.compile(r"[^\w\s-]", re.ASCII)
_MKDOCS_HYPHENS: Final = re.compile(r"[-\s]+")
_MKDOCS_COUNTED: Final = re.compile(r"(.*)_([0-9]{1,9})", re.DOTALL)
_MKDOCS_ROOT: Final = "docs"
_MKDOCS_YOUNGER: Final = {0xA7F1: "S"} | {0x1CCD6 + place: sign for place, sign in enumerate(ascii_uppercase + digits)}
"""What stands for ASCII by a Unicode that Python 3.11 does not have."""
_LONGEST_GITLAB: Final = 255
"""Characters of a heading that GitLab looks at."""


class _OnGitHub(dict[int, str | None]):
    """What becomes of each small character on GitHub, for `str.translate`; looked up when it is first met."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = kept = character if is_kind(character, KEPT_ON_GITHUB) else None
        return kept


_ON_GITHUB: Final = _OnGitHub({ord(" "): "-"})


@lru_cache(maxsize=4096)
def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading that is the only one of its text."""
    return lower_case(heading).translate(_ON_GITHUB)


def _gitlab(heading: str) -> str:
    """GitLab's rule: `Gitlab::Utils::Markdown#string_to_anchor` in gitlab-org/gitlab.

    Ruby makes small letters of each character by itself: no sigma has its form for the end of a word.
    """
    text = small_letters(heading[:_LONGEST_GITLAB].strip())
    kept = "".join(one for one in text if one in "- " or is_kind(one, OF_A_WORD))
    anchor = _HYPHENS.sub("-", kept.replace(" ", "-"))
    return f"anchor-{anchor}" if anchor.isascii() and anchor.isdigit() else anchor


def _gitea(heading: str) -> str:
    """Gitea's rule: `CleanValue` in modules/markup/common of go-gitea/gitea."""
    return "".join(_gitea_part(one) for one in heading.strip()) or "heading"


def _gitea_part(character: str) -> str:
    if character in "_-" or is_kind(character, LETTER_OR_NUMBER):
        return small_letters(character)[:1]
    return "-" if character.isspace() else ""


def _mkdocs(heading: str) -> str:
    """Python-Markdown's rule: `slugify` of its extension `toc`, as MkDocs has it unless configured otherwise."""
    text = unicodedata.normalize("NFKD", heading.translate(_MKDOCS_YOUNGER)).encode("ascii", "ignore").decode("ascii")
    return _MKDOCS_HYPHENS.sub("-", _MKDOCS_DROPPED.sub("", text).strip().lower())


_RULES: Final[Mapping[Style, Callable[[str], str]]] = {
    "github": slug,
    "gitlab": _gitlab,
    "gitea": _gitea,
    "mkdocs": _mkdocs,
    "plain": slug,
}


class Anchors:
    """Gives the headings of one document their anchors, in order: repeated ones are numbered.

    `written` are those that the document sets itself; MkDocs numbers around them.
    """

    def __init__(self, style: Style = DEFAULT_STYLE, written: Iterable[str] = ()) -> None:
        self._style = style
        # MkDocs gives no heading the empty anchor.
        self._taken: dict[str, int] = dict.fromkeys(["", *written], 0) if style == "mkdocs" else {}

    def add(self, heading: str) -> str:
        """Return the next heading's anchor."""
        base = _RULES[self._style](heading)
        if self._style == "mkdocs":
            return self._counted(base)
        if self._style == "gitlab":
            return self._appended(base)
        anchor = base
        while anchor in self._taken:
            self._taken[base] += 1
            anchor = f"{base}-{self._taken[base]}"
        self._taken[anchor] = 0
        return anchor

    def _appended(self, base: str) -> str:
        """Return GitLab's: the count of the same text, whether or not another heading reads like that."""
        count = self._taken.get(base, 0)
        self._taken[base] = count + 1
        return f"{base}-{count}" if count else base

    def _counted(self, base: str) -> str:
        """Return Python-Markdown's: `_1` behind the text, or one more where such a number ends it.

        What is taken remembers the number to go on from, so that many headings of one text take no longer each.
        """
        found = _MKDOCS_COUNTED.fullmatch(base)
        stem, number = (found[1], int(found[2])) if found else (base, 0)
        anchor, passed = base, []
        while anchor in self._taken:
            passed.append(anchor)
            number = max(number + 1, self._taken[anchor])
            anchor = f"{stem}_{number}"
        self._taken.update(dict.fromkeys(passed, number))
        self._taken[anchor] = 0
        return anchor


def page(path: str) -> str:
    """Return the address of a page below the site that MkDocs makes, for `{page}` in a link.

    `docs/runbooks/shop.md` → `runbooks/shop/`: without the folder that MkDocs reads unless told otherwise, and with the
    addresses of `use_directory_urls`. `index.md` and `README.md` are the page of their folder.
    """
    parts = list(PurePosixPath(path).parts)
    if parts[:1] == [_MKDOCS_ROOT]:
        del parts[0]
    name = PurePosixPath(parts.pop() if parts else "").stem
    folders = parts if name in {"index", "README"} else [*parts, name]
    return "".join(f"{one}/" for one in folders)
