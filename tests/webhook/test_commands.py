"""Commands that are meant to be copied into a shell by somebody who has just been woken."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import PATIENT
from webhook.catalog.model import Command, Placeholder
from webhook.commands import fill


def command(text: str, language: str = "bash", **labels: str | None) -> Command:
    """Return a command whose placeholder `<name>` is filled by the label given for `name`."""
    placeholders = tuple(Placeholder(text=f"<{name.replace('_', '-')}>", label=label) for name, label in labels.items())
    return Command(language=language, text=text, placeholders=placeholders)


def test_placeholder_is_filled_from_its_label() -> None:
    """Every occurrence, by the label that the runbook names."""
    found = fill(
        command("kubectl -n <ns> logs <pod-name> && echo <pod-name>", ns="namespace", pod_name="pod"),
        {"namespace": "shop", "pod": "web-1"},
    )
    assert (found.text, found.notes) == ("kubectl -n shop logs web-1 && echo web-1", ())


def test_value_is_quoted_for_the_shell() -> None:
    """It stays one word whatever it holds."""
    assert fill(command("echo <x>", x="x"), {"x": "a; rm -rf / $(id) 'q'"}).text == "echo " + shlex.quote(
        "a; rm -rf / $(id) 'q'"
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "is not on this alert"),
        ("", "is not on this alert"),
        ("a\nrm -rf /", "holds a line break or a control character"),
        ("a\x1b]0;x", "holds a line break or a control character"),
        ("a\u202eb", "holds a line break or a control character"),
        ("--all", "begins with a hyphen and would be read as an option"),
        ("x" * 257, "is longer than 256 characters"),
    ],
)
def test_value_that_cannot_be_trusted_is_left_out_with_a_note(value: str | None, why: str) -> None:
    """The placeholder stays where the reader sees it."""
    found = fill(command("kubectl delete pod <pod>", pod="pod"), {} if value is None else {"pod": value})
    assert found.text == "kubectl delete pod <pod>"
    assert found.notes == (f"<pod> is left for you to fill in: the label pod {why}.",)


@pytest.mark.parametrize(
    "text", ['echo "<x>"', "echo '<x>'", 'ssh host "cat <x>"', "cat <<EOF\n<x>\nEOF", "echo `ls <x>`", "echo \\<x>"]
)
def test_value_within_quotes_is_filled_only_when_it_needs_none(text: str) -> None:
    """Quotes within quotes protect nothing: `"'$(id)'"` runs `id`."""
    assert fill(command(text, x="x"), {"x": "$(id)"}).text == text
    assert fill(command(text, x="x"), {"x": "web-1"}).text == text.replace("<x>", "web-1")


def test_other_languages_are_filled_only_with_plain_words() -> None:
    """Shell quoting means nothing in SQL."""
    sql = command("SELECT '<db>'", "sql", db="database")
    assert fill(sql, {"database": "orders"}).text == "SELECT 'orders'"
    assert fill(sql, {"database": "x'; DROP TABLE y"}).text == "SELECT '<db>'"


def test_placeholder_without_a_label_is_the_reader_s() -> None:
    """The runbook says that a person must; no note is needed."""
    found = fill(command("git revert <commit>", commit=None), {"commit": "abc"})
    assert (found.text, found.notes) == ("git revert <commit>", ())


def test_filled_value_is_not_searched_for_placeholders_again() -> None:
    """A label cannot bring another label in."""
    assert fill(command("echo <a> <b>", a="a", b="b"), {"a": "<b>", "b": "x"}).text == "echo '<b>' x"


@PATIENT
@given(st.text(min_size=1, max_size=40))
def test_shell_sees_exactly_the_value_or_the_placeholder(value: str) -> None:
    """The law: a label never becomes syntax."""
    words = shlex.split(fill(command("printf %s <x>", x="x"), {"x": value}).text)
    assert words in (["printf", "%s", value], ["printf", "%s", "<x>"])


@pytest.mark.parametrize(
    "template",
    ['printf "[%s]" "<x>"', "printf '[%s]' <x>", "printf '[%s]' a<x>b", "printf '[%s]' \"$(printf %s '<x>')\""],
)
@pytest.mark.parametrize(
    "value",
    [
        "$(echo pwned)",
        "`echo pwned`",
        "'; echo pwned; '",
        '"; echo pwned; "',
        "\\",
        "a b",
        "*",
        "~",
        "!x",
        "#x",
        "&& echo pwned",
    ],
)
def test_real_shell_never_runs_a_label(template: str, value: str) -> None:
    """Asked of a real shell: nothing but printing happens."""
    text = fill(command(template, x="x"), {"x": value}).text
    if "<x>" in text and '"<x>"' not in text:
        return  # left for the reader
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0
    assert done.stdout in {f"[{value}]", f"[a{value}b]", "[<x>]"}


@pytest.mark.parametrize(
    "template",
    [
        "# don't panic\nprintf '[%s]' '<x>'",
        "# cat '<x>'",
        "printf '[%s]' $'it\\'s <x>'",
        "cat <<!\n<x>\n!",
        "eval printf %s <x>",
        "sh -c <x>",
        "echo <x> | /bin/sh",
        "printf %s <x> | xargs -I{} bash -c '{}'",
        "ssh db-1 cat <x>",
        "watch ls <x>",
        "echo $((<x> + 1))",
        "(( n = <x> )); true",
        "[[ <x> -eq 1 ]] || true",
        "let n=<x> || true",
        "awk <x> /dev/null",
    ],
)
@pytest.mark.parametrize(
    "value", ["$(echo pwned >&2)", "a[$(echo pwned >&2)]", "; echo pwned >&2; ", "' ; echo pwned >&2; '"]
)
def test_value_is_left_out_where_quotes_do_not_protect(template: str, value: str) -> None:
    """An apostrophe in a comment, the prompt of root, a second shell, arithmetic: each would run what the label says."""
    found = fill(command(template, x="x"), {"x": value})
    assert found.text == template
    assert found.notes == (
        "<x> is left for you to fill in: the label x holds characters that cannot be quoted at this place.",
    )
    assert fill(command(template, x="x"), {"x": "web-1"}).text == template.replace("<x>", "web-1")


@pytest.mark.parametrize(
    "template",
    [
        "./restart.sh <x>",
        "echo $# <x>",
        "echo a#b <x>",
        "echo 'done' <x>  # it's fine",
        "kubectl get pods # all of them\nkubectl describe pod <x>",
        "journalctl --unit bash-runner.service --grep <x>",
    ],
)
def test_value_is_quoted_where_that_protects(template: str) -> None:
    """Care that leaves everything to the reader would be worth little."""
    assert fill(command(template, x="x"), {"x": "a b"}).text == template.replace("<x>", "'a b'")


@pytest.mark.parametrize(
    "value", ["a\nb", "a\rb", "a\tb", "a\x00b", "a\x7fb", "a\x85b", "a\u2028b", "a\u202eb", "a\u200bb", "\ud800"]
)
@pytest.mark.parametrize("language", ["bash", "sql", ""])
def test_value_with_a_line_break_or_a_control_character_is_refused_everywhere(value: str, language: str) -> None:
    """A shell would take the rest as the next command; a terminal would show something else than it does."""
    found = fill(command("echo <x>", language, x="x"), {"x": value})
    assert (found.text, "control character" in found.notes[0]) == ("echo <x>", True)
