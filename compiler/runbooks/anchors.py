"""Parse: a heading's text → the anchor that GitHub, GitLab or another site gives the heading.

`compiler.runbooks` uses it. The classes of characters come from `compiler.characters` and not from Python, because each
Python version has another version of Unicode. docs/decisions/0012 names the source of each rule.
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
"""The site that shows the runbooks. `plain` pages have no anchors of their own; sections are named as on GitHub."""

STYLES: Final[tuple[Style, ...]] = get_args(Style)
DEFAULT_STYLE: Final[Style] = "github"

_HYPHENS: Final = re.compile("-{2,}")
_MKDOCS_DROPPED: Final = re.compile(r"[^\w\s-]", re.ASCII)
_MKDOCS_HYPHENS: Final = re.compile(r"[-\s]+")
_MKDOCS_COUNTED: Final = re.compile(r"(.*)_([0-9]{1,9})", re.DOTALL)
_MKDOCS_ROOT: Final = "docs"
_MKDOCS_YOUNGER: Final = {0xA7F1: "S"} | {0x1CCD6 + place: sign for place, sign in enumerate(ascii_uppercase + digits)}
"""Characters that normalise to ASCII in a Unicode version newer than Python 3.11's."""
_LONGEST_GITLAB: Final = 255
"""The most characters of a heading that GitLab reads; it ignores the rest."""


class _OnGitHub(dict[int, str | None]):
    """A table for `str.translate` with GitHub's rule for lower-case characters; it fills itself on first use."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = replacement = character if is_kind(character, KEPT_ON_GITHUB) else None
        return replacement


_ON_GITHUB: Final = _OnGitHub({ord(" "): "-"})


@lru_cache(maxsize=4096)
def slug(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading whose text is unique in its document."""
    return lower_case(heading).translate(_ON_GITHUB)


def _gitlab(heading: str) -> str:
    """Return GitLab's anchor: `Gitlab::Utils::Markdown#string_to_anchor` in gitlab-org/gitlab.

    Ruby lower-cases each character by itself, so a sigma at the end of a word does not get its final form.
    """
    text = small_letters(heading[:_LONGEST_GITLAB].strip())
    kept_characters = "".join(character for character in text if character in "- " or is_kind(character, OF_A_WORD))
    anchor = _HYPHENS.sub("-", kept_characters.replace(" ", "-"))
    return f"anchor-{anchor}" if anchor.isascii() and anchor.isdigit() else anchor


def _gitea(heading: str) -> str:
    """Return Gitea's anchor: `CleanValue` in modules/markup/common of go-gitea/gitea."""
    return "".join(_gitea_part(character) for character in heading.strip()) or "heading"


def _gitea_part(character: str) -> str:
    if character in "_-" or is_kind(character, LETTER_OR_NUMBER):
        return small_letters(character)[:1]
    return "-" if character.isspace() else ""


def _mkdocs(heading: str) -> str:
    """Return MkDocs' anchor: `slugify` of Python-Markdown's extension `toc`, which is MkDocs' default."""
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
    """Gives the headings of one document their anchors, in order; repeated anchors are numbered.

    `own_anchors` are the anchors that the document sets itself; MkDocs skips them when it numbers.
    """

    def __init__(self, style: Style = DEFAULT_STYLE, own_anchors: Iterable[str] = ()) -> None:
        self._style = style
        # MkDocs never gives a heading the empty anchor.
        self._last_numbers: dict[str, int] = dict.fromkeys(["", *own_anchors], 0) if style == "mkdocs" else {}

    def add(self, heading: str) -> str:
        """Return the next heading's anchor."""
        base = _RULES[self._style](heading)
        if self._style == "mkdocs":
            return self._numbered_anchor(base)
        if self._style == "gitlab":
            return self._gitlab_anchor(base)
        anchor = base
        while anchor in self._last_numbers:
            self._last_numbers[base] += 1
            anchor = f"{base}-{self._last_numbers[base]}"
        self._last_numbers[anchor] = 0
        return anchor

    def _gitlab_anchor(self, base: str) -> str:
        """Return GitLab's anchor.

        GitLab appends the number of earlier equal texts, even if another heading already has the resulting anchor.
        """
        count = self._last_numbers.get(base, 0)
        self._last_numbers[base] = count + 1
        return f"{base}-{count}" if count else base

    def _numbered_anchor(self, base: str) -> str:
        """Return Python-Markdown's anchor.

        If a heading has the text as its anchor, the library appends `_1`, or increments such a number at the end of it.
        `_last_numbers` holds the number to continue from for each taken anchor, so that many equal headings do not
        become slow.
        """
        numbered = _MKDOCS_COUNTED.fullmatch(base)
        stem, number = (numbered[1], int(numbered[2])) if numbered else (base, 0)
        anchor, taken_anchors = base, []
        while anchor in self._last_numbers:
            taken_anchors.append(anchor)
            number = max(number + 1, self._last_numbers[anchor])
            anchor = f"{stem}_{number}"
        self._last_numbers.update(dict.fromkeys(taken_anchors, number))
        self._last_numbers[anchor] = 0
        return anchor


def page(path: str) -> str:
    """Return the address of a page relative to the site that MkDocs builds, for `{page}` in a link.

    `docs/runbooks/shop.md` → `runbooks/shop/`: MkDocs' default folder `docs` is left out, and addresses are those of
    `use_directory_urls`. `index.md` and `README.md` are the page of their folder.
    """
    parts = list(PurePosixPath(path).parts)
    if parts[:1] == [_MKDOCS_ROOT]:
        del parts[0]
    name = PurePosixPath(parts.pop() if parts else "").stem
    folders = parts if name in {"index", "README"} else [*parts, name]
    return "".join(f"{folder}/" for folder in folders)
