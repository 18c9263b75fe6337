"""The vocabulary of the damages: words that have brought programs down."""

from random import Random
from typing import Final

# Packed by hand: the formatter would give each word a line of its own.
# fmt: off
NUMBERS: Final = (
    "0", "-0", "-1", "1e9", "1e400", "-1e-400", ".inf", "-.inf", ".nan", "0x1f", "0o17", "012", "1_000", "+5", "1.",
    "9" * 16, "9" * 400, "0." + "0" * 400 + "1", "18:00", "2026-01-01", "1,5", "٣", "¼", "５", "NaN", "Infinity",
)
YAML: Final = (
    "{", "}", "[", "]", ":", ": ", "- ", "#", " #", '"', "'", "|", ">", "%", "@", "`", "&a ", "*a", "!!int ", "!!map ",
    "!!python/object/apply:os.system ", "<<: ", "<<: *a\n", "? ", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! !\n", "\t",
    "!!set {a, b}", "!!binary aGk=", "!!timestamp 2026-01-01", "!!float .inf", "!!null ''", "!!omap [a: 1]", "=", "~",
    "yes", "no", "on", "off", "y", "n", "true", "null", "Null", '""', "''", "{}", "[]", "|\n  x", ">-\n  x", "|9",
    "[[]]", "[" * 40, "{a: " * 40, "- " * 40, "? " * 40, '"\\0"', '"\\x1b[2J"', '"\\u2028"', '"\\ud800"',
    '"\\U0010ffff"', '"\\n"',
)
CHARACTERS: Final = (
    "\x00", "\x07", "\x1b[2J", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u200d", "\u202e", "\u2028", "\u2029",
    "\ufeff", "\ufffe", "\ufffd", "\U0001f525", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", "ß", "İ", "ı",
    "ﬁ", "Ǆ", "\ud800", "\udc80", "\u0600", "\u1e9e", "中", "\U000e0041", "\r", "\n", "\r\n", "\x0b", "\x0c", "\x1c",
    "  \n", "\\",
)
LIMITS: Final = (
    "> 0%", "> 100%", "> 101%", "< 0%", ">= 0 of 1", "> 1 of 0", "> 1 of 3", "> 0ms", "< 0s", "> 0", "< 0", ">= 0",
    "== 5", "!= 5", ">", "5%", "> -5%", "> 5 %", ">5%", "> 5%%", "> 5 parsecs", "> 1e3", "> 1_000", "> 0x5", "> 5,5 %",
    "> 9999999999999999999999 s", "> 0." + "0" * 30 + "1%", "> 292y", "> 106751d", "> 106752d", "> 1h30", "> 1h30m",
    "> 1m1h", "when true", "When True", "when false", "off", "OFF", "above 5 %", "at least 85 of 100", "≥ 5%", "＞ 5%",
    "> 5\N{PERCENT SIGN} ", "> 1TiB", "> 1.5KiB", "> 1PB", "> 0.1B", "> 5 per second", "> 5/s", "> 5 per fortnight",
    "> 18 EB", "> " + "1" * 29,
)
DURATIONS: Final = (
    "0s", "1s", "3s", "4s", "5m", "1h30m", "30m1h", "1d", "0m", "5", "5 m", "-5m", "1y", "1w", "100ms", "5M", "m", "",
    "999999999999d", "106751d", "106752d", "9223372036s", "9" * 60 + "s", "00005m", "5m5m", "٥m", "5m\n", "now",
    "never",
)
PROMQL: Final = (
    "up", "up{", "{}", '{__name__="up"}', '{__name__=~".+"}', "up{a=}", "up{=~}", 'up{a="b"}[5m]', "up offset 5m",
    "up @ 0", "sum(up)", "rate(up[5m])", "vector(1)", "1", '"x"', "up and up", "up{a='b'}", "up{a=`b`}",
    'up{"a.b"="c"}', '{"up"}', 'up{a="b",}', 'up{a="b",a="c"}', 'up{a="b" or a="c"}', 'up{a="\\xff"}',
    'up{a="\\u0000"}', 'up{a="\x00"}', "up # x", "up\n", 'up{le="0.5"}', 'up{severity="critical"}', 'up{system="x"}',
    'up{a=""}', 'up{a!=""}', 'up{a=~""}', 'up{a!~".*"}', "µp", "a:b:c", 'up{on="1"}', "on", "bool", "inf", "nan", "by",
    "sum", 'a{b="{{ x }}"}', 'up{a="\\\\"}', "-up", "(" * 60 + "up" + ")" * 60, "limitk(1, up)", "info(up)",
    "mad_over_time(up[5m])", "up smoothed", "up anchored", "rate(up[5m:])", "up[5m:1m] offset -1w",
)
REGEXES: Final = (
    "(a+)+$", "(a|a)*b", "(.*)*x", "(a*)*(a*)*b", "a{1001}", "a{0,1000}{0,1000}", "a{30}(a?){30}", "(" * 60 + ")" * 60,
    "(" * 300 + ")" * 300, "[[:alpha:]]", "[a&&b]", "[[a]]", "[a--b]", "[a~~b]", "(?i)x", "(?x) a b", "(?P<n>a)",
    "(?<n>a)", "(?=a)", "(?!a)", "(?>a)", "a++", "\\p{Greek}", "\\pL", "\\d+", "\\bx\\b", "\\z", "\\A", "\\Q.\\E",
    "\\x{10FFFF}", "\\u{1F}", "\\C", "(?u)x", "(?R)", "(?-u)x", "(?s-i:x)", "[", "]", "(", ")", "*", "+", "?", "{",
    "|", "||", "^$", "a|", "|a", "()", "(?:)", "[^]", "[]", "[]a]", "a{,5}", "a{5,2}", ".{0,9}",
    "x+x+x+x+x+x+x+x+x+x+x+x{99}[^y]",
    "5..", "api|web",
    "[0-9]{3}", "a.*b.*c", ".+", ".*", "\\", "a\\", "\\8", "(a)\\1", "x{2}{3}", "[\\d-z]", "(?i:a|b)", "[z-a]",
)
TEMPLATES: Final = (
    "{{ x }}", "{{", "}}", "{%", "{% for x in range(9) %}", "{{ 1/0 }}", "{{ per }}", "{{ window }}", "{{ value }}",
    "{{ steps }}", "{{ x.__class__ }}", "{{ x|upper }}", "{{ 9**9**9 }}", "{{ 'a' * 9 }}", "{{ range(9) }}", "{# x #}",
    "{{ -x }}", "{{ not x }}", "{{ 1e308 * 10 }}", "{{ 1 if x else 2 }}", "{{ 1 if 1 < 2 else 2 }}",
    "{{ (" + "(" * 50 + "1" + ")" * 50 + ") }}", "{{ 0.1 + 0.2 }}", "{{ $value }}", "{{ . }}",
    '{{ printf "%s" $labels.a }}', "{{ value * 1e300 }}", "{{ 1 // 2 }}", "{{ 1 % 0 }}", "{{ loop }}", "{{ self }}",
    "{{ taken }}{{ taken }}", "{{ 9999999999 * 9999999999 }}", "{{ -1 * value }}", "{{ none }}", "{{ true }}",
    "{{ [1] }}", "{{ x[0] }}",
)
PATHS: Final = (
    "runbooks", "runbooks/", ".", "./", "..", "../x.md", "/etc/passwd", "/dev/zero", "/dev/stdin", "~/x",
    "runbooks/../x.md", "//x", "runbooks//shop.md", "./runbooks/shop.md", "RUNBOOKS/SHOP.MD", "runbooks/shop.md ",
    "runbooks\\shop.md", "thresholds.yaml", "generated", "x" * 300, "a/" * 2100 + "b", "loop", "loop/x.md", "dangling",
    "pipe", "runbooks/shop.md\x00", "runbooks/sh%6fp.md", "runbooks/é.md",
)
PATTERNS: Final = (
    "*", "**", "**/*", "**/*.yaml", "*.yaml", "**/**/**/*.yaml", "systems/*", "[", "[!", "[]", "***", "**x", "a**",
    "?", "", " ", "//", ".", "..", "../*", "/etc/*", "~", "loop/*/*/*/*/*.yaml", "loop/**/*.yaml",
    "systems/[a-z]*.yaml", "{a,b}.yaml", "\x00", "*" * 300, "*/" * 60 + "*", "x" * 300, "runbooks/*.md",
    "generated/**/*.yml", "pipe", "dangling", "systems", "systems/", "thresholds.yaml", "./thresholds.yaml",
)
IDS: Final = (
    "A", "a b", "a.b", "a/b", "../a", "a" * 200, "a" * 300, "a\n", "-a", "1a", "é", "", "watchdog", "con", "a-b",
    "a_b", "a--b", "a__b", "severity", "system", "component", "alertname", "le", "__name__", "le_", "value", "steps",
    "per", "window", "true", "off", "null",
)
MARKDOWN: Final = (
    "#", "# ", "## ", "###### ", "####### ", "===\n", "---\n", "***\n", "```\n", "````\n", "~~~\n", "```bash\n",
    "    ", "\t", "> ", ">" * 60, "* " * 60, "1. ", "99999999999. ", "- [ ] ", "<b>", "<!--", "-->", "<script>",
    "<![CDATA[", "<?", "</div>", "&amp;", "&#0;", "&#x110000;", "[x](y)", "[x]: y\n", "![x](y)", "[" * 60, "![" * 60,
    "*" * 60, "_a_" * 30, "`" * 60, "\\", "|a|b|\n|-|-|\n", "| |\n", "<http://x>", "[^1]", "## Alert thresholds\n",
    "## ALERT THRESHOLDS\n", "Alert thresholds\n---\n", "## \U0001f525\n", "## `x`\n", "## [x](y)\n", "##\n", "## \n",
    "+++\n", "{{ x }}", "${X}", "$X", "<region>", "YOUR_TOKEN", "- `<x>` is the alert's `x` label.\n",
    "- `<x>` is the alert's `9` label.\n",
)
# fmt: on
ALL: Final = (
    *(NUMBERS, YAML, CHARACTERS, LIMITS, DURATIONS, PROMQL, REGEXES, TEMPLATES, PATHS, PATTERNS, IDS, MARKDOWN),
)
REPEATS: Final = (70, 1000, 20000)


def word(random: Random) -> str:
    """Return one of the words, sometimes repeated many times."""
    chosen = random.choice(random.choice(ALL))
    return chosen * random.choice(REPEATS) if random.random() < 0.02 and len(chosen) < 9 else chosen
