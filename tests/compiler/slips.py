"""Mistakes of a user's first hour with a house of their own: one slip each, and the place where the finding must be.

The house is `data/first_hour`: an ordinary guide, and the file that `tocsin import --new` begins, with all answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPEC: Final = "thresholds.yaml"
PRINTERS: Final = "systems/printers.yaml"
GUIDE: Final = "guides/parcels.md"
PRINTER_GUIDE: Final = "guides/printers.md"


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Edits of the house: `old` → `new` in a file, or the whole file if `old` is None.

    The first finding must stand where the first edit first changes its file. If the mistake shows elsewhere, `place`
    says where: a path, text of a line, and how many lines with that text come before. `findings` may be more than one
    only for the reason `why`.
    """

    name: str
    edits: tuple[tuple[str, str | None, str | bytes], ...]
    place: tuple[str, str, int] | None = None
    findings: int = 1
    why: str = ""
    fatal: bool = True


def _slip(
    name: str,
    old: str | None,
    new: str | bytes,
    *,
    path: str = SPEC,
    at: str | tuple[str, str] | tuple[str, str, int] | None = None,
    findings: int = 1,
    why: str = "",
    fatal: bool = True,
) -> Slip:
    location = (path, at) if isinstance(at, str) else at
    place = None if location is None else (location[0], location[1], location[2] if len(location) == 3 else 0)
    return Slip(name=name, edits=((path, old, new),), place=place, findings=findings, why=why, fatal=fatal)


def _whole(name: str, text: str | bytes, *, path: str = SPEC, at: str | None = None) -> Slip:
    return _slip(name, None, text, path=path, at=at)


_LATENCY: Final = '      latency_p95:\n        warning: "> 1.5s"\n'
_QUEUE: Final = '        warning: "> 500"\n        critical: "> 3000"\n'
_TEAM: Final = '  dispatch:\n    title: Dispatch\n    slack: "#dispatch"\n'

YAML: Final = (
    _slip("a tab as indentation", "    slack: ", "\tslack: "),
    _slip("a tab further in", '        warning: "< 70%"', '\t\twarning: "< 70%"'),
    _slip("a tab behind a key", "    title: Dispatch\n", "    title:\tDispatch\t\n", fatal=False, findings=0),
    _slip("a key one blank too far in", "    slack: ", "     slack: "),
    _slip("a key one blank too far out", "    slack: ", "   slack: "),
    _slip("limits too far in", _LATENCY, '      latency_p95:\n          warning: "> 1.5s"\n'),
    _slip("limits not far enough in", _LATENCY, '      latency_p95:\n      warning: "> 1.5s"\n'),
    _slip("a system not far enough in", "  parcels:\n", "parcels:\n"),
    _slip("the metrics at the system's own level", "    metrics:\n", "  metrics:\n"),
    _slip("the metrics below the limits", "    metrics:\n", "      metrics:\n"),
    _slip(
        "a signal at the level of the limits",
        "      error_ratio:\n        warning",
        "    error_ratio:\n        warning",
    ),
    _slip("the team's name at the left edge", _TEAM, 'dispatch:\n    title: Dispatch\n    slack: "#dispatch"\n'),
    _slip("no colon", "    team: dispatch\n", "    team dispatch\n"),
    _slip("no colon behind a key with children", "    limits:\n      cache", "    limits\n      cache"),
    _slip("no blank behind the colon", "    team: dispatch\n", "    team:dispatch\n"),
    _slip("no blank behind the colon in braces", "{until: cert", "{until:cert"),
    _slip("an equals sign for a colon", "    team: dispatch\n", "    team = dispatch\n"),
    _slip("a quote that is not closed", '"< 70%"', '"< 70%'),
    _slip("a quote that is not opened", '"< 70%"', '< 70%"'),
    _slip("a quote of the other kind at the end", '"< 70%"', "\"< 70%'"),
    _slip("a limit without quotes", '"> 1%"', "> 1%"),
    _slip("a lower limit without quotes", '"< 70%"', "< 70%", fatal=False, findings=0),
    _slip("a limit or more without quotes", '"> 1%"', ">= 1%"),
    _slip("curly quotes", '"> 1%"', "“> 1%”"),
    _slip("single curly quotes around a name", "title: Dispatch", "title: ‘Dispatch’"),
    _slip("curly quotes within a name", "title: Dispatch", "title: The “Dispatch” desk", fatal=False, findings=0),
    _slip("an invisible character in a metric", "until: certificate", "until: \u200bcertificate"),
    _slip("a curly quote and a straight one", '"< 14d"', '“< 14d"'),
    _slip("a blank that does not break", "    team: dispatch\n", "    team:\u00a0dispatch\n"),
    _slip("an indentation of blanks that do not break", "    slack: ", "\u00a0\u00a0\u00a0\u00a0slack: "),
    _slip("a limit with a blank that does not break", '"> 1.5s"', '">\u00a01.5\u202fs"', fatal=False, findings=0),
    _slip("a byte order mark", None, b"\xef\xbb\xbfversion: 1\n", at="version: 1"),
    _slip("a comma at the end of a line", '        warning: "< 70%"\n', '        warning: "< 70%",\n'),
    _slip("a comma too many in braces", "per: name}", "per: name,}", fatal=False, findings=0),
    _slip(
        "a comma too few in braces",
        "until: certificate_not_after_seconds, per",
        "until: certificate_not_after_seconds per",
    ),
    _slip("a brace too few", "per: name}", "per: name"),
    _slip("a brace too many", "per: name}", "per: name}}"),
    _slip("a bracket for a brace", "per: name}", "per: name]"),
    _slip("a number sign without quotes", '"#dispatch"', "#dispatch"),
    _slip("an anchor without quotes", '"#certificate"', "#certificate"),
    _slip(
        "a matcher in double quotes",
        """errors: 'http_requests_total{code=~"5.."}'""",
        '''errors: "http_requests_total{code=~"5.."}"''',
    ),
    _slip(
        "a matcher without quotes",
        """errors: 'http_requests_total{code=~"5.."}'""",
        """errors: http_requests_total{code=~"5.."}""",
    ),
    _slip("a percentage that begins a value", "title: Dispatch", "title: 100% dispatch", fatal=False, findings=0),
    _slip("a percent sign that begins a value", "title: Dispatch", "title: %dispatch"),
    _slip("an at sign that begins a value", "title: Dispatch", "title: @dispatch"),
    _slip("a star that begins a value", "title: Dispatch", "title: *dispatch"),
    _slip("an anchor to share", "        for: {critical: 5m}", "        for: &hold {critical: 5m}"),
    _slip("a merge key", "  second:\n", "  second:\n    <<: *first\n"),
    _slip("a key twice", "    team: dispatch\n", "    team: dispatch\n    team: owners\n", at="team: owners"),
    _slip("a system twice", "systems:\n", "systems:\n  parcels:\n    title: Old\n", at=(SPEC, "  parcels:", 1)),
    _slip("a limit twice", _QUEUE, _QUEUE + '        warning: "> 600"\n', at='"> 600"'),
    _slip("a list where a mapping is meant", _LATENCY, '      latency_p95:\n      - warning: "> 1.5s"\n'),
    _slip(
        "a dash before each key",
        '  dispatch:\n    title: Dispatch\n    slack: "#dispatch"\n',
        '  - dispatch:\n    title: Dispatch\n    slack: "#dispatch"\n',
    ),
    _slip("a mapping where text is meant", "    team: dispatch\n", "    team: {dispatch: yes}\n"),
    _slip("text where a list is meant", "    email: [head@example.com]\n", "    email: head@example.com\n"),
    _slip(
        "text where a mapping is meant",
        '  webhook: {url: "http://127.0.0.1:9095/v1/alertmanager"}',
        "  webhook: http://127.0.0.1:9095/v1/alertmanager",
    ),
    _slip("a value left empty", "    team: dispatch\n", "    team:\n"),
    _slip("a section left empty", _TEAM, "", at="teams:"),
    _slip(
        "limits left empty", '        warning: "< 70%"\n        runbook: "#cache-is-cold"\n', "", at="cache_hit_ratio:"
    ),
    _slip(
        "a value on the next line at the left edge",
        "    title: On-call engineer\n",
        "    title:\nOn-call engineer\n",
        at="On-call engineer",
    ),
    _slip("a colon in a title", "title: Head of dispatch", "title: Dispatch: head"),
    _slip("an apostrophe in single quotes", "title: Head of dispatch", "title: 'Dispatch's head'"),
    _slip("a backslash in double quotes", '"Parcel labels: operations"', r'"C:\parcels"'),
    _slip("a title that is a number", "title: Dispatch\n", "title: 007\n", fatal=False, findings=0),
    _slip("a title that is a whole number", "title: Dispatch\n", "title: 7\n"),
    _slip("a title that is a date", "title: Dispatch\n", "title: 2026-01-05\n", fatal=False, findings=0),
    _slip("yes where a choice is meant", "    selector: name", "    deliver: yes\n    selector: name"),
    _slip("no where off is meant", '        critical: "> 5%"\n', "        critical: no\n"),
    _slip("none where off is meant", '        critical: "> 5%"\n', "        critical: none\n"),
    _slip("a tilde where off is meant", '        critical: "> 5%"\n', "        critical: ~\n"),
    _slip("on where a limit is meant", '        critical: "> 5%"\n', "        critical: on\n"),
    _slip("three dots", "systems:\n", "...\nsystems:\n"),
    _slip(
        "a conflict of a merge",
        "    team: dispatch\n",
        "<<<<<<< HEAD\n    team: dispatch\n=======\n    team: owners\n>>>>>>> mine\n",
    ),
    _slip("a comment in another language", "    # No limit above", "    // No limit above"),
    _slip("a byte that is not UTF-8", "title: Dispatch\n", b"title: D\xe9p\xeache\n"),
)

LEFT_OUT: Final = (
    _slip("an id that is left out", "  parcels:\n", "", at='title: "Parcel labels'),
    _slip(
        "the id of one's own signal that is left out", "  print_queue:\n    title", "    title", at="title: Print queue"
    ),
    _slip("a signal's line that is left out", "      error_ratio:\n        warning", "        warning"),
    _slip("the line of the metrics that is left out", "    metrics:\n", ""),
    _slip("the line of the levels that is left out", "levels:\n", "", at="  first:"),
    _slip("a section at the level of the signals", '        runbook: "#errors"\n', '      runbook: "#errors"\n'),
    _slip("a unit at the level of the signals", "    unit: count\n", "  unit: count\n"),
    _slip("metrics of one signal at the level of the system", "      print_queue: {gauge", "    print_queue: {gauge"),
    _slip("a system's key below another section", "systems:\n", "  systems:\n"),
    _slip(
        "a signal one level too far in", "      print_queue:\n        warning", "        print_queue:\n        warning"
    ),
    _slip("an item of a list too far in", '      - {statement: "labels', '        - {statement: "labels'),
    _slip("the first item of a list not far enough in", '      - {statement: "when', '     - {statement: "when'),
    _slip("no colon in braces", '{statement: "labels', '{statement "labels'),
    _slip("no colon before words in braces", "reason: seen by", "reason seen by"),
    _slip("no colon before braces", "for: {critical: 10m}", "for {critical: 10m}"),
    _slip("the first line too far in", "version: 1\n", "  version: 1\n"),
    _slip(
        "a policy misspelt where it is defined", "  standard:\n", "  standrad:\n", at=(PRINTERS, "escalation: standard")
    ),
)

WRONG_FILES: Final = (
    _whole("an empty file", ""),
    _whole("a file of comments", "# Limits, to be written.\n"),
    _whole("a file of two words", "to do\n"),
    _whole("the name of another file", "../ops/thresholds.yaml\n"),
    _whole(
        "a rule file of Prometheus",
        "groups:\n- name: labels\n  rules:\n  - alert: LabelsDown\n    expr: up == 0\n    for: 5m\n",
    ),
    _whole(
        "a configuration of Alertmanager",
        "global:\n  resolve_timeout: 5m\nroute:\n  receiver: dispatch\nreceivers:\n- name: dispatch\n",
    ),
    _whole(
        "a configuration of Prometheus",
        "global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: labels\n  static_configs: []\n",
    ),
    _whole(
        "a manifest of Kubernetes",
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: labels\nspec:\n  groups: []\n",
    ),
    _whole(
        "several manifests of Kubernetes",
        "---\napiVersion: v1\nkind: Namespace\n---\napiVersion: v1\nkind: Service\n",
        at="apiVersion",
    ),
    _whole("a file of Docker Compose", "services:\n  labels:\n    image: labels:latest\n    ports: ['8080:8080']\n"),
    _whole(
        "a catalogue in JSON", '{\n  "schema_version": 1,\n  "policies": {},\n  "alerts": []\n}\n', at="schema_version"
    ),
    _whole("a dashboard in JSON", '{"title": "Labels", "panels": [], "schemaVersion": 39}\n'),
    _whole("a guide", "# Parcel labels\n\n- Error rate > 5 %\n- Disk usage > 92 %\n"),
    _whole("a page of the web", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"),
    _whole("a program", "#!/usr/bin/env python\nimport sys\n\ndef main():\n    print(1)\n"),
    _whole("a file of another encoding", "version: 1\n".encode("utf-16")),
    _whole("an archive", b"PK\x03\x04\x14\x00\x00\x00"),
    _whole("tables of settings", "[labels]\nlimit = 5\n"),
    _whole("an included rule file", "groups:\n- name: labels\n  rules: []\n", path=PRINTERS),
    _whole(
        "an included file of a whole house",
        "version: 1\nteams:\n  a: {title: A}\nsystems: {}\n",
        path=PRINTERS,
        at="teams:",
    ),
    _whole("an included system without its key", "printers:\n  title: Printers\n  team: dispatch\n", path=PRINTERS),
)

NAMES: Final = (
    _slip("a section misspelt", "escalation:\n  standard", "escalations:\n  standard"),
    _slip("systems in the singular", "systems:\n", "system:\n"),
    _slip("a key of a system misspelt", "    runbook: guides/parcels.md", "    runbok: guides/parcels.md"),
    _slip("an optional key misspelt", "    selector: name", "    selectors: name"),
    _slip("a key of a limit misspelt", "        for: {critical: 15m}", "        fro: {critical: 15m}"),
    _slip("a key of a policy misspelt", "announce: [slack], escalate: 15m", "anounce: [slack], escalate: 15m"),
    _slip("a key with a capital", "    team: dispatch\n", "    Team: dispatch\n"),
    _slip("a key with a hyphen", "print_queue: {gauge", "print-queue: {gauge"),
    _slip(
        "a signal misspelt below limits", "      error_ratio:\n        warning", "      eror_ratio:\n        warning"
    ),
    _slip("a signal misspelt below metrics", "      error_ratio: {errors", "      errors_ratio: {errors"),
    _slip("a signal by another name", "      latency_p95:\n", "      response_time:\n"),
    _slip("a signal that does not exist", "      latency_p95: {hist", "      latency_p90: {hist"),
    _slip(
        "a signal of the file's own misspelt",
        "      print_queue:\n        warning",
        "      printer_queue:\n        warning",
    ),
    _slip("a severity cut short", '        critical: "> 3s"', '        crit: "> 3s"'),
    _slip("a severity of another tool", '        critical: "> 3s"', '        page: "> 3s"'),
    _slip("a severity by its number", '        critical: "> 3s"', '        P1: "> 3s"'),
    _slip("warn for warning", '        warning: "> 1.5s"', '        warn: "> 1.5s"'),
    _slip("a severity with a capital", '        critical: "> 3s"', '        Critical: "> 3s"'),
    _slip("a severity misspelt in for", "for: {critical: 15m}", "for: {citical: 15m}"),
    _slip("a team misspelt", "    team: dispatch\n", "    team: dispach\n"),
    _slip("a team by its title", "    team: dispatch\n", "    team: Dispatch\n"),
    _slip("a policy misspelt", "    escalation: standard\n", "    escalation: standrad\n"),
    _slip("a level misspelt", "levels: [first, second]", "levels: [first, secnd]"),
    _slip("a level by its title", "levels: [first, second]", "levels: [On-call engineer, second]"),
    _slip("a channel misspelt", "notify: [sms, email]", "notify: [sms, mail]"),
    _slip("slack to notify", "notify: [sms, email]", "notify: [sms, slack]"),
    _slip("an email to announce", "announce: [slack], escalate: 1h", "announce: [email], escalate: 1h"),
    _slip("a runbook misspelt", "guides/parcels.md", "guides/parcel.md"),
    _slip("a runbook in another folder", "guides/parcels.md", "parcels.md"),
    _slip("an anchor misspelt", '"#slow-answers"', '"#slow-answer"'),
    _slip("an anchor with capitals", '"#slow-answers"', '"#Slow-Answers"'),
    _slip("a heading for an anchor", '"#slow-answers"', '"Slow answers"'),
    _slip("a heading with its sign for an anchor", '"#slow-answers"', '"# Slow answers"'),
    _slip("an anchor of two signs", '"#slow-answers"', '"## slow-answers"'),
    _slip("a path and an anchor", '"#slow-answers"', '"guides/parcels.md#slow-answers"'),
    _slip("a system's id with a capital", "  parcels:\n    title", "  Parcels:\n    title"),
    _slip("a system's id with a blank", "  parcels:\n    title", "  parcel labels:\n    title"),
    _slip("a system's id with an underscore", "  parcels:\n    title", "  parcel_labels:\n    title"),
    _slip("an input misspelt", "{histogram: http", "{histgram: http"),
    _slip(
        "inputs of another kind",
        "{used: labels_pool_in_use, max: labels_pool_size",
        "{gauge: labels_pool_in_use, max: labels_pool_size",
    ),
    _slip(
        "an input too few", "{used: labels_pool_in_use, max: labels_pool_size, per", "{used: labels_pool_in_use, per"
    ),
    _slip("inputs of two forms", "misses: redis_keyspace_misses_total", "requests: redis_reads_total"),
    _slip("a kind misspelt", "    kind: gauge", "    kind: guage"),
    _slip("a unit of the kind's own words", "    unit: count", "    unit: number"),
    _slip("a unit as it is written at numbers", "    unit: count", "    unit: ms"),
    _slip("a metric with a function", "{gauge: labels_print_queue", "{gauge: sum(labels_print_queue)"),
    _slip("a metric that is compared", "{gauge: printer_up, active", "{gauge: printer_up == 0, active", path=PRINTERS),
    _slip("a time that is left, as a gauge", "until: certificate_not_after_seconds", "gauge: x509_cert_not_after"),
    _slip(
        "a time of expiry as a gauge", "until: certificate_not_after_seconds", "gauge: probe_ssl_earliest_cert_expiry"
    ),
    _slip("a question of an expiry", "until: certificate_not_after_seconds", "until: QUESTION"),
    _slip("a question of a disk", "available: node_filesystem_avail_bytes", "available: QUESTION"),
    _slip("a selector in braces", 'selector: namespace="parcels"', """selector: '{namespace="parcels"}'"""),
    _slip("a selector as a mapping", 'selector: namespace="parcels"', "selector: {namespace: parcels}"),
    _slip("a selector without quotes", 'selector: namespace="parcels"', "selector: namespace=parcels"),
    _slip("a label in braces", "per: warehouse", "per: $labels.warehouse"),
    _slip("no state without active", ', active: "== 0", of: all', "", path=PRINTERS),
)

UNITS: Final = tuple(
    _slip(f"the limit {limit}", '"> 1.5s"' if "s" in limit.replace("msec", "s") and "%" not in limit else '"> 1%"', f'"{limit}"' if quoted else limit)
    for limit, quoted in (
        ("5%", True), ("5 %", False), ("0.05", True), ("> 0.01", True), ("200", False), ("> 200", True), ("=> 5%", True),
        ("> 5 percent", True), ("> 1-2%", True), ("1% - 5%", True), ("> 1,5s", True), ("> 2 secs", True),
        ("> 1500 msec", True), ("1.5s", False), (">1s500ms", True), ("> 1.5 S", True), ("== 1%", True), ("!= 1%", True),
        ("> 1% for 5m", True), ("> 1%, > 5%", True), ("above one percent", True), ("greater than 1%", True), ("1%+", True),
        ("> $limit", True), ("> 100%", True), ("none at all", True), ("> 3,000", True), ("> -1%", True), ("> 1e-2", True), ("≫ 1%", True),
    )
)  # fmt: skip

TIMES: Final = (
    _slip("a time in words", "for: {critical: 15m}", "for: {critical: 15 minutes}"),
    _slip("a time as a number", "for: {critical: 15m}", "for: {critical: 15}"),
    _slip("a time of half an hour", "for: {critical: 15m}", "for: {critical: 0.5h}"),
    _slip("a time as a clock shows it", "for: {critical: 15m}", "for: {critical: 00:15}"),
    _slip("a time with a capital", "for: {critical: 15m}", "for: {critical: 15M}"),
    _slip("a deadline in words", "respond: 30m", "respond: immediately"),
    _slip("a deadline as a number", "respond: 30m", "respond: 30"),
    _slip("a time of milliseconds", "for: {critical: 15m}", "for: {critical: 500ms}"),
    _slip("a time that is negative", "for: {critical: 15m}", "for: {critical: -15m}"),
)

PEOPLE: Final = (
    _slip("a phone number without quotes", '    sms: ["+12025550118"]', "    sms: [+12025550118]"),
    _slip(
        "a phone number with blanks",
        '    sms: ["+12025550118"]',
        '    sms: ["+1 202 555 0118"]',
        fatal=False,
        findings=0,
    ),
    _slip("a phone number without its country", '    sms: ["+12025550118"]', '    sms: ["2025550118"]'),
    _slip("a phone number with two noughts", '    sms: ["+12025550118"]', '    sms: ["0012025550118"]'),
    _slip("a phone number as text", '    sms: ["+12025550118"]', '    sms: "+12025550118"'),
    _slip("a phone number alone without quotes", '    sms: ["+12025550118"]', "    sms: +12025550118"),
    _slip("a phone number of letters", '    sms: ["+12025550118"]', '    sms: ["+1202DISPATCH"]'),
    _slip("an address without its domain", "[head@example.com]", "[head]"),
    _slip("an address with a name", "[head@example.com]", "[Head of dispatch <head@example.com>]"),
    _slip("two addresses in one", "[head@example.com]", '["head@example.com, first@example.com"]'),
    _slip("an address as a link", "[head@example.com]", '["mailto:head@example.com"]'),
    _slip("a channel without its sign", '"#dispatch"', "dispatch", fatal=False),
    _slip("a channel as an address", '"#dispatch"', "https://example.slack.com/archives/C0123456789"),
    _slip("a phone number for an address", "[head@example.com]", '["+12025550118"]'),
    _slip("a level without a contact that is wanted", '    phone: ["+12025550118"]\n', "", at="emergency: {respond"),
)

INCLUDES: Final = (
    _slip("an include that is not there", "include: systems/*.yaml", "include: systems/printer.yaml"),
    _slip("an include that nothing matches", "include: systems/*.yaml", "include: systems/*.yml"),
    _slip("an include of a folder", "include: systems/*.yaml", "include: systems"),
    _slip("an include by its whole path", "include: systems/*.yaml", "include: /etc/tocsin/*.yaml"),
    _slip("an include from outside", "include: systems/*.yaml", "include: ../systems/*.yaml"),
    _slip(
        "an include of an include", "version: 1\n", "version: 1\ninclude: [more.yaml]\n", path=PRINTERS, at="include:"
    ),
    _slip(
        "an include of the file itself",
        "include: systems/*.yaml",
        "include: [systems/*.yaml, thresholds.yaml]",
        fatal=False,
        findings=0,
    ),
    _slip("a system in two files", "  printers:\n", "  parcels:\n", path=PRINTERS),
    _slip("a runbook by the folder of the included file", "guides/printers.md", "../guides/printers.md", path=PRINTERS),
    _slip("a team in an included file", "systems:\n", "teams: {a: {title: A}}\nsystems:\n", path=PRINTERS),
)

RUNBOOKS: Final = (
    _slip("a runbook of another encoding", "A worker does not give", "Ein Worker gibt".encode("utf-16"), path=GUIDE),
    _slip("a runbook in Latin-1", "# Printers", "# Drücker".encode("latin-1"), path=PRINTER_GUIDE),
    _slip("a heading that is gone", "### Slow answers\n", "", path=GUIDE, at=(SPEC, '"#slow-answers"')),
    _slip(
        "a heading that has another name",
        "### Slow answers\n",
        "### Slow responses\n",
        path=GUIDE,
        at=(SPEC, '"#slow-answers"'),
    ),
    _slip("a heading without a blank", "### Slow answers\n", "###Slow answers\n", path=GUIDE),
    _slip("a heading in bold", "### Slow answers\n", "**Slow answers**\n", path=GUIDE),
    _slip(
        "a section that is empty",
        "Ask the shift leader whether a switch is off.\n",
        "",
        path=PRINTER_GUIDE,
        at="## No printer",
        fatal=False,
    ),
    _slip("a link that is misspelt", "(#disk-is-full)", "(#disk-full)", path=GUIDE),
    _slip("a link to a page that is misspelt", "(printers.md)", "(printer.md)", path=GUIDE),
    _slip(
        "a fence that is not closed",
        "labelctl clean --older-than 30d\n```\n",
        "labelctl clean --older-than 30d\n",
        path=GUIDE,
        at=(GUIDE, "```bash", 3),
    ),
    _slip(
        "a statement with a misspelt severity",
        "- Printer down: emergency.",
        "- Printer down: emergancy.",
        path=PRINTER_GUIDE,
    ),
    _slip("a statement without its severity", "- Printer down: emergency.", "- Printer down.", path=PRINTER_GUIDE),
    _slip(
        "a statement with a dash for its colon",
        "- Printer down: emergency.",
        "- Printer down - emergency.",
        path=PRINTER_GUIDE,
    ),
    _slip(
        "a statement by another name", "- Printer down: emergency.", "- Printers down: emergency.", path=PRINTER_GUIDE
    ),
    _slip("another number in the runbook", "- Disk usage > 92 %", "- Disk usage > 93 %", path=GUIDE),
    _slip("another unit in the runbook", "- p95 latency > 3 s for", "- p95 latency > 3 ms for", path=GUIDE),
    _slip("a limit that the runbook has no more", "- Cache hit ratio < 70 %\n", "", path=GUIDE, at=(SPEC, '"< 70%"')),
    _slip(
        "a limit that the runbook has more",
        "- Cache hit ratio < 70 %\n",
        "- Cache hit ratio < 70 %\n- CPU usage > 80 %\n",
        path=GUIDE,
        at="CPU usage",
    ),
    _slip(
        "the heading of missing metrics is gone",
        "### Metrics missing\n",
        "### No data\n",
        path=GUIDE,
        at=(SPEC, "  parcels:"),
    ),
    _slip("an empty runbook", None, "", path=PRINTER_GUIDE, at=(PRINTERS, "runbook: guides")),
    _slip(
        "a runbook that is a page of the web",
        None,
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
        path=PRINTER_GUIDE,
        at=(PRINTERS, "runbook: guides"),
    ),
    _slip(
        "words that are waived are gone",
        "when more than 2 % of the requests fail",
        "when more than 3 % of the requests fail",
        path=GUIDE,
    ),
)

VERSIONS: Final = (
    _slip("no version", "version: 1\n", ""),
    _slip("a version to come", "version: 1\n", "version: 2\n"),
    _slip("a version as text", "version: 1\n", 'version: "1"\n'),
    _slip("a version with its letter", "version: 1\n", "version: v1\n"),
    _slip("no version in an included file", "version: 1\n", "", path=PRINTERS),
)

FOLLOWED: Final = (
    _slip("two labels in braces", "per: warehouse", "per: warehouse, hall"),
    _slip("two labels in one text", "per: warehouse", 'per: "warehouse, hall"'),
    _slip("a label of two words", "per: warehouse", "per: Ware-House"),
    _slip("a duration with a comma in braces", "respond: 30m", "respond: 1,5h"),
    _slip("a duration with a point", "respond: 30m", "respond: 1.5h"),
    _slip("a duration with a comma", "for: {critical: 15m}", 'for: {critical: "1,5h"}'),
    _slip("an anchor that begins with a digit", '"#slow-answers"', '"33-slow-answers"'),
    _slip("a numbered heading for an anchor", '"#slow-answers"', '"3.3 Slow answers"'),
    _slip(
        "no for off",
        "    limits:\n      cache_hit_ratio:",
        "    limits:\n      metrics_missing: no\n      cache_hit_ratio:",
    ),
    _slip("a brace that is not opened", "print_queue: {gauge", "print_queue: gauge"),
    _slip("a size with a unit", "max: node_filesystem_size_bytes", "max: 4GB"),
    _slip("a number with a word", "max: labels_pool_size", 'max: "50 connections"'),
    _slip("a number in quotes", "max: labels_pool_size", 'max: "50"'),
    _slip("a limit in thousands", '"> 3000"', '"> 3k"'),
    _slip("a limit of a thousand thousands", '"> 3000"', '"> 0.003M"'),
    _slip("a link with a placeholder of its own", "{path}#{anchor}", "{file}#{anchor}"),
    _slip("a link without a section", "{path}#{anchor}", "{path}"),
    _slip("a webhook without http", "http://127.0.0.1:9095/v1/alertmanager", "127.0.0.1:9095"),
    _slip(
        "a code misspelt in a comment",
        'warning: "> 1.5s"\n',
        'warning: "> 1.5s"  # tocsin: ignore[limit-difers] because\n',
    ),
    _slip(
        "a query in braces without quotes",
        "    kind: gauge\n    unit: count",
        "    unit: count\n    query: {{ gauge }}",
        at="query:",
    ),
    Slip(
        name="an input misspelt in a query",
        edits=(
            (SPEC, "    kind: gauge\n    unit: count", '    unit: count\n    query: "{{ lables }}"'),
            (SPEC, "print_queue: {gauge", "print_queue: {labels"),
        ),
        place=(SPEC, "query:", 0),
    ),
)

CAUSES: Final = (
    _slip(
        "a fence that the next one closes",
        "kubectl rollout restart deployment/labels-worker\n```\n",
        "kubectl rollout restart deployment/labels-worker\n",
        path=GUIDE,
        at=(GUIDE, "```bash", 2),
    ),
    _slip(
        "what is free for what is used",
        'warning: "> 80%"\n        critical: "> 95%"',
        'warning: "< 20%"\n        critical: "< 5%"',
    ),
    _slip(
        "two limits exchanged",
        'warning: "> 500"\n        critical: "> 3000"',
        'warning: "> 3000"\n        critical: "> 500"',
        at='critical: "> 500"',
    ),
    _slip(
        "another duration than the guide's",
        "for: {critical: 15m}",
        "for: {critical: 25m}",
        at=(GUIDE, "for 15 minutes"),
    ),
    _slip(
        "a broken link to a section that nothing else leads to",
        "see [Disk is full](#disk-is-full)",
        "see [Disk is full](#disk-full)",
        path=GUIDE,
    ),
)

WORDS: Final = (
    _slip(
        "a word of a severity for a severity",
        "version: 1\n",
        "version: 1\nseverities: {get up: fatal}\n",
        at="severities:",
    ),
    _slip(
        "severities and words exchanged",
        "version: 1\n",
        "version: 1\nseverities: {warning: look at it, critical: get up}\n",
        at="severities:",
    ),
    _slip(
        "a level without one of the contacts",
        '    email: [head@example.com]\n    sms: ["+12025550118"]\n',
        "    email: [head@example.com]\n",
        at="critical:  {respond",
        fatal=False,
    ),
)

_BACKUP: Final = (
    "    limits:\n      cache_hit_ratio:",
    '    limits:\n      last_success_age: {critical: "> 26h", runbook: "#disk-is-full", documented: "Every Monday"}\n      cache_hit_ratio:',
    "      cache_hit_ratio: {hits",
    "      last_success_age: {gauge: kube_cronjob_status_last_successful_time, per: cronjob}\n      cache_hit_ratio: {hits",
)
AGES: Final = (
    Slip(
        name="a time of success as a gauge",
        edits=((SPEC, _BACKUP[0], _BACKUP[1]), (SPEC, _BACKUP[2], _BACKUP[3])),
        place=(SPEC, "last_success_age: {gauge", 0),
    ),
)

SLIPS: Final = (
    *YAML, *LEFT_OUT, *WRONG_FILES, *NAMES, *UNITS, *TIMES, *PEOPLE, *INCLUDES, *RUNBOOKS, *VERSIONS, *AGES, *FOLLOWED, *CAUSES, *WORDS,
)  # fmt: skip
