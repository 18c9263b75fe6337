"""Renders a message as Slack blocks. Pure; `senders.slack` sends them.

Limits from Slack's Block Kit reference: 50 blocks; 150 characters of plain text in a header; 3,000 in a section; 2,000
in a context element; no empty text, no empty block and no empty list of blocks. Beyond the reference, Slack refuses a
message whose blocks together exceed about 13,200 characters (bolt-js#2509).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from webhook.callback_events import ACTION, Verb
from webhook.incidents.notifications import Action
from webhook.render.markdown import fitting, pieces
from webhook.render.message import Message, Section
from webhook.render.mrkdwn import FENCE, SlackStyle, escape
from webhook.severity import Severity
from webhook.untrusted import ELLIPSIS, shorten, visible

MOST_BLOCKS = 50
LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
LONGEST_CONTEXT = 2_000
LONGEST_ALL = 12_000
LONGEST_TEXT = 3_000

_LONGEST_LINK = 1_200
_ROOM_OF_TAIL = 5_000
_HALF_ESCAPED = re.compile(f"&[a-z]{{0,3}}{ELLIPSIS}\\Z")
_EMOJI: dict[Severity, str] = {"info": "🔵", "warning": "🟠", "critical": "🔴", "emergency": "🚨"}


@dataclass(frozen=True, kw_only=True)
class SlackContent:
    """The content for `chat.postMessage` and `chat.update`; `text` is shown in notifications and as the fallback."""

    text: str
    blocks: list[dict[str, Any]]


_STYLE = SlackStyle()


def layout(message: Message, *, action: Action = "open", buttons: bool = False) -> SlackContent:
    """Return the message as blocks within Slack's limits; the runbook section is shortened if needed."""
    if action in {"join", "escalate"}:
        head, tail = _joined(message), _context(_links(message))
    else:
        head, tail = _head(message), _tail(message)
    head += buttons_of(message) if buttons else []
    head, tail = _cut_to(head, LONGEST_ALL - _ROOM_OF_TAIL), _cut_to(tail, _ROOM_OF_TAIL)
    room = LONGEST_ALL - _size(head + tail)
    body = _runbook(message.section, room) if message.section and not message.over else []
    blocks = head + body[: MOST_BLOCKS - len(head + tail)] + tail
    return SlackContent(text=_notification(message), blocks=blocks)


def _cut_to(blocks: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Return the blocks within `room` characters of JSON: shorten the longest text, or drop it if it has links."""
    kept = list(blocks)
    while (excess := _size(kept) - room) > 0 and kept:
        longest = max(range(len(kept)), key=lambda index: _size([kept[index]]))
        kept[longest : longest + 1] = _shortened(kept[longest], excess)
    return kept


def _shortened(block: dict[str, Any], excess: int) -> list[dict[str, Any]]:
    """Return the block with a shorter text; JSON doubles some characters, so several rounds approach the limit."""
    build = {"section": _section, "context": _context}.get(block["type"])
    text = (block.get("text") or block["elements"][0]).get("text", "")
    if build is None or "<http" in text:
        return []
    return build(_cut(text, len(text) - max(1, min(excess, len(text)) // 2)))


def _cut(text: str, limit: int) -> str:
    """Return escaped `text` cut to `limit` characters; an escape sequence is kept whole or left out."""
    return _HALF_ESCAPED.sub(ELLIPSIS, shorten(text, limit))


def _head(message: Message) -> list[dict[str, Any]]:
    is_over = message.over
    problem = escape(message.problem)
    lines = [f"~{problem.replace('~', '-')}~" if is_over else f"*{problem.replace('*', '')}*"]
    lines += [escape(shorten(message.description, 1_000))] if message.description and not is_over else []
    lines += [f"Labels: {escape(message.labels)}"] if message.labels else []
    lines += [" ".join(escape(part) for part in (message.since, message.standing if is_over else "") if part)]
    blocks = [_header(_title(message)), *_section("\n".join(lines))]
    if not is_over:
        blocks += _section(" ".join(part for part in (_standing(message), escape(message.next_step)) if part))
    if message.alerts:
        blocks += _section("\n".join(_alerts(message)))
    if message.severity_note and not is_over:
        blocks += _section(f"⚠️ {escape(message.severity_note)}")
    if message.no_runbook and not is_over:
        blocks += _section(f"⚠️ {escape(message.no_runbook)}")
    return blocks


def buttons_of(message: Message) -> list[dict[str, Any]]:
    """Return the row of buttons for the actions possible now; `callbacks` handles the presses."""
    if message.over or message.batch_size:
        return []
    if message.fires_on:
        return [_row(message, {**_button(message, "reopen", "Reopen"), "style": "primary"})]
    is_taken = message.status == "acknowledged"
    # A message about one joined alert has to say that its button acknowledges all alerts.
    number = len(message.alerts) + message.more
    acknowledge = f"Acknowledge all {number} alerts" if number > 1 else "Acknowledge"
    first = _button(message, "unacknowledge", "Give back") if is_taken else _button(message, "acknowledge", acknowledge)
    resolve = _button(message, "resolve", "Resolve")
    # A resolve ends the calls to everybody, whether or not the alerts still fire.
    resolve["confirm"] = {
        "title": _plain("Resolve this incident?"),
        "text": _plain("While its alerts fire it is not over: it is told again later if they still do."),
        "confirm": _plain("Resolve"),
        "deny": _plain("Cancel"),
    }
    return [_row(message, first if is_taken else {**first, "style": "primary"}, resolve)]


def _row(message: Message, *elements: dict[str, Any]) -> dict[str, Any]:
    # `told_through` is not part of the buttons' value, because an older release reads only the incident from it.
    block_id = f"tocsin-{message.incident_id}-{message.told_through}"
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def _button(message: Message, verb: Verb, text: str) -> dict[str, Any]:
    return {"type": "button", "action_id": ACTION + verb, "text": _plain(text), "value": str(message.incident_id)}


def _joined(message: Message) -> list[dict[str, Any]]:
    headline = message.news or message.title
    lines = [f"{_EMOJI[message.severity]} *{escape(headline).replace('*', '')}*"]
    lines += [escape(message.problem)] if message.problem not in headline else []
    lines += [f"Labels: {escape(message.labels)}"] if message.labels else []
    lines += [_standing(message)]
    lines += [f"⚠️ {escape(message.severity_note)}"] if message.severity_note else []
    lines += [f"⚠️ {escape(message.no_runbook)}"] if message.no_runbook else []
    return _section("\n".join(lines))


def _tail(message: Message) -> list[dict[str, Any]]:
    notes = [escape(message.documented)] if not message.over else []
    notes += [f"Not reached: {escape('; '.join(message.undelivered))}"] if message.undelivered else []
    return [*_context(_links(message)), *_context("\n".join(line for line in notes if line))]


def _runbook(section: Section, room: int) -> list[dict[str, Any]]:
    """Return the section's blocks within `room` characters of JSON: title, text, a link to the rest, notes."""
    title = f"*📖 {_STYLE.link(escape(section.title).replace('*', ''), section.url)}*"
    notes = [f"Filled in from {escape(section.filled_from)}."] if section.filled_from else []
    notes += [escape(note) for note in section.notes]
    note = shorten("\n".join(notes), 1_500)
    all_pieces = pieces(section.markdown, _STYLE, commands=section.commands, base=section.url)
    limit = room
    while True:
        cut = fitting(all_pieces, limit)
        rest = "" if cut.complete else f"\n… {_STYLE.link('the rest of this section', section.url)}"
        texts = _packed(f"{title}\n\n{cut.text}{rest}")
        blocks = [block for text in texts for block in _section(text)] + _context(note)
        size = _size(blocks)
        if size <= room or limit == 0:
            return blocks
        # JSON makes some characters longer, so several rounds approach the limit.
        limit = max(0, min(limit - 100, limit * room // size))


def _packed(text: str) -> list[str]:
    """Return `text` in parts that fit into a section, cut at line ends; a cut code block is closed and reopened."""
    parts, current, is_in_code = [], "", False
    room = LONGEST_SECTION - 2 * len(FENCE) - 2
    for line in (piece for full_line in text.split("\n") for piece in _chunks(full_line, room - 10)):
        if current and len(current) + 1 + len(line) > room:
            parts.append(f"{current}\n{FENCE}" if is_in_code else current)
            current = FENCE if is_in_code else ""
        current = f"{current}\n{line}" if current else line
        is_in_code ^= line.count(FENCE) % 2 == 1
    return [*parts, current] if current.strip() else parts


def _chunks(line: str, size: int) -> list[str]:
    return [line[start : start + size] for start in range(0, len(line), size)] or [""]


def _title(message: Message) -> str:
    emoji = "✅" if message.over else "⚠️" if message.fires_on else _EMOJI[message.severity]
    word = message.word
    where = f" · {message.where}" if message.where else ""
    title = message.title if message.batch_size else message.title.replace(": ", " · ", 1)
    mark = "👀 " if message.status == "acknowledged" and not message.batch_size else ""
    return f"{mark}{emoji} {word} · {title}{where}"


def _alerts(message: Message) -> list[str]:
    last = [f"• {escape(message.unlisted)}"] if message.unlisted else []
    # Every alert keeps its line, so that the number of unlisted alerts stays correct.
    room = (LONGEST_SECTION - sum(map(len, last))) // max(1, len(message.alerts)) - 10
    lines = []
    for alert in message.alerts:
        text = _escaped_to(f"{alert.name}: {alert.brief}, {alert.since}", room)
        lines.append(f"• {text}" if alert.firing else f"• ~{text.replace('~', '-')}~")
    return [*lines, *last]


def _escaped_to(text: str, room: int) -> str:
    """Return `text` escaped and cut to `room` characters; an escape sequence is kept whole or left out."""
    while len(escape(text)) > room:
        text = shorten(text, min(len(text) - 1, max(room - (len(escape(text)) - len(text)), len(text) // 2)))
    return escape(text)


def _links(message: Message) -> str:
    """Return the links on one line; a link that does not fit is left out."""
    line = ""
    for link in message.links:
        text = _STYLE.link(escape(link.text), link.url)
        if len(text) <= _LONGEST_LINK and len(line) + len(text) + 3 <= LONGEST_CONTEXT:
            line = f"{line} · {text}" if line else text
    return line


def _standing(message: Message) -> str:
    """Return the sentence that says who has to act, with the addressee in bold."""
    tier, sentence = escape(message.tier), escape(message.standing)
    return f"*{tier}*{sentence.removeprefix(tier)}" if tier and sentence.startswith(tier) else sentence


def _notification(message: Message) -> str:
    """Return the text for a phone's lock screen."""
    return _cut(escape(f"{_title(message)}: {message.said}. {message.standing}"), LONGEST_TEXT)


def _header(text: str) -> dict[str, Any]:
    # Slack does not parse plain text, so it is not escaped.
    plain = shorten(visible(text).replace("\n", " "), LONGEST_HEADER)
    return {"type": "header", "text": _plain(plain)}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


def _section(text: str) -> list[dict[str, Any]]:
    """Return the block, or no block for an empty text, because Slack would refuse the whole message."""
    return [{"type": "section", "text": _mrkdwn(_cut(text, LONGEST_SECTION))}] if text.strip() else []


def _context(text: str) -> list[dict[str, Any]]:
    """Return the block, or no block for an empty text, as `_section` does."""
    return [{"type": "context", "elements": [_mrkdwn(_cut(text, LONGEST_CONTEXT))]}] if text.strip() else []


def _mrkdwn(text: str) -> dict[str, Any]:
    # With `verbatim`, Slack does not turn a plain @here or #channel in a label into a mention.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _size(blocks: list[dict[str, Any]]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
