"""Commands that are meant to be copied into a shell by somebody who has just been woken."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.command_cases import SHELL, SQL, VALUES
from testbed.commands import Sandbox, compiled, faults
from tests.webhook.samples import PATIENT
from webhook.catalog.model import Command, Placeholder
from webhook.commands import fill

NEVER = "nothing is filled in here"


def test_placeholder_is_filled_from_its_label() -> None:
    """Every occurrence, by the label that the runbook names."""
    found = fill(
        compiled("kubectl -n <ns> logs <pod-name> && echo <pod-name>", ns="namespace", pod_name="pod"),
        {"namespace": "shop", "pod": "web-1"},
    )
    assert (found.text, found.notes) == ("kubectl -n shop logs web-1 && echo web-1", ())


def test_nothing_happens_outside_of_the_argument(tmp_path: Path) -> None:
    """Hundreds of templates, a hundred values, run by bash, a stand-in of ssh and SQLite; `make fuzz` runs them all."""
    assert len({*SHELL, *SQL}) > 200
    assert len({*VALUES}) > 100
    assert list(faults(Sandbox(tmp_path), every=7)) == []


def test_the_sandbox_notices_what_a_value_does(tmp_path: Path) -> None:
    """It is no proof otherwise: a second shell, a file, a program and a machine far away."""
    sandbox = Sandbox(tmp_path)
    for text in ("echo $(reboot)", "echo a > pwned", "ssh db-1 'reboot'", "make 'A=$(reboot)'", "sh -c reboot"):
        effect = sandbox.run(text)
        assert b"reboot" in effect.called.replace(b"A=$(reboot)", b"") or effect.files == ("pwned",), text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "is not on this alert."),
        ("", "is not on this alert."),
        (
            "a\nrm -rf /",
            "is “a rm -rf /” without its line breaks and control characters, with which it is not filled in.",
        ),
        ("a\x1b]0;x", "is “a]0;x” without its line breaks and control characters, with which it is not filled in."),
        ("a\u202eb", "is “ab” without its line breaks and control characters, with which it is not filled in."),
        ("x" * 257, f"is “{'x' * 79}…” and goes on: it is longer than 256 characters."),
        *(
            (
                value,
                f"is “{value}”, which is not a plain word: letters, digits, _, single dots and hyphens within.",
            )
            for value in ("--all", "a b", "$(id)", "..", "a--b", "a/b", "web-1;", "é", "*", "~")
        ),
    ],
)
def test_value_that_cannot_be_trusted_is_left_out_and_shown_beside(value: str | None, why: str) -> None:
    """The placeholder stays where the reader sees it, with what the label holds."""
    found = fill(compiled("kubectl delete pod <pod>", pod="pod"), {} if value is None else {"pod": value})
    assert found.text == "kubectl delete pod <pod>"
    assert found.notes == (f"<pod> is left for you to fill in: the label pod {why}",)


@pytest.mark.parametrize(
    "template",
    [
        "make restart SERVICE=<x>",
        "ansible-playbook site.yml -e host=<x>",
        "script -c <x>",
        "vim +<x>",
        "read <x>",
        "echo ${arr[<x>]}",
        "$<x> b",
        "scp -O host:<x> .",
        "<x>",
        "sudo <x>",
        "echo <x> | sh",
        "echo <x> > <x>",
        "x=<x>; $x",
        "echo $((<x> + 1))",
        "[[ <x> -eq 1 ]] || true",
        "cat <<!\n<x>\n!",
        "eval printf %s <x>",
        "sh -c 'ls <x>'",
        "# cat '<x>'",
        "systemctl start <x>",
        "kubectl delete <x> web",
        "kubectl get pods --kubeconfig <x>",
        "docker exec web <x>",
        "curl -d @<x> http://localhost",
        "curl -u me:secret http://<x>/",
        "./restart.sh <x>",
    ],
)
def test_no_value_is_filled_in_where_the_argument_is_more_than_data(template: str) -> None:
    """Not even a harmless word: the compiler says so, and why."""
    found = fill(compiled(template, x="x"), {"x": "web-1"})
    if template == "echo <x> > <x>":
        assert found.text == "echo web-1 > <x>"
    else:
        assert found.text == template
    assert NEVER in found.notes[-1]
    assert "“web-1”" in found.notes[-1]


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("df -h <x>", "/var/lib/docker", "df -h /var/lib/docker"),
        ("df -h <x>", "/", "df -h /"),
        ("df -h <x>", "/var/../etc", None),
        ("rm -rf /var/lib/app/<x>", "tenant-1", "rm -rf /var/lib/app/tenant-1"),
        ("rm -rf /var/lib/app/<x>", "..", None),
        ("rm -rf /var/lib/app/<x>", "a/b", None),
        ("curl http://<x>/metrics", "10.0.0.1:9100", "curl http://10.0.0.1:9100/metrics"),
        ("curl http://<x>/metrics", "10.0.0.1:9100/x?", None),
        ("curl -sS <x>", "https://shop.example.com/health", "curl -sS https://shop.example.com/health"),
        ("curl -sS <x>", "file:///etc/passwd", None),
        ("grep -F '<x>' log", "10.0.0.1", "grep -F '10.0.0.1' log"),
        ("docker inspect $(docker-compose ps -q <x>)", "api", "docker inspect $(docker-compose ps -q api)"),
        ("ssh db-1 systemctl status <x>", "web", "ssh db-1 systemctl status web"),
        ("kubectl exec <x> -- ls", "web-1", "kubectl exec web-1 -- ls"),
    ],
)
def test_a_place_takes_what_its_program_reads_as_data(template: str, value: str, text: str | None) -> None:
    """Care that leaves everything to the reader would be worth little."""
    assert fill(compiled(template, x="x"), {"x": value}).text == (template if text is None else text)


@pytest.mark.parametrize(
    ("language", "template", "value", "text"),
    [
        ("sql", "SELECT * FROM a WHERE id = <x>", "12", "SELECT * FROM a WHERE id = 12"),
        ("sql", "SELECT * FROM a WHERE id = <x>", "id", None),
        ("sql", "SELECT * FROM a WHERE id = <x>", "1--", None),
        ("sql", "SELECT * FROM a WHERE d = '<x>'", "it's", "SELECT * FROM a WHERE d = 'it''s'"),
        ("sql", "SELECT * FROM a WHERE d = '<x>'", "a\\", None),
        ("sql", "SELECT * FROM a WHERE d = '<x>'", "\u02bc", None),
        ("sql", "SELECT pg_read_file('<x>')", "a", None),
        ("sql", "SELECT * FROM <x>", "a", None),
        ("promql", 'up{instance="<x>"}', "10.0.0.1:9100", 'up{instance="10.0.0.1:9100"}'),
        ("promql", 'up{instance="<x>"}', 'a"} or up{a="', None),
        ("promql", 'up{instance=~"<x>.*"}', "web-1", 'up{instance=~"web-1.*"}'),
        ("promql", 'up{instance=~"<x>.*"}', "a|b", None),
        ("promql", "up{<x>='a'}", "a", None),
        ("yaml", "name: <x>", "a", None),
        ("python", "print('<x>')", "a", None),
    ],
)
def test_other_languages_take_what_their_grammar_keeps_apart(
    language: str, template: str, value: str, text: str | None
) -> None:
    """Shell quoting means nothing in SQL: digits, or text that a condition compares, its quotes doubled."""
    assert fill(compiled(template, language, x="x"), {"x": value}).text == (template if text is None else text)


def test_placeholder_without_a_label_is_the_reader_s() -> None:
    """The runbook says that a person must; no note is needed."""
    found = fill(compiled("git revert <commit>", commit=None), {"commit": "abc"})
    assert (found.text, found.notes) == ("git revert <commit>", ())


def test_filled_value_is_not_searched_for_placeholders_again() -> None:
    """A label cannot bring another label in."""
    found = fill(compiled("SELECT a FROM b WHERE c = '<a>' AND d = '<b>'", "sql", a="a", b="b"), {"a": "<b>", "b": "x"})
    assert found.text == "SELECT a FROM b WHERE c = '<b>' AND d = 'x'"


@pytest.mark.parametrize("labels", [{"b": "web-1"}, {"a": "a b", "b": "web-1"}])
def test_a_word_behind_a_placeholder_that_stays_is_left_too(labels: dict[str, str]) -> None:
    """`echo <a> web-1` would write a file of that name."""
    found = fill(compiled("echo <a> <b>", a="a", b="b"), labels)
    assert found.text == "echo <a> <b>"
    assert found.notes[-1].endswith("“web-1”, and stands behind another one that is left.")


def test_a_catalogue_that_does_not_say_what_a_place_takes_fills_nothing() -> None:
    """One that an older compiler has written, or a place at which its text does not stand."""
    command = Command(language="bash", text="echo <x>", placeholders=(Placeholder(text="<x>", label="x"),))
    found = fill(command, {"x": "web-1"})
    assert found.text == "echo <x>"
    assert found.notes == (
        "<x> is left for you to fill in: the label x is “web-1”, and the catalogue does not say what may stand here.",
    )


@PATIENT
@given(st.text(min_size=1, max_size=40))
def test_shell_sees_exactly_the_value_or_the_placeholder(value: str) -> None:
    """The law: a label never becomes syntax."""
    words = shlex.split(fill(compiled("echo %s <x>", x="x"), {"x": value}).text)
    assert words in (["echo", "%s", value], ["echo", "%s", "<x>"])


@PATIENT
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["bash", "sql", "promql", "yaml", ""]))
def test_any_command_is_read_to_its_end(before: str, behind: str, language: str) -> None:
    """Whatever stands around a placeholder, each of its places is known, or the command is left as it is."""
    text = f"{before} <x> {behind}"
    found = fill(compiled(text, language, x="x"), {"x": "web-1"})
    assert found.text.replace("web-1", "<x>") == text.replace("web-1", "<x>")
