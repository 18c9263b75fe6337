"""Tests of the command: exit codes, messages, and a real server in its own process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from click.testing import CliRunner, Result

from testbed import loopback
from testbed.patience import PATIENCE_SECONDS, await_that
from tests.webhook.samples import Clock, alert, payload
from tests.webhook.sender_kit import (
    ACCOUNT,
    AUTH_TOKEN,
    COMPANIONS,
    PASSWORD,
    ROUTING_KEY,
    SIGNING_KEYS,
    TOKEN,
    Answer,
    HttpStandIn,
    free_port,
    mail_rig,
    phone_rig,
    sms_rig,
    webhook_rig,
)
from webhook.channels import CHANNELS
from webhook.cli import main
from webhook.senders.registry import configured
from webhook.server import Server
from webhook.service import build
from webhook.settings import read_settings
from webhook.web.flask_app import create_app

SLACK_OK = Answer(body=b'{"ok": true, "channel": "C1", "ts": "1.2"}')
Run = Callable[..., Result]


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command in this process."""
    for name in list(os.environ):
        if name.startswith("TOCSIN_"):
            monkeypatch.delenv(name)

    def invoke(*arguments: str, **changes: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env={**environment, **changes})

    return invoke


@contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `serve` in a process; give its address once it answers."""
    port = free_port()
    command = [sys.executable, "-c", "from webhook.cli import main; main()", "serve", *options]
    whole = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")},
        **environment,
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
    }
    process = subprocess.Popen(
        command, env=whole, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    try:
        if "--worker-only" not in options:
            await_that(lambda: process.poll() is not None or loopback.answers(f"http://127.0.0.1:{port}/healthz"))
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def stand_in() -> Iterator[HttpStandIn]:
    """Give a stand-in of Slack and PagerDuty at one address."""
    server = HttpStandIn(replace(SLACK_OK, body=SLACK_OK.body[:-1] + b', "status": "success"}'))
    yield server
    server.close()


@pytest.fixture
def wired(environment: dict[str, str], stand_in: HttpStandIn) -> dict[str, str]:
    return {
        **environment,
        "TOCSIN_SLACK_BOT_TOKEN": TOKEN,
        "TOCSIN_SLACK_API_URL": f"{stand_in.url}/api",
        "TOCSIN_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
        "TOCSIN_PAGERDUTY_EVENTS_URL": stand_in.url,
    }


def test_server_without_a_token_does_not_listen_beyond_loopback(run: Run) -> None:
    """The exit status is 2, and the message says what to set."""
    done = run("serve", TOCSIN_LISTEN="0.0.0.0:9095")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: TOCSIN_LISTEN is 0.0.0.0:9095, which other machines can reach, and there is no token\n"
        "hint: set TOCSIN_TOKEN or TOCSIN_TOKEN_FILE, or listen on 127.0.0.1\n"
    )


@pytest.mark.parametrize(
    ("others", "warns"),
    [
        ({"TOCSIN_LISTEN": "0.0.0.0:9095"}, True),
        ({"TOCSIN_LISTEN": "0.0.0.0:9095", "TOCSIN_TRUSTED_PROXIES": "10.0.0.2"}, False),
        ({"TOCSIN_LISTEN": "127.0.0.1:9095"}, False),
    ],
)
def test_server_that_answers_without_tls_beyond_loopback_says_so(
    environment: dict[str, str], others: dict[str, str], *, warns: bool
) -> None:
    """The log warns when the server begins to serve; this test opens no port."""
    settings = read_settings({**environment, **others, "TOCSIN_TOKEN": "secret"})
    server = Server(settings, lambda: build(settings, senders={}), with_worker=False)
    with structlog.testing.capture_logs() as lines:
        server.load()
    server._stop()
    assert any("without encryption beyond this machine" in line["event"] for line in lines) is warns


def test_missing_catalogue_is_told_with_a_hint(run: Run) -> None:
    """The exit status is 1: the settings are right, but the file is missing."""
    done = run("serve", TOCSIN_CATALOG="/nowhere/catalog.json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert (
        done.stderr
        == "error: catalogue: /nowhere/catalog.json: No such file or directory\nhint: run `tocsin compile`, or set TOCSIN_CATALOG\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--worker-only", "--no-worker"),
        ("serve", "--odd"),
        ("incidents", "show", "x"),
        ("incidents", "show", "0"),
        ("odd",),
    ],
)
def test_wrong_usage_is_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    """The package click sets the status."""
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("variables", "code", "expected"),
    [
        ({"TOCSIN_LISTEN": "x"}, 2, "TOCSIN_LISTEN must be"),
        ({"TOCSIN_SMTP_URL": "x"}, 2, "TOCSIN_SMTP_URL must"),
        ({"TOCSIN_DATABASE_URL": "mysql://x"}, 2, "TOCSIN_DATABASE_URL is for mysql"),
        ({"TOCSIN_DATABASE_URL": "sqlite:////nowhere/x.db"}, 1, "store: unable to open database file"),
        ({"TOCSIN_DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"}, 1, "store: connection"),
    ],
)
def test_mistake_is_told_without_a_traceback(run: Run, variables: dict[str, str], code: int, expected: str) -> None:
    """The exit status is 2 for settings and 1 for what they lead to; no output holds a secret."""
    done = run("incidents", "list", **variables)
    assert done.exit_code == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.output


def test_incidents_are_handled_from_a_terminal(run: Run, post: Callable[..., Any]) -> None:
    """List, show, acknowledge and resolve work; hostile text cannot control the terminal."""
    post(alert("Nobody", component="\x1b[2Jx\u202e", annotations={"summary": "bad\x07 \x1b]0;title"}))
    post(alert())
    listed = run("incidents", "list")
    assert re.search(
        r"^ +2  critical   open .*API platform: Error ratio \(1 of 1 firing\)$", listed.stdout, re.MULTILINE
    )
    shown = run("incidents", "show", "1")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", listed.stdout + shown.stdout)
    assert "No runbook is known for this alert" in shown.stdout
    assert "High error rate" in run("incidents", "show", "2").stdout
    assert run("incidents", "acknowledge", "2", "--as", "on-call").stdout == "incident 2: acknowledged by on-call\n"
    assert run("incidents", "acknowledge", "2", "--as", "other").stdout == "incident 2: acknowledged by on-call\n"
    assert run("incidents", "unacknowledge", "2", "--as", "on-call").stdout == "incident 2: open, nobody is on it\n"
    assert run("incidents", "resolve", "2", "--as", "on-call").stdout == (
        "incident 2: resolved by on-call, and still firing\n"
    )
    for verb in ("acknowledge", "unacknowledge"):
        late = run("incidents", verb, "2", "--as", "on-call")
        assert (late.exit_code, late.stderr) == (
            1,
            "error: incident 2 is resolved already\nhint: it fires on; `incidents reopen 2` opens it again\n",
        )
    assert re.search(r"^ +2  critical   fires on ", run("incidents", "list").stdout, re.MULTILINE)
    assert run("incidents", "reopen", "2", "--as", "other").stdout == "incident 2: open\n"
    post({**alert(), "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"})
    over = run("incidents", "reopen", "2", "--as", "other")
    assert (over.exit_code, over.stderr) == (1, "error: incident 2 is over: none of its alerts fires any more\n")
    assert "resolved" in run("incidents", "list", "--state", "all").stdout
    assert " 2  " not in run("incidents", "list").stdout


@pytest.mark.parametrize("verb", ["show", "acknowledge", "unacknowledge", "resolve", "reopen"])
def test_unknown_incident_is_exit_1(run: Run, verb: str) -> None:
    """The message names the incident's number."""
    done = run("incidents", verb, "7")
    assert (done.exit_code, done.stderr) == (1, "error: there is no incident 7\n")


def test_archived_incident_is_shown_and_not_changed(run: Run, environment: dict[str, str]) -> None:
    """The same command and number show it; a change exits with 1 and the reason."""
    clock = Clock()
    service = build(read_settings(environment), clock=clock)
    client, worker = create_app(service).test_client(), service.worker()
    for status in ("firing", "resolved"):
        client.post("/v1/alertmanager", json=payload(alert(status=status)))
        while worker.run_once("log"):
            pass
    clock.forward(hours=24 * 91)
    worker.archive_once()
    service.close()
    shown = run("incidents", "show", "1")
    assert shown.exit_code == 0
    assert "nothing about it changes any more" in shown.stdout
    assert "TIMELINE" in shown.stdout
    done = run("incidents", "acknowledge", "1")
    assert (done.exit_code, done.stderr) == (
        1,
        "error: incident 1 is archived: nothing about it changes any more\n",
    )


def test_empty_list_says_so_on_stderr(run: Run) -> None:
    """Data goes to stdout, everything else to stderr."""
    done = run("incidents", "list")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no incidents\n")


def test_send_test_reaches_every_configured_receiver(run: Run, wired: dict[str, str], stand_in: HttpStandIn) -> None:
    """It reaches Slack channels, PagerDuty (and resolves there) and addresses, and names what is not configured."""
    with mail_rig() as mail:
        port = mail.sender._server.port  # type: ignore[attr-defined]
        done = run("send-test", **wired, TOCSIN_SMTP_URL=f"smtp://127.0.0.1:{port}")
        assert done.exit_code == 0
        assert [mail["To"] for mail in mail.received] == ["devops@example.com", "manager@example.com"]
    known = ("slack", "pagerduty", "email", "sms", "phone", "log")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith(known)] == [
        "slack #ops: sent",
        "slack #ops-platform: sent",
        "pagerduty events: accepted by PagerDuty",
        "email devops@example.com: sent",
        "sms +12025550101: not configured, TOCSIN_APPRISE_SMS is not set",
        "phone +12025550101: not configured, TOCSIN_APPRISE_PHONE is not set",
        "email manager@example.com: sent",
        "log log: sent",
    ]
    assert all("not configured" in line for line in lines if not line.startswith(known))
    assert [body.get("event_action") or body["channel"] for body in stand_in.received] == [
        "#ops",
        "#ops-platform",
        "trigger",
        "resolve",
    ]


def test_send_test_reaches_telephones_and_the_outgoing_webhook(run: Run) -> None:
    """The same command covers every channel; no phone rings a second time to say that the test is over."""
    with sms_rig() as sms, phone_rig() as phone, webhook_rig() as webhook:
        done = run(
            "send-test",
            TOCSIN_APPRISE_SMS=f"{sms.url.replace('http', 'json')}/{TOKEN}?:to={{to}}",
            TOCSIN_APPRISE_PHONE=f"twilio://{ACCOUNT}:{AUTH_TOKEN}@+12025550100/{{to}}?method=call",
            TOCSIN_WEBHOOK_URL=webhook.url,
            TOCSIN_WEBHOOK_SECRET=SIGNING_KEYS[0],
        )
        assert done.exit_code == 0
        assert [text["message"].split("\n")[0] for text in sms.received] == ["INFO: Tocsin test message"]
        assert [call["Twiml"].partition("Tocsin test message")[1] for call in phone.received] == ["Tocsin test message"]
        assert [event["type"] for event in webhook.received] == ["incident.opened", "incident.resolved"]
    sent = [line for line in done.stdout.splitlines() if line.endswith(": sent")]
    assert sent == ["sms +12025550101: sent", "phone +12025550101: sent", "webhook events: sent", "log log: sent"]
    assert not [secret for secret in (TOKEN, AUTH_TOKEN, SIGNING_KEYS[0]) if secret in done.output]


def test_send_test_that_fails_is_exit_1(run: Run, wired: dict[str, str], stand_in: HttpStandIn) -> None:
    """The message holds the provider's answer, without the token."""
    stand_in.next.append(Answer(body=json.dumps({"ok": False, "error": f"invalid_auth {TOKEN}"}).encode()))
    done = run("send-test", "--only", "slack", **wired)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == ["slack #ops: failed: invalid_auth ***", "slack #ops-platform: sent"]


def test_send_test_without_any_receiver_is_exit_1(run: Run) -> None:
    """The requested channel is not configured; the message says what to set."""
    done = run("send-test", "--only", "slack")
    assert (done.exit_code, done.stderr) == (
        1,
        "error: no person was reached: nothing was sent\nhint: set TOCSIN_SLACK_BOT_TOKEN\n",
    )
    assert done.stdout.startswith("slack #ops: not configured, TOCSIN_SLACK_BOT_TOKEN is not set\n")


def test_send_test_that_only_writes_the_log_is_exit_1(run: Run) -> None:
    """`sent` alone would mislead: the error says that nobody is called, and the hint names each missing variable."""
    done = run("send-test")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "log log: sent"
    named = {line.split()[0] for line in done.stdout.splitlines()}
    settings = [channel.setting for name, channel in CHANNELS.items() if name in named - {"webhook", "log"}]
    assert {"slack", "pagerduty", "email", "sms", "phone"} <= named
    assert done.stderr.splitlines()[-2:] == [
        "error: no person was reached: a line in the log calls nobody",
        f"hint: set {' or '.join(str(setting) for setting in settings)}",
    ]


def test_send_test_names_a_configured_channel_that_nobody_can_be_reached_by(run: Run, catalog_path: Path) -> None:
    """The gateway is configured, but the catalogue has no number."""
    data = json.loads(catalog_path.read_text())
    for level in data["levels"].values():
        level["contacts"]["sms"] = []
    catalog_path.write_text(json.dumps(data))
    done = run("send-test", "--only", "sms", TOCSIN_APPRISE_SMS="json://127.0.0.1:1/?:to={to}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: no person was reached: nothing was sent",
        "hint: the catalogue has no receiver for SMS",
    ]


def test_send_test_reaches_those_who_are_on_call_by_turns(run: Run, catalog_path: Path) -> None:
    """Whoever is not on call today is on call next week, so their addresses are tested as well."""
    data = json.loads(catalog_path.read_text())
    data["schedules"] = {
        "week": {
            "timezone": "UTC",
            "start": "2026-01-05T09:00",
            "duration_seconds": 7 * 86_400,
            "rule": "FREQ=WEEKLY;INTERVAL=2",
        }
    }
    contacts = {"email": ["week@example.com"], "sms": [], "phone": []}
    data["levels"]["devops"]["rotation"] = [{"schedule": "week", "title": "week", "contacts": contacts}]
    catalog_path.write_text(json.dumps(data))
    with mail_rig() as mail:
        done = run("send-test", "--only", "email", TOCSIN_SMTP_URL=mail.url)
        assert "week@example.com" in [message["To"] for message in mail.received]
    assert done.exit_code == 0


def test_send_test_of_a_channel_that_does_not_exist_is_wrong_usage(run: Run) -> None:
    """A misspelt channel is a different mistake from a channel that is not configured."""
    assert run("send-test", "--only", "slak").exit_code == 2


def test_each_channel_is_configured_by_the_variable_that_send_test_names() -> None:
    """All variables give every channel; without one variable only its channel is missing."""
    every = {
        "TOCSIN_SLACK_BOT_TOKEN": TOKEN,
        "TOCSIN_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
        "TOCSIN_SMTP_URL": "smtp://127.0.0.1:1?from=tocsin@example.com",
        "TOCSIN_APPRISE_SMS": "json://127.0.0.1:1/?:to={to}",
        "TOCSIN_APPRISE_PHONE": "json://127.0.0.1:1/?:to={to}",
        **{str(channel.setting): "http://127.0.0.1:1/" for channel in CHANNELS.values() if channel.is_set_by_url},
        **{str(channel.companion): COMPANIONS[name] for name, channel in CHANNELS.items() if channel.companion},
    }
    assert set(configured(read_settings(every))) == set(CHANNELS)
    for name, channel in CHANNELS.items():
        if channel.setting:
            left = {key: value for key, value in every.items() if key not in {channel.setting, channel.companion}}
            assert set(CHANNELS) - set(configured(read_settings(left))) == {name}


@pytest.mark.acceptance
def test_server_pages_and_stops_on_sigterm(wired: dict[str, str], stand_in: HttpStandIn) -> None:
    """A real process turns a delivery into messages, ends cleanly on SIGTERM, and logs JSON without a secret."""
    with serving({**wired, "TOCSIN_TOKEN": "door-token"}) as (url, process):
        assert (
            requests.post(f"{url}/v1/alertmanager", json=payload(alert()), timeout=PATIENCE_SECONDS).status_code == 401
        )
        answer = requests.post(
            f"{url}/v1/alertmanager",
            json=payload(alert()),
            headers={"Authorization": "Bearer door-token"},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.json() == {"result": "opened", "incident": 1}
        await_that(lambda: len(stand_in.received) == 2)
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    lines = [json.loads(line) for line in logged.splitlines()]
    assert "stopped" in [line["event"] for line in lines]
    assert not any(secret in logged for secret in (TOKEN, ROUTING_KEY, PASSWORD, "door-token"))


@pytest.mark.acceptance
def test_send_under_way_is_finished_before_the_server_stops(wired: dict[str, str], stand_in: HttpStandIn) -> None:
    """SIGTERM comes while Slack is slow: the message is sent and stored, and not sent again after the restart."""
    stand_in.next.append(Answer(body=SLACK_OK.body, drip=True))
    wired = {name: value for name, value in wired.items() if "PAGERDUTY" not in name}
    with serving(wired) as (url, process):
        requests.post(f"{url}/v1/alertmanager", json=payload(alert()), timeout=PATIENCE_SECONDS)
        await_that(lambda: len(stand_in.received) == 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    with serving(wired) as (url, _):
        rows = requests.get(f"{url}/v1/incidents/1", timeout=PATIENCE_SECONDS).json()["notifications"]
    assert {row["channel"]: row["state"] for row in rows}["slack"] == "sent"
    assert len(stand_in.received) == 1


@pytest.mark.acceptance
def test_killed_server_s_messages_go_out_after_the_restart(wired: dict[str, str], stand_in: HttpStandIn) -> None:
    """Every delivery that got a 200 is on the disk: a SIGKILL before the first message loses nothing."""
    with serving(wired, "--no-worker") as (url, process):
        assert requests.post(f"{url}/v1/alertmanager", json=payload(alert()), timeout=PATIENCE_SECONDS).ok
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert stand_in.received == []
    with serving(wired, "--worker-only") as (_, process):
        await_that(lambda: len(stand_in.received) == 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
