"""Slack through a bot token: one message per incident, which the sender edits when the incident changes.

https://api.slack.com/methods/chat.postMessage, https://api.slack.com/methods/chat.update. Slack offers no idempotency
key for bots, so a message whose answer was lost may be posted twice. Its metadata names the incident and the outbox
row, so that both copies can be found. Slack notifies nobody of an edit, so the sender posts every later call as a
reply that is also shown in the channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webhook.incidents.notifications import Action
from webhook.render.slack import layout
from webhook.secret import Secret
from webhook.senders.contract import Job, PermanentFailure, Receipt, TemporaryFailure
from webhook.senders.transport import Answer, Transport
from webhook.settings import Settings

# Every other error of Slack's needs somebody to change something: the token, the channel or the message.
TEMPORARY = frozenset(
    {
        *("ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error"),
        *("service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"),
    }
)
# The message to edit is gone or too old to be edited: the sender posts a new one.
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class SlackSender:
    """Sends to Slack channels. A destination is a channel's name or id."""

    channel = "slack"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate", "update", "resolve"})
    shows_state = True

    def __init__(self, *, api_url: str, token: Secret, buttons: bool = False) -> None:
        """Prepare; `buttons` says whether messages get buttons, because presses can be handled."""
        self._buttons = buttons
        self._transport = Transport(api_url, token=token, secrets=(token,))

    def send(self, job: Job) -> Receipt:
        """Post or edit the incident's message; see `contract.Sender.send`.

        The provider id is `<channel id>/<ts>`: an edit needs the channel's id instead of its name.
        """
        content = layout(job.message, action=job.action, buttons=self._buttons)
        body: dict[str, Any] = {"text": content.text, "blocks": content.blocks}
        if job.provider_id is None:
            return self._post(job, body)
        channel, _, ts = job.provider_id.partition("/")
        if job.action in {"open", "join", "escalate"}:
            self._post(job, {**body, "thread_ts": ts, "reply_broadcast": True}, channel=channel)
            return Receipt()
        try:
            self._call("chat.update", {**body, "channel": channel, "ts": ts, "link_names": False, "parse": "none"})
        except _MessageGone:
            return self._post(job, body)
        return Receipt()

    def answer(self, channel: str, user: str, text: str, buttons: Sequence[Mapping[str, object]] = ()) -> None:
        """Show `text` to `user` alone; `channel` and `user` are ids. See `contract.Answering.answer`.

        https://docs.slack.dev/reference/methods/chat.postEphemeral
        """
        body: dict[str, Any] = {
            "channel": channel,
            "user": user,
            "text": text,
            "link_names": False,
            "parse": "none",
        }
        if buttons:
            body["blocks"] = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}, *buttons]
        self._call("chat.postEphemeral", body)

    def _post(self, job: Job, body: dict[str, Any], *, channel: str | None = None) -> Receipt:
        answer = self._call(
            "chat.postMessage",
            {
                **body,
                "channel": channel or job.destination,
                "link_names": False,
                "parse": "none",
                "unfurl_links": False,
                "unfurl_media": False,
                "metadata": {
                    "event_type": "tocsin_incident",
                    "event_payload": _metadata(job),
                },
            },
        )
        if not (isinstance(answer.get("channel"), str) and isinstance(answer.get("ts"), str)):
            raise TemporaryFailure("Slack accepted the message without saying where it is")
        return Receipt(provider_id=f"{answer['channel']}/{answer['ts']}")

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._transport.post(method, body)
        data = answer.data
        if not isinstance(data, dict) or not isinstance(data.get("ok"), bool):
            raise TemporaryFailure("the answer is not Slack's")
        if data["ok"]:
            return data
        raise self._failure(method, answer, str(data.get("error", "unknown_error")), data)

    def _failure(self, method: str, answer: Answer, error: str, data: dict[str, Any]) -> Exception:
        if method == "chat.update" and error in _GONE:
            return _MessageGone(error)
        detail = data.get("response_metadata")
        messages = detail.get("messages") if isinstance(detail, dict) else None
        reason = self._transport.clean(f"{error}: {messages}" if messages else error)
        if error in TEMPORARY:
            return TemporaryFailure(reason, retry_after=answer.retry_after)
        return PermanentFailure(reason)


def _metadata(job: Job) -> dict[str, int]:
    batch = {"batch_size": job.message.batch_size} if job.message.batch_size else {}
    return {"incident": job.message.incident_id, "notification": job.id, **batch}


class _MessageGone(PermanentFailure):
    """The message to edit does not exist any more, or can no longer be edited."""


def configured(settings: Settings) -> SlackSender | None:
    """Return the sender, or None if no bot token is set."""
    if settings.slack_bot_token is None:
        return None
    return SlackSender(api_url=settings.slack_api_url, token=settings.slack_bot_token, buttons=settings.slack_buttons)
