"""Puts the webhook together from its settings; only this module knows how the packages are connected. Used by `cli`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from webhook.alertmanagers import peers
from webhook.application.alert_batches import AlertBatches
from webhook.application.record import Records
from webhook.application.responses import Responses
from webhook.application.steps import AlertmanagerState, Steps
from webhook.catalog.file import CatalogFile
from webhook.catalog.model import Catalog
from webhook.channels import CHANNELS
from webhook.incidents.alertmanager_state import Known
from webhook.metrics import Metrics
from webhook.senders.contract import Sender
from webhook.senders.registry import channels, configured
from webhook.settings import Settings
from webhook.storage import store, watchdogs
from webhook.storage.clock import StoreClock
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.probe import Probe
from webhook.workers.alertmanager_api import AlertmanagerApi
from webhook.workers.dispatch import Dispatch
from webhook.workers.endings import Endings
from webhook.workers.fallback import Fallback
from webhook.workers.retention import Retention
from webhook.workers.senderless import Senderless
from webhook.workers.wakeup import WakeupSignal
from webhook.workers.watch import Watch
from webhook.workers.worker import Worker

log = structlog.get_logger("tocsin.service")


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything that requests and worker share."""

    settings: Settings
    catalog: CatalogFile
    database: Database
    senders: Mapping[str, Sender]
    alert_batches: AlertBatches
    responses: Responses
    records: Records
    metrics: Metrics
    wakeup: WakeupSignal
    clock: Callable[[], float]
    alertmanager_state: AlertmanagerState
    probe: Probe
    store_clock: StoreClock
    """Keeps the store's time. `clock` is the same unless a test passes its own."""

    def worker(self) -> Worker:
        """Return a worker for this store; it is not started."""
        fallback = Fallback(
            self.database,
            catalog=lambda: self.catalog.current,
            channels=channels(self.senders),
            clock=self.clock,
            committed=self.wakeup.notify,
        )
        endings = Endings(
            self.database,
            fallback,
            clock=self.clock,
            chance=random.random,
            metrics=self.metrics,
            committed=self.wakeup.notify,
        )
        dispatch = Dispatch(
            self.database,
            self.senders,
            endings,
            catalog=lambda: self.catalog.current,
            clock=self.clock,
            public_url=self.settings.public_url,
            metrics=self.metrics,
        )
        steps = Steps(
            self.database,
            self.alertmanager_state,
            catalog=lambda: self.catalog.current,
            channels=channels(self.senders),
            clock=self.clock,
            peers=lambda url: peers(self.settings.alertmanagers, url),
            committed=self.wakeup.notify,
        )
        watch = Watch(self.database, self.alert_batches, catalog=lambda: self.catalog.current, clock=self.clock)
        retention = Retention(self.database, seconds=self.settings.retention_seconds, clock=self.clock)
        return Worker(
            self.database,
            dispatch,
            steps,
            watch,
            retention,
            fallback=fallback,
            senderless=Senderless(self.database, channels=self.senders, clock=self.clock),
            clock=self.clock,
            wakeup=self.wakeup,
        )

    def close(self) -> None:
        """Stop watching the catalogue and let go of the store."""
        self.catalog.close()
        self.database.close()


def build(
    settings: Settings,
    *,
    senders: Mapping[str, Sender] | None = None,
    clock: Callable[[], float] | None = None,
    alertmanager_state: AlertmanagerState | None = None,
) -> Service:
    """Return the webhook that `settings` describe, its store brought up to date.

    If `clock` is None, the webhook uses the store's time.

    Raises CatalogError, StoreUnavailable, and ValueError when the database's URL cannot be used.
    """
    catalog = CatalogFile(settings.catalog)
    database = Database(settings.database_url)
    database.migrate()
    store_clock = StoreClock(database)
    store_clock.measure()
    clock = store_clock if clock is None else clock
    metrics, wakeup = Metrics(), WakeupSignal()
    probe = Probe(database, clock)
    metrics.watch(catalog, database, clock, probe, ahead=lambda: store_clock.ahead)
    chosen_senders = configured(settings) if senders is None else senders
    alert_batches = AlertBatches(
        database,
        catalog=lambda: catalog.current,
        channels=channels(chosen_senders),
        peers=lambda url: peers(settings.alertmanagers, url),
        can_be_asked=bool(settings.alertmanagers),
        committed=wakeup.notify,
    )
    responses = Responses(
        database, catalog=lambda: catalog.current, channels=channels(chosen_senders), committed=wakeup.notify
    )
    records = Records(database=database, catalog=lambda: catalog.current, clock=clock, public_url=settings.public_url)
    alertmanager_api = AlertmanagerApi(
        settings.alertmanagers,
        known=lambda: _known(database, catalog.current, settings.evaluation_seconds),
        watchdog=lambda: catalog.current.watchdog.alert,
        now=clock,
    )
    return Service(
        settings=settings,
        catalog=catalog,
        database=database,
        senders=chosen_senders,
        alert_batches=alert_batches,
        responses=responses,
        records=records,
        metrics=metrics,
        wakeup=wakeup,
        clock=clock,
        alertmanager_state=alertmanager_api if alertmanager_state is None else alertmanager_state,
        probe=probe,
        store_clock=store_clock,
    )


def _known(database: Database, catalog: Catalog, evaluation_seconds: float) -> Known | None:
    """Return what Tocsin knows of the Alertmanagers and rules before it asks, or None if the store cannot be read."""
    pending = {name: max(alert.for_seconds for alert in alerts.values()) for name, alerts in catalog.alerts.items()}
    try:
        with database.read() as connection:
            return Known(
                watchdogs=watchdogs.awaited(connection),
                vouched=store.have_vouched(connection),
                pending_seconds=pending,
                evaluation_seconds=evaluation_seconds,
            )
    except StoreUnavailable:
        return None


def announce(service: Service) -> None:
    """Log what is configured and what is not, by the names of the settings and never by their values."""
    settings = service.settings
    log.info(
        "configured",
        catalog=str(settings.catalog),
        alerts=len(service.catalog.current.alerts),
        channels=[channel for channel in CHANNELS if channel in service.senders],
        not_configured=[channel for channel in CHANNELS if channel not in service.senders],
        store=service.database.engine.dialect.name,
    )
    for name in settings.unencrypted:
        log.warning("secrets will be sent without encryption beyond this machine", setting=name)
    if settings.public_url is None:
        log.warning("TOCSIN_PUBLIC_URL is not set: messages will not lead to the incident's page")
    if not settings.alertmanagers:
        log.warning("TOCSIN_ALERTMANAGER_URL is not set: nobody can be asked whether an alert still fires")
    for server in settings.alertmanagers:
        external = sorted(server.external_urls) or "that of the alerts which it lists"
        log.info("may be asked", alertmanager=server.name, url=server.url, external_url=external)
