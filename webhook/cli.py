"""The command `tocsin-webhook`: serve, send-test, incidents, heartbeats.

Exit codes: 0 success; 1 failure (catalogue, store, a receiver, no such incident); 2 wrong arguments or settings. Data
goes to stdout, everything else goes to stderr. A user's mistake never shows a traceback.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from webhook import logs
from webhook.catalog.parse import CatalogError
from webhook.channels import CHANNELS
from webhook.incidents.heartbeat import name_of
from webhook.incidents.incident import STATUSES, Incident, Outcome
from webhook.send_test import send_tests, shortfall
from webhook.senders.registry import configured
from webhook.server import Server, work
from webhook.service import Service, build
from webhook.serving.heaps import share_heaps
from webhook.serving.listeners import CannotListen
from webhook.settings import Settings, SettingsError, read_settings
from webhook.severity import SEVERITIES, Severity
from webhook.storage import archive_search, store
from webhook.storage.archive_search import ArchiveFilter
from webhook.storage.database import StoreUnavailable
from webhook.terminal import archived_line, heartbeat_line, incident_lines, listed_line
from webhook.timestamps import parse_moment
from webhook.untrusted import one_line
from webhook.web.heartbeats import read as read_heartbeats

LONGEST_ERROR: Final = 2_000
"""Characters of an error message that are shown."""


class Program(click.Group):
    """A command group that reports wrong arguments on one line without control characters."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  click's
    ) -> click.Context:
        """Read the arguments before the command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            raise _harmless(error) from None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  click's
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            raise _harmless(error) from None


def _harmless(error: click.ClickException) -> click.ClickException:
    """Return the error with a message of one safe line: click copies arguments into it unchanged."""
    text = one_line(error.format_message(), LONGEST_ERROR)
    error.format_message = lambda: text  # type: ignore[method-assign]
    return error


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin", prog_name="tocsin-webhook")
def main() -> None:
    """Turn Alertmanager's deliveries into incidents and tell people, with the runbook section in the message.

    Everything is set by environment variables that begin with TOCSIN_.
    """
    logs.configure("WARNING")


@main.command()
@click.option("--worker-only", is_flag=True, help="Only send what is in the store; serve no requests.")
@click.option("--no-worker", is_flag=True, help="Only serve requests; leave the sending to another process.")
def serve(*, worker_only: bool, no_worker: bool) -> None:
    """Take deliveries, serve the pages, and send messages."""
    if worker_only and no_worker:
        raise click.UsageError("--worker-only and --no-worker exclude each other")
    settings = _settings()
    if settings.beyond_loopback and not settings.tokens and not worker_only:
        _fail(
            2,
            f"TOCSIN_LISTEN is {settings.host}:{settings.port}, which other machines can reach, and there is no token",
            "hint: set TOCSIN_TOKEN or TOCSIN_TOKEN_FILE, or listen on 127.0.0.1",
        )
    logs.configure("INFO")
    share_heaps()
    with _service(settings) as service:
        if worker_only:
            work(service)
            return
        # This only checks that the store can be opened. The serving process opens it again.
        service.database.close()
    try:
        Server(settings, lambda: build(settings), with_worker=not no_worker).run()
    except CannotListen as error:
        _fail(1, f"TOCSIN_LISTEN: {error}")
    except ValueError as error:
        _fail(2, f"TOCSIN_TLS_CERT_FILE, TOCSIN_TLS_KEY_FILE: {error}")


@main.command("send-test")
@click.option("--only", type=click.Choice(list(CHANNELS)), help="Test one channel.")
def send_test(*, only: str | None) -> None:
    """Send one test message to every configured receiver of the catalogue.

    The exit status is 1 if a receiver failed, or if no person was reached: a line in the log calls nobody.
    """
    settings = _settings()
    with _service(settings) as service:
        results = send_tests(service, only=only)
        for result in results:
            click.echo(one_line(f"{result.channel} {result.destination}: {result.description}"))
        missed = shortfall(service, results, only=only)
        if missed:
            _fail(1, *missed)
        if any(result.failed for result in results):
            sys.exit(1)


def _moment(_context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_moment(text, ends=option.name == "until")
    except ValueError:
        raise click.BadParameter("must be a day (2026-11-22) or an RFC 3339 time") from None


@main.group()
def incidents() -> None:
    """List, show, acknowledge, give back, resolve and reopen incidents."""


@incidents.command("list")
@click.option(
    "--state", type=click.Choice([*STATUSES, "all"]), multiple=True, help="Default: all incidents that are not over."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--archived", is_flag=True, help="List archived incidents instead; the options below filter them.")
@click.option("--system", help="About this system.")
@click.option("--alert", help="About an alert of this name.")
@click.option("--severity", type=click.Choice(SEVERITIES))
@click.option("--since", metavar="TIME", callback=_moment, help="Not over before this day (2026-11-22) or time.")
@click.option("--until", metavar="TIME", callback=_moment, help="Opened before the end of this day, or this time.")
@click.option("--before", type=click.IntRange(1), metavar="ID", help="Older than this incident: the next page.")
def list_incidents(  # noqa: PLR0913  one for each option
    *,
    state: tuple[str, ...],
    limit: int,
    archived: bool,
    system: str | None,
    alert: str | None,
    severity: Severity | None,
    since: float | None,
    until: float | None,
    before: int | None,
) -> None:
    """List incidents, the newest first. One that was resolved by hand is not over while its alerts fire."""
    search = ArchiveFilter(system=system, alert=alert, severity=severity, since=since, until=until)
    if archived:
        if state:
            raise click.UsageError("--state and --archived exclude each other: what is archived is resolved")
        _list_archived(search, limit, before)
        return
    if search != ArchiveFilter() or before is not None:
        raise click.UsageError("--system, --alert, --severity, --since, --until and --before need --archived")
    statuses = (
        STATUSES
        if "all" in state
        else tuple(status for status in STATUSES if status in (state or ("open", "acknowledged")))
    )
    with _service(_settings()) as service:
        with service.database.read() as connection:
            listing = store.listing(connection, statuses=statuses, limit=limit, fires_on=None if state else True)
        for listed in listing:
            click.echo(listed_line(listed, now=service.clock(), dimensions=service.catalog.current.dimensions))
        if not listing:
            click.echo("no incidents", err=True)


def _list_archived(search: ArchiveFilter, limit: int, before: int | None) -> None:
    with _service(_settings()) as service:
        with service.database.read() as connection:
            listing = archive_search.listing(connection, search, limit=limit + 1, before=before)
        for archived in listing[:limit]:
            click.echo(archived_line(archived, now=service.clock()))
        if len(listing) > limit:
            click.echo(f"there are older ones: --before {listing[limit - 1].incident_id}", err=True)
        if not listing:
            click.echo("no archived incidents", err=True)


@incidents.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
def show(*, number: int) -> None:
    """Show one incident with its runbook section, timeline and deliveries."""
    with _service(_settings()) as service:
        incident_record = service.records.read(number)
        if incident_record is None:
            _fail(1, f"there is no incident {number}")
        for line in incident_lines(incident_record, now=service.clock()):
            click.echo(line)


@incidents.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--as", "actor", help="Who acknowledges; default: the user of this terminal.")
def acknowledge(*, number: int, actor: str | None) -> None:
    """Take an incident: the others see that somebody is on it."""
    with _service(_settings()) as service:
        outcome = service.responses.acknowledge(number, actor or _user(), service.clock())
        incident = _require_incident(service, number, outcome)
        _fail_if_resolved(incident)
        by = one_line(incident.acknowledged_by or "", 80)
        click.echo(f"incident {number}: acknowledged by {by}")


@incidents.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--as", "actor", help="Who gives it back; default: the user of this terminal.")
def unacknowledge(*, number: int, actor: str | None) -> None:
    """Give an incident back: the webhook asks its level again, and the escalation goes on."""
    with _service(_settings()) as service:
        outcome = service.responses.unacknowledge(number, actor or _user(), service.clock())
        incident = _require_incident(service, number, outcome)
        _fail_if_resolved(incident)
        click.echo(f"incident {number}: open, nobody is on it")


@incidents.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--as", "actor", help="Who resolves; default: the user of this terminal.")
def resolve(*, number: int, actor: str | None) -> None:
    """Resolve an incident by hand. If its alerts fire on, the webhook tells it again after the time of its policy."""
    with _service(_settings()) as service:
        outcome = service.responses.resolve(number, actor or _user(), service.clock())
        incident = _require_incident(service, number, outcome)
        by = one_line(incident.resolved_by or "", 80)
        click.echo(f"incident {number}: resolved by {by}{', and still firing' if incident.fires_on else ''}")


@incidents.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--as", "actor", help="Who reopens; default: the user of this terminal.")
def reopen(*, number: int, actor: str | None) -> None:
    """Reopen an incident that was resolved by hand and fires on: the webhook asks the first level again."""
    with _service(_settings()) as service:
        outcome = service.responses.reopen(number, actor or _user(), service.clock())
        incident = _require_incident(service, number, outcome)
        if incident.status == "resolved":
            _fail(1, f"incident {number} is over: none of its alerts fires any more")
        click.echo(f"incident {number}: {incident.status}")


@main.group()
def heartbeats() -> None:
    """List the Watchdogs that have been heard, and forget one that is gone."""


@heartbeats.command("list")
def list_heartbeats() -> None:
    """List the heartbeats, the one that has been silent for longest first."""
    with _service(_settings()) as service:
        heartbeats_heard = read_heartbeats(service)
        for heartbeat in heartbeats_heard.shown:
            click.echo(heartbeat_line(heartbeat, now=service.clock()))
        if not heartbeats_heard.shown:
            click.echo("no heartbeat has been heard", err=True)
        if heartbeats_heard.left_out_at is not None:
            click.echo(f"more than {heartbeats_heard.most} have been heard: those beyond are not told apart", err=True)


@heartbeats.command()
@click.argument("key")
@click.option("--as", "actor", help="Who forgets it; default: the user of this terminal.")
def forget(*, key: str, actor: str | None) -> None:
    """Forget a heartbeat, by its key or the beginning of it. Once it is heard again, the webhook expects it again."""
    with _service(_settings()) as service:
        keys = [shown.beat.key for shown in read_heartbeats(service).shown if key and shown.beat.key.startswith(key)]
        if len(keys) > 1:
            _fail(1, f"{len(keys)} heartbeats have a key that begins so", "hint: write more of it")
        forgotten = service.responses.forget(keys[0], actor or _user(), service.clock()) if keys else None
        if forgotten is None:
            _fail(1, "there is no such heartbeat", "hint: `heartbeats list` shows their keys")
        detached = "" if forgotten.incident_id is None else f", incident {forgotten.incident_id} is no longer about it"
        click.echo(f"forgotten: {name_of(forgotten.beat.labels)}{detached}")


def _require_incident(service: Service, number: int, outcome: Outcome | None) -> Incident:
    """Return the incident of the outcome; exit with code 1 and the reason if there is none."""
    if outcome is None or outcome.incident is None:
        archived = service.records.is_archived(number)
        reason = f"incident {number} is archived: nothing about it changes any more"
        _fail(1, reason if archived else f"there is no incident {number}")
    return outcome.incident


def _fail_if_resolved(incident: Incident) -> None:
    if incident.status == "resolved":
        hint = [f"hint: it fires on; `incidents reopen {incident.id}` opens it again"] if incident.fires_on else []
        _fail(1, f"incident {incident.id} is resolved already", *hint)


def _settings() -> Settings:
    try:
        settings = read_settings(os.environ)
        configured(settings)  # here, where a problem ends the program before it begins to work
    except SettingsError as error:
        _fail(2, *error.problems)
    return settings


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    """Yield the service; if it cannot work, print the reason and exit with a code."""
    try:
        service = build(settings)
    except CatalogError as error:
        _fail(1, f"catalogue: {error}", "hint: run `tocsin compile`, or set TOCSIN_CATALOG")
    except ValueError as error:
        _fail(2, f"TOCSIN_DATABASE_URL {error}")
    except StoreUnavailable as error:
        _fail(1, f"store: {error}")
    try:
        yield service
    except StoreUnavailable as error:
        _fail(1, f"store: {error}")
    finally:
        service.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "the terminal"


def _fail(code: int, *lines: str) -> NoReturn:
    for line in lines:
        text = one_line(line, LONGEST_ERROR)
        click.echo(text if text.startswith("hint:") else f"error: {text}", err=True)
    sys.exit(code)
