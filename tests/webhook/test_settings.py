"""Tests of the environment: defaults, secrets, and mistakes that are reported by name and never by value."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from webhook.mail_server import parse_smtp_url
from webhook.secret import Secret
from webhook.senders.registry import configured
from webhook.settings import SettingsError, read_settings


def problems(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        configured(read_settings({f"TOCSIN_{name}": value for name, value in variables.items()}))
    return "\n".join(caught.value.problems)


def test_empty_environment_is_a_working_one() -> None:
    """The defaults are those of the contract."""
    settings = read_settings({})
    assert (str(settings.catalog), settings.database_url.reveal(), settings.host, settings.port) == (
        "generated/catalog.json",
        "sqlite:///tocsin.db",
        "127.0.0.1",
        9095,
    )
    assert (settings.slack_api_url, settings.pagerduty_events_url) == (
        "https://slack.com/api",
        "https://events.pagerduty.com",
    )
    assert (settings.tokens, settings.beyond_loopback, settings.mail_server) == ((), False, None)


def test_every_secret_can_come_from_a_file(tmp_path: Path) -> None:
    """Orchestrators mount secrets as files, with or without a line end."""
    names = ("SLACK_BOT_TOKEN", "PAGERDUTY_ROUTING_KEY", "DATABASE_URL", "SMTP_URL", "TOKEN")
    environment = {}
    for name in names:
        (tmp_path / name).write_text(("smtp://h" if name == "SMTP_URL" else f"value of {name}") + "\n")
        environment[f"TOCSIN_{name}_FILE"] = str(tmp_path / name)
    settings = read_settings(environment)
    assert settings.slack_bot_token == Secret("value of SLACK_BOT_TOKEN")
    assert settings.pagerduty_routing_key == Secret("value of PAGERDUTY_ROUTING_KEY")
    assert settings.database_url == Secret("value of DATABASE_URL")
    assert settings.mail_server is not None
    assert settings.tokens == (Secret("value of TOKEN"),)


@pytest.mark.parametrize("text", ["one,two", "one, two", "one\ntwo\n", " one \r\n two "])
def test_two_tokens_by_comma_or_line(tmp_path: Path, text: str) -> None:
    """Both tokens are valid."""
    path = tmp_path / "token"
    path.write_text(text)
    assert read_settings({"TOCSIN_TOKEN_FILE": str(path)}).tokens == (Secret("one"), Secret("two"))


def test_all_mistakes_are_told_at_once() -> None:
    """The report names each variable, without its value."""
    text = problems(
        LISTEN="nowhere",
        PUBLIC_URL="ftp://x",
        SLACK_API_URL="https://user:secret@x",
        SMTP_URL="http://secret",
        TOKEN="a,b,c",
        SLACK_BOT_TOKEN="a\nsecret",
        DATABASE_URL="x",
        DATABASE_URL_FILE="/y",
    )
    assert text.splitlines() == [
        "TOCSIN_LISTEN must be an address and a port, such as 127.0.0.1:9095 or [::]:9095",
        "TOCSIN_DATABASE_URL and TOCSIN_DATABASE_URL_FILE are both set; set one of them",
        "TOCSIN_TOKEN holds 3 tokens; at most 2 are valid at once",
        "TOCSIN_PUBLIC_URL must be an http or https address without a user name",
        "TOCSIN_SLACK_BOT_TOKEN holds a line break or a control character",
        "TOCSIN_SLACK_API_URL must be an http or https address without a user name",
        "TOCSIN_SMTP_URL must begin with smtp:// or smtps:// and name a host",
    ]
    assert "secret" not in text


def test_secret_file_that_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    """A mount that failed must not look like a setting that is not set."""
    (tmp_path / "empty").write_text("\n")
    assert "No such file or directory" in problems(SLACK_BOT_TOKEN_FILE=str(tmp_path / "none"))
    assert "is empty" in problems(TOKEN_FILE=str(tmp_path / "empty"))
    assert "Is a directory" in problems(TOKEN_FILE=str(tmp_path))


@pytest.mark.parametrize(
    ("listen", "host", "beyond"),
    [
        ("127.0.0.1:1", "127.0.0.1", False),
        ("[::1]:1", "::1", False),
        ("localhost:1", "localhost", False),
        ("0.0.0.0:1", "0.0.0.0", True),
        (":1", "0.0.0.0", True),
        ("[::]:1", "::", True),
        ("10.0.0.1:1", "10.0.0.1", True),
    ],
)
def test_listening_beyond_loopback_is_known(listen: str, host: str, *, beyond: bool) -> None:
    """It decides whether a token is needed."""
    settings = read_settings({"TOCSIN_LISTEN": listen})
    assert (settings.host, settings.beyond_loopback) == (host, beyond)


@pytest.mark.parametrize(
    ("listen", "others", "clear"),
    [
        ("0.0.0.0:1", {}, True),
        ("[::]:1", {"TOCSIN_PUBLIC_URL": "https://tocsin.example.com"}, True),
        ("10.0.0.1:1", {"TOCSIN_TRUSTED_PROXIES": "10.0.0.2"}, False),
        ("10.0.0.1:1", {"TOCSIN_TLS_CERT_FILE": "cert.pem", "TOCSIN_TLS_KEY_FILE": "key.pem"}, False),
        ("127.0.0.1:1", {}, False),
        ("localhost:1", {}, False),
    ],
)
def test_answering_without_tls_beyond_loopback_is_known(
    listen: str, others: dict[str, str], tmp_path: Path, *, clear: bool
) -> None:
    """Its own certificate or a configured proxy makes it safe; a public https address proves nothing."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()
    files = {key: str(tmp_path / value) if value.endswith(".pem") else value for key, value in others.items()}
    assert read_settings({"TOCSIN_LISTEN": listen, **files}).answers_in_the_clear is clear


def test_unencrypted_provider_is_known_beyond_this_machine() -> None:
    """A stand-in on loopback is fine, a proxy elsewhere deserves a warning."""
    assert read_settings({"TOCSIN_SLACK_API_URL": "http://127.0.0.1:1/api"}).unencrypted == ()
    assert read_settings({"TOCSIN_SLACK_API_URL": "http://proxy.example.com/api"}).unencrypted == (
        "TOCSIN_SLACK_API_URL",
    )
    keys = {"TOCSIN_WEBHOOK_SECRET": "key"}
    hook = read_settings({"TOCSIN_WEBHOOK_URL": "http://hooks.example.com/hush", **keys})
    assert hook.unencrypted == ("TOCSIN_WEBHOOK_URL",)
    assert read_settings({"TOCSIN_WEBHOOK_URL": "http://127.0.0.1:1/hush", **keys}).unencrypted == ()


def test_secret_shows_itself_to_nobody() -> None:
    """No accidental use shows its value."""
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r} {secret!s} {[secret]} {secret:>20} {vars(type(secret))}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    assert "hush" not in repr(
        read_settings({"TOCSIN_TOKEN": "hush", "TOCSIN_SLACK_BOT_TOKEN": "hush", "TOCSIN_SMTP_URL": "smtps://u:hush@h"})
    )


def test_secret_is_cut_out_of_text_in_both_forms() -> None:
    """It is removed in its plain form and in its URL form."""
    assert Secret("a/b c").redact("x a/b c y a%2Fb%20c z") == "x *** y *** z"
    assert Secret("").redact("text") == "text"


def test_mail_url_is_parsed() -> None:
    """Ports, TLS and sender follow the customs of the scheme."""
    settings = parse_smtp_url(Secret("smtp://user%40x:p%2Fw@mail.example.com?from=tocsin@example.com"))
    assert (settings.host, settings.port, settings.implicit_tls, settings.starttls, settings.user, settings.sender) == (
        "mail.example.com",
        587,
        False,
        True,
        "user@x",
        "tocsin@example.com",
    )
    assert settings.password == Secret("p/w")
    assert (parse_smtp_url(Secret("smtps://h")).port, parse_smtp_url(Secret("smtps://h")).implicit_tls) == (465, True)
    assert parse_smtp_url(Secret("smtp://127.0.0.1:25")).starttls is False
    assert parse_smtp_url(Secret("smtp://h:25?starttls=no")).starttls is False
    assert parse_smtp_url(Secret("smtp://a@b.example.com:x@h")).sender == "a@b.example.com"


@pytest.mark.parametrize(
    ("words", "starttls"),
    [(["yes", "true", "on", "1", "TRUE", "Yes"], True), (["no", "false", "off", "0", "False"], False)],
)
def test_yes_and_no_have_their_common_words(words: list[str], *, starttls: bool) -> None:
    """Capitals do not matter, and the words of other programs work."""
    assert {parse_smtp_url(Secret(f"smtp://h?starttls={word}")).starttls for word in words} == {starttls}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mail.example.com", "must begin with smtp:// or smtps://"),
        ("smtp://", "must begin with smtp:// or smtps:// and name a host"),
        ("smtp://h:x", "is not a URL"),
        ("smtp://h?tls=1", "unknown option 'tls'"),
        ("smtp://h?starttls=maybe", "has a starttls that is neither yes nor no; true, on and 1 mean yes"),
        ("smtp://h?starttls=", "neither yes nor no"),
        ("smtps://h?starttls=TRUE", "STARTTLS within TLS"),
        ("smtp://u:hush@h?starttls=0", "would send the password in the clear"),
        ("smtps://h?starttls=yes", "STARTTLS within TLS"),
        ("smtp://u:hush@h?starttls=no", "would send the password in the clear"),
        ("smtp://h?from=nobody", "from that is not a mail address"),
        ("smtp://h?from=a@b%0d%0aBcc:c@d", "from that is not a mail address"),
    ],
)
def test_mail_url_mistakes_are_told_without_the_url(url: str, expected: str) -> None:
    """The URL holds a password."""
    with pytest.raises(ValueError, match=expected) as caught:
        parse_smtp_url(Secret(url))
    assert "hush" not in str(caught.value)


def test_login_of_deliveries_is_whole_or_not_there() -> None:
    """A user name alone would let everybody in, or nobody."""
    assert "TOCSIN_DELIVERY_PASSWORD; set both" in problems(DELIVERY_USERNAME="x")
    assert "TOCSIN_DELIVERY_USERNAME; set both" in problems(DELIVERY_PASSWORD="secret")
    text = problems(DELIVERY_USERNAME="a:b", DELIVERY_PASSWORD="secret")
    assert text == "TOCSIN_DELIVERY_USERNAME must not hold a colon (basic authentication)"
    settings = read_settings({"TOCSIN_DELIVERY_USERNAME": "x", "TOCSIN_DELIVERY_PASSWORD": "pass:word"})
    assert "pass:word" not in repr(settings)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3_600)])
def test_evaluation_interval_is_written_as_prometheus_writes_it(text: str, seconds: float) -> None:
    """It is one number and one unit."""
    assert read_settings({"TOCSIN_EVALUATION_INTERVAL": text}).evaluation_seconds == seconds


def test_evaluation_interval_of_more_than_a_day_is_refused() -> None:
    """Otherwise no server could ever prove that nothing fires."""
    with pytest.raises(SettingsError, match="is longer than a day"):
        read_settings({"TOCSIN_EVALUATION_INTERVAL": "25h"})


@pytest.mark.parametrize("text", ["15", "0m", "1m30s", "-1m", "15 m", "fifteen"])
def test_evaluation_interval_that_says_no_time_is_refused(text: str) -> None:
    """Without a unit nobody knows whether it is seconds or minutes."""
    with pytest.raises(SettingsError, match="TOCSIN_EVALUATION_INTERVAL must be a number of seconds"):
        read_settings({"TOCSIN_EVALUATION_INTERVAL": text})
