"""Tests of what evidence is about: a sentence is compared with the alerts of just the things that it names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.compiler.base import tocsin
from tests.compiler.houses import RATIO, House, findings, one_system, two_systems


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have a current directory of its own."""
    monkeypatch.chdir(tmp_path)


ENVIRONMENTS: Final = House(
    spec=two_systems(
        'shop-prod|Shop (production)|job="shop",env="prod"',
        'shop-staging|Shop (staging)|job="shop",env="staging"',
        "error_ratio",
        RATIO,
    ),
    one_limit="> 1 %",
    other_limit="> 10 %",
)


BUT: Final = House(
    spec=two_systems(
        'shop|Shop|job="shop",env="prod"',
        'shop-rest|Shop aside|job="shop",env!="prod"',
        "error_ratio",
        RATIO,
    ),
    one_limit="> 1 %",
    other_limit="> 10 %",
)


def disk(mount: str) -> str:
    """Return the binding of the disk of a mount point."""
    where = f'{{mountpoint="{mount}"}}'
    return (
        f"{{available: 'node_filesystem_avail_bytes{where}', max: 'node_filesystem_size_bytes{where}', per: instance}}"
    )


MOUNTS: Final = House(
    spec=one_system(
        "kind: usage, unit: ratio",
        ("disk_data", "Disk usage of data", disk("/data")),
        ("disk_backup", "Disk usage of backup", disk("/backup")),
    ),
    one_limit="> 85 %",
    other_limit="> 97 %",
)
ROOT: Final = House(
    spec=MOUNTS.spec.replace("/data", "/srv").replace("/backup", "/").replace("usage of backup", "usage of the system"),
    one_limit="> 85 %",
    other_limit="> 97 %",
)
MOUNTED_SYSTEMS: Final = House(
    spec=two_systems(
        'store|Store|job="node",mountpoint="/data"',
        'vault|Vault|job="node",mountpoint="/backup"',
        "disk",
        "{available: node_filesystem_avail_bytes, max: node_filesystem_size_bytes, per: instance}",
    ).replace("systems:\n", "signals:\n  disk: {kind: usage, unit: ratio, title: Disk usage}\nsystems:\n", 1),
    one_limit="> 85 %",
    other_limit="> 97 %",
)


def route(path: str) -> str:
    """Return the binding of the latency of a route."""
    return f"{{histogram: 'http_request_duration_seconds{{route=\"{path}\"}}', per: service}}"


ROUTES: Final = House(
    spec=one_system(
        "kind: quantile, unit: seconds",
        ("latency_checkout", "Checkout latency", route("/checkout")),
        ("latency_search", "Search latency", route("/search")),
    ),
    one_limit="> 2 s",
    other_limit="> 500 ms",
)


def lag(instance: str) -> str:
    """Return the binding of the lag of an instance."""
    return f"{{gauge: 'pg_replication_lag_seconds{{instance=\"{instance}:9187\"}}', per: job}}"


INSTANCES: Final = House(
    spec=one_system(
        "kind: gauge, unit: seconds",
        ("lag_first", "Replication lag one", lag("db-1")),
        ("lag_second", "Replication lag two", lag("db-2")),
    ),
    one_limit="> 30 s",
    other_limit="> 300 s",
)


def connections(role: str) -> str:
    """Return the binding of the pool of a role."""
    where = f'{{role="{role}"}}'
    return f"{{used: 'pool_in_use{where}', max: 'pool_size{where}', per: service}}"


ROLES: Final = House(
    spec=one_system(
        "kind: usage, unit: ratio",
        ("pool_primary", "Connection pool of the primary", connections("primary")),
        ("pool_replica", "Connection pool of the replica", connections("replica")),
    ),
    one_limit="> 70 %",
    other_limit="> 90 %",
)


def queue(name: str) -> str:
    """Return the binding of the length of a queue."""
    return f"{{gauge: 'queue_messages{{queue=\"{name}\"}}', per: service}}"


QUEUES: Final = House(
    spec=one_system(
        "kind: gauge, unit: count",
        ("queue_mails", "Mail queue", queue("mails")),
        ("queue_invoices", "Invoice queue", queue("invoices")),
    ),
    one_limit="> 500",
    other_limit="> 20000",
)
REGIONS: Final = House(
    spec=two_systems(
        'shop-eu|Shop in Europe|job="shop",region="eu-west-1"',
        'shop-us|Shop in America|job="shop",region="us-east-1"',
        "error_ratio",
        RATIO,
    ),
    one_limit="> 2 %",
    other_limit="> 7 %",
)


def matched(matcher: str) -> str:
    """Return the binding of a latency that a matcher selects."""
    return f"{{histogram: 'http_request_duration_seconds{{{matcher}}}', per: service}}"


def matchers(first: str, second: str) -> House:
    """Return a house of two latencies that two matchers tell apart."""
    spec = one_system(
        "kind: quantile, unit: seconds",
        ("latency_one", "Response time", matched(first)),
        ("latency_two", "Response time", matched(second)),
    )
    return House(spec=spec, one_limit="> 250 ms", other_limit="> 900 ms")


METHODS: Final = matchers('method="PUT"', 'method="DELETE"')
ROUTE_PATTERNS: Final = matchers('route=~"/v2/basket.*"', 'route=~"/v2/orders/.+"')
POD_PATTERNS: Final = matchers('pod=~"worker-.+"', 'pod=~"mailer-[0-9a-f]+-.*"')
SHARDS: Final = matchers('shard="3"', 'shard="12"')
TIERS: Final = matchers('customers="bronze"', 'customers="platinum"')


def rows(*lines: str) -> str:
    """Return a table. Its first line is the head."""
    return "\n".join([lines[0], "|".join(["", *("---" for _ in lines[0].strip("|").split("|")), ""]), *lines[1:]])


SHAPES: Final = {
    "bullets with an addition": (
        ENVIRONMENTS,
        (
            "## Alert thresholds\n\n- Error ratio in production: warning above {one}.\n"
            "- Error ratio in staging: warning above {other}."
        ),
    ),
    "bullets with a bracket": (
        ENVIRONMENTS,
        "## Alert thresholds\n\n- Error ratio (prod): warning above {one}.\n- Error ratio (stg): warning above {other}.",
    ),
    "headings": (
        ENVIRONMENTS,
        "## Production\n\nWarning: more than {one} errors.\n\n## Staging\n\nWarning: more than {other} errors.",
    ),
    "headings over bullets of the known form": (
        ENVIRONMENTS,
        (
            "## Production\n\n### Alert thresholds\n\n- Error ratio: warning above {one}.\n\n"
            "## Staging\n\n### Alert thresholds\n\n- Error ratio: warning above {other}."
        ),
    ),
    "nested bullets": (
        ENVIRONMENTS,
        (
            "## Limits\n\n- Production\n  - Error ratio above {one} is a warning\n- Staging\n"
            "  - Error ratio above {other} is a warning"
        ),
    ),
    "nested bullets of the known form": (
        ENVIRONMENTS,
        (
            "## Alert thresholds\n\n- Production:\n  - Error ratio: warning above {one}.\n- Staging:\n"
            "  - Error ratio: warning above {other}."
        ),
    ),
    "bold labels": (
        ENVIRONMENTS,
        "## Limits\n\n**Production**\n\n- Error ratio: warn above {one}\n\n**Staging**\n\n- Error ratio: warn above {other}",
    ),
    "prose, one sentence": (
        ENVIRONMENTS,
        "We warn when more than {one} of all requests fail in production, and above {other} in staging.",
    ),
    "prose, two sentences": (
        ENVIRONMENTS,
        "In production, an error ratio above {one} is a warning. In staging, an error ratio above {other} is a warning.",
    ),
    "prose, the name in the sentence before": (
        ENVIRONMENTS,
        (
            "This is about production. Error ratio above {one} is a warning.\n\n"
            "This is about staging. Error ratio above {other} is a warning."
        ),
    ),
    "a column an environment": (
        ENVIRONMENTS,
        rows("| Warning | Production | Staging |", "| Error ratio | > {one} | > {other} |"),
    ),
    "a row an environment": (
        ENVIRONMENTS,
        rows("| Error ratio | Warning |", "| Production | {one} |", "| Staging | {other} |"),
    ),
    "a column of environments first": (
        ENVIRONMENTS,
        rows("| Environment | Error ratio, warning |", "| prod | > {one} |", "| staging | > {other} |"),
    ),
    "as many names as numbers": (
        ENVIRONMENTS,
        "Warn when the error ratio is above {one} and above {other} in production and staging respectively.",
    ),
    "mounts in one sentence": (MOUNTS, "Disk usage: warning above {one} on /data, and above {other} on /backup."),
    "mounts before their numbers": (MOUNTS, "Disk usage, warning: /data above {one}, /backup above {other}."),
    "mounts in brackets": (MOUNTS, "Warn at a disk usage above {one} (`/data`) or above {other} (`/backup`)."),
    "mounts as items": (MOUNTS, "Disks:\n\n- `/data`: warning above {one}\n- `/backup`: warning above {other}"),
    "mounts by their words": (
        MOUNTS,
        "The disk of the data volume: warning above {one}.\n\nThe disk of the backup volume: warning above {other}.",
    ),
    "mounts as rows": (
        MOUNTS,
        rows("| Disk | Warning |", "| `/data` | > {one} |", "| `/backup` | > {other} |"),
    ),
    "mounts of two systems": (
        MOUNTED_SYSTEMS,
        "Disk usage: warning above {one} on /data, and above {other} on /backup.",
    ),
    "mounts of two systems, by the systems": (
        MOUNTED_SYSTEMS,
        "- Store: warning above {one} disk usage\n- Vault: warning above {other} disk usage",
    ),
    "routes in one sentence": (ROUTES, "Warn when p95 of /checkout is above {one} or p95 of /search is above {other}."),
    "routes by their words": (ROUTES, "Checkout: warn at p95 > {one}.\n\nSearch: warn at p95 > {other}."),
    "routes as headings": (
        ROUTES,
        "## `/checkout` is slow\n\nWarning: p95 > {one}\n\n## `/search` is slow\n\nWarning: p95 > {other}",
    ),
    "routes as a fence": (
        ROUTES,
        "- p95 of `GET /checkout`: warning above {one}\n- p95 of `GET /search`: warning above {other}",
    ),
    "instances": (INSTANCES, "Replication lag, warning: > {one} on db-1, > {other} on db-2."),
    "instances with their ports": (
        INSTANCES,
        "- Replication lag of `db-1:9187`: warning above {one}\n- Replication lag of `db-2:9187`: warning above {other}",
    ),
    "instances in the label": (
        INSTANCES,
        '- Replication lag `instance="db-1"`: warning above {one}\n- Replication lag `instance="db-2"`: warning above {other}',
    ),
    "roles": (
        ROLES,
        "We are warned when the connection pool of the primary is above {one} or that of the replica is above {other}.",
    ),
    "queues": (
        QUEUES,
        "- Queue `mails`: warning above {one} messages\n- Queue `invoices`: warning above {other} messages",
    ),
    "queues in prose": (
        QUEUES,
        "More than {one} messages in the mail queue are a warning. More than {other} in the invoice queue are a warning.",
    ),
    "regions": (REGIONS, "- eu-west-1: warning above {one} errors\n- us-east-1: warning above {other} errors"),
    "regions by the titles": (
        REGIONS,
        "Error ratio in Europe: warning above {one}. Error ratio in America: warning above {other}.",
    ),
    "the names begin their sentences": (
        ENVIRONMENTS,
        "Production pages nobody: it warns at an error ratio above {one}. Staging warns above {other}.",
    ),
    "a column an environment, a row a severity": (
        ENVIRONMENTS,
        rows("| Signal | Severity | Production | Staging |", "| Error ratio | warning | {one} | {other} |"),
    ),
    "a column an environment and severity": (
        ENVIRONMENTS,
        rows("| | Warning (production) | Warning (staging) |", "| Error ratio | {one} | {other} |"),
    ),
    "a fence of keys": (
        ENVIRONMENTS,
        (
            "```yaml\nproduction:\n  error_ratio:\n    warning: '> {one}'\n"
            "staging:\n  error_ratio:\n    warning: '> {other}'\n```"
        ),
    ),
    "a second number without a comparator": (
        ENVIRONMENTS,
        "Warn when the error ratio exceeds {one} in production and {other} in staging.",
    ),
    "the name in the other sentence is a comparison": (
        ENVIRONMENTS,
        (
            "## Prod errors\n\nWarn when the error ratio is above {one}.\n\n## Staging errors\n\n"
            "Unlike in production, warn when the error ratio is above {other}."
        ),
    ),
    "all but one environment": (
        ENVIRONMENTS,
        "Warning: error ratio > {one} in production. Warning: error ratio > {other} outside of production.",
    ),
    "the ids of the systems": (
        ENVIRONMENTS,
        "- shop-prod: warn at an error ratio above {one}\n- shop-staging: warn at an error ratio above {other}",
    ),
    "the matchers": (
        ENVIRONMENTS,
        'Warn at an error ratio above {one} (`env="prod"`) and above {other} (`env="staging"`).',
    ),
    "mounts as headings": (
        MOUNTS,
        (
            "## Disk /data is full\n\nWarning: disk above {one}.\n\n"
            "## Disk /backup is full\n\nWarning: disk above {other}."
        ),
    ),
    "mounts as titles of bullets": (
        MOUNTS,
        "## Alert thresholds\n\n- Disk /data: warning above {one}.\n- Disk /backup: warning above {other}.",
    ),
    "routes as rows": (
        ROUTES,
        rows("| Route | p95 warning |", "| /checkout | {one} |", "| /search | {other} |"),
    ),
    "instances as the keys of a fence": (
        INSTANCES,
        (
            "```\ndb-1:\n  replication lag:\n    warning: > {one}\n"
            "db-2:\n  replication lag:\n    warning: > {other}\n```"
        ),
    ),
    "queues as rows": (QUEUES, rows("| Queue | Warning |", "| mails | {one} |", "| invoices | {other} |")),
    "regions as rows": (
        REGIONS,
        rows("| Region | Warning |", "| EU West 1 | error ratio > {one} |", "| US East 1 | error ratio > {other} |"),
    ),
    "methods in brackets": (
        METHODS,
        "- Changes (PUT): warn at p95 > {one}\n- Removals (DELETE): warn at p95 > {other}",
    ),
    "methods first": (METHODS, "PUT requests: warn at p95 > {one}.\n\nDELETE requests: warn at p95 > {other}."),
    "methods as code": (METHODS, "- p95 of `PUT`: warning above {one}\n- p95 of `DELETE`: warning above {other}"),
    "methods as rows": (METHODS, rows("| Method | p95 warning |", "| PUT | > {one} |", "| DELETE | > {other} |")),
    "routes as rows, with their methods": (
        ROUTES,
        rows("| Route | p95 warning |", "| PUT /checkout | > {one} |", "| `GET /search` | > {other} |"),
    ),
    "customers as rows of tiers": (
        TIERS,
        rows("| Tier | p95 warning |", "| bronze | > {one} |", "| platinum | > {other} |"),
    ),
    "routes that patterns match": (
        ROUTE_PATTERNS,
        "- p95 of /v2/basket: warning above {one}\n- p95 of /v2/orders: warning above {other}",
    ),
    "routes that patterns match, below": (
        ROUTE_PATTERNS,
        "Warn when p95 of /v2/basket/items exceeds {one} or p95 of /v2/orders/open exceeds {other}.",
    ),
    "pods that patterns match": (
        POD_PATTERNS,
        "- p95 of the worker: warning above {one}\n- p95 of the mailer: warning above {other}",
    ),
    "shards by their numbers": (SHARDS, "- Shard 3: warning at p95 > {one}\n- Shard 12: warning at p95 > {other}"),
    "shards in one sentence": (
        SHARDS,
        "Warn when p95 of shard #3 is above {one} or that of shard #12 is above {other}.",
    ),
    "shards as rows": (SHARDS, rows("| Shard | p95 warning |", "| 3 | > {one} |", "| 12 | > {other} |")),
    "the next sentence says where": (
        ENVIRONMENTS,
        (
            "Error ratio above {one} is a warning. This applies to production. "
            "Error ratio above {other} is a warning. This applies to staging only."
        ),
    ),
    "the next sentence says of which limit": (
        MOUNTS,
        (
            "Warn at a disk usage above {one}. That limit holds for /data.\n\n"
            "Warn at a disk usage above {other}. That limit holds for /backup."
        ),
    ),
    "folded away": (
        ENVIRONMENTS,
        (
            "<details>\n<summary><b>Production</b></summary>\n\nWarn at an error ratio above {one}.\n\n</details>\n\n"
            "<details><summary>Staging</summary>\n\nWarn at an error ratio above {other}.\n\n</details>"
        ),
    ),
    "tabs": (
        ENVIRONMENTS,
        (
            '=== "Production"\n\n    - Error ratio above {one}: warning\n\n'
            '=== "Staging"\n\n    - Error ratio above {other}: warning'
        ),
    ),
    "boxes": (
        MOUNTS,
        (
            '!!! note "Disk /data"\n    Warning above {one} disk usage.\n\n'
            '??? note "Disk /backup"\n    Warning above {other} disk usage.'
        ),
    ),
    "all but one, in one sentence": (
        ENVIRONMENTS,
        "An error ratio above {one} is a warning, but in staging only above {other}.",
    ),
    "all but one, the name behind": (MOUNTS, "Disk usage above {one} is a warning, but only above {other} on /backup."),
    "all but one, in two sentences": (
        REGIONS,
        "An error ratio above {one} is a warning. In us-east-1, an error ratio above {other} is a warning.",
    ),
    "everywhere except": (
        MOUNTS,
        "Disk usage above {one} is a warning everywhere except on /backup, where {other} is the threshold.",
    ),
    "elsewhere": (BUT, "Warn when errors are above {one} in production, and when errors elsewhere are above {other}."),
    "all other environments": (
        BUT,
        "- Production: warning above {one} errors\n- All other environments: warning above {other} errors",
    ),
    "the other regions": (
        REGIONS,
        "More than {one} errors in eu-west-1 are a warning. In the other regions more than {other} errors are a warning.",
    ),
    "names and numbers with slashes": (ENVIRONMENTS, "Error ratio, warning (prod / staging): above {one} / {other}."),
    "numbers of one comparator, respectively": (
        ROUTES,
        "p95 is a warning above {one} and {other} on /checkout and /search respectively.",
    ),
    "the root, without a word for it": (
        ROOT,
        "Warn when the disk /srv is more than {one} full or / is more than {other} full.",
    ),
    "the root at the beginning": (ROOT, "Warn when /srv is above {one} disk usage. If / is above {other}, warn too."),
    "a fence of lines": (
        ENVIRONMENTS,
        "```\nWHERE    WHAT\nprod     error ratio  warning > {one}\nstaging  error ratio  warning > {other}\n```",
    ),
    "regions by a part of their names": (REGIONS, "EU: warn at > {one} errors.\n\nUS: warn at > {other} errors."),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_numbers_that_are_exchanged_are_errors_at_both_places(shape: str) -> None:
    """The right numbers are fine.

    If they are exchanged, each sentence differs from its limit, and both places are shown.
    """
    house, runbook = SHAPES[shape]
    house.write(runbook)
    assert findings() == []
    house.write(runbook, exchanged=True)
    wrong = findings()
    assert {finding.code for finding in wrong} == {"limit-differs"}
    places = {
        (span.path, span.line) for finding in wrong for span in (finding.span, *(note.span for note in finding.related))
    }
    assert len([line for path, line in places if path == "thresholds.yaml"]) == 2
    assert all(finding.span.path == "runbook.md" for finding in wrong)
    assert len(wrong) == 2


ALIKE: Final = replace(ENVIRONMENTS, other_limit="> 1 %")
MOUNTS_ALIKE: Final = replace(MOUNTS, other_limit="> 85 %")
ROUTES_ALIKE: Final = replace(ROUTES, other_limit="> 2 s")
ANYWHERE: Final = "{available: node_filesystem_avail_bytes, max: node_filesystem_size_bytes, per: mountpoint}"
ANY_MOUNT: Final = House(
    spec=one_system(
        "kind: usage, unit: ratio",
        ("disk_any", "Disk usage", ANYWHERE),
        ("disk_backup", "Disk usage of backup", disk("/backup")),
    ),
    one_limit="> 85 %",
    other_limit="> 97 %",
)
PRODUCTION: Final = replace(ENVIRONMENTS, spec=ENVIRONMENTS.spec.split("  shop-staging:")[0])

FINE: Final = {
    "a sentence on both": (ALIKE, "Error ratio in production and staging: warning above {one}."),
    "a sentence that names nothing": (ALIKE, "Warning: error ratio above {one}."),
    "a bullet that names nothing": (ALIKE, "## Alert thresholds\n\n- Error ratio: warning above {one}."),
    "all of them": (ALIKE, "In all environments, an error ratio above {one} is a warning."),
    "one of them, too": (ALIKE, "Warn when the error ratio exceeds {one}, in staging too."),
    "people": (ALIKE, "Warning: error ratio above {one}. Tell the staging team."),
    "people behind the number": (ALIKE, "Warn the production team at an error ratio above {one}."),
    "a part of another word": (MOUNTS_ALIKE, "Warning: the disk of the database is above {one}."),
    "a word that means something else": (MOUNTS_ALIKE, "Data may be lost once the disk is above {one}: warning."),
    "what is done elsewhere": (
        MOUNTS_ALIKE,
        "Warning: disk usage above {one}; then clear /tmp and look at /data/logs.",
    ),
    "every one of a kind": (MOUNTS_ALIKE, "Disk usage above {one} on every volume is a warning."),
    "another word with the same beginning": (ROUTES_ALIKE, "Warn when p95 is above {one}. Research is slow then."),
    "two routes": (ROUTES_ALIKE, "Warning: p95 > {one} on /checkout and on /search."),
    "one of many, whose number is that of all": (
        ANY_MOUNT,
        "Disk usage above {one} on /data is a warning, and on /backup above {other}.",
    ),
    "a bullet for all and one for one of them": (
        ANY_MOUNT,
        "## Alert thresholds\n\n- Disk usage: warning above {one}.\n- Disk usage of backup: warning above {other}.",
    ),
    "a bullet for all and a section for one environment": (
        ENVIRONMENTS,
        (
            "## Alert thresholds\n\n- Error ratio: warning above {one}.\n\n"
            "## Staging\n\nThe warning is above {other} errors."
        ),
    ),
    "the only environment that there is": (PRODUCTION, "Warning: error ratio above {one} in production."),
    "several shards": (replace(SHARDS, other_limit="> 250 ms"), "Warning: p95 > {one} on shards 3 and 12."),
    "all shards but none named": (replace(SHARDS, other_limit="> 250 ms"), "Every shard warns at p95 > {one}."),
    "a word that is a method in capitals": (
        replace(METHODS, other_limit="> 250 ms"),
        "Warn when p95 is above {one}, and delete what is old.",
    ),
    "where another limit holds": (
        ALIKE,
        "Replicas lag in staging. More than {one} errors are a warning. This concerns production and staging.",
    ),
    "a pronoun": (replace(REGIONS, other_limit="> 2 %"), "It warns us at more than {one} errors."),
    "a role in passing": (
        replace(ROLES, other_limit="> 70 %"),
        "If the primary fails, the pool of the replica may be above {one}, and that is a warning for both.",
    ),
}


@pytest.mark.parametrize("shape", FINE)
def test_what_is_about_all_or_names_something_else_is_fine(shape: str) -> None:
    """A sentence without a name is about every alert, and a word is a name only where it is used as one."""
    house, runbook = FINE[shape]
    house.write(runbook)
    assert findings() == []


@pytest.mark.parametrize(
    ("house", "runbook", "code", "message"),
    [
        (
            ANY_MOUNT,
            "Warning: disk usage above {one}. Warning: disk usage above {other} on /data.",
            "limit-differs",
            (
                "the runbook says `> 97%` of /data, and the warning limit of `disk_any` is `> 85%`; `> 97%` is the warning"
                " limit of `disk_backup`"
            ),
        ),
        (
            ENVIRONMENTS,
            "In production and in staging, an error ratio above {one} is a warning.",
            "limit-differs",
            "the runbook says `> 1%` of staging, and the warning limit of `error_ratio` of `shop-staging` is `> 10%`",
        ),
        (
            PRODUCTION,
            "Warning: error ratio above {one}. In staging, an error ratio above {one} is a warning.",
            "unwatched-statement",
            (
                "no alert of `shop-prod` carries this limit of “an error ratio above 1 % is a warning.”, which the runbook"
                " states of staging"
            ),
        ),
        (
            REGIONS,
            (
                "- eu-west-1: warning above {one} errors\n- us-east-1: warning above {other} errors\n"
                "- ap-south-1: warning above {other} errors"
            ),
            "unwatched-statement",
            (
                "no alert of `shop-eu` or `shop-us` carries this limit of “ap-south-1: warning above 7 % errors”, which the"
                " runbook states of ap-south-1"
            ),
        ),
    ],
    ids=["one of many", "one of two named", "an environment without an alert", "a region without an alert"],
)
def test_what_is_said_of_something_without_such_an_alert_is_an_error(
    house: House, runbook: str, code: str, message: str
) -> None:
    """The number of another alert is no evidence. The message says what the sentence is about."""
    house.write(runbook)
    assert [(finding.code, finding.message) for finding in findings()] == [(code, message)]


def test_a_sentence_on_what_has_no_alert_is_waived_by_its_words() -> None:
    """The waiver works as for any other sentence."""
    waiver = '    waive: [{statement: "In staging, an error ratio above 1 %", reason: nobody is woken for it}]\n'
    spec = PRODUCTION.spec.replace("    limits:\n", f"{waiver}    limits:\n")
    house = replace(PRODUCTION, spec=spec)
    house.write("Warning: error ratio above {one}. In staging, an error ratio above {one} is a warning.")
    assert findings() == []


@pytest.mark.parametrize("words", ["above 1 % errors", "slow answers are a sign"])
def test_quoted_words_are_about_what_the_alert_is_about(words: str) -> None:
    """Quotations with a number, and quotations in words that cannot be read, are compared with the alert as well."""
    quoting = "runbook: '#look', documented: \"{}\"}}"
    spec = ENVIRONMENTS.spec
    for environment in ("prod", "staging"):
        spec = spec.replace("runbook: '#look'}", quoting.format(f"{environment}: {words}"), 1)
    house = replace(ENVIRONMENTS, spec=spec, other_limit="> 1 %")
    house.write(f"- prod: {words}\n- staging: {words}")
    assert findings() == []
    house = replace(house, spec=spec.replace("staging: ", "prod: ", 1).replace("prod: ", "staging: ", 1))
    house.write(f"- prod: {words}\n- staging: {words}")
    assert "limit-differs" in {finding.code for finding in findings()}


def test_a_state_of_one_environment_is_stated_of_just_that() -> None:
    """A state has no number that could differ. Its bullet is about the system of the environment that it names."""
    spec = ENVIRONMENTS.spec.replace("error_ratio: {warning", "shop_down: {critical").replace('"{one}"', "when true")
    spec = spec.replace('"{other}"', "when true").replace(
        f"error_ratio: {RATIO}", 'shop_down: {gauge: up, active: "== 0"}'
    )
    house = replace(ENVIRONMENTS, spec=spec)
    house.write("## Alert thresholds\n\n- Shop down in production: critical.\n- Shop down in staging: critical.")
    assert findings() == []
    house.write("## Alert thresholds\n\n- Shop down in production: critical.")
    (only,) = findings()
    assert (only.code, only.hint) == (
        "undocumented-limit",
        'add `- Shop down in staging: critical.` below "Alert thresholds"',
    )


def test_the_coverage_says_what_a_statement_is_about() -> None:
    """The coverage shows it beside the statement's line, for people and as JSON."""
    house, runbook = SHAPES["headings"]
    house.write(runbook)
    lines = [" ".join(line.split()) for line in tocsin("check", "--coverage").stdout.splitlines()]
    assert "line 5 (Production) → error_ratio warning > 1 % → #look" in lines
    entry = json.loads(tocsin("check", "--coverage", "--format", "json").stdout)["systems"][1]
    assert [statement["subject"] for statement in entry["statements"]] == [["Production"], ["Staging"]]
    assert entry["alerts"][0]["subject"] == ["Staging"]


def test_the_hint_of_a_limit_without_a_sentence_tells_what_it_is_about() -> None:
    """Law: pasting the hint mends the finding."""
    runbook = "## Alert thresholds\n\n- Error ratio in production: warning above {one}.\n"
    ENVIRONMENTS.write(runbook)
    (only,) = findings()
    assert only.hint == 'add `- Error ratio in staging: warning above 10%.` below "Alert thresholds"'
    ENVIRONMENTS.write(runbook + "- Error ratio in staging: warning above 10%.\n")
    assert findings() == []
