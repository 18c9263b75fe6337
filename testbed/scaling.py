"""Write a copy of generated configuration that runs on loopback, in seconds instead of minutes.

This module reads only the standard formats of Prometheus and Alertmanager. It divides durations by one factor and keeps
them above floors, directs addresses to the stand-ins, and writes each secret's file. Limits, labels, names and texts
stay, so an alert that fires in seconds here fires in minutes with the original. `durations.py` divides, `servers.py`
starts servers with the copy.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from testbed.durations import FLOOR_SECONDS, ScalingError, scale_duration, scale_expr
from testbed.ports import LOOPBACK

# This factor turns minutes into seconds: five documented minutes pass in five seconds.
DEFAULT_FACTOR = 60


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The addresses of the copy's receivers. `smarthost` is `host:port`; the others are full addresses."""

    webhook: str
    pagerduty: str
    smarthost: str


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """The files that were written."""

    rules: tuple[Path, ...]
    alertmanager: Path


def scale_generated(  # noqa: PLR0913
    generated: Path,
    into: Path,
    *,
    endpoints: Endpoints,
    secrets: Mapping[str, str],
    systems: Collection[str] | None = None,
    signal: str | None = None,
    factor: int = DEFAULT_FACTOR,
) -> Scaled:
    """Write the scaled copy of `generated/prometheus/rules` and `generated/alertmanager` into the folder `into`.

    `secrets` gives the content for each `…_file` key by the key's name. `systems` limits the rule files by the part of
    their name before `.rules.yml`; None takes all. `signal` drops the groups that are about another signal.

    Raises `ScalingError` if an address leads to another machine, or no secret is given for a file.
    """
    into.mkdir(parents=True, exist_ok=True)
    sources = sorted((generated / "prometheus" / "rules").glob("*.rules.yml"))
    chosen = [path for path in sources if systems is None or path.name.removesuffix(".rules.yml") in systems]
    if not chosen:
        raise ScalingError(
            f"no rule file of {sorted(systems or ['any system'])} in {generated / 'prometheus' / 'rules'}"
        )
    written = tuple(into / path.name for path in chosen)
    for source, target in zip(chosen, written, strict=True):
        _write(target, scale_rules(_without_other_signals(_read(source), signal), factor))
    config = into / "alertmanager.yml"
    scaled = scale_alertmanager(_read(generated / "alertmanager" / "alertmanager.yml"), factor, endpoints)
    _write(config, _with_secrets(scaled, into / "secrets", secrets))
    return Scaled(rules=written, alertmanager=config)


def _without_other_signals(rules: Any, signal: str | None) -> Any:  # noqa: ANN401
    """Return the parsed rule file without the groups whose alerts are about another signal."""
    if signal is None:
        return rules
    kept = [
        group
        for group in rules["groups"]
        if all(rule.get("labels", {}).get("signal", signal) == signal for rule in group["rules"])
    ]
    return {**rules, "groups": kept}


def scale_rules(rules: Any, factor: int) -> Any:  # noqa: ANN401
    """Return the parsed rule file with its intervals, its `for`, its windows and its offsets divided by `factor`."""

    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        if key in {"interval", "for", "keep_firing_for"}:
            return scale_duration(str(value), factor, FLOOR_SECONDS)
        return scale_expr(str(value), factor) if key == "expr" else value

    # Skip labels and annotations: they are texts, even if one has the name of a duration.
    return _walk(rules, change, skip=("labels", "annotations"))


def scale_alertmanager(config: Any, factor: int, endpoints: Endpoints) -> Any:  # noqa: ANN401
    """Return the parsed configuration with the routes' times divided by `factor` and its receivers at `endpoints`.

    Raises `ScalingError` if it would still speak to another machine.
    """

    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        if key in {"group_wait", "group_interval", "repeat_interval"}:
            return scale_duration(str(value), factor, FLOOR_SECONDS)
        if key == "webhook_configs":
            return [{**_without(receiver, "url_file"), "url": endpoints.webhook} for receiver in value]
        if key == "pagerduty_configs":
            return [{**receiver, "url": endpoints.pagerduty} for receiver in value]
        if key in {"smarthost", "smtp_smarthost"}:
            return endpoints.smarthost
        return False if key in {"require_tls", "smtp_require_tls"} else value

    scaled = _walk(config, change)
    scaled["global"] = (scaled.get("global") or {}) | {"pagerduty_url": endpoints.pagerduty, "smtp_require_tls": False}
    _refuse_other_machines(scaled)
    return scaled


def _walk(node: Any, change: Callable[[str, Any], Any], skip: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
    """Return `node` with `change` applied to the value of every key below it, except below the keys in `skip`."""
    if isinstance(node, list):
        return [_walk(item, change, skip) for item in node]
    if isinstance(node, dict):
        return {key: value if key in skip else _walk(change(key, value), change, skip) for key, value in node.items()}
    return node


def _without(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != key}


def _with_secrets(config: Any, folder: Path, secrets: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Write the secrets into files in `folder`, and return the configuration whose `…_file` keys name these files."""
    folder.mkdir(exist_ok=True)

    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        if not key.endswith("_file"):
            return value
        if key not in secrets:
            raise ScalingError(f"no secret is given for `{key}` ({value})")
        path = folder / key
        path.write_text(secrets[key])
        return str(path)

    return _walk(config, change)


def _refuse_other_machines(config: Any) -> None:  # noqa: ANN401
    """Raise `ScalingError` if Alertmanager would speak to an address that is not on loopback."""

    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        speaks = (key == "url" or key.endswith("_url")) and key != "client_url" and isinstance(value, str)
        if speaks and urlsplit(value).hostname != LOOPBACK:
            raise ScalingError(f"`{key}` leads to another machine: {value}")
        return value

    _walk(config, change)


def _read(path: Path) -> Any:  # noqa: ANN401
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)  # the fast one of the safe loaders


def _write(path: Path, document: Any) -> None:  # noqa: ANN401
    # JSON is YAML whose strings cannot be mistaken for numbers, dates or times.
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
