"""Mistakes in a specification: the texts to replace, their replacements, and the codes of the findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.compiler.base import LEDGER, SHOP, SPEC


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """Edits of the base specification, and all codes of the findings, sorted by place.

    `fatal` means that one is an error.
    """

    name: str
    edits: tuple[tuple[str, str, str | bytes], ...]
    codes: tuple[str, ...]
    fatal: bool = True


def _in_spec(name: str, old: str, new: str | bytes, *codes: str) -> Mistake:
    return Mistake(name=name, edits=((SPEC, old, new),), codes=codes)


def _in_shop(name: str, old: str, new: str | bytes, *codes: str) -> Mistake:
    return Mistake(name=name, edits=((SHOP, old, new),), codes=codes)


def _several(name: str, *edits: tuple[str, str, str | bytes], codes: tuple[str, ...]) -> Mistake:
    return Mistake(name=name, edits=edits, codes=codes)


_SIGNALS_END: Final = '100x{{ steps }}"}\n'
_ROUTED: Final = "pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}"
_SHOP_HEAD: Final = "    team: sales\n    runbook: runbooks/shop.md\n"
_LATENCY: Final = 'latency_p95:     {warning: "> 150ms", critical: "> 200ms", runbook: "#slow-answers"}'

_BACKLOG: Final = "sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})"
_BACKLOG_EXAMPLE: Final = """\
    example:
      - {series: "{{ taken }}", values: "{{ 100 + value }}x{{ steps }}"}
      - {series: "{{ done }}", values: "100x{{ steps }}"}
"""

_FALLBACK: Final = "fallback: {team: sales, escalation: standard}"


def _routes(*routes: str) -> str:
    """Return the fallback with routes, one list item in each line."""
    return "fallback:\n    team: sales\n    escalation: standard\n    routes:\n" + "\n".join(
        f"      - {route}" for route in routes
    )


YAML: Final = (
    _in_spec("a tab", "  shop:\n", "\tshop:\n", "syntax"),
    _in_spec("a limit without quotes", '"> 150ms"', "> 150ms", "syntax"),
    _in_spec("a quote that is never closed", '"#sales"', '"#sales', "syntax"),
    _in_spec("a bracket that is never closed", "levels: [on-call, manager]", "levels: [on-call, manager", "syntax"),
    _in_spec("a comma in a text without quotes", "title: Sales team", "title: Sales, orders, and more", "syntax"),
    _in_spec("a colon in a text without quotes", "title: Sales team", "title: Sales: orders", "syntax"),
    _in_spec("a list at the top", "version: 1\n\nlinks", "- version\n- links", "syntax"),
    _in_spec("a second document", "signals:\n", "---\nsignals:\n", "syntax"),
    _in_spec("a control character", "The shop", "The\x07shop", "syntax"),
    _in_spec("a control character by its escape", "title: The shop", 'title: "The\\a shop"', "encoding"),
    _in_spec("a mapping as a key", "  shop:\n", "  {shop: 1}: 2\n", "syntax"),
    _in_spec("a tag", "title: The shop", "title: !secret shop", "syntax"),
    _in_spec("a tag of YAML's own", "title: The shop", "title: !!str shop", "syntax"),
    _in_spec("a directive", "version: 1", "%YAML 1.2\n---\nversion: 1", "syntax"),
    _in_spec("a text that is too long", "title: The shop", f"title: The {'long ' * 4000}shop", "too-large"),
    _in_spec("too many labels", "per: [region, queue]", f"per: [{', '.join(f'l{n}' for n in range(33))}]", "schema"),
    _in_shop("a line that is too long", "# The shop", "# The shop\n\n" + "long " * 8000, "too-large"),
    _in_spec("nesting without end", "title: The shop", "title: " + "[" * 99, "syntax"),
    _in_spec("an anchor", "team: books\n", "team: &owner books\n", "alias"),
    _in_spec("an alias", "team: books\n", "team: *owner\n", "alias"),
    _in_spec("a byte that is not UTF-8", "The shop", b"Caf\xe9", "encoding"),
    _in_spec(
        "a duplicate key", "    limits:\n      latency", "    title: Shop\n    limits:\n      latency", "duplicate-key"
    ),
)

FILES: Final = (
    _in_spec("a runbook that does not exist", "runbooks/shop.md", "runbooks/shopp.md", "missing-file"),
    _in_spec("a runbook outside of the folder", "runbooks/shop.md", "../shop.md", "path"),
    _in_spec("a runbook without a name", "runbooks/shop.md", '" "', "path"),
    _in_spec("an include that nothing matches", "version: 1\n", "version: 1\ninclude: team/*.yaml\n", "missing-file"),
    _in_spec("an include outside of the folder", "version: 1\n", "version: 1\ninclude: [/etc/*.yaml]\n", "path"),
    _in_spec("an include that is no pattern", "version: 1\n", "version: 1\ninclude: team**.yaml\n", "path"),
)

KEYS: Final = (
    _in_spec("an unknown key", "title: The shop", "titel: The shop", "unknown-key"),
    _in_spec("an unknown key without a neighbour", "title: The shop", "on_call_rota: x", "unknown-key"),
    _in_spec("an unknown severity", "critical: 5m}", "panic: 5m}", "unknown-key"),
    _in_spec("an unknown input", "histogram: http", "histogramm: http", "unknown-key"),
    _in_spec("a missing key", "    team: books\n", "", "missing-key"),
    _in_spec("a missing part", "links:\n  runbook: https://docs.example.com/{path}#{anchor}\n", "", "missing-key"),
    _in_spec("direct delivery without PagerDuty", _ROUTED, "group_wait: 1m", "missing-key"),
    _in_spec("a list for a mapping", 'sales: {title: Sales team, slack: "#sales"}', "sales: [Sales team]", "schema"),
    _in_spec("a number for text", "title: The shop", "title: 5", "schema"),
    _in_spec("a truth for text", "title: The shop", "title: true", "schema"),
    _in_spec("a title that Prometheus would read as a template", "title: The shop", 'title: "{{ shop }}"', "schema"),
    _in_spec("an address that is none", "http://tocsin:9095/", "http://tocsin:port/", "schema"),
    _in_spec(
        "an address that goes on below", "http://tocsin:9095/v1/alertmanager", '"http://tocsin:9095/\\n"', "schema"
    ),
    _in_spec(
        "an address with a control character",
        "http://tocsin:9095/v1/alertmanager",
        '"http://tocsin:9095/\\a"',
        "encoding",
    ),
    _in_spec("an address with half an escape", "/v1/alertmanager", "/v1/alert%manager", "schema"),
    _in_spec("a link of unknown parts", "{path}#{anchor}", "{file}#{anchor}", "schema"),
    _in_spec("a link that Prometheus would read as a template", "{path}#{anchor}", "{{path}}#{anchor}", "schema"),
    _in_spec("a link with a blank", "docs.example.com/{path}", "docs.example.com/{path} ", "schema"),
    _in_spec(
        "a key's file without a name", "routing_key_file: /etc/alertmanager/pagerduty", 'routing_key_file: ""', "schema"
    ),
    _in_spec("a token's file of a blank", "token_file: /etc/alertmanager/token", 'token_file: " "', "schema"),
    _in_spec(
        "one label twice in a group",
        "routing:\n",
        "routing:\n  group_by: [alertname, severity, system, severity]\n",
        "schema",
    ),
    _in_spec(
        "one number twice in a level",
        'phone: ["+12025550102"]',
        'phone: ["+12025550102", "+12025550103", "+12025550102"]',
        "schema",
    ),
    _in_spec("an id with a line feed", "  ledger:\n", '  "ledger\\n":\n', "schema"),
    _in_spec("an id that is too long", "  ledger:\n", f"  {'l' * 64}:\n", "schema"),
    _in_spec("a signal's id that is too long", "      error_ratio:  off\n", f"      {'e' * 64}:  off\n", "schema"),
    _in_spec("a window that goes on below", 'selector: job="shop"', 'window: "5m\\n"', "schema"),
    _in_spec("an unknown choice", "deliver: direct", "deliver: straight", "schema"),
    _in_spec("an unknown version", "version: 1\n", "version: 2\n", "schema"),
    _in_spec("an empty list", "levels: [on-call, manager]", "levels: []", "schema"),
    _in_spec("a capital in an id", "  shop:\n", "  Shop:\n", "schema"),
    _in_spec("an anchor without its sign", 'runbook: "#backlog"', "runbook: backlog", "schema"),
    _in_spec("a window in words", 'selector: job="shop"', "window: 5 minutes", "schema"),
)

QUANTITIES: Final = (
    _in_spec("a deadline in words", "respond: 4h", "respond: soon", "quantity"),
    _in_spec("a window of nothing", 'selector: job="shop"', "window: 0s", "quantity"),
    _in_spec("a duration out of order", _ROUTED, f"{_ROUTED}\n  group_wait: 5s1m", "quantity"),
    _in_spec("a duration longer than time", _ROUTED, f"{_ROUTED}\n  group_wait: {'9' * 40}s", "quantity"),
    _in_spec("traffic in words", 'selector: job="shop"', "minimum_traffic: lots", "quantity"),
    _in_spec("no traffic as a number", 'selector: job="shop"', "minimum_traffic: 0 per minute", "quantity"),
    _in_spec("a state without a comparison", 'active: "== 0"', 'active: "0"', "quantity"),
)

LIMITS: Final = (
    _in_spec("a limit without a unit", '"> 150ms"', '"> 150"', "limit-unit"),
    _in_spec("a limit in another unit", '"> 150ms"', '"> 15%"', "limit-unit"),
    _in_spec("a limit in an unknown unit", '"> 150ms"', '"> 150 msec"', "limit"),
    _in_spec("a limit without a comparator", '"> 150ms"', "150ms", "limit"),
    _in_spec("a limit that is a number", '"> 150ms"', "150", "limit"),
    _in_spec("a limit by equality", '"> 150ms"', '"== 150ms"', "limit"),
    _in_spec("a share without an exact decimal", '">= 85 of 100"', '">= 2 of 3"', "limit"),
    _in_spec("a share of nothing", '">= 85 of 100"', '">= 85 of 0"', "limit"),
    _in_spec("a number too long to be exact", '"> 150ms"', f'"> 0.{"1" * 40}ms"', "limit"),
    _in_spec("a number for a state", "emergency: when true", 'emergency: "> 1"', "limit"),
    _in_spec("a state for a number", '"> 150ms"', "when true", "limit"),
    _in_spec("limits in one word", "      error_ratio:  off", "      error_ratio:  none", "limit"),
    _in_spec(
        "house limits in one word",
        '{warning: "> 60%", critical: "> 80%", runbook: "#connections"}',
        "none",
        "limit",
        "runbook-section",
    ),
    _in_spec("a truth for a limit", '"> 150ms"', "true", "limit"),
    _in_spec("every limit off", '{warning: "> 1000", critical: "> 5000", ', "{", "limit"),
    _in_spec("warning beyond critical, and beyond the runbook's", '"> 1000"', '"> 6000"', "limit-differs"),
    _several(
        "warning beyond critical",
        (SPEC, '"> 1000"', '"> 6000"'),
        (LEDGER, "warning above 1000", "warning above 6000"),
        codes=("limit-order",),
    ),
    _in_spec(
        "warning beyond critical in the house", '"> 1%",  critical: "> 5%"', '"> 5%",  critical: "> 1%"', "limit-order"
    ),
    _several(
        "two severities of one limit",
        (SPEC, '"> 5000"', '"> 1000"'),
        (LEDGER, "critical above 5000", "critical above 1000"),
        codes=("limit-order",),
    ),
    _in_spec(
        "a state of two severities",
        "emergency: when true",
        "critical: when true, emergency: when true",
        "undocumented-limit",
        "limit-order",
    ),
    _several(
        "high for one severity and low for the other",
        (SPEC, 'critical: "> 5000"', 'critical: "< 10"'),
        (LEDGER, "critical above 5000", "critical below 10"),
        codes=("limit-direction",),
    ),
    _several(
        "what is free as a limit of what is used",
        (SPEC, '{warning: ">= 85 of 100", critical: off}', '{warning: "< 15%", critical: off}'),
        (SHOP, "at least 85 of 100", "below 15 %"),
        codes=("against-direction",),
    ),
    _in_spec(
        "few errors are no trouble", '"> 1%",  critical: "> 5%"', '"< 5%",  critical: "< 1%"', "against-direction"
    ),
    _in_spec(
        "availability by errors",
        """availability: {attempts: 'rpc_total{method!="ping"}', successes: 'rpc_total{method!="ping",ok="yes"}'""",
        """availability: {requests: 'rpc_total{method!="ping"}', errors: 'rpc_total{method!="ping",ok="no"}'""",
        "against-direction",
    ),
    _in_spec(
        "a state of what is free",
        'gauge: checkout_open, active: "== 0", of: all',
        'available: tills_free, max: tills, active: "< 10%"',
        "against-direction",
    ),
    _in_spec(
        "a state measured in another unit",
        'gauge: checkout_open, active: "== 0", of: all',
        'used: tills_in_use, max: tills, active: "> 90"',
        "limit-unit",
    ),
)

DOCUMENTS: Final = (
    _in_spec("a section that does not exist", '"#slow-answers"', '"#slow-answer"', "runbook-section"),
    _in_spec("no section at all", ', runbook: "#slow-answers"', "", "runbook-section"),
    _in_spec("the house's section in another runbook", "      error_ratio:  off\n", "", "runbook-section"),
    _in_shop("the section of a house limit is gone", "## Errors", "## Failures", "runbook-section"),
    _in_shop("another number in the runbook", "critical above 200 ms", "critical above 250 ms", "limit-differs"),
    _in_shop("a state in the runbook", "critical above 200 ms", "critical", "limit-differs"),
    _in_shop("a limit that the runbook keeps to itself", ", critical above 200 ms", "", "undocumented-limit"),
    _in_shop(
        "a limit that nobody watches",
        "warning at least 85 of 100",
        "warning at least 85 of 100, critical above 95 %",
        "unwatched-statement",
    ),
    _in_shop(
        "a bullet without a limit", "- Checkout closed: emergency.", "- Checkout closed is an emergency.", "statement"
    ),
    _in_shop(
        "a bullet with nothing behind its colon", "- Checkout closed: emergency.", "- Checkout closed:", "statement"
    ),
    _in_shop("an unknown severity in the runbook", "closed: emergency", "closed: emergancy", "statement"),
    _in_shop("a limit in the runbook without a unit", "above 200 ms", "above 200 msec", "statement"),
    _in_shop("a statement of two lines", "closed: emergency.", "closed:\n  emergency.", "statement"),
    _in_spec(
        "a quotation of the house",
        'critical: "> 5%",  runbook',
        'critical: "> 5%",  documented: errors, runbook',
        "documented",
    ),
    _in_shop(
        "a sentence with another number",
        "## Slow answers\n",
        "## Slow answers\n\nThe alert fires when p95 latency is above 250 ms.\n",
        "limit-differs",
    ),
    _in_shop(
        "a sentence of another severity",
        "## Slow answers\n",
        "## Slow answers\n\nWe page somebody above 150 ms.\n",
        "limit-differs",
    ),
    _in_shop(
        "a sentence of another duration",
        "## Slow answers\n",
        "## Slow answers\n\nCritical: p95 latency > 200 ms for 20 minutes.\n",
        "limit-differs",
    ),
    _in_shop(
        "a table with another number",
        "## Slow answers\n",
        "## Slow answers\n\n| | Warning | Critical |\n|---|---|---|\n| p95 latency | > 150 ms | > 300 ms |\n",
        "limit-differs",
    ),
    _in_shop(
        "a sentence that nobody watches",
        "## Slow answers\n",
        "## Slow answers\n\nCall the data team when the replica lags by more than 30 seconds.\n",
        "unwatched-statement",
    ),
    _in_spec(
        "a waiver of words that nobody wrote",
        _SHOP_HEAD,
        _SHOP_HEAD + "    waive: [{statement: more than 500 jobs, reason: a queue of another team}]\n",
        "unused-waiver",
    ),
    _in_spec(
        "a waiver of what an alert carries",
        _SHOP_HEAD,
        _SHOP_HEAD + "    waive: [{statement: warning above 150 ms, reason: an old number}]\n",
        "unused-waiver",
    ),
    _in_spec("a waiver without a reason", _SHOP_HEAD, _SHOP_HEAD + "    waive: [{statement: 150 ms}]\n", "missing-key"),
    _in_spec("a question that is left", "max: 100, per: service", "max: 100, per: QUESTION", "question"),
    _in_spec("a quotation that is none", "within 90 minutes", "within an hour", "documented"),
)

SIGNALS: Final = (
    _in_spec("an unknown signal", "      backlog:      {warning", "      baklog:       {warning", "signal"),
    _in_spec(
        "an unknown signal in the house",
        "    error_ratio:     {warning",
        "    eror_ratio:      {warning",
        "signal",
        "limit",
    ),
    _in_spec("a signal of kind and query", "    unit: count\n", "    unit: count\n    kind: gauge\n", "signal"),
    _in_spec("a signal of neither kind nor query", "{kind: gauge, unit: seconds", "{unit: seconds", "signal"),
    _in_spec("a state in seconds", "{kind: gauge, unit: seconds", "{kind: state, unit: seconds", "signal"),
    _in_spec("a number that is a state", "{kind: gauge, unit: seconds", "{kind: gauge, unit: state", "signal"),
    _in_spec(
        "a share as a number", "signals:\n", "signals:\n  connection_pool: {kind: usage, unit: count}\n", "signal"
    ),
    _in_spec("a ratio as a number", "signals:\n", "signals:\n  error_ratio: {kind: ratio, unit: count}\n", "signal"),
    _in_spec(
        "a quantile of a gauge", "{kind: gauge, unit: seconds", "{kind: gauge, quantile: 0.9, unit: seconds", "signal"
    ),
    _in_spec("an unknown kind", "{kind: gauge, unit", "{kind: guage, unit", "schema"),
    _in_spec("a template that does not parse", "({{ taken }}) -", "({{ taken) -", "template"),
    _in_spec("a template that does not render", "({{ taken }}) -", "({{ taken.total }}) -", "template"),
    _in_spec("an example with an unknown name", '"{{ 100 + value }}x', '"{{ 100 + valeu }}x', "template"),
    _in_spec("a query that is no PromQL", "({{ done }})\n", "({{ done }}\n", "promql"),
    _in_spec("a metric that is none", "gauge: checkout_open", "gauge: checkout-open", "promql"),
    _in_spec("a metric with a range", "gauge: checkout_open", "gauge: 'checkout_open[5m]'", "promql"),
    _in_spec("a selector that is none", 'selector: job="shop"', "selector: job=shop", "promql"),
    _in_spec("an input too few", ", max: 100,", ",", "metrics"),
    _in_spec("a maximum of nothing", "max: 100", "max: 0", "metrics"),
    _in_spec("a part that is the whole", "max: 100, per", "max: pool_in_use, per", "metrics"),
    _in_spec(
        "a part that is the whole by its matchers",
        "requests: http_requests_total, errors",
        """requests: 'http_requests_total{code=~"5..",job="shop"}', errors""",
        "metrics",
    ),
    _in_spec(
        "a part that takes in the whole",
        "used: pool_in_use, max: 100, per",
        "available: pool, max: 'pool{state=\"max\"}', per",
        "metrics",
    ),
    _in_spec(
        "a whole that takes in the part",
        "used: pool_in_use, max: 100, per",
        "used: 'pool{state=\"used\"}', max: pool, per",
        "metrics",
    ),
    _several(
        "an age as a share",
        (SPEC, "{kind: gauge, unit: seconds", "{kind: gauge, unit: ratio"),
        (SPEC, '"> 1h30m"', '"> 90%"'),
        codes=("limit-unit",),
    ),
    _in_spec(
        "limits without metrics",
        '      checkout_closed: {gauge: checkout_open, active: "== 0", of: all}\n',
        "",
        "metrics",
    ),
    _in_spec("metrics under a misspelt id", "      checkout_closed: {gauge", "      checkout_close: {gauge", "metrics"),
    _in_spec("a state that is never true", ', active: "== 0"', "", "metrics"),
    _in_spec("all series of a counter", "gauge: checkout_open", "counter: checkouts_refused_total", "metrics"),
)

_CLOSING: Final = "since: day_started_timestamp_seconds"
_LATENCIES: Final = "histogram: http_request_duration_seconds"
_POOL: Final = "used: pool_in_use, max: 100"
_OPEN: Final = 'gauge: checkout_open, active: "== 0", of: all'

METRICS: Final = (
    _in_spec("a counter as a gauge", _CLOSING, "gauge: day_work_seconds_total", "counter-as-gauge"),
    _in_spec("a counter as a state", _OPEN, 'gauge: checkout_failures_total, active: "> 3"', "counter-as-gauge"),
    _in_spec("a counter as a histogram", _LATENCIES, "histogram: http_requests_total", "histogram-name"),
    _in_spec("a sum of what was observed as a gauge", _CLOSING, "gauge: day_closing_seconds_sum", "counter-as-gauge"),
    _in_spec(
        "a histogram by its buckets",
        _LATENCIES,
        """histogram: 'http_request_duration_seconds_bucket{method="GET"}'""",
        "histogram-name",
    ),
    _in_spec("a gauge as a counter", "requests: http_requests_total", "requests: http_in_flight", "gauge-as-counter"),
    _in_spec("a timestamp as a gauge", _CLOSING, "gauge: day_started_timestamp_seconds", "point-in-time"),
    _in_spec("an age as a timestamp", _CLOSING, "since: day_age_seconds", "point-in-time"),
    _in_spec("labels as a number", _CLOSING, "gauge: day_info", "constant-metric"),
    _in_spec("bytes below a limit in seconds", _CLOSING, "gauge: day_report_bytes", "metric-unit"),
    _in_spec("degrees below a limit in seconds", _CLOSING, "gauge: day_outside_celsius", "metric-unit"),
    _in_spec("a unit that may be a region", _CLOSING, "gauge: day_length_us", "metric-unit"),
    _in_spec("kilobytes of one thousand or more", _POOL, "used: pool_kb, max: pool_bytes", "metric-unit"),
    _in_spec("a unit of one part alone", _POOL, "used: pool_in_use_mib, max: pool_size", "metric-unit"),
    _in_spec("bytes as a share of seconds", _POOL, "used: pool_bytes, max: pool_seconds", "metric-unit"),
    _in_spec(
        "requests in seconds and errors in bytes",
        'attempts: \'rpc_total{method!="ping"}\', successes: \'rpc_total{method!="ping",ok="yes"}\'',
        "attempts: rpc_seconds_total, successes: rpc_bytes_total",
        "metric-unit",
    ),
    _in_spec("a unit of bytes for seconds", _LATENCIES, f"{_LATENCIES}, in: KiB", "metric-unit"),
    _in_spec("a unit for a point in time", _CLOSING, "since: day_started, in: percent", "metric-unit"),
    _in_spec("a unit beside a bare number", _OPEN, 'gauge: checkout_wait, in: ms, active: "> 500"', "metric-unit"),
    _in_spec("a unit that the name contradicts", _CLOSING, "gauge: day_milliseconds, in: s", "unit-contradicts-name"),
    _in_spec("what is free as what is used", _POOL, "used: pool_free, max: 100", "input-contradicts-name"),
    _in_spec("a unit that nobody knows", _LATENCIES, f"{_LATENCIES}, in: msec", "schema"),
    _in_spec("a unit of an unknown input", _POOL, "used: pool_a, max: pool_b, in: {usde: KiB, max: B}", "unknown-key"),
    _in_spec(
        "a unit of events",
        "requests: http_requests_total",
        "in: ms, requests: http_requests_total",
        "metrics",
    ),
    _in_spec("a unit of a query", "{taken: entries_taken,", "{in: ms, taken: entries_taken,", "metrics"),
)

_OFFICE: Final = "{timezone: Europe/Berlin, start: 2026-01-05 09:00, duration: 8h, rule: FREQ=WEEKLY}"


def _scheduled(name: str, old: str, new: str, *codes: str) -> Mistake:
    """Return the mistake of one schedule. The hours of a severity name the schedule."""
    office = _OFFICE.replace(old, new)
    assert office != _OFFICE or not old
    return _several(
        name,
        (SPEC, "escalate: 8h}", "escalate: 8h, hours: office}"),
        (SPEC, "teams:\n", f"schedules:\n  office: {office}\n\nteams:\n"),
        codes=codes,
    )


_BY_DAY: Final = (
    "{schedule: office, title: By day, email: [day@example.com], sms: ['+12025550103'], phone: ['+12025550103']}"
)

SCHEDULES: Final = (
    _in_spec("hours that nobody has defined", "escalate: 8h}", "escalate: 8h, hours: office}", "reference"),
    _in_spec(
        "a turn of a schedule that nobody has defined",
        "title: Manager,",
        "title: Manager, rotation: [{schedule: week-a, title: Week A, email: [a@example.com]}],",
        "reference",
    ),
    _scheduled("a zone that does not exist", "Europe/Berlin", "Europe/Berlim", "timezone"),
    _scheduled("a zone that leads to a file", "Europe/Berlin", "../etc/passwd", "timezone"),
    _scheduled("an abbreviation that is no zone", "Europe/Berlin", "CEST", "timezone"),
    _scheduled("a start without a time", "2026-01-05 09:00", "2026-01-05", "recurrence"),
    _scheduled("a start on a day that does not exist", "2026-01-05 09:00", "2026-02-30 09:00", "recurrence"),
    _scheduled("a shift without an end", "8h", "0s", "quantity"),
    _scheduled("a rule in words", "FREQ=WEEKLY", "every week", "recurrence"),
    _scheduled("a rule by the minute", "FREQ=WEEKLY", "FREQ=MINUTELY", "recurrence"),
    _scheduled("a rule with a misspelt day", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO;TUE", "recurrence"),
    _scheduled("a rule with a day that does not exist", "FREQ=WEEKLY", '"FREQ=WEEKLY;BYDAY=MO,XX"', "recurrence"),
    _scheduled("a rule that ends by itself", "FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=3", "recurrence"),
    _scheduled("a rule without an interval", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=0", "recurrence"),
    _scheduled("a rule with a part twice", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO;BYDAY=TU", "recurrence"),
    _scheduled("a rule that says the minute", "FREQ=WEEKLY", "FREQ=WEEKLY;BYMINUTE=5", "recurrence"),
    _scheduled("a rule that never holds", "FREQ=WEEKLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "recurrence"),
    _scheduled("a daily rule that never holds", "FREQ=WEEKLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "recurrence"),
    _scheduled("an exception that is no date", "FREQ=WEEKLY}", "FREQ=WEEKLY, exceptions: [Christmas]}", "recurrence"),
    _scheduled("an end that is no time", "FREQ=WEEKLY}", "FREQ=WEEKLY, until: tomorrow}", "recurrence"),
    Mistake(
        name="a rotation in which nobody is on call at night",
        edits=(
            (SPEC, "teams:\n", f"schedules:\n  office: {_OFFICE}\n\nteams:\n"),
            (SPEC, "title: On call,", f"title: On call, rotation: [{_BY_DAY}],"),
        ),
        codes=("rotation-gap",),
        fatal=False,
    ),
    _several(
        "a turn that nobody can reach",
        (SPEC, "teams:\n", f"schedules:\n  office: {_OFFICE.replace('8h', '7d')}\n\nteams:\n"),
        (
            SPEC,
            "title: On call,",
            "title: On call, rotation: [{schedule: office, title: By day, phone: ['+12025550103']}],",
        ),
        codes=("contact", "contact"),
    ),
    _in_spec(
        "an acknowledgement that holds for nobody knows how long",
        "escalate: 8h}",
        "escalate: 8h, acknowledged: a while}",
        "quantity",
    ),
    _in_spec(
        "what fires on and is never told again",
        "escalate: 8h}",
        "escalate: 8h, still_firing: never}",
        "quantity",
    ),
    _in_spec(
        "what fires on and is told again at once",
        "escalate: 8h}",
        "escalate: 8h, still_firing: 30s}",
        "quantity",
    ),
    _in_spec("a fallback to nowhere", "[on-call, manager]", "[on-call, manager]\n    fallback: [pigeon]", "schema"),
)

NAMES: Final = (
    _in_spec("an unknown team", "team: books\n", "team: book\n", "reference"),
    _in_spec("an unknown policy", "escalation: standard\n    deliver", "escalation: standrd\n    deliver", "reference"),
    _in_spec("an unknown level", "levels: [on-call, manager]", "levels: [on-call, boss]", "reference"),
    _in_spec("an unknown team to fall back to", "fallback: {team: sales", "fallback: {team: nobody", "reference"),
    _in_spec(
        "components by a label of the rule", "max: 100, per: service", "max: 100, per: severity", "reserved-label"
    ),
    _in_spec("clusters by a label of the rule", "defaults:\n", "dimensions: [system]\n\ndefaults:\n", "reserved-label"),
    _in_spec("clusters by buckets", "defaults:\n", "dimensions: [cluster, le]\n\ndefaults:\n", "reserved-label"),
    _in_spec("clusters by jobs", "defaults:\n", "dimensions: [job]\n\ndefaults:\n", "reserved-label"),
    _in_spec("clusters by an inner label", "defaults:\n", "dimensions: [__replica__]\n\ndefaults:\n", "reserved-label"),
    _in_spec("no clusters", "defaults:\n", "dimensions: []\n\ndefaults:\n", "schema"),
    _in_spec("a dimension that is no list", "defaults:\n", "dimensions: cluster\n\ndefaults:\n", "schema"),
    _in_spec("a system of a reserved name", "  ledger:\n", "  watchdog:\n", "reserved-id"),
    _several(
        "two signals of one alert name",
        (SPEC, "  ledger:\n", "  shop-latency:\n"),
        (SPEC, "  backlog:\n    title: Backlog\n", "  p95:\n    title: Backlog\n"),
        (SPEC, "      backlog:      {warning", "      p95:          {warning"),
        (SPEC, "      backlog:      {taken", "      p95:          {taken"),
        codes=("alert-name",),
    ),
)

PROOF: Final = (
    _in_spec("an example that divides by zero", "{{ 100 + value }}x", "{{ 100 / (value - value) }}x", "template"),
    _in_spec("an example that gives no samples", '"100x{{ steps }}"', '"a hundred"', "template"),
    _in_spec("an example of endless samples", '"100x{{ steps }}"', '"100x999999999999"', "template"),
    _in_spec(
        "an example that multiplies its samples", '"100x{{ steps }}"', '"100x{{ steps * 999999999 }}"', "template"
    ),
    _in_spec(
        "a loop in a query", "query: sum by", 'query: "{% for a in (1, 2) %}{{ a }}{% endfor %}" # sum by', "template"
    ),
    _in_spec(
        "arithmetic on a metric", "query: sum by ({{ per }}) ({{ taken }})", "query: sum({{ taken * 9 }})", "template"
    ),
    _in_spec(
        "a query of two metrics without an example",
        """    example:
      - {series: "{{ taken }}", values: "{{ 100 + value }}x{{ steps }}"}
      - {series: "{{ done }}", values: "100x{{ steps }}"}
""",
        "",
        "untested",
    ),
    _several(
        "a state of events that have gone before it fires",
        (
            SPEC,
            """{gauge: checkout_open, active: "== 0", of: all}""",
            """{counter: checkout_failures_total, active: "> 3", window: 4m}""",
        ),
        (SPEC, "for: 2m", "for: 4m"),
        codes=("hold-outlasts-window",),
    ),
    _in_spec("groups that mix severities", "routing:\n", "routing:\n  group_by: [alertname]\n", "group-by"),
    _in_spec(
        "a matcher that is none",
        _FALLBACK,
        "fallback: {team: sales, escalation: standard, routes: [{matchers: [namespace=shop, 'job==\"x\"'], team: sales}]}",
        "matcher",
    ),
    _in_spec(
        "a matcher in single quotes",
        _FALLBACK,
        _routes("""{matchers: "namespace=~'shop-.*'", team: sales}"""),
        "matcher",
    ),
    _in_spec(
        "an expression that the webhook does not match",
        _FALLBACK,
        _routes("""{matchers: 'namespace=~"\\\\bshop"', team: sales}"""),
        "matcher",
    ),
    _in_spec(
        "an expression that nobody reads",
        _FALLBACK,
        _routes("""{matchers: 'namespace=~"(shop"', team: sales}"""),
        "matcher",
    ),
    _in_spec(
        "a label's name that is none in a mapping",
        _FALLBACK,
        _routes("{matchers: {name space: shop}, team: sales}"),
        "matcher",
    ),
    _in_spec("a route to nobody", _FALLBACK, _routes("{matchers: {namespace: shop}, team: tills}"), "reference"),
    _in_spec("a route for all", _FALLBACK, _routes("{matchers: {}, team: sales}"), "schema"),
    _in_spec("a route without a team", _FALLBACK, _routes("{matchers: {namespace: shop}}"), "missing-key"),
    _in_spec("a label that is a list", _FALLBACK, _routes("{matchers: {namespace: [a, b]}, team: sales}"), "schema"),
    Mistake(
        name="routes that take no alert",
        edits=(
            (
                SPEC,
                _FALLBACK,
                _routes(
                    "{matchers: {namespace: shop}, team: sales}",
                    """{matchers: 'job="till",namespace="shop"', team: books}""",
                    """{matchers: [namespace="a", namespace="b"], team: books}""",
                    "{matchers: {alertname: ShopErrorRatio}, team: books}",
                ),
            ),
        ),
        codes=("route-never-taken",) * 3,
        fatal=False,
    ),
    _in_spec(
        "a token and a password",
        "token_file: /etc/alertmanager/token",
        "token_file: /etc/alertmanager/token, basic_auth: {username: a, password_file: /etc/password}",
        "schema",
    ),
    _in_spec("a level that nobody can reach", ', phone: ["+12025550101"]', "", "contact"),
    _in_spec(
        "a level whose name calls a whole channel", "title: On call,", 'title: "<!channel> on call",', "misleading-text"
    ),
    _in_shop("a control character in a runbook", "## Checkout closed\n", "## Checkout closed\n\n\x1b[2J\n", "encoding"),
    _in_spec(
        "a misspelt signal that the house has limits for",
        'connection_pool: {warning: ">= 85 of 100"',
        'connection_pol: {warning: ">= 85 of 100"',
        "signal",
    ),
    _in_spec("buckets as components", "seconds, per: service", "seconds, per: le", "reserved-label"),
    _in_spec("metrics as components", "seconds, per: service", "seconds, per: __name__", "reserved-label"),
    _in_spec("a folder in place of a runbook", "runbooks/shop.md", "runbooks", "missing-file"),
    _in_spec("a link that leads to no section", "{path}#{anchor}", "{path}", "schema"),
)

REACH: Final = (
    _in_spec(
        "a share above all of it",
        '"> 1%",  critical: "> 5%",  runbook',
        '"> 1%",  critical: "> 100%",  runbook',
        "limit-never-fires",
    ),
    _several(
        "a share below nothing",
        (SPEC, '"< 99.5%"', '"< 0%"'),
        (LEDGER, "below 99.5 %", "below 0 %"),
        codes=("limit-never-fires",),
    ),
    _in_spec("a limit that every share crosses", '{warning: "> 1%"', '{warning: ">= 0%"', "limit-always-fires"),
    _several(
        "a share that all of it is below",
        (SPEC, '"< 99.5%"', '"< 101%"'),
        (LEDGER, "below 99.5 %", "below 101 %"),
        codes=("limit-always-fires",),
    ),
    _in_spec(
        "a state that more than all would be",
        'gauge: checkout_open, active: "== 0", of: all',
        'available: tills_free, max: tills, active: "> 100%"',
        "limit-never-fires",
    ),
    _in_spec(
        "a state of no event at all",
        'gauge: checkout_open, active: "== 0", of: all',
        'counter: checkout_failures_total, active: ">= 0", window: 15m',
        "limit-always-fires",
    ),
    _in_spec(
        "a window of three scrapes",
        'selector: job="shop"',
        'selector: job="shop"\n    window: 3m',
        "window-too-short",
    ),
    _in_spec(
        "a scrape interval that the window is too short for",
        "  for: {warning: 10m, critical: 5m}",
        "  for: {warning: 10m, critical: 5m}\n  window: 5m\n  scrape_interval: 90s",
        "window-too-short",
    ),
    _in_spec(
        "a range of a query with too few scrapes",
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: sum by ({{ per }}) (rate({{ taken }}[1m])) -",
        "window-too-short",
    ),
    _in_spec(
        "a component's label lost by a query",
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: sum by (region) ({{ taken }}) -",
        "lost-label",
    ),
    Mistake(
        name="a query that mixes clusters",
        edits=(
            (SPEC, "defaults:\n", "dimensions: [cluster]\n\ndefaults:\n"),
            (
                SPEC,
                "query: sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})",
                "query: sum by (region, queue) ({{ taken }}) - sum by (region, queue) ({{ done }})",
            ),
        ),
        codes=("lost-label",),
        fatal=False,
    ),
    _in_spec(
        "groups by a label that no alert carries",
        "routing:\n",
        "routing:\n  group_by: [alertname, severity, namespace]\n",
        "lost-label",
    ),
    _in_spec(
        "a label that needs quotes",
        'selector: job="shop"',
        """selector: 'job="shop","k8s.namespace"="sales"'""",
        "newer-prometheus",
    ),
    _in_spec(
        "a function that Prometheus 2 does not have",
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: sum by ({{ per }}) (histogram_stddev({{ taken }})) -",
        "newer-prometheus",
    ),
    _in_spec(
        "a function that no supported Prometheus has",
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: sum by ({{ per }}) (first_over_time({{ taken }}[5m])) -",
        "promql",
    ),
    _in_spec(
        "a query that asks for the hour",
        f"    query: {_BACKLOG}\n{_BACKLOG_EXAMPLE}",
        "    query: sum by ({{ per }}) ({{ taken }} + {{ done }}) and on () hour() > 6\n",
        "untested",
    ),
    _in_spec(
        "an example and a reason for none",
        f"    query: {_BACKLOG}\n",
        f"    query: {_BACKLOG}\n    untested: nobody could\n",
        "signal",
    ),
    _in_spec("an escape that PromQL does not have", '{code=~"5.."}', '{code=~"5\\d\\d"}', "promql"),
    _in_spec("a string without an end", '{code=~"5.."}', '{code=~"5..}', "promql"),
    _in_spec("a word too many in a metric", "used: pool_in_use", "used: pool in use", "promql"),
    _in_spec(
        "an unknown function in a query",
        "query: sum by ({{ per }}) ({{ taken }}) -",
        "query: sum by ({{ per }}) (avg_overtime({{ taken }}[5m])) -",
        "unknown-function",
    ),
)

RECOVERY: Final = (
    _in_spec(
        "a recovery above its limit",
        '"> 200ms", runbook: "#slow-answers"',
        '"> 200ms", recover: {critical: "< 250ms"}, runbook: "#slow-answers"',
        "recover",
    ),
    _in_spec(
        "a recovery of a state",
        'runbook: "#checkout-closed"',
        'recover: {emergency: "< 1"}, runbook: "#checkout-closed"',
        "recover",
    ),
)

PEOPLE: Final = (
    _in_spec(
        "a further level that nobody can reach",
        "email: [manager@example.com], ",
        "",
        "contact",
    ),
    _in_spec(
        "a deadline that passes before Alertmanager tells",
        "critical:  {respond: 30m",
        "critical:  {respond: 5m",
        "deadline-too-short",
    ),
    _several(
        "an escalation that comes before Alertmanager tells",
        (SPEC, "announce: [slack, pagerduty], escalate: 1h}", "announce: [slack, pagerduty], escalate: 10m}"),
        (SPEC, _ROUTED, f"{_ROUTED}\n  group_wait: 1m\n  group_interval: 15m"),
        codes=("deadline-too-short",),
    ),
)

RUNBOOKS: Final = (
    Mistake(
        name="a troubleshooting section that nobody is led to",
        edits=((SHOP, "## Checkout closed\n", "## Tills jam\n\n```bash\ntillctl unjam\n```\n\n## Checkout closed\n"),),
        codes=("unused-section",),
        fatal=False,
    ),
    Mistake(
        name="a section that says nothing",
        edits=((SHOP, "Nobody can pay. Call the payment provider.\n", ""),),
        codes=("empty-section",),
        fatal=False,
    ),
    Mistake(
        name="a token over http",
        edits=((SPEC, "http://tocsin:9095", "http://tocsin.example.com:9095"),),
        codes=("cleartext",),
        fatal=False,
    ),
    _in_spec("a CA for http", "token_file: /etc/alertmanager/token", "ca_file: /etc/ca.pem", "schema"),
    _in_shop(
        "emphases without end",
        "Nobody can pay. Call",
        f"Nobody can pay.\n{'*a **b ' * 250}c{'** a*' * 250}\nCall",
        "nesting",
    ),
    _in_shop("quotations without end", "Nobody can pay. Call", f"Nobody can pay.\n\n{'> ' * 30}Call", "nesting"),
    Mistake(
        name="a placeholder that no value ever fills",
        edits=(
            (
                SHOP,
                "Nobody can pay. Call the payment provider.\n",
                (
                    "Nobody can pay.\n\n```bash\nmake restart SERVICE=<service>\n```\n\n"
                    "- `<service>` is the alert's `service` label.\n"
                ),
            ),
        ),
        codes=("placeholder-place",),
        fatal=False,
    ),
    _in_shop(
        "a table without its row of dashes",
        "## Slow answers\n",
        "| What | Critical |\n| 95th percentile latency | 3 s |\n\n## Slow answers\n",
        "broken-table",
    ),
    _in_shop("a link to a file that is not there", "database slow?", "[database](ledgr.md) slow?", "broken-link"),
    _in_shop(
        "a link to a place that is not there",
        "Is the database slow?",
        'Is the database slow?\n\n> - Or the [day](../runbooks/ledger.md#closing-day "ledger")?',
        "broken-link",
    ),
    _in_shop(
        "a definition of a link to nowhere", "payment provider.", "[provider].\n\n[provider]: #pay", "broken-link"
    ),
)

SECRETS: Final = (
    _in_spec(
        "a password in an address", "http://tocsin:9095/", "http://tocsin:hunter2@tocsin:9095/", "schema", "secret"
    ),
    _in_spec(
        "a key in place of its file",
        _ROUTED,
        "pagerduty: {routing_key: 0a1b2c3d4e5f60718293a4b5c6d7e8f9}",
        "unknown-key",
        "secret",
    ),
    _in_shop(
        "a password in a command",
        "SELECT count(*) FROM pg_stat_activity;",
        "PGPASSWORD=hunter2 psql -c 'SELECT 1'",
        "secret",
    ),
)

SUPPRESSIONS: Final = (
    _in_spec(
        "a suppression without a reason",
        'error_ratio:     {warning: "> 1%",  critical: "> 5%",  runbook: "#errors"}',
        'error_ratio:     {warning: ">= 0%",  critical: "> 5%",  runbook: "#errors"}  # tocsin: ignore[limit-always-fires]',
        "suppression",
    ),
    _in_spec("a suppression of nothing", "version: 1\n", "version: 1  # tocsin: ignore\n", "suppression"),
    _in_spec(
        "a suppression of an unknown code",
        "version: 1\n",
        "version: 1  # tocsin: ignore[limit-order, limit-oder] all is well\n",
        "unused-suppression",
        "suppression",
    ),
    _in_spec(
        "a suppression of what leaves nothing to compile",
        "version: 1\n",
        "# tocsin: ignore[syntax] it is fine\nversion: 1\n",
        "suppression",
    ),
    _in_shop(
        "a suppression that has outlived its finding",
        "## Checkout closed\n",
        "<!-- tocsin: ignore[unused-section] from the wiki -->\n## Checkout closed\n",
        "unused-suppression",
    ),
)

FIVE_AT_ONCE: Final = _several(
    "five mistakes at once",
    (SPEC, "title: The shop", "titel: The shop"),
    (SPEC, '"> 150ms"', '"> 150"'),
    (SPEC, "    deliver: direct\n", "    deliver: direct\n    team: sales\n"),
    (SPEC, '"> 1000"', '"> 6000"'),
    (LEDGER, "warning above 1000", "warning above 6000"),
    (SPEC, '"#closing-the-day"', '"#closing-the-days"'),
    codes=("unknown-key", "limit-unit", "duplicate-key", "limit-order", "runbook-section"),
)

MISTAKES: Final = (
    *YAML,
    *FILES,
    *KEYS,
    *QUANTITIES,
    *LIMITS,
    *DOCUMENTS,
    *SIGNALS,
    *METRICS,
    *SCHEDULES,
    *NAMES,
    *PROOF,
    *REACH,
    *RECOVERY,
    *PEOPLE,
    *RUNBOOKS,
    *SECRETS,
    *SUPPRESSIONS,
    FIVE_AT_ONCE,
)
