"""Tests of every regular expression of both programs: none is slow for the longest text that it may get.

Python's engine tries one alternative after the other. So an expression may take the square of a text's length, or more,
without a single call that `tests.compiler.test_growth` would count.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import pytest

import compiler
import webhook

_parser: Any = importlib.import_module("re._parser")
"""Python's parser of expressions. The tests build attacks from the parts that it returns."""

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 0.1
"""Processor seconds that an expression may take for the longest text that it can be given."""
LONGEST: Final[Mapping[str, int]] = {
    "compiler.guides.": 4_000,
    "compiler.limit_advice.": 80,
    "compiler.subjects.": 4_000,
    "": 32_768,
}
"""The most characters that modules match, by the beginning of the module's name.

A guide is read in pieces (`passage.LONGEST`); other texts have the limit of a value or a line
(`document.MAX_TEXT`, `input_files.MAX_LINE`).
"""
SENTENCES: Final = re.compile(
    r"compiler\.guides\.(?:absence|bystanders|grade|holds|marks|meaning|mention|norms|parallel|traps)\."
)
"""Modules that match no more than a sentence (`grammar`)."""
SENTENCE: Final = 1_200
METHODS: Final[Mapping[str, set[str]]] = {
    "compiler.promql_mistakes._SAID": {"fullmatch"},
    "compiler.promtool.reading.": {"fullmatch"},
    "compiler.runbooks.host_places._NAMED": {"fullmatch"},
    "compiler.slips._EQUALS": {"fullmatch"},
}
"""The methods called on expressions that their module hands on, by the beginning of the expression's place."""
EXEMPT: Final = frozenset({"compiler.suppressions._MARKDOWN"})
"""Expressions that never get such a text: up to the last `-->` of a line, each beginning has an end.

`tests.compiler.test_budgets` covers them ("comments without an end").
"""
SEARCHES: Final = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})
ATTACKS: Final = 60
"""The number of texts that attack one expression, besides the common ones."""
COMMON: Final = (
    " ",
    "\t",
    "\n",
    "a",
    "0",
    "-",
    "#",
    "*",
    "_",
    "`",
    '"',
    "(",
    "[",
    "{",
    "<",
    "a ",
    "a.",
    "- ",
    "![",
    "://",
)


def modules() -> Iterator[ModuleType]:
    """Yield the modules of both programs."""
    for root in (compiler, webhook):
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                yield importlib.import_module(module.name)


def patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield the expressions in a module's value."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 3 and isinstance(value, Mapping):
        for key, item in value.items():
            yield from patterns_in(key, depth + 1)
            yield from patterns_in(item, depth + 1)
    elif depth < 3 and isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from patterns_in(item, depth + 1)


@cache
def expressions() -> dict[str, re.Pattern[Any]]:
    """Return all expressions that modules hold, each once, by their place."""
    places: dict[str, re.Pattern[Any]] = {}
    seen = set()
    for module in modules():
        for name, value in vars(module).items():
            for number, pattern in enumerate(patterns_in(value)):
                if (key := (pattern.pattern, pattern.flags)) not in seen:
                    seen.add(key)
                    places[f"{module.__name__}.{name}" + (f"[{number}]" if number else "")] = pattern
    return places


@cache
def _sources() -> dict[str, str]:
    return {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path.read_text(
            encoding="utf-8"
        )
        for root in ("compiler", "webhook")
        for path in (ROOT / root).rglob("*.py")
    }


def methods_of(place: str) -> set[str]:
    """Return which of `match`, `fullmatch` and `search` are called on an expression: all if no source tells."""
    handed_on = next((methods for prefix, methods in METHODS.items() if place.startswith(prefix)), None)
    if handed_on is not None:
        return handed_on
    module, _, name = place.partition("[")[0].rpartition(".")
    sources = [_sources()[module]] if name.startswith("_") else list(_sources().values())
    called = {word for source in sources for word in re.findall(rf"\b{name}\.(\w+)\b", source)}
    methods = {method for method in ("match", "fullmatch") if method in called}
    return methods | ({"search"} if called & SEARCHES else set()) or {"match", "fullmatch", "search"}


def sample(parts: Any, chance: random.Random) -> str:  # noqa: ANN401 - Python says nothing of their types
    """Return a text that parts of an expression probably match."""
    text = ""
    for kind, given in parts:
        match str(kind):
            case "LITERAL":
                text += chr(given)
            case "NOT_LITERAL":
                text += "x" if chr(given) != "x" else "y"
            case "ANY":
                text += chance.choice("a x")
            case "IN":
                text += _of_set(list(given), chance)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, repeated = given
                count = min(max(least, chance.randint(0, 2)), 10, int(most))
                text += "".join(sample(repeated, chance) for _ in range(count))
            case "SUBPATTERN":
                text += sample(given[3], chance)
            case "BRANCH":
                text += sample(chance.choice(given[1]), chance)
            case "ATOMIC_GROUP":
                text += sample(given, chance)
            case _:
                pass
    return text


_OF_CATEGORY: Final = {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1"}


def _of_set(members: list[tuple[Any, Any]], chance: random.Random) -> str:
    if str(members[0][0]) == "NEGATE":
        return chance.choice("a1 ")
    kind, given = chance.choice(members)
    if str(kind) == "RANGE":
        return chr(chance.randint(given[0], min(given[1], given[0] + 25)))
    return _OF_CATEGORY.get(str(given), "a") if str(kind) == "CATEGORY" else chr(given)


def attacks(pattern: re.Pattern[Any]) -> list[tuple[str, str]]:
    """Return beginnings, each with the text to repeat behind it. They cut texts that nearly match at each place."""
    chance = random.Random(1)  # noqa: S311 - the same texts each time
    parts = _parser.parse(pattern.pattern, pattern.flags)
    samples = sorted({sample(parts, chance)[:60] for _ in range(20)})
    cuts = set()
    for text in samples:
        for cut in range(len(text) + 1):
            cuts.update(
                (text[:cut], repeated)
                for repeated in (text[cut : cut + 1], text[max(0, cut - 2) : cut], " ", "a", "0")
                if repeated
            )
    some = sorted(cuts)
    beginnings = [("", text[:cut]) for text in samples[-3:] for cut in range(2, min(len(text), 12))]
    return [*(("", repeated) for repeated in COMMON), *beginnings, *chance.sample(some, min(ATTACKS, len(some)))]


class TooLongError(Exception):
    """Code has taken longer than it may."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TooLongError


@contextmanager
def stopped_after(limit: float) -> Iterator[None]:
    """Stop code by an exception when it takes more seconds of the processor."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(ask: Callable[[Any], object], text: str | bytes) -> float:
    """Return the processor seconds that an expression takes, or a huge number if it takes much more than `SECONDS`."""
    begun = time.process_time()
    try:
        with stopped_after(4 * SECONDS):
            ask(text)
    except TooLongError:
        return 1e9
    return time.process_time() - begun


def _caller(pattern: re.Pattern[Any], method: str) -> Callable[[Any], object]:
    return (lambda text: [None for _ in pattern.finditer(text)]) if method == "search" else getattr(pattern, method)


def slow(pattern: re.Pattern[Any], methods: set[str], longest: int) -> list[tuple[str, str, str]]:
    """Return the attacks, with the method, for which an expression takes longer than `SECONDS`."""
    attacked = []
    for method in sorted(methods):
        ask = _caller(pattern, method)
        for begin, again in attacks(pattern):

            def text(size: int, begin: str = begin, again: str = again) -> str | bytes:
                whole = f"{begin}{again * (size // len(again))}\x01"
                return whole.encode() if isinstance(pattern.pattern, bytes) else whole

            # At this speed, even quadratic time is short enough.
            if 64 * seconds(ask, text(longest // 8)) < SECONDS:
                continue
            if min(seconds(ask, text(longest)) for _ in range(2)) > SECONDS:
                attacked.append((method, begin, again))
                break
    return attacked


def _longest(place: str) -> int:
    if SENTENCES.match(place):
        return SENTENCE
    return next(most for prefix, most in LONGEST.items() if place.startswith(prefix))


def test_no_expression_takes_long_for_the_longest_text() -> None:
    """The ways to divide blanks, letters and brackets among its repetitions do not matter."""
    too_slow = {
        place: attack
        for place, pattern in expressions().items()
        if place not in EXEMPT and (attack := slow(pattern, methods_of(place), _longest(place)))
    }
    assert too_slow == {}


@pytest.mark.parametrize(
    ("expression", "method"),
    [
        (r"(?P<reason>.*?)\s*\Z", "match"),
        (r"#+\s+(.+?)\s*#*\Z", "match"),
        (r"\w+\s*=", "search"),
        (r"\s*:", "search"),
        (r"\s*\w*\s*=", "match"),
        (r"[0-9][0-9 ]*\s*[a-z]+", "fullmatch"),
        (r"(a|a)*b", "match"),
        (r"([a-z]+ ?)+:", "fullmatch"),
        (r"<!--.*?-->", "search"),
        (r"(\w+)\s*-*\s*(\w+)!", "match"),
        (r"\d+(?:\.\d+)?\s*[a-z]+$", "search"),
        (r"\[[^\]]*\]\([^)]*\)", "search"),
    ],
)
def test_an_expression_that_takes_long_is_noticed(expression: str, method: str) -> None:
    """These are shapes that programs often contain."""
    assert slow(re.compile(expression), {method}, _longest(""))


def test_most_expressions_are_found() -> None:
    """An expression in a module that the test does not import would stay untested."""
    assert len(expressions()) > 400
    assert {"compiler.suppressions._WORDS", "webhook.render.speech._ADDRESS"} <= set(expressions())
