"""Make random values of the kinds that thresholds.yaml knows; most are right, so that later stages are reached.

`grammar.py` puts them where they belong.
"""

from random import Random
from typing import Final

from testbed.fuzz import nasty

SEVERITIES: Final = ("info", "warning", "critical", "emergency")
UNITS: Final = ("ratio", "seconds", "bytes", "count", "per_second")
_SPOILT: Final = 0.15
_LABELS: Final = ("service", "job", "instance", "code", "region", "le", "severity", "a", "__name__")
_METRICS: Final = (
    "requests_total",
    "up",
    "a:b",
    "queue_depth",
    "x",
    "http_request_duration_seconds",
    "on",
    "bool",
    "inf",
)
_FUNCTIONS: Final = ("abs", "ceil", "absent", "scalar", "vector", "sort", "clamp_min", "label_join")
_SAMPLES: Final = (
    *(
        "{{ value }}x{{ steps }}",
        "0+{{ value }}x{{ steps }}",
        "{{ 100 + value }}x{{ steps }}",
        "-{{ value }}x{{ steps }}",
    ),
    *(
        "{{ value * 1e300 * 1e300 }}x{{ steps }}",
        "{{ 1 / value }}x{{ steps }}",
        "1x999999999999",
        "1x5",
        "_ 1 stale",
        "",
    ),
)
_WRITTEN: Final = {
    "ratio": ("{}%", "{} %", "{} of 100", "{}.5%", "0.{}%"),
    "seconds": ("{}s", "{}ms", "{} min", "{}h", "{}m30s", "{} days", "{}.25s"),
    "bytes": ("{}MiB", "{}B", "{} GB", "{}.5KiB"),
    "count": ("{}", "{}.5", "{}000000"),
    "per_second": ("{} per second", "{}/s", "{}.125 per second"),
}


def limit(random: Random, unit: str) -> str:
    """Return a limit in a unit: `> 5%`."""
    if random.random() < _SPOILT:
        return random.choice(nasty.LIMITS)
    return f"{random.choice(('>', '>=', '<', '<='))} {quantity(random, unit)}"


def rising_limits(random: Random, unit: str) -> dict[str, str]:
    """Return limits by severity, mostly in the order of the severities."""
    severities = [severity for severity in SEVERITIES if random.random() < 0.5] or ["critical"]
    form, comparator = random.choice(_WRITTEN[unit]), random.choice((">", ">=", "<", "<="))
    numbers = sorted(random.sample(range(100), len(severities)), reverse=comparator.startswith("<"))
    if random.random() < _SPOILT:
        random.shuffle(numbers)
    return {
        severity: f"{comparator} {form.format(number)}" for severity, number in zip(severities, numbers, strict=True)
    }


def quantity(random: Random, unit: str) -> str:
    """Return a quantity in a unit: `250ms`."""
    number = random.choice((0, 1, 5, 42, 99, 100, random.randrange(10**6)))
    return random.choice(_WRITTEN[unit]).format(number)


def duration(random: Random) -> str:
    """Return a duration: `1h30m`."""
    if random.random() < _SPOILT:
        return random.choice(nasty.DURATIONS)
    return random.choice(("{}s", "{}m", "{}h", "{}d", "1h{}m", "2m{}s")).format(random.choice((1, 2, 5, 15, 59, 90)))


def metric(random: Random) -> str:
    """Return a metric with matchers: `requests_total{code=~"5.."}`."""
    if random.random() < _SPOILT:
        return random.choice(nasty.PROMQL)
    name, selectors = random.choice(_METRICS), matchers(random)
    return f"{name}{{{selectors}}}" if selectors else name


def matchers(random: Random) -> str:
    """Return matchers without braces: `job="api",env!="test"`."""
    return ",".join(_matcher(random) for _ in range(random.choice((0, 0, 1, 1, 2, 3))))


def _matcher(random: Random) -> str:
    operator = random.choice(("=", "!=", "=~", "!~"))
    pool = nasty.REGEXES if "~" in operator or random.random() < 0.2 else (*nasty.CHARACTERS, "api", "5..", "", "a b")
    value = random.choice(pool).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{random.choice(_LABELS)}{operator}"{value}"'


def label(random: Random) -> str:
    """Return the name of a label."""
    return random.choice((*_LABELS, *_LABELS, *nasty.IDS))


def query(random: Random, names: tuple[str, ...]) -> str:
    """Return a template of PromQL over the names of metrics."""
    if random.random() < _SPOILT:
        return random.choice((*nasty.TEMPLATES, *nasty.PROMQL))
    return _expression(random, names, random.choice((1, 1, 2, 3)))


def _expression(random: Random, names: tuple[str, ...], depth: int) -> str:
    name = "{{ " + random.choice(names) + " }}"
    if not depth:
        return random.choice((f"rate({name}[{{{{ window }}}}])", name, name, "1", f"{name} offset 5m", "time()"))
    first, second = _expression(random, names, depth - 1), _expression(random, names, depth - 1)
    return random.choice(
        (
            f"sum by ({{{{ per }}}}) ({first})",
            f"({first}) / ({second})",
            f"{first} {random.choice(('+', '-', '*', '>', '> bool', 'and', 'or', 'unless', '^', '%', '=='))} {second}",
            f"max_over_time(({first})[1h:1m])",
            f"{random.choice(_FUNCTIONS)}({first})",
            f"topk(1, {first})",
            f"-{first}",
        )
    )


def samples(random: Random) -> str:
    """Return samples in promtool's notation, as a template."""
    return random.choice(_SAMPLES)
