"""A stand-in for Slack's Web API: `chat.postMessage` and `chat.update`, with its answers, its limits and its failures.

It behaves as https://docs.slack.dev/reference/methods/chat.postMessage and `chat.update` document: an error is a 200
with `ok: false`; only a rate limit is a 429. `chat.update` needs the channel's id, which the answer to the post
contains. `slack_limits.py` says what is refused, `slack_view.py` shows what a person sees, `standin.py` is the server.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from testbed import slack_limits, slack_view
from testbed.patience import PATIENCE_SECONDS
from testbed.standin import Failure, Reply, Request, StandIn

# Slack cuts a longer `text` of a new message, and refuses an edit with a longer `text`.
MAX_TEXT = 40_000


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stands now; `edits` counts the updates since it was posted."""

    channel: str
    channel_id: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    edits: int = 0

    @property
    def words(self) -> str:
        """All text that a reader sees, with the addresses of links and without Slack's escapes."""
        return slack_view.words(self.text, self.blocks)

    @property
    def broadcasts(self) -> list[str]:
        """The mentions in it that notify a whole channel."""
        return slack_view.broadcasts(self.text, self.blocks)

    def draw(self) -> str:
        """Return the message in a box, as a person would see it."""
        edited = " · edited" if self.edits else ""
        reply = " · in a thread" if self.thread_ts else ""
        return slack_view.draw(f"Slack · {self.channel}{reply}{edited}", self.text, self.blocks)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a method and its outcome: `error` is None when Slack said `ok`."""

    method: str
    arguments: dict[str, Any]
    error: str | None


class SlackError(Exception):
    """An error that Slack answers with `ok: false`."""

    def __init__(self, error: str, messages: list[str] | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []


class Slack(StandIn):
    """The workspace: `messages` by `ts`, in the order posted; `calls` that reached a method, also refused ones.

    `ephemerals` holds the messages to a single person: channel, user, text.

    Every channel exists unless `channels` names the existing ones. Use `api_url` as the base address of the API.
    """

    def __init__(self, token: str, channels: list[str] | None = None) -> None:
        super().__init__()
        self.token = token
        self.channels = channels
        self.messages: dict[str, Message] = {}
        self.calls: list[Call] = []
        self.ephemerals: list[tuple[str, str, str]] = []
        self._ids: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        """The base address of the methods, without a trailing slash."""
        return f"{self.url}/api"

    def await_message(
        self, predicate: Callable[[Message], bool], seconds: float = PATIENCE_SECONDS, awaited: str = "a Slack message"
    ) -> Message:
        """Return the first message for which `predicate` holds, now or within `seconds`."""
        return self.await_value(lambda: next(filter(predicate, self.messages.values()), None), seconds, awaited)

    def rate_limit(self, retry_after_seconds: int, times: int = 1) -> None:
        """Answer the next `times` calls with a 429."""
        self.fail(Failure.rate_limited(retry_after_seconds), times)

    def summary(self) -> str:
        """Return how many requests came, the errors of refused calls, and the messages' first lines."""
        refused = sorted({call.error for call in self.calls if call.error})
        first_lines = [message.words.split("\n", 1)[0] for message in self.messages.values()]
        return f"Slack got {len(self.requests)} requests, refused {refused or 'none'}, holds {first_lines}"

    def reply(self, request: Request) -> Reply:
        """Return the answer of the method that the last part of the path names."""
        name = urlsplit(request.path).path.rsplit("/", 1)[-1]
        arguments: dict[str, Any] = {}
        try:
            method = self._method(name)
            arguments = _arguments(request)
            self._authorise(request, arguments)
            answer = method(arguments)
        except SlackError as error:
            self.calls.append(Call(method=name, arguments=arguments, error=error.error))
            body: dict[str, Any] = {"ok": False, "error": error.error}
            if error.messages:
                body |= {
                    "errors": error.messages,
                    "response_metadata": {"messages": [f"[ERROR] {m}" for m in error.messages]},
                }
            return Reply(status=200, body=body)
        self.calls.append(Call(method=name, arguments=arguments, error=None))
        return Reply(status=200, body={"ok": True, **answer})

    def _method(self, name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        methods = {
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "auth.test": self._auth_test,
        }
        if name not in methods:
            raise SlackError("unknown_method")
        return methods[name]

    def _authorise(self, request: Request, arguments: dict[str, Any]) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or arguments.pop("token", "")
        if not token:
            raise SlackError("not_authed")
        if token != self.token:
            raise SlackError("invalid_auth")

    def _auth_test(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": f"{self.url}/",
            "team": "Stand-in",
            "user": "tocsin",
            "team_id": "T00000001",
            "user_id": "U00000001",
        }

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments, by_name=True)
        text, blocks = _content(arguments)
        message = Message(
            channel=channel,
            channel_id=self._id(channel),
            ts=f"{1_700_000_000 + len(self.messages)}.{len(self.calls):06d}",
            text=text[:MAX_TEXT],
            blocks=blocks,
            thread_ts=arguments.get("thread_ts"),
        )
        self.messages[message.ts] = message
        shown = {"type": "message", "subtype": "bot_message", "text": message.text, "ts": message.ts, "blocks": blocks}
        return {"channel": message.channel_id, "ts": message.ts, "message": shown}

    def _post_ephemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel, user = self._channel(arguments, by_name=True), str(arguments.get("user") or "")
        text, _ = _content(arguments)
        if not user:
            raise SlackError("user_not_in_channel")
        self.ephemerals.append((channel, user, text))
        return {"message_ts": f"{1_700_000_000 + len(self.ephemerals)}.000000"}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments, by_name=False)
        message = self.messages.get(arguments.get("ts", ""))
        if message is None or message.channel != channel:
            raise SlackError("message_not_found")
        text, blocks = _content(arguments)
        if len(text) > MAX_TEXT:
            raise SlackError("msg_too_long")
        changed = replace(message, text=text or message.text, blocks=blocks, edits=message.edits + 1)
        self.messages[message.ts] = changed
        shown = {"type": "message", "text": changed.text, "blocks": blocks}
        return {"channel": message.channel_id, "ts": message.ts, "text": changed.text, "message": shown}

    def _channel(self, arguments: dict[str, Any], *, by_name: bool) -> str:
        name_or_id = str(arguments.get("channel") or "")
        for name, known_id in self._ids.items():
            if name_or_id == known_id:
                return name
        is_known = self.channels is None or name_or_id in self.channels
        if not name_or_id or not by_name or not is_known:
            raise SlackError("channel_not_found")
        return name_or_id

    def _id(self, channel: str) -> str:
        return self._ids.setdefault(channel, f"C{len(self._ids) + 1:010d}")


def _content(arguments: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the text and blocks of a call, including the attachments' blocks; raises `SlackError` as Slack does."""
    text = str(arguments.get("text") or "")
    groups: list[tuple[str, Any]] = [("/blocks", arguments["blocks"])] if arguments.get("blocks") else []
    for index, attachment in enumerate(arguments.get("attachments") or []):
        if "blocks" in attachment:
            groups.append((f"/attachments/{index}/blocks", attachment["blocks"]))
    errors = [error for pointer, blocks in groups for error in slack_limits.block_errors(blocks, pointer)]
    if errors:
        raise SlackError("invalid_blocks", errors)
    blocks = [block for _pointer, group in groups for block in group]
    if slack_limits.too_long(blocks):
        raise SlackError("msg_blocks_too_long")
    if not text.strip() and not blocks:
        raise SlackError("no_text")
    return text, blocks


def _arguments(request: Request) -> dict[str, Any]:
    """Return the call's arguments from JSON, or from a form in which structures are JSON inside a field."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            arguments = json.loads(request.body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(arguments, dict):
            raise SlackError("json_not_object")
        return arguments
    form: dict[str, Any] = dict(parse_qsl(request.body.decode()))
    for name in ("blocks", "attachments"):
        if name in form:
            try:
                form[name] = json.loads(form[name])
            except ValueError:
                raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_attachments") from None
    return form
