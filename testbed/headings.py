"""Make headings for `testbed.anchors`: in many scripts and with odd characters, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

Document = list[str]

_WORDS: Final = (
    *(
        "High",
        "error",
        "rate",
        "P95",
        "latency",
        "502/503",
        "C++",
        "don't",
        "what's",
        "up",
        "API",
        "snake_case",
        "kebab-case",
    ),
    *("Überlast", "Données", "Ελλάς", "ΣΊΣΥΦΟΣ", "İstanbul", "ISPARTA", "Straße", "ẞ", "Привет", "Ёлка", "Ǆungla", "Ⅷ"),
    *(
        "日本語",
        "サービス",
        "한국어",
        "ไทย",
        "हिन्दी",
        "বাংলা",
        "தமிழ்",
        "العربية",
        "עברית",
        "ქართული",
        "ᲓᲘᲓᲘ",
        "አማርኛ",
        "Ꭰꭰ",
    ),
    *(
        "\u00e9",
        "e\u0301",
        "ñ",
        "Å",
        "ȷ̈",
        "ﬁn",
        "ＡＢＣ",
        "１２",
        "½",
        "²",
        "①",
        "٣",
        "𝟘",
        "𝐀",
        "𐐀",
        "𐓐",
        "𞤀",
        "𠀀",
        "Ⓐ",
    ),
)
_EMOJI: Final = (
    "🔥",
    "🚀",
    "👩‍💻",
    "👍🏽",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🇨🇭",
    "❤️",
    "1️⃣",
    "🧑🏿‍🚒",
    "©",
    "™",
    "☃",
    "〰",
    ":fire:",
    ":+1:",
    ":white_check_mark:",
)
_SIGNS: Final = (
    "!",
    "?",
    "…",
    "—",
    "–",
    "«",
    "»",
    "“",
    "’",
    "„",
    "·",
    "•",
    "§",
    "№",
    "°",
    "%",
    "€",
    "&",
    "@",
    "#",
    "_",
    "__",
)
_BLANKS: Final = (
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "\u00a0",
    "\u2003",
    "\u200b",
    "\u200d",
    "\u3000",
    "\u00ad",
    "\u2028",
    "-",
    "--",
    "_",
    "",
)
_MARKS: Final = ("\u0301", "\u0308", "\u20dd", "\u0345", "\u093f", "\u064b", "\ufe0f", "\u200f", "\u202e", "\U000e0100")
_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
"""No UTF-8 text can hold one of these."""
_PLANES: Final = frozenset({0, 1, 2, 3, 14})
"""The other planes are empty, or for private use."""


def corpus(seed: int, count: int) -> Iterator[Document]:
    """Yield documents with `count` headings in all; some headings of a document repeat, or look numbered."""
    chance = random.Random(seed)  # noqa: S311 - a corpus, no secret
    while count > 0:
        document = _document(chance, min(count, chance.randint(1, 12)))
        count -= len(document)
        yield document


def every_code_point() -> Iterator[Document]:
    """Yield each code point between two letters, and behind a capital, which may change the form of its lower case."""
    for code in range(_LAST + 1):
        if code not in _SURROGATES:
            yield [f"a{chr(code)}b", f"A{chr(code)}"]


def rows() -> Iterator[str]:
    """Yield every code point of the planes that hold characters, sixteen to a heading.

    Each code point stands behind a capital, and in places where it decides the form of a sigma.
    """
    for start in range(0, _LAST, 16):
        if start not in _SURROGATES and start >> 16 in _PLANES:
            row = map(chr, range(start, start + 16))
            yield " ".join(f"A{character} ΑΣ{character} ΑΣ{character}Α {character}Σ" for character in row)


def sample_documents() -> list[Document]:
    """Return documents that each show one word, sign, blank, mark or kind of numbering, and some of the corpus."""
    single = [*_WORDS, *_EMOJI, *(f"a{part}b" for part in (*_SIGNS, *_BLANKS[3:], *_MARKS)), *_ODD]
    return [*([heading] for heading in dict.fromkeys(single)), *_NUMBERED, *corpus(1, 300)]


_ODD: Final = (
    *("", " ", "-", "_", "--- a ---", " a ", "1. First", "1.2.3", "a.b.c", "What's `up == 0`?", "[x] {y} ~z~", "<b>"),
    *("\x00\x1f\x7f", "a\nb", "a\r\nb", "\u0378\u0379", "\ua7cb \ua7dc", "\ua7ce\ua7d2", "\U00010d50", "\U0001e030"),
    *(
        "\ue000\uf8ff",
        "\uffff\ufffe",
        "\U0010ffff",
        "\U00100000",
        "ΑΣ",
        "ΑΣ.",
        "ΑΣ Α",
        "Σ",
        "ΑΣ́",
        "ΑΣ\u00adΑ",
        "I\u0307",
        "ŉ",
    ),
    *(
        "constructor",
        "__proto__",
        "hasOwnProperty",
        "toString",
        "ﷺ",
        "\ufb03",
        "ǅ ǈ ǋ",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
        "a⁠b",
        "\ufeffa",
        "ᾈ ᾼ",
    ),
)
_NUMBERED: Final = (
    ["a", "a", "a", "a"],
    ["a", "a-1", "a", "a"],
    ["a-1", "a", "a", "a-1"],
    ["a", "a", "a-1", "a-1", "a-1-1"],
    ["A", "a", "A ", "a!", "a?"],
    ["", "", "!", "-1", "-"],
    ["constructor", "constructor", "__proto__", "__proto__"],
    ["🔥 Fire", "🚀 Fire", "Fire", "-fire"],
    ["a 1", "a", "a", "a-1"],
)


def _document(chance: random.Random, count: int) -> Document:
    document: Document = []
    for _ in range(count):
        document.append(_repeated(chance, document) if document and chance.random() < 0.25 else _heading(chance))
    return document


def _repeated(chance: random.Random, document: Document) -> str:
    heading = chance.choice(document)
    return chance.choice(
        (heading, heading, heading.upper(), f"{heading}-1", f"{heading} {chance.randint(1, 3)}", f"{heading}!")
    )


def _heading(chance: random.Random) -> str:
    return "".join(_part(chance) + chance.choice(_BLANKS) for _ in range(chance.randint(1, 6)))


def _part(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.5:
        return chance.choice(_WORDS) + (chance.choice(_MARKS) if chance.random() < 0.1 else "")
    if kind < 0.65:
        return chance.choice(_EMOJI)
    if kind < 0.8:
        return chance.choice(_SIGNS)
    return "".join(_random_character(chance) for _ in range(chance.randint(1, 3)))


def _random_character(chance: random.Random) -> str:
    """Return a random code point, more often from the lower planes, where the letters are."""
    code = chance.choice(
        (
            chance.randint(0, 0x2FFF),
            chance.randint(0, 0xFFFF),
            chance.randint(0x10000, 0x1FFFF),
            chance.randint(0, _LAST),
        )
    )
    return " " if code in _SURROGATES else chr(code)
