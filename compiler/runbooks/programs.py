"""List the arguments of programs that are only data, whatever plain word stands there. Pure data.

`shell_places` uses it. This is an allow-list: a program, a verb or an option that is not listed takes nothing. It
omits on purpose what runs its argument, reads it as a program, loads it as configuration or writes a file of that name:
`-e`, `-c`, `-f`, `-o`, `--exec`, `--kubeconfig`, `make`, `ansible`, `find -exec`, `xargs`, `read`, `eval`. It omits
`systemctl start`, too, because a unit may turn the machine off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.runbooks.place import Takes


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How a program, or one verb of it, reads its arguments.

    `switches` are options without a value, `options` those whose value is data; short ones are single letters.
    """

    switches: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    operands: Takes = "word"
    """What an operand takes; an operand is an argument that belongs to no option."""
    kinds: bool = False
    """Whether the first operand says of which kind the others are, such as `pod` of `kubectl get`."""
    remote: bool = False
    """Whether an operand must name a machine, with a colon and a file behind it; a local file takes no value."""
    inner: bool = False
    """Whether the words behind the first operand, or behind `--`, are a command that runs elsewhere."""
    chosen: frozenset[str] = frozenset()
    """Options whose value a person must write, because it chooses the action, the user or the code."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program with verbs; `general` says how it reads the words before the verb."""

    general: Usage
    verbs: Mapping[str, Usage] = field(default_factory=dict)


def _usage(  # noqa: PLR0913  as many as there are properties
    switches: str = "",
    options: str = "",
    *,
    operands: Takes = "word",
    kinds: bool = False,
    remote: bool = False,
    inner: bool = False,
    chosen: str = "",
) -> Usage:
    """Return a usage; a long option is a word, and `-abc` are three short ones; `chosen` options are options, too."""
    return Usage(
        switches=_names(switches),
        options=_names(options) | _names(chosen),
        chosen=_names(chosen),
        operands=operands,
        kinds=kinds,
        remote=remote,
        inner=inner,
    )


def _names(text: str) -> frozenset[str]:
    words = text.split()
    short = {letter for word in words if word.startswith("-") for letter in word[1:]}
    return frozenset(short | {word for word in words if not word.startswith("-")})


_GREP = _usage(
    "-EFGPivwxclLoqshHnaIrRbzT ignore-case invert-match word-regexp line-regexp count only-matching quiet no-messages "
    "fixed-strings extended-regexp perl-regexp line-number with-filename no-filename recursive text",
    "-ABCm after-context before-context context max-count include exclude label",
)
_LINES = _usage("-qvfFrsz quiet follow", "-nc lines bytes")
_KUBECTL = (
    "-wAR watch all-namespaces show-labels no-headers prefix previous timestamps follow "
    "ignore-not-found overwrite all-containers"
)
_KUBECTL_OPTIONS = (
    "-nlco output namespace selector context cluster container field-selector since since-time tail replicas timeout "
    "grace-period sort-by current-replicas revision to-revision max-log-requests for limit-bytes"
)
_COMPOSE = {
    "logs": _usage("-ft follow timestamps no-color no-log-prefix", "-n since until tail"),
    "ps": _usage("-aq all quiet services", "filter status format"),
    "up": _usage("-d detach force-recreate no-deps no-build build wait no-recreate", "-t timeout scale"),
    "exec": _usage("-Tdit no-TTY detach interactive tty", "index", inner=True),
    "restart": _usage("no-deps", "-t timeout"),
    "stop": _usage("", "-t timeout"),
    "start": _usage(),
    "kill": _usage("", "-s signal"),
    "pause": _usage(),
    "unpause": _usage(),
    "top": _usage(),
    "pull": _usage("-q quiet"),
    "build": _usage("no-cache pull -q quiet"),
    "images": _usage("-q quiet"),
    "port": _usage("", "index protocol"),
    "config": _usage("-q quiet services"),
}
_COMPOSE_TOOL = Tool(general=_usage("", "-pf file project-name"), verbs=_COMPOSE)
_KUBE = _usage(_KUBECTL, _KUBECTL_OPTIONS)
_KUBE_KINDS = _usage(_KUBECTL, _KUBECTL_OPTIONS, kinds=True)

PROGRAMS: Final[Mapping[str, Usage | Tool]] = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep"), _GREP),
    **dict.fromkeys(("head", "tail"), _LINES),
    "echo": _usage("-nE"),
    "cat": _usage("-nbsAETv", operands="word"),
    "wc": _usage("-lwcm"),
    "ls": _usage("-laAhtrRdSi1", operands="path"),
    "df": _usage("-hHiTkPal", "-tx", operands="path"),
    "du": _usage("-hxsackmS", "-d max-depth", operands="path"),
    "stat": _usage("-fLt", operands="path"),
    "findmnt": _usage("-nlbr", "-t", operands="path"),
    "lsof": _usage("-nPtlU", "-p", operands="path"),
    "mkdir": _usage("-pv"),
    "rm": _usage("-rfRvdiI recursive force verbose"),
    "whois": _usage("-H", "-p"),
    "ping": _usage("-46nqvDO", "-cWwis"),
    "host": _usage("-46avdrT", "-tW"),
    "nslookup": _usage(),
    "dig": _usage("-46", "-tpx"),
    "traceroute": _usage("-46nITU", "-mwqp"),
    "nc": _usage("-vznu46l", "-wp"),
    "ethtool": _usage("-Sikgal"),
    "iptables": _usage("-nv", "-sdpi source destination dport sport protocol comment", chosen="-ADIj jump"),
    "ip": Tool(
        general=_usage("-s46h"),
        # Only verbs of two words are listed: behind the first word alone, an operand may be the second.
        verbs=dict.fromkeys(
            ("link show", "addr show", "address show", "route show", "route get", "neigh show"), _usage()
        ),
    ),
    # `ps` reads a word without a hyphen as options: `ps e` shows everybody's environment.
    "ps": _usage("-efaxul", "-p", operands="nothing"),
    "pgrep": _usage("-aflonvx", "-u"),
    "journalctl": _usage(
        "-fqrxkae no-pager follow quiet reverse no-hostname utc dmesg",
        "-untpSo output unit user-unit since until lines grep priority identifier boot",
    ),
    "systemctl": Tool(
        general=_usage("user system no-pager -l full quiet now no-block"),
        verbs=dict.fromkeys(
            ("status", "is-active", "is-enabled", "is-failed", "cat", "list-dependencies"),
            _usage("no-pager -la full all quiet -q now no-block", "-n lines"),
        ),
    ),
    "curl": _usage(
        "-sSikvLf46IgG silent show-error include insecure verbose location fail head get "
        "http1.1 http2 no-progress-meter globoff fail-with-body",
        "-mXwHdou output max-time connect-timeout retry request header data data-urlencode user write-out",
        operands="url",
    ),
    "kubectl": Tool(
        general=_usage("", "-n namespace context cluster"),
        verbs={
            **dict.fromkeys(("get", "describe", "delete", "scale", "wait", "patch"), _KUBE_KINDS),
            "logs": _usage(f"{_KUBECTL} -f", _KUBECTL_OPTIONS),
            **dict.fromkeys(("cordon", "uncordon", "port-forward"), _KUBE),
            "cp": _usage("", "-nc namespace container", remote=True),
            "drain": _usage(f"{_KUBECTL} ignore-daemonsets delete-emptydir-data force", _KUBECTL_OPTIONS),
            "debug": _usage(f"{_KUBECTL} -it", f"{_KUBECTL_OPTIONS} target", inner=True, chosen="image"),
            "top": _KUBE_KINDS,
            **dict.fromkeys(
                (f"rollout {verb}" for verb in ("restart", "undo", "status", "history", "pause", "resume")), _KUBE_KINDS
            ),
            "exec": _usage("-itq stdin tty", "-nc namespace container context", inner=True),
            "set resources": _usage("", "-n namespace selector requests limits", kinds=True),
        },
    ),
    "docker": Tool(
        general=_usage("", "context"),
        verbs={
            "ps": _usage("-aqsnl all quiet no-trunc size", "filter format"),
            "logs": _usage("-ft follow timestamps details", "-n since until tail"),
            "inspect": _usage("-s size", "-f format type"),
            **dict.fromkeys(("restart", "stop"), _usage("", "-t time timeout")),
            **dict.fromkeys(("start", "pause", "unpause", "top", "port", "diff", "wait"), _usage()),
            "kill": _usage("", "-s signal"),
            "stats": _usage("-a all no-stream no-trunc"),
            "update": _usage("", "-m memory memory-swap cpus memory-reservation pids-limit"),
            "rm": _usage("-fv force volumes"),
            "exec": _usage("-itd interactive tty detach", inner=True, chosen="-u user"),
            **{f"compose {verb}": usage for verb, usage in _COMPOSE.items()},
        },
    ),
    "aws": Tool(
        general=_usage("", "region profile"),
        verbs={
            "cloudwatch get-metric-statistics": _usage(
                "", "namespace metric-name dimensions statistics period start-time end-time region output query"
            ),
        },
    ),
    "docker-compose": _COMPOSE_TOOL,
    "psql": _usage(
        "-XqAtw no-psqlrc quiet tuples-only no-password", "-hpUd host port username dbname", chosen="-c command"
    ),
    "pg_isready": _usage("-q quiet", "-hpUdt host port username dbname timeout"),
    "redis-cli": _usage("bigkeys stat latency no-auth-warning", "-hpn", operands="nothing"),
    "amtool": Tool(
        general=_usage("", "alertmanager.url"),
        verbs={
            "alert query": _usage("-a active silenced inhibited", "alertmanager.url receiver"),
            "silence query": _usage("-q quiet expired", "alertmanager.url created-by within"),
            "silence add": _usage("", "alertmanager.url duration comment author"),
        },
    ),
    "nginx": _usage("-tTVvq", operands="nothing"),
    "printenv": _usage(),
    "top": _usage("-bHci", "-npd", operands="nothing"),
    "test": _usage(operands="nothing"),
}

FILTERS: Final[Mapping[str, Usage | None]] = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep", "head", "tail", "wc", "cut", "tr", "cat", "column"), None),
    **dict.fromkeys(("nl", "rev", "tac", "jq", "sha256sum"), None),
    "sort": _usage(
        "-bdfghiMnRrVsuz numeric-sort reverse unique human-numeric-sort version-sort stable", "-kt key field-separator"
    ),
    "uniq": _usage("-cdDiuz count repeated unique ignore-case", "-fsw", operands="nothing"),
}
"""Programs that read another program's output only as data, and print only to the standard output.

A program that can write a file has a usage here, without the options and the operand that make it do so.
"""

PRINTERS: Final = frozenset(
    {"kubectl get", "docker ps", "docker inspect", "docker compose ps", "docker-compose ps", "pgrep"}
)
"""Commands that print names and properties of existing things; a label may select among them, but not write them."""

FORERUNNERS: Final[Mapping[str, Usage]] = {
    "sudo": _usage("-nEHS", "-ug"),
    "time": _usage("-p"),
}
"""Programs that run the command behind them unchanged, and write no file (`nohup` does)."""
