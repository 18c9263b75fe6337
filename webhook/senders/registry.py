"""Creates the senders of the configured channels: one of each module in this folder that has a `configured`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from webhook import senders as folder
from webhook.channels import CHANNELS
from webhook.incidents.notifications import Channels
from webhook.senders.contract import Sender
from webhook.settings import Settings, SettingsError


def configured(settings: Settings) -> dict[str, Sender]:
    """Return a sender, by channel, for each channel that `settings` configures; the log is always included.

    Raises SettingsError if the companion of a channel cannot be used.
    """
    by_channel: dict[str, Sender] = {}
    problems: list[str] = []
    for name, configure in _factories():
        try:
            sender = configure(settings)
        except ValueError as error:
            problems.append(f"{CHANNELS[name].companion if name in CHANNELS else name} {error}")
            continue
        if sender is not None:
            by_channel[sender.channel] = sender
    if problems:
        raise SettingsError(tuple(problems))
    return {channel: by_channel[channel] for channel in CHANNELS if channel in by_channel}


def channels(senders: Mapping[str, Sender]) -> Channels:
    """Return the actions that each configured channel can express, by channel."""
    return {name: sender.actions for name, sender in senders.items()}


def _factories() -> Iterator[tuple[str, Callable[[Settings], Sender | None]]]:
    for module in iter_modules(folder.__path__):
        if module.name != "registry":
            configure = getattr(import_module(f"{folder.__name__}.{module.name}"), "configured", None)
            if configure is not None:
                yield module.name, configure
