"""Creates the senders of the configured channels. This is the only module that knows every sender."""

from __future__ import annotations

from collections.abc import Mapping

from webhook.incidents.notifications import Channels
from webhook.senders.contract import Sender
from webhook.senders.log import LogSender
from webhook.senders.mail import MailSender
from webhook.senders.pagerduty import PagerDutySender
from webhook.senders.phone import PhoneSender
from webhook.senders.slack import SlackSender
from webhook.senders.sms import SmsSender
from webhook.senders.webhook import WebhookSender
from webhook.settings import Settings


def configured(settings: Settings) -> dict[str, Sender]:
    """Return a sender, by channel, for each channel that `settings` configures; the log is always included."""
    senders: list[Sender] = [LogSender()]
    if settings.slack_bot_token is not None:
        senders.append(
            SlackSender(api_url=settings.slack_api_url, token=settings.slack_bot_token, buttons=settings.slack_buttons)
        )
    if settings.pagerduty_routing_key is not None:
        senders.append(
            PagerDutySender(
                events_url=settings.pagerduty_events_url,
                routing_key=settings.pagerduty_routing_key,
                api_url=settings.pagerduty_api_url,
                api_key=settings.pagerduty_api_key,
            )
        )
    if settings.mail_server is not None:
        senders.append(MailSender(settings.mail_server))
    if settings.sms_gateway is not None:
        senders.append(SmsSender(settings.sms_gateway))
    if settings.phone_gateway is not None:
        senders.append(PhoneSender(settings.phone_gateway))
    if settings.webhook_url is not None:
        senders.append(WebhookSender(url=settings.webhook_url, secrets=settings.webhook_secrets))
    return {sender.channel: sender for sender in senders}


def channels(senders: Mapping[str, Sender]) -> Channels:
    """Return the actions that each configured channel can express, by channel."""
    return {name: sender.actions for name, sender in senders.items()}
