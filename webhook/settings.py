"""The environment of the webhook, read once at start: names and defaults stand here and nowhere else.

Every secret may also be given as a file in `…_FILE`. All mistakes are told at once, by the name of the variable and
never by its value.
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
from webhook.mail_server import MailServer, is_loopback, parse_smtp_url
from webhook.secret import Secret
from webhook.signatures import standard_key
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
    """The environment cannot be used; `problems` has a sentence for each variable that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says."""

    catalog: Path
    database_url: Secret
    host: str
    port: int
    tokens: tuple[Secret, ...]
    """Bearer tokens that are accepted; two while one is being replaced by the other."""
    delivery_login: tuple[str, Secret] | None
    """The user and the password by which deliveries are let in, beside the tokens."""
    public_url: str | None
    alertmanagers: tuple[Server, ...]
    """Who may be asked whether alerts still fire."""
    evaluation_seconds: float
    """How seldom Prometheus evaluates its slowest rules."""
    slack_bot_token: Secret | None
    slack_api_url: str
    slack_signing_secret: Secret | None
    """Checks that a press of a button comes from Slack; without it there are no buttons."""
    pagerduty_routing_key: Secret | None
    pagerduty_events_url: str
    pagerduty_api_url: str
    pagerduty_api_key: Secret | None
    pagerduty_webhook_secret: Secret | None
    mail_server: MailServer | None
    sms_gateway: Gateway | None
    phone_gateway: Gateway | None
    retention_seconds: float | None
    """How long a resolved incident stays before it is archived; None is for ever."""
    webhook_url: Secret | None
    """Where the outgoing webhook posts to; a secret, because such addresses often hold a token."""
    webhook_secrets: tuple[Secret, ...]
    tls: tuple[Path, Path] | None
    """The files of the certificate and of its key, where TLS is spoken here and not by a proxy."""
    trusted_proxies: tuple[Network, ...]
    """Whose `X-Forwarded-*` headers are believed."""

    @property
    def path_prefix(self) -> str:
        """What stands before every path of the public URL, without the last slash; mostly nothing."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    def trusts(self, address: str) -> bool:
        """Return whether what the proxy at this address says of others is believed."""
        if not self.trusted_proxies:
            return False
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain.version == network.version and plain in network for network in self.trusted_proxies)

    @property
    def slack_buttons(self) -> bool:
        """Whether messages in Slack carry buttons: Slack has to reach us, and we have to know that it is Slack."""
        return self.slack_signing_secret is not None and self.public_url is not None

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach the server."""
        return not is_loopback(self.host)

    @property
    def answers_in_the_clear(self) -> bool:
        """Whether other machines can reach the server without TLS, its own or that of a proxy which is named."""
        return self.beyond_loopback and self.tls is None and not self.trusted_proxies

    @property
    def unencrypted(self) -> tuple[str, ...]:
        """The providers' addresses that send a secret in the clear beyond this machine."""
        found = {"SLACK_API_URL": self.slack_api_url, "PAGERDUTY_EVENTS_URL": self.pagerduty_events_url}
        found |= {"PAGERDUTY_API_URL": self.pagerduty_api_url} if self.pagerduty_api_key else {}
        providers = tuple(PREFIX + name for name, url in found.items() if _in_the_clear(url))
        logs_in = (one for one in self.alertmanagers if one.password or one.token)
        return (*providers, *(f"the address of {one.name}" for one in logs_in if _in_the_clear(one.url)))


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
        webhook_url=reader.parsed_secret("WEBHOOK_URL", _secret_web),
        webhook_secrets=reader.signing_keys("WEBHOOK_SECRET"),
        tls=reader.files("TLS_CERT_FILE", "TLS_KEY_FILE"),
        trusted_proxies=reader.parsed("TRUSTED_PROXIES", None, _networks) or (),
    )
    reader.together("WEBHOOK_URL", settings.webhook_url, "WEBHOOK_SECRET", settings.webhook_secrets)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


class _Reader:
    """Reads variables and collects what is wrong with them."""

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
        found = [part.strip() for line in raw.splitlines() for part in line.split(",") if part.strip()]
        if not found:
            # Whoever has written something wants a token to be asked for, and without one everybody is let in.
            self.problems.append(f"{PREFIX}{name} holds no token: only commas and blanks")
        elif len(found) > MOST_TOKENS:
            self.problems.append(f"{PREFIX}{name} holds {len(found)} tokens; at most {MOST_TOKENS} are valid at once")
        elif not all(part.isascii() and part.isprintable() for part in found):
            self.problems.append(f"{PREFIX}{name} must be printable ASCII")
        return tuple(Secret(part) for part in found)

    def signing_keys(self, name: str) -> tuple[Secret, ...]:
        found = self.tokens(name)
        for secret in found:
            try:
                standard_key(secret)
            except ValueError as error:
                self.problems.append(f"{PREFIX}{name} {error}")
        return found

    def alertmanagers(self) -> tuple[Server, ...]:
        """Return the Alertmanagers of the file, or the single one of `TOCSIN_ALERTMANAGER_URL`."""
        path, url = self.text("ALERTMANAGERS"), self.parsed("ALERTMANAGER_URL", None, _web)
        external = self.parsed("ALERTMANAGER_EXTERNAL_URL", None, _external)
        username, password = self.text("ALERTMANAGER_USERNAME"), self.hidden("ALERTMANAGER_PASSWORD")
        token = self.hidden("ALERTMANAGER_TOKEN")
        if path is not None:
            single = ("URL", "EXTERNAL_URL", "USERNAME", "PASSWORD", "PASSWORD_FILE", "TOKEN", "TOKEN_FILE")
            given = [name for name in single if self.text(f"ALERTMANAGER_{name}") is not None]
            self.problems += [
                f"{PREFIX}ALERTMANAGERS and {PREFIX}ALERTMANAGER_{name} are both set; the file has a place for it"
                for name in given[:1]
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
            if any(one is not None for one in (external, username, password, token)):
                self.problems.append(
                    f"{PREFIX}ALERTMANAGER_URL is not set, though how to log in there, or its name, is"
                )
            return ()
        return (
            Server(
                name=f"{PREFIX}ALERTMANAGER_URL",
                url=url,
                external_urls=external or frozenset(),
                username=username,
                password=password,
                token=token,
            ),
        )

    def login(self, name: str, other: str) -> tuple[str, Secret] | None:
        """Return a user and a password; each may stand in a file."""
        username, password = self.secret(name), self.secret(other)
        self.together(name, username, other, password)
        if username is None or password is None:
            return None
        if ":" in username.reveal():
            # RFC 7617, section 2: the first colon ends the user's name.
            self.problems.append(f"{PREFIX}{name} holds a colon, which no user's name of basic authentication can")
        return username.reveal(), password

    def hidden(self, name: str) -> Hidden | None:
        """Return a secret; one in a file is read again whenever it is used."""
        secret, path = self.secret(name), self.text(f"{name}_FILE")
        if secret is None:
            return None
        return Hidden(secret=secret) if path is None else Hidden(path=Path(path))

    def together(self, name: str, value: object, other: str, companion: object) -> None:
        """Note a problem when one of two settings is given without the other."""
        if bool(value) != bool(companion) and not self.problems:
            given, missing = (name, other) if value else (other, name)
            self.problems.append(f"{PREFIX}{given} is set without {PREFIX}{missing}; set both")

    def files(self, name: str, other: str) -> tuple[Path, Path] | None:
        """Return two paths of files that go together; they are read where they are used."""
        first, second = self.text(name), self.text(other)
        self.together(name, first, other, second)
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

    def _raw(self, name: str) -> str | None:
        """Return the value of the variable or of the file that its `…_FILE` names; never both."""
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
    found = re.fullmatch(r"([1-9][0-9]{0,4})([dw])", text, flags=re.ASCII)
    if found is None and text != "off":
        raise ValueError("must be a number of days or weeks, such as 90d or 12w, or off")
    return None if found is None else float(int(found[1]) * DAY * (7 if found[2] == "w" else 1))


def _interval(text: str) -> float:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", text, flags=re.ASCII)
    if found is None:
        raise ValueError("must be a number of seconds, minutes or hours with one unit, such as 30s, 15m or 1h")
    seconds = float(int(found[1]) * {"s": 1, "m": 60, "h": 3_600}[found[2]])
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
