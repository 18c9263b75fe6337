"""Tests of the delivery from Alertmanager to the webhook: TLS, and secrets in clear text."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from compiler.compilation import compile_spec
from tests.compiler.base import SPEC, codes, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")
GIVEN = "{url: http://tocsin:9095/v1/alertmanager, token_file: /etc/alertmanager/token}"
LOGIN = "basic_auth: {username: a, password_file: /b}"


@pytest.mark.parametrize(
    ("url", "secret", "found"),
    [
        ("http://tocsin.example.com/", "token_file: /a", ["cleartext"]),
        ("http://tocsin.example.com:9095/", LOGIN, ["cleartext"]),
        ("http://10.0.0.7/", "token_file: /a", ["cleartext"]),
        ("http://[fd00::7]:9095/", "token_file: /a", ["cleartext"]),
        ("http://tocsin.monitoring.svc/", LOGIN, ["cleartext"]),
        ("http://127.example.com/", "token_file: /a", ["cleartext"]),
        ("http://tocsin.example.com/", "", []),
        ("https://tocsin.example.com/", "token_file: /a", []),
        ("http://tocsin:9095/", "token_file: /a", []),
        ("http://localhost:9095/", LOGIN, []),
        ("http://127.0.0.1:9095/", "token_file: /a", []),
        ("http://[::1]:9095/", "token_file: /a", []),
    ],
)
def test_a_secret_over_a_network_in_the_clear_is_a_warning(url: str, secret: str, found: list[str]) -> None:
    """A person who reads the secret can deliver ends of alerts.

    On one machine or container network, nobody reads it.
    """
    edit(SPEC, GIVEN, f'{{url: "{url}"{", " if secret else ""}{secret}}}')
    assert codes() == found
    assert tocsin("compile").exit_code == 0


def test_options_of_tls_are_alertmanagers() -> None:
    """The configuration of every receiver of the webhook holds each option."""
    options = "ca_file: /ca, cert_file: /cert, key_file: /key, server_name: tocsin.internal"
    edit(SPEC, GIVEN, f"{{url: 'https://tocsin:9095/', token_file: /a, {options}}}")
    artifacts = compile_spec(Path(SPEC)).artifacts
    (text,) = (artifact.content for artifact in artifacts if artifact.path == "alertmanager/alertmanager.yml")
    told = [config for receiver in yaml.safe_load(text)["receivers"] for config in receiver.get("webhook_configs", ())]
    assert len(told) > 1
    for config in told:
        assert config["http_config"]["tls_config"] == {
            "ca_file": "/ca",
            "cert_file": "/cert",
            "key_file": "/key",
            "server_name": "tocsin.internal",
        }


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://tocsin/", "cert_file: /a"),
        ("https://tocsin/", "key_file: /a"),
        ("http://tocsin/", "ca_file: /a"),
        ("http://tocsin/", "server_name: a"),
        ("https://tocsin/", "ca_file: ' '"),
        ("https://tocsin/", "server_name: a b"),
    ],
)
def test_options_that_alertmanager_would_refuse_or_not_look_at_are_errors(url: str, options: str) -> None:
    """These are half of a pair, options of TLS without TLS, and values that are no name."""
    edit(SPEC, GIVEN, f"{{url: '{url}', {options}}}")
    assert codes() == ["schema"]
