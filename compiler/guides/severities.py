"""Find the words for severities in a text; `vocabulary` uses this module.

Each word has the severity that it stands for, and whether that is doubtful. Some words count anywhere. Others, such as
"high" and "major", have other meanings too. They count only where a reader expects a severity: in a column, as a key,
in a heading of their own, in brackets behind a number, or at the beginning of a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from compiler.conventions import SEVERITIES
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.severities import word_key

EVERYWHERE, NAMED = "everywhere", "named"
_MOST_SEVERE_FIRST: Final = tuple(reversed(SEVERITIES))
_CALLED: Final = r"(?:alert )?(?:severity|priority|prio|urgency|level|class|sev)(?: level)?"
_KIND: Final = r"(?:severity|severities|priority|prio|level|urgency|impact|alerts?|alarms?|incidents?|issues?)"
_SIGNS: Final = r"(?:at|when|if|above|over|below|under|more than|less than|from|[<>≥≤=:–—-]|\d|$)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word, its spellings, and the severity that it stands for.

    `pattern` finds the word anywhere. If `pattern` is None, the word counts only in the places that `placed` names.
    """

    word: str
    severity: str
    doubtful: bool
    spellings: tuple[str, ...]
    pattern: re.Pattern[str] | None
    placed: str

    def severity_of(self, written: str) -> Severity:
        """Return the severity with the word as it is written."""
        return Severity(self.severity, word=written.strip(), doubtful=self.doubtful)


def words(definitions: Sequence[Mapping[str, Any]], own: Iterable[tuple[str, str]]) -> tuple[Word, ...]:
    """Return the vocabulary's words as a file maps them, and the words that the file adds."""
    entries = [_word(entry) for entry in definitions]
    indexes_by_key: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        for key in dict.fromkeys(map(word_key, entry.spellings)):
            indexes_by_key.setdefault(key, []).append(index)
    for text, severity in own:
        indexes = indexes_by_key.get(word_key(text), [])
        for index in indexes:
            entries[index] = _mapped(entries[index], severity)
        if not indexes:
            indexes_by_key[word_key(text)] = [len(entries)]
            pattern = re.compile(_spelled(text), re.IGNORECASE)
            entries.append(
                Word(
                    word=text, severity=severity, doubtful=False, spellings=(text,), pattern=pattern, placed=EVERYWHERE
                )
            )
    return tuple(entries)


def _word(definition: Mapping[str, Any]) -> Word:
    return Word(
        word=definition["word"],
        severity=definition["means"],
        doubtful=bool(definition.get("doubtful")),
        spellings=(definition["word"], *definition.get("also", ())),
        pattern=_any(definition["said"]) if "said" in definition else None,
        placed=definition.get("placed", EVERYWHERE),
    )


def _mapped(word: Word, severity: str) -> Word:
    return Word(
        word=word.word,
        severity=severity,
        doubtful=False,
        spellings=word.spellings,
        pattern=word.pattern,
        placed=word.placed,
    )


def _spelled(text: str) -> str:
    """Return the pattern of a word in all its spellings: `SEV-1` is also "sev1" and "Sev 1"."""
    pieces = [re.escape(piece) for piece in re.findall(r"[^\W\d_]+|\d+|[^\w\s.-]", text)]
    inner = r"[\s._-]?".join(pieces) or re.escape(text)
    return rf"(?<!\w){inner}(?!\w)"


def _any(texts: Iterable[str]) -> re.Pattern[str]:
    # A text that begins with a letter matches at the beginning of a word only. Other texts match anywhere.
    return re.compile("|".join(rf"\b{text}" if text[0].isalpha() else text for text in texts), re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Severities:
    """All words for severities that one thresholds.yaml uses."""

    words: tuple[Word, ...]

    @cached_property
    def patterns(self) -> Mapping[str, re.Pattern[str]]:
        """The words that count anywhere, as one pattern by severity, the most severe first."""
        patterns = {
            name: [word.pattern.pattern for word in self.words if word.severity == name and word.pattern is not None]
            for name in _MOST_SEVERE_FIRST
        }
        return {name: re.compile("|".join(texts) or r"(?!)", re.IGNORECASE) for name, texts in patterns.items()}

    def most_severe(self, text: str) -> Severity:
        """Return the most severe severity that a text names, or `NO_SEVERITY`."""
        for name, pattern in self.patterns.items():
            match = pattern.search(text)
            if match is not None:
                return self._severity_of_match(name, match)
        return NO_SEVERITY

    def named(self, text: str) -> Iterator[tuple[Severity, re.Match[str]]]:
        """Yield the severities that a text names, the most severe first."""
        for name, pattern in self.patterns.items():
            yield from ((self._severity_of_match(name, match), match) for match in pattern.finditer(text))

    def expected(self, text: str) -> Severity:
        """Return the severity that a text names in a place for severities only: in a column, or behind a key."""
        severity = self.most_severe(text)
        return self._severity_of_whole_text(text, of_kind=False) if severity == NO_SEVERITY else severity

    def label(self, text: str) -> Severity:
        """Return the severity that a heading or a label names.

        A word with other meanings counts only if it is the whole text.
        """
        severity = self.most_severe(text)
        return self._severity_of_whole_text(text, of_kind=True) if severity == NO_SEVERITY else severity

    def bracketed(self, text: str) -> Severity:
        """Return the severity that words in brackets, or behind an arrow, name."""
        most_severe = self.most_severe(text)
        if most_severe != NO_SEVERITY:
            return most_severe
        severity = self._severity_of_whole_text(text, of_kind=True)
        return (
            severity if self._placed.get(word_key(severity.word), "") == EVERYWHERE or _is_called(text) else NO_SEVERITY
        )

    def leading(self, text: str) -> Severity:
        """Return the severity with which a clause begins: "major above 5 %", "Blocker: 10 %"."""
        match = self._leading_pattern.match(text)
        return self._severity_of_word(match["word"]) if match else NO_SEVERITY

    def _severity_of_whole_text(self, text: str, *, of_kind: bool) -> Severity:
        """Return the severity that a whole text names.

        With `of_kind`, a word that also names something measured counts only if the text says that it is a severity.
        """
        match = self._whole_text_pattern.fullmatch(text)
        if match is None:
            return NO_SEVERITY
        if of_kind and match["word"].casefold() in _OF_VALUES and not _is_called(text):
            return NO_SEVERITY
        return self._severity_of_word(match["word"])

    def _severity_of_match(self, name: str, match: re.Match[str]) -> Severity:
        """Return the severity with the word that the match contains."""
        for word in self.words:
            if word.severity == name and word.pattern is not None and word.pattern.match(match.string, match.start()):
                return word.severity_of(match.group())
        return Severity(name, word=match.group().strip())

    def _severity_of_word(self, written: str) -> Severity:
        entry = self._by_key.get(word_key(written))
        return entry.severity_of(written) if entry else NO_SEVERITY

    @cached_property
    def _by_key(self) -> Mapping[str, Word]:
        return {word_key(text): word for word in reversed(self.words) for text in word.spellings}

    @cached_property
    def _placed(self) -> Mapping[str, str]:
        return {word_key(text): word.placed for word in self.words for text in word.spellings}

    @cached_property
    def _whole_text_pattern(self) -> re.Pattern[str]:
        texts = "|".join(_spelled(text) for word in self.words if word.pattern is None for text in word.spellings)
        return re.compile(rf"\W*(?:{_CALLED}\W+)?(?P<word>{texts})(?:\W+{_KIND})?\W*", re.IGNORECASE)

    @cached_property
    def _leading_pattern(self) -> re.Pattern[str]:
        everywhere = [word for word in self.words if word.pattern is None and word.placed == EVERYWHERE]
        texts = "|".join(_spelled(text) for word in everywhere for text in word.spellings)
        return re.compile(rf"\W*(?P<word>{texts})\W{{0,3}}{_SIGNS}", re.IGNORECASE)


_OF_VALUES: Final = frozenset({"error"})
"""Words that head sections about the thing that they name: a section "Error" is about errors."""


def _is_called(text: str) -> bool:
    """Return whether a text says that it is a severity: "severity: high", "high priority"."""
    return re.match(rf"\W*{_CALLED}\W", text, re.IGNORECASE) is not None or (
        re.search(rf"\W{_KIND}\W*$", text, re.IGNORECASE) is not None
    )
