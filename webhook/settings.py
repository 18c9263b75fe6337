"""Reads the webhook's environment once at start; only this module has the variables' names and defaults.

Every secret may also be in a file that `…_FILE` names. The reader reports all mistakes at once, with the name of the
variable and never with its value.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from webhook.alertmanagers import Hidden, Server, read_servers
from webhook.apprise_url import Gateway, parse_apprise_url
from webhook.channels import CHANNELS
from webhook.mail_server import MailServer, is_loopback, parse_smtp_url
from webhook.secret import Secret
from webhook.timestamps import DAY
from webhook.untrusted import plain_address, web_address

PREFIX = "TOCSIN_"
DEFAULT_CATALOG = "generated/catalog.json"
DEFAULT_DATABASE_URL = "sqlite:///tocsin.db"
DEFAULT_LISTEN = "127.0.0.1:9095"
DEFAULT_SLACK_API_URL = "https://slack.com/api"
DEFAULT_PAGERDUTY_API_URL = "https://api.pagerduty.com"
DEFAULT_PAGERDUTY_EVENTS_URL = "https://events.pagerduty.com"
DEFAULT_RETENTION = "90d"
DEFAULT_EVALUATION_INTERVAL = "1m"
MOST_TOKENS = 2

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """The environment cannot be used; `problems` has a sentence for each mistake."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings from the environment."""

    catalog: Path
    database_url: Secret
    host: str
    port: int
    tokens: tuple[Secret, ...]
    """Bearer tokens that are accepted; two while one replaces the other."""
    delivery_login: tuple[str, Secret] | None
    """The user and the password that are accepted for deliveries, besides the tokens."""
    public_url: str | None
    alertmanagers: tuple[Server, ...]
    """The Alertmanagers that the webhook may ask whether alerts still fire."""
    evaluation_seconds: float
    """The longest evaluation interval of Prometheus, in seconds."""
    slack_bot_token: Secret | None
    slack_api_url: str
    slack_signing_secret: Secret | None
    """Proves that a press of a button comes from Slack; without it messages have no buttons."""
    pagerduty_routing_key: Secret | None
    pagerduty_events_url: str
    pagerduty_api_url: str
    pagerduty_api_key: Secret | None
    pagerduty_webhook_secret: Secret | None
    mail_server: MailServer | None
    sms_gateway: Gateway | None
    phone_gateway: Gateway | None
    retention_seconds: float | None
    """How long a resolved incident stays before it is archived; None means for ever."""
    urls: Mapping[str, Secret]
    """By channel: the addresses of channels that need no other setting; secret because they often hold a token."""
    companions: Mapping[str, Secret]
    """By channel: the text of the further variable without which the address in `urls` is useless."""
    tls: tuple[Path, Path] | None
    """The files of the certificate and its key, if the webhook itself and not a proxy speaks TLS."""
    trusted_proxies: tuple[Network, ...]
    """The proxies whose `X-Forwarded-*` headers are trusted."""

    @property
    def path_prefix(self) -> str:
        """The path of the public URL, which all pages share, without a trailing slash; usually empty."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    def trusts(self, address: str) -> bool:
        """Return whether the proxy at this address is trusted to name its clients."""
        if not self.trusted_proxies:
            return False
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        client_address = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(
            client_address.version == network.version and client_address in network for network in self.trusted_proxies
        )

    @property
    def slack_buttons(self) -> bool:
        """Whether messages in Slack have buttons: Slack must reach the webhook, which must verify that it is Slack."""
        return self.slack_signing_secret is not None and self.public_url is not None

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach the server."""
        return not is_loopback(self.host)

    @property
    def answers_in_the_clear(self) -> bool:
        """Whether other machines can reach the server without TLS, neither its own nor that of a trusted proxy."""
        return self.beyond_loopback and self.tls is None and not self.trusted_proxies

    @property
    def unencrypted(self) -> tuple[str, ...]:
        """The settings and servers to whose addresses a secret is sent without encryption beyond this machine."""
        urls = {"SLACK_API_URL": self.slack_api_url, "PAGERDUTY_EVENTS_URL": self.pagerduty_events_url}
        urls |= {"PAGERDUTY_API_URL": self.pagerduty_api_url} if self.pagerduty_api_key else {}
        providers = tuple(PREFIX + name for name, url in urls.items() if _in_the_clear(url))
        channels = (str(CHANNELS[name].setting) for name, url in self.urls.items() if _in_the_clear(url.reveal()))
        with_login = (server for server in self.alertmanagers if server.password or server.token)
        return (
            *providers,
            *channels,
            *(f"the address of {server.name}" for server in with_login if _in_the_clear(server.url)),
        )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raises SettingsError."""
    reader = _Reader(environment)
    host, port = reader.parsed("LISTEN", DEFAULT_LISTEN, _listen) or ("", 0)
    settings = Settings(
        catalog=Path(reader.text("CATALOG") or DEFAULT_CATALOG),
        database_url=reader.secret("DATABASE_URL") or Secret(DEFAULT_DATABASE_URL),
        host=host,
        port=port,
        tokens=reader.tokens("TOKEN"),
        delivery_login=reader.login("DELIVERY_USERNAME", "DELIVERY_PASSWORD"),
        public_url=reader.parsed("PUBLIC_URL", None, _web),
        alertmanagers=reader.alertmanagers(),
        evaluation_seconds=reader.parsed("EVALUATION_INTERVAL", DEFAULT_EVALUATION_INTERVAL, _interval) or 0.0,
        slack_bot_token=reader.secret("SLACK_BOT_TOKEN"),
        slack_api_url=reader.parsed("SLACK_API_URL", DEFAULT_SLACK_API_URL, _web) or "",
        slack_signing_secret=reader.secret("SLACK_SIGNING_SECRET"),
        pagerduty_webhook_secret=reader.secret("PAGERDUTY_WEBHOOK_SECRET"),
        pagerduty_routing_key=reader.secret("PAGERDUTY_ROUTING_KEY"),
        pagerduty_events_url=reader.parsed("PAGERDUTY_EVENTS_URL", DEFAULT_PAGERDUTY_EVENTS_URL, _web) or "",
        pagerduty_api_url=reader.parsed("PAGERDUTY_API_URL", DEFAULT_PAGERDUTY_API_URL, _web) or "",
        pagerduty_api_key=reader.secret("PAGERDUTY_API_KEY"),
        mail_server=reader.parsed_secret("SMTP_URL", parse_smtp_url),
        sms_gateway=reader.parsed_secret("APPRISE_SMS", parse_apprise_url),
        phone_gateway=reader.parsed_secret("APPRISE_PHONE", parse_apprise_url),
        retention_seconds=reader.parsed("RETENTION", DEFAULT_RETENTION, _retention),
        urls=reader.urls(),
        companions=reader.companions(),
        tls=reader.files("TLS_CERT_FILE", "TLS_KEY_FILE"),
        trusted_proxies=reader.parsed("TRUSTED_PROXIES", None, _networks) or (),
    )
    for name, channel in CHANNELS.items():
        if channel.setting and channel.companion:
            url, companion = settings.urls.get(name), settings.companions.get(name)
            variables = channel.setting.removeprefix(PREFIX), channel.companion.removeprefix(PREFIX)
            reader.require_both(variables[0], url, variables[1], companion)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


def tokens(text: str) -> tuple[Secret, ...]:
    """Return the secrets of a text, separated by commas or line breaks. Raises ValueError; no secret is in its text."""
    parts = [part.strip() for line in text.splitlines() for part in line.split(",") if part.strip()]
    if not parts:
        # Somebody set the variable to require a token, and without a token everybody would be let in.
        raise ValueError("holds no token: only commas and blanks")
    if len(parts) > MOST_TOKENS:
        raise ValueError(f"holds {len(parts)} tokens; at most {MOST_TOKENS} are valid at once")
    if not all(part.isascii() and part.isprintable() for part in parts):
        raise ValueError("must be printable ASCII")
    return tuple(Secret(part) for part in parts)


class _Reader:
    """Reads variables and collects their mistakes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        return self.environment.get(PREFIX + name, "").strip() or None

    def parsed(self, name: str, default: str | None, parse: Callable[[str], T]) -> T | None:
        text = self.text(name) or default
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{PREFIX}{name} {error}")
            return None

    def secret(self, name: str) -> Secret | None:
        raw = self._raw(name)
        if raw is None:
            return None
        if not raw.isprintable():
            self.problems.append(f"{PREFIX}{name} holds a line break or a control character")
            return None
        return Secret(raw)

    def tokens(self, name: str) -> tuple[Secret, ...]:
        raw = self._raw(name)
        if raw is None:
            return ()
        try:
            return tokens(raw)
        except ValueError as error:
            self.problems.append(f"{PREFIX}{name} {error}")
            return ()

    def alertmanagers(self) -> tuple[Server, ...]:
        """Return the Alertmanagers of the file, or the single one of `TOCSIN_ALERTMANAGER_URL`."""
        path, url = self.text("ALERTMANAGERS"), self.parsed("ALERTMANAGER_URL", None, _web)
        external_urls = self.parsed("ALERTMANAGER_EXTERNAL_URL", None, _external)
        username, password = self.text("ALERTMANAGER_USERNAME"), self.hidden("ALERTMANAGER_PASSWORD")
        token = self.hidden("ALERTMANAGER_TOKEN")
        if path is not None:
            single_names = ("URL", "EXTERNAL_URL", "USERNAME", "PASSWORD", "PASSWORD_FILE", "TOKEN", "TOKEN_FILE")
            set_names = [name for name in single_names if self.text(f"ALERTMANAGER_{name}") is not None]
            self.problems += [
                f"{PREFIX}ALERTMANAGERS and {PREFIX}ALERTMANAGER_{name} are both set; the file has a place for it"
                for name in set_names[:1]
            ]
            servers, problems = read_servers(Path(path))
            self.problems += [f"{PREFIX}ALERTMANAGERS: {problem}" for problem in problems]
            return servers
        if (username is None) != (password is None):
            self.problems.append(f"{PREFIX}ALERTMANAGER_USERNAME and {PREFIX}ALERTMANAGER_PASSWORD belong together")
        if username is not None and token is not None:
            self.problems.append(
                f"{PREFIX}ALERTMANAGER_USERNAME and {PREFIX}ALERTMANAGER_TOKEN exclude each other; set one of them"
            )
        if url is None:
            if any(setting is not None for setting in (external_urls, username, password, token)):
                self.problems.append(f"{PREFIX}ALERTMANAGER_URL is not set, but its login or external URL is")
            return ()
        return (
            Server(
                name=f"{PREFIX}ALERTMANAGER_URL",
                url=url,
                external_urls=external_urls or frozenset(),
                username=username,
                password=password,
                token=token,
            ),
        )

    def login(self, username_name: str, password_name: str) -> tuple[str, Secret] | None:
        """Return a user and a password; each may be in a file."""
        username, password = self.secret(username_name), self.secret(password_name)
        self.require_both(username_name, username, password_name, password)
        if username is None or password is None:
            return None
        if ":" in username.reveal():
            # RFC 7617, section 2: the first colon ends the user's name.
            self.problems.append(f"{PREFIX}{username_name} must not hold a colon (basic authentication)")
        return username.reveal(), password

    def hidden(self, name: str) -> Hidden | None:
        """Return a secret; a secret in a file is read again at each use."""
        secret, path = self.secret(name), self.text(f"{name}_FILE")
        if secret is None:
            return None
        return Hidden(secret=secret) if path is None else Hidden(path=Path(path))

    def require_both(self, name: str, value: object, companion_name: str, companion: object) -> None:
        """Add a problem if only one of two settings is set and there is no other problem."""
        if bool(value) != bool(companion) and not self.problems:
            present, missing = (name, companion_name) if value else (companion_name, name)
            self.problems.append(f"{PREFIX}{present} is set without {PREFIX}{missing}; set both")

    def files(self, first_name: str, second_name: str) -> tuple[Path, Path] | None:
        """Return the paths of two files that belong together; the files are read where they are used."""
        first, second = self.text(first_name), self.text(second_name)
        self.require_both(first_name, first, second_name, second)
        return (Path(first), Path(second)) if first and second else None

    def parsed_secret(self, name: str, parse: Callable[[Secret], T]) -> T | None:
        secret = self.secret(name)
        if secret is None:
            return None
        try:
            return parse(secret)
        except ValueError as error:
            self.problems.append(f"{PREFIX}{name} {error}")
            return None

    def urls(self) -> dict[str, Secret]:
        """Return the addresses that `CHANNELS` declares as the only setting of a channel."""
        declared = {name: channel.setting for name, channel in CHANNELS.items() if channel.is_set_by_url}
        urls = {
            name: self.parsed_secret(setting.removeprefix(PREFIX), _secret_web)
            for name, setting in declared.items()
            if setting
        }
        return {name: url for name, url in urls.items() if url is not None}

    def companions(self) -> dict[str, Secret]:
        """Return the companions that `CHANNELS` declares; the senders read what is in them."""
        declared = {name: channel.companion for name, channel in CHANNELS.items() if channel.companion}
        texts = {name: self._raw(companion.removeprefix(PREFIX)) for name, companion in declared.items()}
        return {name: Secret(text) for name, text in texts.items() if text is not None}

    def _raw(self, name: str) -> str | None:
        """Return the value of the variable, or the content of the file that its `…_FILE` names."""
        value, path = self.text(name), self.text(f"{name}_FILE")
        if value is not None and path is not None:
            self.problems.append(f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set; set one of them")
        if value is not None or path is None:
            return value
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            self.problems.append(f"{PREFIX}{name}_FILE: {path}: {reason}")
            return None
        if not content:
            self.problems.append(f"{PREFIX}{name}_FILE: {path}: is empty")
        return content or None


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9095 or [::]:9095")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  `:9095` means every address, as elsewhere


def _networks(text: str) -> tuple[Network, ...]:
    parts = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts)
    except ValueError:
        raise ValueError(
            "must be addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, separated by commas"
        ) from None


def _retention(text: str) -> float | None:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([dw])", text, flags=re.ASCII)
    if match is None and text != "off":
        raise ValueError("must be a number of days or weeks, such as 90d or 12w, or off")
    return None if match is None else float(int(match[1]) * DAY * (7 if match[2] == "w" else 1))


def _interval(text: str) -> float:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", text, flags=re.ASCII)
    if match is None:
        raise ValueError("must be a number of seconds, minutes or hours with one unit, such as 30s, 15m or 1h")
    seconds = float(int(match[1]) * {"s": 1, "m": 60, "h": 3_600}[match[2]])
    if seconds > DAY:
        raise ValueError("is longer than a day: no rule is evaluated so seldom")
    return seconds


def _web(text: str) -> str:
    url = web_address(text)
    if url is None or urlsplit(url).username is not None:
        raise ValueError("must be an http or https address without a user name")
    return url.rstrip("/")


def _external(text: str) -> frozenset[str]:
    return frozenset(plain_address(_web(part)) for part in text.replace(",", " ").split())


def _secret_web(secret: Secret) -> Secret:
    _web(secret.reveal())
    return secret


def _in_the_clear(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
