"""Show a Slack message as plain text: `words` for tests that search in it, `draw` for people who watch.

`slack.py` keeps the messages.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from testbed import box

# A mark behind the label of a link whose address is not shown.
LINK_MARK = " ↗"

# A function that writes a link from its label, which may be empty, and its address.
Link = Callable[[str, str], str]

_LINK = re.compile(r"<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>")
_MENTION = re.compile(r"<([!@#][^|>]*)(?:\|([^>]*))?>")
_BOLD = re.compile(r"(?<![\w*])\*(\S|\S[^*\n]*\S)\*(?![\w*])")
_BROADCAST = re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>")


def words(text: str, blocks: list[dict[str, Any]]) -> str:
    """Return all text of the message, line by line, with the addresses behind links and buttons."""
    return "\n".join(line for line in _lines(text, blocks, _with_addresses) if line != box.RULE)


def draw(title: str, text: str, blocks: list[dict[str, Any]]) -> str:
    """Return the message in a box, as Slack would show it: links by their labels, code indented, without markup."""
    return box.draw(title, list(_without_marks(_lines(text, blocks, _by_label))))


def broadcasts(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """Return the mentions in the message that would notify a whole channel, such as `<!channel>`."""
    return _BROADCAST.findall("\n".join([text, *(part["text"] for part in _texts(blocks) if part["type"] == "mrkdwn")]))


def _texts(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "plain_text"} and isinstance(node.get("text"), str):
            yield node
        for child in node.values():
            yield from _texts(child)


def _with_addresses(label: str, address: str) -> str:
    return f"{label} ({address})" if label else address


def _by_label(label: str, address: str) -> str:
    return f"{label}{LINK_MARK}" if label else address


def _lines(text: str, blocks: list[dict[str, Any]], link: Link) -> Iterator[str]:
    # If there are blocks, Slack shows only them and uses the text for the notification.
    if not blocks:
        yield from _readable(text, link)
    for block in blocks:
        yield from _block(block, link)


def _block(block: dict[str, Any], link: Link) -> Iterator[str]:
    match block["type"]:
        case "divider":
            yield box.RULE
        case "header":
            yield block["text"]["text"]
            yield "═" * min(box.columns(block["text"]["text"]), box.WIDTH - 4)
        case "section":
            if "text" in block:
                yield from _text(block["text"], link)
            for field in block.get("fields", []):
                yield from _text(field, link)
            if "accessory" in block:
                yield _element(block["accessory"], link)
        case "context":
            shown = [
                " ".join(_text(element, link)) if "text" in element else _element(element, link)
                for element in block["elements"]
            ]
            yield "  ".join(shown)
        case "actions":
            yield "  ".join(_element(element, link) for element in block["elements"])
        case "markdown":
            yield from block["text"].split("\n")
        case _:
            yield _element(block, link)


def _element(element: dict[str, Any], link: Link) -> str:
    if element["type"] == "button":
        label = element["text"]["text"]
        return f"[ {link(label, element['url'])} ]" if "url" in element else f"[ {label} ]"
    return f"(image: {element.get('alt_text', '')})"


def _text(text: dict[str, Any], link: Link) -> Iterator[str]:
    if text["type"] == "plain_text":
        yield from text["text"].split("\n")
    else:
        yield from _readable(text["text"], link)


def _readable(mrkdwn: str, link: Link) -> Iterator[str]:
    """Yield the lines of `mrkdwn` with links as `link` writes them and Slack's three entities as characters."""
    shown = _LINK.sub(lambda match: link(match[2] or "", match[1]), mrkdwn)
    shown = _MENTION.sub(lambda match: f"@{(match[2] or match[1]).lstrip('!@#')}", shown)
    yield from html.unescape(shown).split("\n")


def _without_marks(lines: Iterable[str]) -> Iterator[str]:
    """Yield `lines` with fenced code indented instead of fenced, and bold text without its asterisks."""
    in_code = False
    for line in lines:
        if line.strip() == "```":
            in_code = not in_code
        else:
            yield f"    {line}" if in_code else _BOLD.sub(r"\1", line)
