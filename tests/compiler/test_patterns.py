"""Tests of matchers' regular expressions, compared with the Prometheus that must read them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from compiler.patterns import unread
from compiler.promql import PromQLError, checked
from testbed.fuzz.nasty import REGEXES


@pytest.mark.parametrize(
    "pattern",
    [
        *("5..", "api|web", "a.+b", "[0-9]{3}", "[^a-z_]*?", "(a|b)+", "(?:x){2,}", "(?i)get|put", "(?i:a)b", "^$", ""),
        *(
            r"\d+\.\d+",
            r"\bx\b",
            r"\p{Lu}\pL\p{Greek}",
            "[[:alpha:]-]",
            "[]a]",
            r"[\]\-]",
            r"\x{1F525}\x41",
            "(?P<n>a)",
        ),
        *("a{1000}", "(a{100}){10}", r".{1,63}\..{1,63}", "é+", "a\nb"),
    ],
)
def test_what_every_prometheus_reads_is_let_in(pattern: str) -> None:
    """This is the syntax of RE2, as people use it."""
    assert unread(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "rest"),
    [
        *(
            ("a{1001}", "a{1001}"),
            ("(a{100}){11}", "){11}"),
            ("((a{10}){10}){11}", "){11}"),
            ("a{9999999999999}", None),
        ),
        *(("x{2}{3}", "{3}"), ("a++", "+"), ("a{,5}", "{,5}")),
        *(("[a&&b]", "[a&&b]"), ("[a--b]", None), ("[a~~b]", None), ("[[a]]", None)),
        *(("(?x) a", "?x) a"), ("(?u)a", None), ("(?R)a", None), ("(?-u)a", None), ("(?<n>a)", None), ("(?=a)", None)),
        *((r"\u{1F}", None), (r"\p{Script=Greek}", None), (r"\p{Alphabetic}", None), (r"(a)\1", r"\1")),
    ],
)
def test_what_go_would_refuse_or_read_otherwise_is_shown_from_there_on(pattern: str, rest: str | None) -> None:
    """Rust's library reads all of these, or reads more than Go does."""
    refused = unread(pattern)
    assert refused is not None
    assert refused == rest or rest is None


def test_promtool_accepts_every_regular_expression_that_is_let_in(promtool: Path, tmp_path: Path) -> None:
    """The worst mistake of a compiler is an output that Prometheus refuses."""
    accepted = []
    for pattern in REGEXES:
        expression = f"up{{a=~{json.dumps(pattern, ensure_ascii=False)}}}"
        try:
            accepted.append(checked(expression))
        except PromQLError:
            continue
    assert len(accepted) > 30
    rules = [{"record": f"r{number}", "expr": expression} for number, expression in enumerate(accepted)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
