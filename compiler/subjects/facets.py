"""Derive what an alert is about, by dimension: from its labels, its system, its titles and its component.

`compiler.resolve.systems` calls this module with the bindings. `scope` compares the names in sentences with the facets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from compiler.guides.vocabulary import vocabulary
from compiler.promql import Matcher, Selector
from compiler.signals.bound import Binding, Signal
from compiler.subjects.naming import ADDRESS
from compiler.subjects.words import parts, words

ENVIRONMENT: Final = "environment"
SYSTEM: Final = "system"
SIGNAL: Final = "signal"
COMPONENT: Final = "component"
OF_WORDS: Final = frozenset({SYSTEM, SIGNAL})
"""Dimensions whose facets are titles; single words distinguish them."""

# The parts of a regular expression that are not plain text.
_NO_TEXT: Final = re.compile(r"\\[a-z]|\[[^\]]*\]|\(\?\w*:?|[.()|^$*+?]|\{[^}]*\}")
_LEAST_TEXT: Final = 2
_NUMBER: Final = re.compile(r"\d{1,6}")
_LITERAL: Final = re.compile(r"[\w/:.@ -]+")
_GROUPED: Final = re.compile(r"\^?\((?:\?:)?(?P<inside>[^()]*)\)\$?")
_IN_QUERY: Final = re.compile(r"(?<!\w)(?P<label>\w++)\s*+(?P<sign>=~|!~|!=|=)\s*+[\"'](?P<value>[^\"']*+)[\"']")
_BRACKET: Final = re.compile(r"\(([^()]*)\)")
_LETTER: Final = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """The values of one dimension that an alert is about, in lower case; if `but` is set, it is about all other values.

    `patterns` are regular expressions for values that are not listed. `texts` are titles, and the plain text of
    patterns, before they are split into words.
    """

    dimension: str
    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    but: bool = False
    texts: tuple[str, ...] = ()


Subject = tuple[Facet, ...]
"""What an alert is about; in a dimension without a facet, it is about any value."""


def subject(
    *, system: str, title: str, signal: Signal, binding: Binding | None = None, component: str | None = None
) -> Subject:
    """Return what the alerts of one signal of a system are about; `binding` is None if it could not be read."""
    labels = tuple(_labels(signal, binding))
    environments = tuple(_environments_of_labels(labels)) or tuple(
        _environments_of_titles((system, title), (signal.id, signal.title))
    )
    component_facets = [] if component is None else [_valued(COMPONENT, [component])]
    return (
        *_joined(environments),
        *(facet for facet in labels if not _is_environment(facet)),
        *component_facets,
        Facet(dimension=SYSTEM, values=frozenset({system.lower(), title.lower()}), texts=(system, title)),
        Facet(dimension=SIGNAL, values=frozenset({signal.id.lower()}), texts=(signal.id, signal.title)),
    )


def _labels(signal: Signal, binding: Binding | None) -> Iterator[Facet]:
    """Yield a facet for each label by which the metrics are selected."""
    inputs = () if binding is None else binding.inputs.values()
    matchers = [matcher for selector in inputs if isinstance(selector, Selector) for matcher in selector.matchers]
    if signal.query is not None:
        texts = _IN_QUERY.finditer(signal.query)
        matchers += [Matcher(text["label"], text["sign"], text["value"]) for text in texts]
    for label in dict.fromkeys(matcher.label for matcher in matchers):
        of_label = [matcher for matcher in matchers if matcher.label == label]
        positive = [matcher for matcher in of_label if matcher.operator in {"=", "=~"}]
        facet = _matched(label, positive or of_label, but=not positive)
        if label not in words().silent_labels and (facet.values or facet.patterns):
            yield facet


def _matched(label: str, matchers: Iterable[Matcher], *, but: bool) -> Facet:
    values: set[str] = set()
    patterns = []
    for matcher in matchers:
        group = _GROUPED.fullmatch(matcher.value)
        alternatives = (group["inside"] if group else matcher.value).split("|")
        if matcher.operator in {"=", "!="}:
            values.add(matcher.value.lower())
        elif all(map(_LITERAL.fullmatch, alternatives)) and not any(".." in text for text in alternatives):
            values |= {text.lower() for text in alternatives}
        elif matcher.value not in {".*", ".+"}:
            patterns.append(matcher.value.lower())
    # Other numbers are codes and sizes, which no sentence uses as names.
    named_values = frozenset(value for value in values if _LETTER.search(value) or "/" in value or _is_number(value))
    texts = tuple(text for pattern in patterns for text in _texts(pattern))
    return Facet(dimension=label, values=named_values, patterns=tuple(patterns), but=but, texts=texts)


def _is_number(value: str) -> bool:
    """Return whether a value is an address, or the number of something, such as a shard."""
    return bool(_NUMBER.fullmatch(value) or ADDRESS.fullmatch(value))


def _texts(pattern: str) -> Iterator[str]:
    """Yield the plain text in a regular expression: "api-" for `api-.+`."""
    for text in _NO_TEXT.split(pattern.replace(r"\.", " ").replace(r"\-", "-")):
        if len(text) >= _LEAST_TEXT:
            yield text


def _valued(dimension: str, values: Iterable[str]) -> Facet:
    return Facet(dimension=dimension, values=frozenset(value.lower() for value in values))


def _is_environment(facet: Facet) -> bool:
    """Return whether a label names environments and nothing else."""
    lexicon = words()
    if facet.patterns or not facet.values:
        return facet.dimension in lexicon.environment_labels
    return all(vocabulary().environment(value) for value in facet.values)


def _environments_of_labels(labels: Iterable[Facet]) -> Iterator[Facet]:
    """Yield the environments that labels name, as in `env="prod"` and in `namespace="shop-staging"`."""
    lexicon = words()
    for facet in labels:
        texts = (*facet.values, *facet.patterns)
        names_environments = facet.dimension in lexicon.environment_labels
        environments = {name for text in texts for name in _environments(text, vague=names_environments)}
        if names_environments:
            environments |= {value for value in facet.values if vocabulary().environment(value) is None}
        if environments:
            yield Facet(dimension=ENVIRONMENT, values=frozenset(environments), but=facet.but)


def _environments_of_titles(*pairs: tuple[str, str]) -> Iterator[Facet]:
    """Yield the environments in the first pair of id and title that names any: the system's, else the signal's."""
    for identifier, title in pairs:
        bracketed = " ".join(_BRACKET.findall(title))
        last_part = parts(identifier)[-1:]
        sure = {name for text in (bracketed, *last_part) for name in _environments(text, vague=True)}
        environments = sure | {name for text in (identifier, title) for name in _environments(text, vague=False)}
        if environments:
            yield Facet(dimension=ENVIRONMENT, values=frozenset(environments))
            return


def _environments(text: str, *, vague: bool) -> set[str]:
    """Return the environments that a value or a title names; if `vague` is set, also by words with other meanings."""
    lexicon = words()
    environment = vocabulary().environment(text.strip().lower())
    if environment is not None:
        return {environment} if vague or text.strip().lower() not in lexicon.generic else set()
    lower = text.lower()
    preproduction = vocabulary().environment("".join(re.findall(r"\bpre[-_ ]?pro?d(?:uction)?\b", lower)[:1]))
    if preproduction is not None:
        return {preproduction}
    by_word = {word: vocabulary().environment(word) for word in parts(lower) if vague or word not in lexicon.generic}
    return {name for name in by_word.values() if name is not None}


def _joined(environments: Iterable[Facet]) -> tuple[Facet, ...]:
    """Return one facet for all environments that an alert is about."""
    facets = list(environments)
    positive = [facet for facet in facets if not facet.but] or facets
    if not positive:
        return ()
    values = frozenset(value for facet in positive for value in facet.values)
    return (Facet(dimension=ENVIRONMENT, values=values, but=positive[0].but),)
