"""What the webhook's tests share: a catalogue, a service over a SQLite file, and a way to post to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.fixtures import postgresql, short_folder, slack  # noqa: F401 - fixtures by their names
from testbed.postgresql import PostgreSQL
from tests.webhook.samples import NOON, Clock, FakeAlertmanagerState, FakeSender, alert, message_of, payload
from webhook.catalog.file import SCHEMA_NAME, load
from webhook.catalog.model import Catalog
from webhook.secret import Secret
from webhook.senders.contract import Job, Sender
from webhook.service import Service, build
from webhook.settings import Settings, read_settings
from webhook.storage import engines
from webhook.web.flask_app import create_app

DATA = Path(__file__).parent / "data"
SCHEMA = Path(__file__).parents[2] / "generated" / SCHEMA_NAME


@pytest.fixture(autouse=True)
def _patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let writers of one test wait for each other on a busy machine; a server process sets its own patience."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 60.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog_path(tmp_path: Path) -> Path:
    """Return a catalogue as the compiler writes it, with its schema beside it."""
    shutil.copy(DATA / "catalog.json", tmp_path / "catalog.json")
    shutil.copy(SCHEMA, tmp_path / SCHEMA_NAME)
    return tmp_path / "catalog.json"


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    directory = tmp_path_factory.mktemp("catalog")
    shutil.copy(DATA / "catalog.json", directory / "catalog.json")
    shutil.copy(SCHEMA, directory / SCHEMA_NAME)
    return load(directory / "catalog.json")


@pytest.fixture
def environment(catalog_path: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "TOCSIN_CATALOG": str(catalog_path),
        "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'tocsin.db'}",
        "TOCSIN_PUBLIC_URL": "https://tocsin.example.com",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return read_settings(environment)


@pytest.fixture
def senders() -> dict[str, FakeSender]:
    fakes = (
        FakeSender("slack", {"open", "join", "escalate", "update", "resolve"}),
        FakeSender("pagerduty", {"open", "join", "escalate", "acknowledge", "resolve"}, shows_state=False),
        FakeSender("email", {"open", "join", "escalate", "resolve"}),
        FakeSender("log", {"open", "join", "escalate", "acknowledge", "resolve"}),
    )
    return {sender.channel: sender for sender in fakes}


@pytest.fixture
def alertmanager_state() -> FakeAlertmanagerState:
    return FakeAlertmanagerState()


@pytest.fixture
def service(
    settings: Settings, senders: Mapping[str, Sender], clock: Clock, alertmanager_state: FakeAlertmanagerState
) -> Iterator[Service]:
    built = build(settings, senders=senders, clock=clock, alertmanager_state=alertmanager_state)
    yield built
    built.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_store(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the address of each store in turn, empty both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tocsin.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.fresh()


@pytest.fixture
def either(
    settings: Settings,
    either_store: str,
    senders: Mapping[str, Sender],
    clock: Clock,
    alertmanager_state: FakeAlertmanagerState,
) -> Iterator[Service]:
    """Give a service over each store in turn."""
    changed = replace(settings, database_url=Secret(either_store))
    built = build(changed, senders=senders, clock=clock, alertmanager_state=alertmanager_state)
    yield built
    built.close()


@pytest.fixture
def job(catalog: Catalog) -> Job:
    """Return a first page about one critical alert."""
    return Job(
        id=5,
        action="open",
        destination="#ops",
        message=message_of(catalog, alert(component="checkout")),
        dedup_key="d" * 64,
        thread="abc-12-1",
        sent_at=NOON,
    )


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


@pytest.fixture
def drain(service: Service) -> Callable[..., int]:
    """Return a function that sends everything that is due now and returns how many messages it sent."""
    worker = service.worker()

    def run(*channels: str) -> int:
        sent = 0
        for channel in channels or tuple(service.senders):
            while worker.run_once(channel):
                sent += 1
            while worker.move_on_once():
                pass
        return sent

    return run


@pytest.fixture
def step(service: Service) -> Callable[[], int]:
    """Return a function that works off every timer that is due now and returns how many there were."""
    worker = service.worker()

    def run() -> int:
        done = 0
        while worker.step_once():
            done += 1
            assert done < 100, "a timer that is due again at once would call people without end"
        return done

    return run


@pytest.fixture
def let(clock: Clock, step: Callable[[], int], drain: Callable[..., int]) -> Callable[..., None]:
    """Return a function that lets time pass, works off what is due and sends the notifications that result."""

    def run(**spans: float) -> None:
        clock.forward(**spans)
        step()
        drain()

    return run


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    """Return a function that posts a payload of these alerts as Alertmanager does and returns the answer's JSON."""

    def send(*alerts: dict[str, Any], status: int = 200, **changes: object) -> dict[str, Any]:
        answer = client.post("/v1/alertmanager", json=payload(*alerts, **changes))
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    return send
