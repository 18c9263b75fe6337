"""Which messages Slack refuses: its Block Kit limits, with the errors that it answers. `slack.py` asks here.

The limits are those of Slack's Block Kit reference and of `chat.postMessage`. All blocks together are refused at about
13,200 characters, which Slack does not document and counts in a way it does not tell (slackapi/bolt-js#2509; #2867:
11,341 characters of text in many small blocks were refused). The stand-in counts their whole JSON, to be safe.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

MAX_BLOCKS = 50
MAX_BLOCKS_CHARACTERS = 13_200
MAX_BLOCK_ID = 255
MAX_SECTION_TEXT = 3_000
MAX_FIELDS = 10
MAX_FIELD_TEXT = 2_000
MAX_HEADER_TEXT = 150
MAX_CONTEXT_ELEMENTS = 10
MAX_CONTEXT_TEXT = 3_000
MAX_ACTIONS_ELEMENTS = 25
MAX_ACTION_ID = 255
MAX_BUTTON_TEXT = 75
MAX_BUTTON_VALUE = 2_000
MAX_URL = 3_000
MAX_MARKDOWN_TEXT = 12_000
# https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}

Json = dict[str, Any]


def too_long(blocks: list[Json]) -> bool:
    """Return whether the blocks together are more than one message takes (`msg_blocks_too_long`)."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MAX_BLOCKS_CHARACTERS


def block_errors(blocks: object, where: str = "/blocks") -> list[str]:
    """Return what Slack finds wrong with `blocks` (`invalid_blocks`), each with its JSON pointer; empty if nothing."""
    if not isinstance(blocks, list):
        return [_at("must be an array", where)]
    errors = list(_count(blocks, MAX_BLOCKS, where))
    for index, block in enumerate(blocks):
        errors.extend(_block(block, f"{where}/{index}"))
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and "block_id" in block]
    errors.extend(
        _at(f"block_id already exists: {each}", where) for each in sorted({i for i in ids if ids.count(i) > 1})
    )
    return errors


def _block(block: object, where: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield _at("must be an object", where)
        return
    check = _CHECKS.get(block.get("type", ""))
    if check is None:
        yield _at(f"unsupported type: {block.get('type')}", f"{where}/type")
        return
    if "block_id" in block:
        yield from _string(block["block_id"], MAX_BLOCK_ID, f"{where}/block_id")
    yield from check(block, where)


def _section(block: Json, where: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield _at("missing required field: text", where)
    if "text" in block:
        yield from _text(block["text"], MAX_SECTION_TEXT, f"{where}/text")
    if "fields" in block:
        yield from _count(block["fields"], MAX_FIELDS, f"{where}/fields")
        for index, each in enumerate(block["fields"]):
            yield from _text(each, MAX_FIELD_TEXT, f"{where}/fields/{index}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> Iterator[str]:
    yield from _text(block.get("text"), MAX_HEADER_TEXT, f"{where}/text", kinds=("plain_text",))


def _context(block: Json, where: str) -> Iterator[str]:
    elements = block.get("elements")
    yield from _count(elements, MAX_CONTEXT_ELEMENTS, f"{where}/elements")
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        place = f"{where}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, place)
        else:
            yield from _text(element, MAX_CONTEXT_TEXT, place)


def _actions(block: Json, where: str) -> Iterator[str]:
    elements = block.get("elements")
    yield from _count(elements, MAX_ACTIONS_ELEMENTS, f"{where}/elements")
    found = elements if isinstance(elements, list) else []
    for index, element in enumerate(found):
        yield from _element(element, f"{where}/elements/{index}")
    ids = [each["action_id"] for each in found if isinstance(each, dict) and "action_id" in each]
    if len(ids) != len(set(ids)):
        yield _at("action_id already exists", f"{where}/elements")


def _element(element: object, where: str) -> Iterator[str]:
    if not isinstance(element, dict):
        yield _at("must be an object", where)
    elif element.get("type") == "image":
        yield from _image(element, where)
    elif element.get("type") == "button":
        yield from _button(element, where)
    else:
        yield _at(f"unsupported type: {element.get('type')}", f"{where}/type")


def _button(button: Json, where: str) -> Iterator[str]:
    yield from _text(button.get("text"), MAX_BUTTON_TEXT, f"{where}/text", kinds=("plain_text",))
    for name, limit in (("action_id", MAX_ACTION_ID), ("value", MAX_BUTTON_VALUE), ("url", MAX_URL)):
        if name in button:
            yield from _string(button[name], limit, f"{where}/{name}")
    if "confirm" in button:
        yield from _confirm(button["confirm"], f"{where}/confirm")
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield _at("must be one of: primary, danger", f"{where}/style")


def _confirm(dialogue: object, where: str) -> Iterator[str]:
    if not isinstance(dialogue, dict):
        yield _at("must be an object", where)
        return
    for name, limit in _CONFIRM.items():
        kinds = ("plain_text",)
        yield from _text(dialogue.get(name), limit, f"{where}/{name}", kinds=kinds)


def _image(image: Json, where: str) -> Iterator[str]:
    yield from _string(image.get("image_url"), MAX_URL, f"{where}/image_url")
    yield from _string(image.get("alt_text"), MAX_FIELD_TEXT, f"{where}/alt_text")


def _divider(_block: Json, _where: str) -> Iterator[str]:
    return iter(())


def _markdown(block: Json, where: str) -> Iterator[str]:
    yield from _string(block.get("text"), MAX_MARKDOWN_TEXT, f"{where}/text")


_CHECKS: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "section": _section,
}


def _text(text: object, limit: int, where: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[str]:
    if not isinstance(text, dict):
        yield _at("must provide a text object", where)
        return
    if text.get("type") not in kinds:
        yield _at(f"must be one of: {', '.join(kinds)}", f"{where}/type")
    yield from _string(text.get("text"), limit, f"{where}/text")


def _string(value: object, limit: int, where: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _at("must be a string", where)
    elif not value.strip():
        # Slack trims texts before it counts them.
        yield _at("must be more than 0 characters", where)
    elif len(value) > limit:
        yield _at(f"must be less than {limit + 1} characters", where)


def _count(items: object, limit: int, where: str) -> Iterator[str]:
    if not isinstance(items, list) or not items:
        yield _at("must provide at least one item", where)
    elif len(items) > limit:
        yield _at(f"no more than {limit} items allowed", where)


def _at(message: str, pointer: str) -> str:
    return f"{message} [json-pointer:{pointer}]"
