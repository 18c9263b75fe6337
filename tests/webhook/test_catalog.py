"""Tests of looking alerts up in the catalogue, and of loading, replacing and refusing a catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.patience import await_that
from webhook.catalog.file import SCHEMA_NAME, CatalogFile, load
from webhook.catalog.model import Catalog
from webhook.catalog.parse import CatalogError


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    edit(data)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data))
    fresh.rename(path)


def test_known_alert_is_found_by_name_and_severity(catalog: Catalog) -> None:
    """Both limits of a signal have one name."""
    match = catalog.match({"alertname": "ApiPlatformErrorRatio", "severity": "warning"})
    assert match.alert is not None
    assert (match.alert.limit, match.limit_known, match.team) == ("> 1%", True, "platform")
    assert match.title == "API platform: Error ratio"


def test_known_name_with_unknown_severity_keeps_its_runbook_but_no_limit(catalog: Catalog) -> None:
    """The runbook section still helps, but the limit is that of another rule."""
    match = catalog.match({"alertname": "ApiPlatformErrorRatio", "severity": "emergency"})
    assert match.alert is not None
    assert (match.severity, match.limit_known, match.alert.runbook.anchor) == ("emergency", False, "high-error-rate")


@pytest.mark.parametrize(
    ("label", "severity"),
    [("critical", "critical"), ("Critical ", "critical"), ("pgae", "critical"), (None, "warning")],
)
def test_unknown_alert_takes_the_fallback_but_its_own_severity(
    catalog: Catalog, label: str | None, severity: str
) -> None:
    """A severity label counts if it is set; an unknown word may have been meant to wake somebody."""
    labels = {"alertname": "Nobody", **({"severity": label} if label else {})}
    match = catalog.match(labels)
    assert (match.alert, match.severity, match.team, match.kind) == (None, severity, "operations", "unknown:Nobody")


def test_alert_without_a_name_is_told_too(catalog: Catalog) -> None:
    """Anybody can post such an alert to Alertmanager."""
    assert catalog.match({}).title == "Alert without a name"


def test_new_catalogue_is_in_force_without_a_restart(catalog_path: Path) -> None:
    """A GitOps tool replaces the file."""
    file = CatalogFile(catalog_path)
    change(catalog_path, lambda data: data["teams"]["operations"].update(slack="#new"))
    assert file.refresh()
    assert file.current.teams["operations"].addresses["slack"] == "#new"
    assert not file.refresh(), "nothing has changed since"


def test_watcher_picks_a_new_catalogue_up(catalog_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher loads it without help, within its interval."""
    monkeypatch.setattr("webhook.catalog.file.WATCH_SECONDS", 0.01)
    file = CatalogFile(catalog_path)
    file.watch()
    try:
        change(catalog_path, lambda data: data["teams"]["operations"].update(slack="#new"))
        await_that(lambda: file.current.teams["operations"].addresses["slack"] == "#new")
    finally:
        file.close()


def test_broken_catalogue_leaves_the_last_good_one_in_force(catalog_path: Path) -> None:
    """The problem is reported until the catalogue is mended."""
    file = CatalogFile(catalog_path)
    good = catalog_path.read_bytes()
    catalog_path.write_text('{"schema_version": 1')
    assert not file.refresh()
    assert file.current.alerts
    assert file.error is not None
    assert "is not JSON" in file.error
    catalog_path.write_bytes(good)
    assert file.refresh()
    assert file.error is None


def test_catalogue_that_vanishes_leaves_the_last_good_one_in_force(catalog_path: Path) -> None:
    """A mounted volume may be away for a moment."""
    file = CatalogFile(catalog_path)
    catalog_path.unlink()
    assert not file.refresh()
    assert file.error is not None
    assert "No such file" in file.error


def test_unknown_schema_version_is_refused(catalog_path: Path) -> None:
    """A reader for the older version could misread the new one."""
    change(catalog_path, lambda data: data.update(schema_version=2))
    with pytest.raises(CatalogError, match="schema_version is 2; this program reads version 1"):
        load(catalog_path)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda data: data["alerts"][0].pop("limit"), r"\$\.alerts\[0\]: 'limit' is a required property"),
        (
            lambda data: data["alerts"][0].update(policy="none"),
            "`ApiPlatformCircuitBreaker` names the policy `none`, which `policies` does not have",
        ),
        (
            lambda data: data["fallback"].update(team="none"),
            "`fallback` names the team `none`, which `teams` does not have",
        ),
        (
            lambda data: data["policies"]["standard"]["levels"].append("none"),
            "policy `standard` names the level `none`, which `levels` does not have",
        ),
    ],
)
def test_what_is_wrong_is_named(catalog_path: Path, edit: Callable[[dict[str, Any]], object], expected: str) -> None:
    """The problem names its place, so that somebody can mend it."""
    change(catalog_path, edit)
    with pytest.raises(CatalogError, match=expected):
        load(catalog_path)


def test_schema_must_lie_beside_the_catalogue(catalog_path: Path) -> None:
    """The compiler and the webhook both check with the published schema."""
    catalog_path.with_name(SCHEMA_NAME).unlink()
    with pytest.raises(CatalogError, match=r"catalog\.schema\.json: No such file"):
        load(catalog_path)


def test_schema_that_is_none_is_named(catalog_path: Path) -> None:
    """In this case the schema itself is broken."""
    catalog_path.with_name(SCHEMA_NAME).write_text('{"type": 7}')
    with pytest.raises(CatalogError, match="is not a usable JSON Schema"):
        load(catalog_path)


def test_catalogue_of_another_shape_is_refused_even_by_a_lax_schema(catalog_path: Path) -> None:
    """The schema beside the file may be wrong; that must not cause a traceback."""
    catalog_path.with_name(SCHEMA_NAME).write_text("{}")
    catalog_path.write_text('{"schema_version": 1}')
    with pytest.raises(CatalogError, match="does not have the shape of version 1"):
        load(catalog_path)
