"""Tests of secrets in files: secrets with a form of their own are found, and no output repeats them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler import reports
from compiler.checks import secrets
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from tests.compiler.base import SHOP, SPEC, codes, edit, tocsin

KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TOKEN = "t0kenOfThirtySixLettersAndDigits012345"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0"

SECRETS = {
    "a Slack webhook": (f"https://hooks.slack.com/services/T0/B0/{TOKEN}", TOKEN),
    "a Slack token": (f"token xoxb-1234567890-{TOKEN}", TOKEN),
    "a GitHub token": (f"ghp_{TOKEN}", TOKEN),
    "a fine-grained GitHub token": (f"github_pat_{TOKEN}", TOKEN),
    "a GitLab token": (f"glpat-{TOKEN}", TOKEN),
    "an AWS key": ("AWS_ACCESS_KEY_ID=AKIA" + "ABCD2345" * 2, "ABCD2345" * 2),
    "a web token": (WEB_TOKEN, WEB_TOKEN),
    "a bearer token": (f"Authorization: Bearer {TOKEN}", TOKEN),
    "a web token as bearer token": (f"curl -H 'Authorization: Bearer {WEB_TOKEN}'", WEB_TOKEN),
    "a key of PagerDuty": (f"routing_key: {KEY}", KEY),
    "a key in JSON": (f'{{"routing_key": "{KEY}"}}', KEY),
    "an address": ("postgres://app:hunter2@db:5432/app", "hunter2"),
    "a password with an at sign": ("postgres://app:hunt@er2@db:5432/app", "hunt@er2"),
    "a variable": ("PGPASSWORD=hunter2 psql", "hunter2"),
    "an option": ("redis-cli --password='hunter2'", "hunter2"),
    "MySQL's option": ("mysql -u app -p'hunter2' app", "hunter2"),
    "curl's option": ("curl -sS -u app:hunter2 http://x", "hunter2"),
}
NO_SECRETS = (
    "token_file: /etc/alertmanager/secrets/tocsin-token",
    "routing_key_file: /etc/alertmanager/secrets/pagerduty-routing-key",
    "PGPASSWORD=$PGPASSWORD psql",
    'PGPASSWORD="${PASSWORD}" psql',
    "PGPASSWORD=<password> psql",
    "PGPASSWORD=$(cat /run/secret) psql",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer <token-of-the-service-account>",
    "postgres://app:${PASSWORD}@db/app",
    "postgres://app:<password>@db/app",
    "postgres://app:password@db/app",
    "http://tocsin:9095/v1/alertmanager",
    "see http://[::1]:9095/ or mail ops@example.com",
    "password=",
    "the password: ask the owner",
    "mkdir -p 'a b' && ss -ltnp",
    "curl -u app https://x",
    "image@sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "key: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "https://hooks.slack.com/services/<team>/<channel>/<secret>",
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_once_and_no_report_repeats_it(name: str) -> None:
    """No report repeats it, neither in the message nor in the source line. The text beside it is shown."""
    text, secret = SECRETS[name]
    diagnostics = Diagnostics()
    diagnostics.read("a", f"ü {text} end")
    secrets.check("a", f"ü {text} end", diagnostics)
    diagnostics.error("schema", diagnostics.found[0].span, f"`{text}` does not fit here", hint=f"not `{text}`")
    assert [finding.code for finding in diagnostics.found] == ["secret", "schema"]
    for form, render in reports.FORMATS.items():
        shown = render(diagnostics)
        assert secret not in shown
        assert form != "text" or " end\n" in shown


@pytest.mark.parametrize("text", NO_SECRETS)
def test_a_placeholder_a_file_and_an_address_without_a_password_are_no_secrets(text: str) -> None:
    """Runbooks are full of them."""
    diagnostics = Diagnostics()
    secrets.check("a", text, diagnostics)
    assert diagnostics.found == []


def test_a_private_key_is_hidden_line_by_line() -> None:
    """The lines behind the first are part of the key."""
    body = "\n".join(f"    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj{line}" for line in range(3))
    text = f"key: |\n    -----BEGIN RSA PRIVATE KEY-----\n{body}\n    -----END RSA PRIVATE KEY-----\n"
    diagnostics = Diagnostics()
    diagnostics.read("a", text)
    secrets.check("a", text, diagnostics)
    (finding,) = diagnostics.found
    assert (finding.code, finding.span.line, finding.span.column) == ("secret", 3, 5)
    for line in range(3, 6):
        assert "MIIE" not in (diagnostics.line(finding.span._replace(line=line)) or "")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    "damage",
    [
        ("title: The shop", "title: [ghp_{}"),
        ("title: The shop", "title: {{ghp_{}: 1}}"),
        ("title: The shop", "titel: ghp_{}"),
        ("deliver: direct", "deliver: ghp_{}"),
        ('"> 150ms"', '"ghp_{}"'),
        ("team: books", "team: ghp_{}"),
        ("gauge: checkout_open", "gauge: 'ghp_{}-'"),
        ("version: 1", "version: 1 # ghp_{}"),
    ],
)
def test_a_secret_that_is_wrong_in_another_way_too_is_not_shown(damage: tuple[str, str]) -> None:
    """It does not matter which stage reports the value: syntax, schema or meaning."""
    edit(SPEC, damage[0], damage[1].format(TOKEN))
    compilation = compile_spec(Path(SPEC))
    assert "secret" in [finding.code for finding in compilation.diagnostics]
    for form in sorted(reports.FORMATS):
        result = tocsin("check", "--format", form)
        assert TOKEN not in result.stdout + result.stderr


@pytest.mark.usefixtures("base")
def test_a_secret_beside_a_byte_that_is_not_text_is_not_shown() -> None:
    """The finding about the byte shows the line."""
    edit(SHOP, "Nobody can pay.", b"Nobody \xff PGPASSWORD=hunter2 can pay.")
    result = tocsin("check")
    assert "encoding" in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.usefixtures("base")
def test_a_short_password_does_not_hide_the_same_word_elsewhere() -> None:
    """The system has the same name as the password, and findings about it stay readable."""
    edit(SPEC, "{path}#{anchor}", "{path}#{anchor}?db=postgres://a:shop@db/")
    edit(SPEC, "      error_ratio:  off\n", "      shop:  off\n")
    text = reports.text(compile_spec(Path(SPEC)).diagnostics)
    assert "a:****@db" in text
    assert codes()
