"""Emit: alerts → artifacts. Each target has one module with an `emit`; no emitter uses another emitter."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.alerts import AlertGroup
from compiler.artifacts import Artifact
from compiler.emitters import alertmanager, alertmanager_tests, catalog, prometheus_rules, prometheus_tests
from compiler.model import Model

EMITTERS = (prometheus_rules, prometheus_tests, alertmanager, alertmanager_tests, catalog)
OWNED_FOLDERS: tuple[str, ...] = tuple(folder for emitter in EMITTERS for folder in getattr(emitter, "FOLDERS", ()))
"""The folders in which an emitter writes one file for each system; files of systems that are gone are removed."""


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the artifacts of every target."""
    for emitter in EMITTERS:
        yield from emitter.emit(model, groups)
