"""List the mutants that replace a robust form, which works on real data, by the form that people often write.

`expressions.py` calls this module. It recognises a robust form by its shape alone: a function over the moments of a
window, numbers that are not NaN, events that are counted before they are estimated, and a quantile that knows its
largest bucket.
"""

from collections.abc import Iterator

from testbed.mutants.tokens import Place, Token

Span = tuple[int, int]
"""Where a part of the text starts and ends."""


def naive_forms(text: str, tokens: list[Token]) -> Iterator[tuple[Span, str]]:
    """Yield the robust parts of an expression, each with its naive form."""
    yield from _windows(text, tokens)
    yield from _numbers(tokens)
    yield from _events(text, tokens)
    yield from _quantiles(tokens)


def _windows(text: str, tokens: list[Token]) -> Iterator[tuple[Span, str]]:
    """Yield `f_over_time((x)[5m:1m])` as `(x)`, and as `x` with the function around each of its metrics."""
    for number, token in enumerate(tokens):
        if not token.text.endswith("_over_time") or _texts(tokens, number + 1, 2) != ["(", "("]:
            continue
        closed = _closing(tokens, number + 2)
        if _texts(tokens, closed + 1, 1) != ["["]:
            continue
        end, window = _closing(tokens, number + 1), tokens[closed + 2].text
        span = (token.start, tokens[end].end)
        yield span, text[tokens[number + 2].start : tokens[closed].end]
        inner = tokens[number + 3 : closed]
        if not any(inner_token.text == "[" for inner_token in inner):
            yield span, _around_selectors(text, tokens, range(number + 3, closed), f"{token.text}({{}}[{window}])")


def _around_selectors(text: str, tokens: list[Token], inside: range, form: str) -> str:
    """Return a part of the text with a form around each selector."""
    parts, position = [], tokens[inside.start].start
    for number in inside:
        token = tokens[number]
        if token.place is not Place.EXPRESSION or not token.is_metric(tokens[number + 1].text):
            continue
        if token.text == "Inf":
            continue
        end = tokens[_closing(tokens, number + 1)].end if tokens[number + 1].text == "{" else token.end
        parts += [text[position : token.start], form.format(text[token.start : end])]
        position = end
    return f"({''.join(parts)}{text[position : tokens[inside.stop].start]})"


def _numbers(tokens: list[Token]) -> Iterator[tuple[Span, str]]:
    """Yield `x >= -Inf` as `x`."""
    for number, before in enumerate(tokens):
        if _texts(tokens, number + 1, 3) == [">=", "-", "Inf"]:
            yield (before.end, tokens[number + 3].end), ""


def _events(text: str, tokens: list[Token]) -> Iterator[tuple[Span, str]]:
    """Yield the estimate alone for events that are counted, or else estimated."""
    for number, token in enumerate(tokens):
        if token.text == "round" and _texts(tokens, number + 1, 2) == ["(", "increase"]:
            end = _closing(tokens, number + 1)
            estimate = text[tokens[number + 2].start : tokens[end - 1].end]
            begin = _opening(tokens, number)
            if begin is not None and any(earlier.text == "or" for earlier in tokens[begin:number]):
                yield (tokens[begin].end, tokens[end].end), estimate


def _quantiles(tokens: list[Token]) -> Iterator[tuple[Span, str]]:
    """Yield `histogram_quantile(…) / (… >= bool …)` as the quantile alone."""
    for number, token in enumerate(tokens):
        if token.text != "histogram_quantile":
            continue
        end = _closing(tokens, number + 1)
        if _texts(tokens, end + 1, 2) == ["/", "("]:
            yield (tokens[end].end, tokens[_closing(tokens, end + 2)].end), ""


_PAIRS = {"(": ")", "[": "]", "{": "}"}


def _closing(tokens: list[Token], opening: int) -> int:
    """Return the number of the token that closes the bracket at `opening`."""
    depth = 0
    for number in range(opening, len(tokens)):
        depth += (tokens[number].text in _PAIRS) - (tokens[number].text in _PAIRS.values())
        if tokens[number].type == "bracket" and not depth:
            return number
    raise ValueError("an expression ends within brackets")


def _opening(tokens: list[Token], number: int) -> int | None:
    """Return the number of the bracket around a token, None if there is none."""
    depth = 0
    for before in range(number - 1, -1, -1):
        depth += (tokens[before].text in _PAIRS.values()) - (tokens[before].text in _PAIRS)
        if depth < 0:
            return before
    return None


def _texts(tokens: list[Token], first: int, count: int) -> list[str]:
    return [token.text for token in tokens[first : first + count]]
