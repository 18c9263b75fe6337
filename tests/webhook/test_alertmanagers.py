"""Tests of the file of Alertmanagers: the servers that it gives, and the problems that its mistakes cause."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from webhook.alertmanagers import Hidden, peers, read_servers
from webhook.settings import SettingsError, read_settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("pa55\n")
    (tmp_path / "empty").write_text("")
    return tmp_path / "alertmanagers.yaml"


def test_whole_entry(path: Path) -> None:
    """An entry may hold all keys; paths are relative to the file, as in Prometheus."""
    path.write_text(
        dedent("""\
        alertmanagers:
          - name: eu
            url: http://10.0.0.1:9093/prefix/
            external_url: https://AM-eu.example.com:443/
            external_urls: [http://eu-1:9093, http://eu-2:9093]
            basic_auth: {username: ops, password_file: password}
            headers: {X-Scope-OrgID: team-a, X-Key: {file: password}}
            ca_file: password
            client_certificate_file: password
            client_key_file: password
          - name: us
            url: https://us.example.com
            external_url: https://us.example.com
            bearer_token_file: password
        """)
    )
    (eu, us), problems = read_servers(path)
    assert problems == ()
    assert (eu.url, eu.username, eu.headers["X-Scope-OrgID"]) == ("http://10.0.0.1:9093/prefix", "ops", "team-a")
    assert eu.external_urls == {"https://am-eu.example.com", "http://eu-1:9093", "http://eu-2:9093"}
    key, token = eu.headers["X-Key"], us.token
    assert isinstance(key, Hidden)
    assert token is not None
    assert key.read().reveal() == token.read().reveal() == "pa55"
    assert eu.ca_file == eu.client_key_file == path.parent / "password"
    assert peers((eu, us), "http://eu-1:9093") == eu.external_urls
    assert peers((eu, us), "http://unknown") == frozenset()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1: is empty; it has to hold a list `alertmanagers`"),
        ("- a", ":1: the file must be a mapping"),
        ("alertmanager: []", ":1: the file has no key `alertmanager`; it has `alertmanagers`"),
        ("alertmanagers: []", ":1: `alertmanagers` must be a list with an entry for each Alertmanager"),
        ("alertmanagers:\n  - a", ":2: an entry of `alertmanagers` must be a mapping"),
        ("alertmanagers:\n  - {name: a, external_url: http://a}", ":2: lacks `url`"),
        ("alertmanagers:\n  - {name: a, url: http://a}", ":2: lacks `external_url`: what its `--web.external-url` is, as its deliveries say"),
        ("alertmanagers:\n  - name: a\n    url: a.example.com\n    external_url: http://a", ":3: `url` must be an http or https address without a user name"),
        ("alertmanagers:\n  - name: a\n    url: http://u:p@a\n    external_url: http://a", ":3: `url` must be an http or https address without a user name"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: [x]}", ":2: `external_url` must be a text on one line"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_urls: x}", ":2: `external_urls` must be a list of addresses"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, basic_auth: {username: u}}", ":2: `basic_auth` needs `username` and `password_file`"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, bearer_token_file: missing}", "/missing: No such file or directory"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, bearer_token_file: empty}", "/empty: is empty"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, headers: {Authorization: x}}", ":2: `Authorization` cannot be a further header"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, headers: {X-A: {value: x}}}", "has no key `value`; it has `file`"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, client_key_file: password}", ":2: `client_certificate_file` and `client_key_file` belong together"),
        ("alertmanagers:\n  - {name: a, name: b, url: http://a, external_url: http://a}", ":2: `name` stands here twice"),
        ("alertmanagers:\n  - &a {name: a, url: http://a, external_url: http://a}\n  - *a", ":2: the name `a` is taken by an entry above"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, password: p}", "has no key `password`"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://x}\n  - {name: b, url: http://a, external_url: http://x/, headers: {T: b}}", ":3: has the external URL http://x of `a` above, which is asked as somebody else, so that no delivery says whose it is: give each a `cluster`"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://x, cluster: a}\n  - {name: b, url: http://b, external_url: http://x}", ":3: has the external URL http://x of `a` above, which is in another cluster"),
        ("alertmanagers:\n  - {name: a, url: http://a, external_url: http://a, cluster: a b}", ":2: `cluster` must be a name of letters, digits, `.`, `_` and `-`"),
        ("alertmanagers: [", ":1: is not YAML"),
        ("a: \x00", "is not YAML"),
        ("[" * 10_000, "is not YAML"),
    ],
)  # fmt: skip
def test_mistake_is_said_with_its_line(path: Path, text: str, problem: str) -> None:
    """A mistake is never a traceback, and a file with a mistake gives no server."""
    path.write_text(text)
    servers, problems = read_servers(path)
    assert servers == ()
    assert any(problem in line for line in problems), problems


def test_all_mistakes_are_said_at_once(path: Path) -> None:
    """The settings report all mistakes and name the variable."""
    path.write_text("alertmanagers:\n  - {name: a}\n  - {url: http://a, external_url: http://a}\n")
    with pytest.raises(SettingsError) as error:
        read_settings({"TOCSIN_ALERTMANAGERS": str(path), "TOCSIN_LISTEN": "x"})
    assert [line.split(":")[0] for line in error.value.problems[1:]] == ["TOCSIN_ALERTMANAGERS"] * 3


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"ALERTMANAGERS": "missing", "ALERTMANAGER_URL": "http://a"}, "TOCSIN_ALERTMANAGERS and TOCSIN_ALERTMANAGER_URL are both set"),
        ({"ALERTMANAGER_URL": "http://a", "ALERTMANAGER_USERNAME": "u"}, "belong together"),
        ({"ALERTMANAGER_URL": "http://a", "ALERTMANAGER_USERNAME": "u", "ALERTMANAGER_PASSWORD": "p", "ALERTMANAGER_TOKEN": "t"}, "exclude each other"),
        ({"ALERTMANAGER_TOKEN": "t"}, "TOCSIN_ALERTMANAGER_URL is not set"),
        ({"ALERTMANAGER_URL": "http://a", "ALERTMANAGER_EXTERNAL_URL": "am"}, "TOCSIN_ALERTMANAGER_EXTERNAL_URL must be an http"),
        ({"ALERTMANAGER_URL": "http://a", "ALERTMANAGER_TOKEN_FILE": "missing"}, "missing: No such file"),
    ],
)  # fmt: skip
def test_settings_of_a_single_one_that_do_not_fit(environment: dict[str, str], problem: str) -> None:
    """The problems name the variables."""
    with pytest.raises(SettingsError, match="TOCSIN_ALERTMANAGER") as error:
        read_settings({f"TOCSIN_{name}": value for name, value in environment.items()})
    assert any(problem in line for line in error.value.problems), error.value.problems


def test_single_one_with_a_login_by_file(path: Path) -> None:
    """The file is read when the password is used."""
    file = path.parent / "password"
    settings = read_settings(
        {
            "TOCSIN_ALERTMANAGER_URL": "http://inside:9093",
            "TOCSIN_ALERTMANAGER_EXTERNAL_URL": "https://am.example.com/, http://am-1:9093",
            "TOCSIN_ALERTMANAGER_USERNAME": "ops",
            "TOCSIN_ALERTMANAGER_PASSWORD_FILE": str(file),
        }
    )
    (server,) = settings.alertmanagers
    assert server.external_urls == {"https://am.example.com", "http://am-1:9093"}
    file.write_text("another")
    assert server.password is not None
    assert server.password.read().reveal() == "another"
    assert "another" not in repr(settings)
    assert settings.unencrypted == ("the address of TOCSIN_ALERTMANAGER_URL",)
