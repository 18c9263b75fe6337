"""Make Markdown of random nested marks, and check that every channel lays out what the compiler accepts.

The words are numbered: each format must show the same words in the same order.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Iterator
from itertools import count

from compiler.diagnostics import Diagnostics
from compiler.runbooks.markdown import parse
from compiler.runbooks.nesting import refuse_nesting
from webhook.render import markdown
from webhook.render.mrkdwn import SlackStyle
from webhook.render.plain import PlainStyle

BASE = "https://docs.example.com/runbooks/a.md"
DEEPEST = 400
_WORD = re.compile(r"w(\d+)w")
_TAG = re.compile(r"<[^<>]*>")
_INLINE: tuple[tuple[str, str], ...] = (
    *(("*", "*"), ("**", "**"), ("***", "***"), ("_", "_"), ("__", "__"), ("~~", "~~"), ("`", "`"), ("", "")),
    *(("[", "](http://b.example)"), ("[", "](#a)"), ("![", "](c.png)"), ("<b>", "</b>"), ("(", ")"), ("\\*", "*")),
)
_BLOCK = ("> ", "- ", "1. ", "    ", "# ", "\t", "* ", "| ", "")


def made(seed: int, number: int) -> str:
    """Return the Markdown of this seed and number."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  made to be repeatable
    words = count()
    return "\n\n".join(_block(chance, words) for _ in range(chance.randint(1, 4)))


def _block(chance: random.Random, words: Iterator[int]) -> str:
    depth = min(DEEPEST, int(chance.paretovariate(0.9)))
    kinds = chance.sample(_INLINE, chance.randint(1, 3))
    opened, closed = "", ""
    for _ in range(depth):
        begins, ends = chance.choice(kinds)
        space = chance.choice(("", " ", " x"))
        opened += f"{begins}{_word(words)}{space}"
        closed = f"{_word(words)}{space}{ends}{closed}" if chance.random() < 0.9 else closed
    prefix = "".join(chance.choice(_BLOCK) for _ in range(min(60, int(chance.paretovariate(1.2)) - 1)))
    return f"{prefix}{opened} {_word(words)} {closed}"


def _word(words: Iterator[int]) -> str:
    return f"w{next(words)}w"


def fault(text: str) -> str | None:
    """Return what is wrong with the layouts of the text, None if nothing."""
    try:
        laid_out = {name: lay_out(text) for name, lay_out in _LAYOUTS.items()}
    except Exception as error:  # noqa: BLE001  any exception is a fault
        return f"{type(error).__name__} while it is laid out"
    diagnostics = Diagnostics()
    refuse_nesting("a.md", parse(text), diagnostics)
    if diagnostics.found:
        return None
    numbers_by_name = {name: _WORD.findall(output) for name, output in laid_out.items()}
    first = numbers_by_name["html"]
    for name, numbers in numbers_by_name.items():
        if numbers != first:
            return f"{name} has other words than html: {sorted({*numbers} ^ {*first}, key=int)[:5]}"
    return None


def faults(number: int, seed: int) -> Iterator[str]:
    """Yield each fault, with the text."""
    for index in range(number):
        text = made(seed, index)
        if (problem := fault(text)) is not None:
            yield f"{index}: {problem}: {text[:200]!r}"


def _joined(style: SlackStyle | PlainStyle) -> Callable[[str], str]:
    return lambda text: "\n".join(piece.text for piece in markdown.pieces(text, style, commands={}, base=BASE))


def _as_html(text: str) -> str:
    return html.unescape(_TAG.sub("", markdown.html(text, commands={}, base=BASE)))


_LAYOUTS: dict[str, Callable[[str], str]] = {
    "html": _as_html,
    "slack": _joined(SlackStyle()),
    "plain": _joined(PlainStyle()),
    "words": markdown.words,
}
