"""Check messages against Slack's Block Kit limits, with the errors that Slack answers. `slack.py` calls this module.

The limits are those of Slack's Block Kit reference and of `chat.postMessage`. Slack refuses a message whose blocks
together have about 13,200 characters. It does not document that limit or how it counts (slackapi/bolt-js#2509; #2867:
11,341 characters of text in many small blocks were refused). To be safe, the stand-in counts the whole JSON.
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
    """Return whether the blocks together are too long for one message (`msg_blocks_too_long`)."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MAX_BLOCKS_CHARACTERS


def block_errors(blocks: object, pointer: str = "/blocks") -> list[str]:
    """Return Slack's errors about `blocks` (`invalid_blocks`), each with its JSON pointer; empty if there is none."""
    if not isinstance(blocks, list):
        return [_at("must be an array", pointer)]
    errors = list(_count(blocks, MAX_BLOCKS, pointer))
    for index, block in enumerate(blocks):
        errors.extend(_block(block, f"{pointer}/{index}"))
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and "block_id" in block]
    errors.extend(
        _at(f"block_id already exists: {block_id}", pointer)
        for block_id in sorted({i for i in ids if ids.count(i) > 1})
    )
    return errors


def _block(block: object, pointer: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield _at("must be an object", pointer)
        return
    check = _CHECKS.get(block.get("type", ""))
    if check is None:
        yield _at(f"unsupported type: {block.get('type')}", f"{pointer}/type")
        return
    if "block_id" in block:
        yield from _string(block["block_id"], MAX_BLOCK_ID, f"{pointer}/block_id")
    yield from check(block, pointer)


def _section(block: Json, pointer: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield _at("missing required field: text", pointer)
    if "text" in block:
        yield from _text(block["text"], MAX_SECTION_TEXT, f"{pointer}/text")
    if "fields" in block:
        yield from _count(block["fields"], MAX_FIELDS, f"{pointer}/fields")
        for index, field in enumerate(block["fields"]):
            yield from _text(field, MAX_FIELD_TEXT, f"{pointer}/fields/{index}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{pointer}/accessory")


def _header(block: Json, pointer: str) -> Iterator[str]:
    yield from _text(block.get("text"), MAX_HEADER_TEXT, f"{pointer}/text", kinds=("plain_text",))


def _context(block: Json, pointer: str) -> Iterator[str]:
    elements = block.get("elements")
    yield from _count(elements, MAX_CONTEXT_ELEMENTS, f"{pointer}/elements")
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        element_pointer = f"{pointer}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, element_pointer)
        else:
            yield from _text(element, MAX_CONTEXT_TEXT, element_pointer)


def _actions(block: Json, pointer: str) -> Iterator[str]:
    elements = block.get("elements")
    yield from _count(elements, MAX_ACTIONS_ELEMENTS, f"{pointer}/elements")
    checked = elements if isinstance(elements, list) else []
    for index, element in enumerate(checked):
        yield from _element(element, f"{pointer}/elements/{index}")
    ids = [element["action_id"] for element in checked if isinstance(element, dict) and "action_id" in element]
    if len(ids) != len(set(ids)):
        yield _at("action_id already exists", f"{pointer}/elements")


def _element(element: object, pointer: str) -> Iterator[str]:
    if not isinstance(element, dict):
        yield _at("must be an object", pointer)
    elif element.get("type") == "image":
        yield from _image(element, pointer)
    elif element.get("type") == "button":
        yield from _button(element, pointer)
    else:
        yield _at(f"unsupported type: {element.get('type')}", f"{pointer}/type")


def _button(button: Json, pointer: str) -> Iterator[str]:
    yield from _text(button.get("text"), MAX_BUTTON_TEXT, f"{pointer}/text", kinds=("plain_text",))
    for name, limit in (("action_id", MAX_ACTION_ID), ("value", MAX_BUTTON_VALUE), ("url", MAX_URL)):
        if name in button:
            yield from _string(button[name], limit, f"{pointer}/{name}")
    if "confirm" in button:
        yield from _confirm(button["confirm"], f"{pointer}/confirm")
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield _at("must be one of: primary, danger", f"{pointer}/style")


def _confirm(dialogue: object, pointer: str) -> Iterator[str]:
    if not isinstance(dialogue, dict):
        yield _at("must be an object", pointer)
        return
    for name, limit in _CONFIRM.items():
        kinds = ("plain_text",)
        yield from _text(dialogue.get(name), limit, f"{pointer}/{name}", kinds=kinds)


def _image(image: Json, pointer: str) -> Iterator[str]:
    yield from _string(image.get("image_url"), MAX_URL, f"{pointer}/image_url")
    yield from _string(image.get("alt_text"), MAX_FIELD_TEXT, f"{pointer}/alt_text")


def _divider(_block: Json, _pointer: str) -> Iterator[str]:
    return iter(())


def _markdown(block: Json, pointer: str) -> Iterator[str]:
    yield from _string(block.get("text"), MAX_MARKDOWN_TEXT, f"{pointer}/text")


_CHECKS: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "section": _section,
}


def _text(text: object, limit: int, pointer: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[str]:
    if not isinstance(text, dict):
        yield _at("must provide a text object", pointer)
        return
    if text.get("type") not in kinds:
        yield _at(f"must be one of: {', '.join(kinds)}", f"{pointer}/type")
    yield from _string(text.get("text"), limit, f"{pointer}/text")


def _string(value: object, limit: int, pointer: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _at("must be a string", pointer)
    elif not value.strip():
        # Slack trims texts before it counts them.
        yield _at("must be more than 0 characters", pointer)
    elif len(value) > limit:
        yield _at(f"must be less than {limit + 1} characters", pointer)


def _count(items: object, limit: int, pointer: str) -> Iterator[str]:
    if not isinstance(items, list) or not items:
        yield _at("must provide at least one item", pointer)
    elif len(items) > limit:
        yield _at(f"no more than {limit} items allowed", pointer)


def _at(message: str, pointer: str) -> str:
    return f"{message} [json-pointer:{pointer}]"
