"""Tests of the archive's list and search: by system, alert name, severity and time, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.webhook.samples import NOON, Clock, alert, payload
from webhook import cli
from webhook.secret import Secret
from webhook.service import Service
from webhook.storage import archive_search
from webhook.storage.archive_search import ArchiveFilter
from webhook.storage.database import Database
from webhook.storage.migrations.versions import v0010h_archive_search
from webhook.storage.tables import archive, archive_list, archive_names
from webhook.timestamps import DAY, iso, parse_moment
from webhook.web.flask_app import create_app

LONG = "x" * 5_000
STORY = (
    # Name, severity, labels; each incident on its own day, the first on 2026-11-22.
    ("ErrorRatio", "critical", {"system": "api-platform"}),
    ("ErrorRatio", "warning", {"system": "chorus-bridge"}),
    ("DiskFull", "critical", {"system": "chorus-bridge"}),
    ("<script>", "info", {"system": LONG}),
)


@pytest.fixture
def service(either: Service) -> Service:
    return either


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


@pytest.fixture
def archived(service: Service, client: FlaskClient, drain: Callable[..., int], clock: Clock) -> None:
    """Create the incidents of the story, let each last an hour, and archive them."""
    for number, (name, severity, labels) in enumerate(STORY):
        started, group = iso(clock()), {"groupLabels": {"cell": str(number)}}
        for status in ("firing", "resolved"):
            entry = alert(name, severity, status=status, started=started, ended=iso(clock()), **labels)
            client.post("/v1/alertmanager", json=payload(entry, **group))
            drain()
            clock.forward(hours=1)
        clock.forward(hours=22)
    clock.forward(seconds=91 * DAY)
    while service.worker().archive_once():
        pass


def numbers(client: FlaskClient, query: str) -> list[int]:
    answer = client.get(f"/v1/archive{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [incident["id"] for incident in answer.get_json()["incidents"]]


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1]),
        ("?system=chorus-bridge", [3, 2]),
        ("?system=nobody", []),
        ("?alert=ErrorRatio", [2, 1]),
        ("?alert=ErrorRatio&system=chorus-bridge", [2]),
        ("?severity=critical", [3, 1]),
        ("?severity=critical&alert=DiskFull", [3]),
        (f"?system={LONG}", [4]),
        ("?alert=%00%3Cscript%3E", [4]),
        ("?since=2026-11-24", [4, 3]),
        ("?until=2026-11-23", [2, 1]),
        ("?since=2026-11-23&until=2026-11-23", [2]),
        ("?since=2026-11-23T13:30:00Z", [4, 3]),
        ("?until=2026-11-23T12:00:00Z", [1]),
        ("?since=2026-11-23T13:30:00%2B01:00&until=2026-11-24T00:00:00Z", [2]),
        ("?system=&alert=&severity=&since=&until=", [4, 3, 2, 1]),
        ("?before=3", [2, 1]),
        ("?limit=2", [4, 3]),
    ],
)
def test_archive_is_searched(client: FlaskClient, query: str, found: list[int]) -> None:
    """The newest come first. A day counts whole, and an incident matches if it lasted at any time of the range."""
    assert numbers(client, query) == found


@pytest.mark.usefixtures("archived")
def test_archive_is_read_page_by_page(client: FlaskClient) -> None:
    """Each page says where the next is, with the same filters; the last page says that there is none."""
    listed_ids, path = [], "/v1/archive?severity=critical&since=2026-11-01&limit=1"
    while path:
        answer = client.get(path).get_json()
        listed_ids += [incident["id"] for incident in answer["incidents"]]
        path = answer["next"]
    assert listed_ids == [3, 1]


@pytest.mark.usefixtures("archived")
def test_listed_incident_says_what_it_was(client: FlaskClient) -> None:
    """The entry holds enough to choose an incident; its number leads to the whole incident."""
    (listed,) = client.get("/v1/archive?alert=DiskFull").get_json()["incidents"]
    assert listed == {
        "id": 3,
        "severity": "critical",
        "title": listed["title"],
        "team": listed["team"],
        "opened_at": iso(NOON + 2 * DAY),
        "resolved_at": listed["resolved_at"],
        "resolved_by": "Alertmanager",
        "alerts": 1,
        "archived_at": listed["archived_at"],
    }
    assert client.get("/v1/incidents/3").get_json()["title"] == listed["title"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("severity=grave", "severity"),
        ("since=yesterday", "since"),
        ("until=2026-13-40", "until"),
        ("until=2026-11-22T25:00:00Z", "until"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("before=x", "before"),
    ],
)
def test_filter_that_means_nothing_is_refused(client: FlaskClient, query: str, place: str) -> None:
    """An answer to another question would look like a correct one."""
    answer = client.get(f"/v1/archive?{query}")
    assert answer.status_code == 400
    assert [problem["path"] for problem in answer.get_json()["problems"]] == [place]
    if place != "limit":
        page = client.get(f"/archive?{query}")
        assert (page.status_code, page.mimetype) == (400, "text/html")
        assert f"{place} must be" in page.get_data(as_text=True)


@pytest.mark.usefixtures("archived")
def test_page_lists_searches_and_leads_on(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages link from the list of incidents to the archive, to older ones and to one incident; labels stay text."""
    assert 'href="/archive"' in client.get("/").get_data(as_text=True)
    monkeypatch.setattr("webhook.web.pages.MOST_ARCHIVED", 1)
    shown = client.get("/archive?severity=critical").get_data(as_text=True)
    assert 'href="/incidents/3"' in shown
    assert 'href="/incidents/1"' not in shown
    assert "/archive?severity=critical&amp;before=3" in shown
    assert 'href="/incidents/1"' in client.get("/archive?severity=critical&before=3").get_data(as_text=True)
    assert "No archived incident matches." in client.get("/archive?system=nobody").get_data(as_text=True)
    assert "<script>" not in client.get("/archive?alert=%3Cscript%3E").get_data(as_text=True)


@pytest.mark.usefixtures("archived")
def test_what_was_deleted_from_the_archive_is_not_listed(service: Service, client: FlaskClient) -> None:
    """To remove an incident from the archive, an operator deletes one row."""
    with service.database.write() as connection:
        connection.execute(archive.delete().where(archive.c.incident_id == 2))
        assert connection.execute(archive_names.select().where(archive_names.c.incident_id == 2)).all() == []
    assert numbers(client, "") == [4, 3, 1]


@pytest.mark.usefixtures("archived")
def test_what_was_archived_by_an_earlier_version_is_found(service: Service, client: FlaskClient) -> None:
    """The migration reads the records once."""
    before = {query: numbers(client, query) for query in ("", "?system=chorus-bridge", f"?system={LONG}")}
    listed = client.get("/v1/archive").get_json()
    with service.database.write() as connection:
        connection.execute(text("DROP TABLE archive_list"))
        connection.execute(text("DROP TABLE archive_names"))
        for row in connection.execute(archive.select()).all():
            written = {"episodes": row.record["firings"], "incident": row.record["incident"]}
            is_incident = archive.c.incident_id == row.incident_id
            connection.execute(archive.update().where(is_incident).values(record=written))
        with Operations.context(MigrationContext.configure(connection)):
            v0010h_archive_search.upgrade()
    assert {query: numbers(client, query) for query in before} == before
    assert client.get("/v1/archive").get_json() == listed


def test_search_reads_no_whole_table(tmp_path: Path) -> None:
    """An index finds a name, a severity or a page of a large archive."""
    database = Database(Secret(f"sqlite:///{tmp_path / 'plan.db'}"))
    database.migrate()
    searches = (
        ArchiveFilter(),
        ArchiveFilter(system="a"),
        ArchiveFilter(alert="b", severity="critical"),
        ArchiveFilter(severity="warning"),
    )
    with database.read() as connection:
        for search in searches:
            query = archive_search.statement(search, 50, 1_000)
            sql = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
            assert all(not step.startswith("SCAN") for step in plan), plan
    database.close()


def test_alert_that_was_archived_while_the_incident_lasted_is_found_too(
    service: Service, client: FlaskClient, drain: Callable[..., int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert left the incident earlier, but the incident was still about it."""
    group = {"groupLabels": {"cell": "1"}}
    monkeypatch.setattr("webhook.storage.trimming.KEPT", 1)
    fires = alert("Fires", system="one")
    for name in ("Came", "Came", "Went", "Went"):
        for status in ("firing", "resolved"):
            started = iso(clock())
            comes = alert(name, status=status, system="two", started=started, ended=iso(clock()))
            client.post("/v1/alertmanager", json=payload(fires, comes, **group))
            drain()
            clock.forward(hours=2)
            while service.worker().archive_once():
                pass
    client.post("/v1/alertmanager", json=payload(alert("Fires", system="one", status="resolved"), **group))
    drain()
    clock.forward(seconds=91 * DAY)
    while service.worker().archive_once():
        pass
    for query in ("?system=two", "?alert=Came", "?alert=Went"):
        assert 1 in numbers(client, query)
    with service.database.read() as connection:
        whole = client.get("/v1/incidents/1").get_json()
        assert whole["archived_earlier"]["alerts"] > 0
        alerts = len(whole["alerts"]) + whole["archived_earlier"]["alerts"]
        assert connection.execute(archive_list.select().order_by("incident_id")).mappings().first()["alerts"] == alerts


@pytest.mark.usefixtures("archived")
def test_terminal_lists_the_archive(
    service: Service, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal has the same filters; it prints how to go on apart from the data."""

    def run(*words: str) -> Any:  # noqa: ANN401  click's result
        with monkeypatch.context() as patched:
            patched.setattr(cli, "build", lambda _: service)
            patched.setattr(Service, "close", lambda _: None)
            return CliRunner().invoke(cli.main, ["incidents", "list", *words], env=environment)

    listed = run("--archived", "--severity", "critical", "--limit", "1")
    assert listed.stdout.startswith("    3  critical   2026-11-24 12:00 UTC           1 h  ")
    assert listed.stderr == "there are older ones: --before 3\n"
    assert run("--archived", "--system", "api-platform").stdout.startswith("    1  ")
    assert run("--archived", "--since", "2026-11-23", "--until", "2026-11-23").stdout.startswith("    2  ")
    none = run("--archived", "--alert", "Nobody")
    assert (none.exit_code, none.stdout, none.stderr) == (0, "", "no archived incidents\n")
    for words in (("--system", "x"), ("--archived", "--state", "open"), ("--archived", "--since", "yesterday")):
        assert run(*words).exit_code == 2


@pytest.mark.parametrize("words", ["", "2026", "22.11.2026", "2026-11-31", "٢٠٢٦-11-22"])
def test_day_that_is_none_is_no_time(words: str) -> None:
    """A filter takes a day or an RFC 3339 time, and nothing is guessed."""
    with pytest.raises(ValueError, match=r"RFC 3339|day is out of range"):
        parse_moment(words)
    assert parse_moment("2026-11-22", ends=True) - parse_moment("2026-11-22") == DAY
