"""Which arguments of which programs are data, whatever plain word stands there. Pure data; used by `shell_places`.

An allow-list: a program, a verb, an option that is not here takes nothing. Left out on purpose is what runs its
argument, reads it as a program, loads it as configuration or writes a file by that name: `-e`, `-c`, `-f`, `-o`,
`--exec`, `--kubeconfig`, `make`, `ansible`, `find -exec`, `xargs`, `read`, `eval`; and
`systemctl start`, for a unit may turn the machine off.
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
    others: Takes = "word"
    """What an argument that belongs to no option takes."""
    kinds: bool = False
    """Whether the first such argument says what the others are."""
    remote: bool = False
    """Whether such an argument names a machine, with a colon and a file behind it, and a file here is not meant."""
    inner: bool = False
    """Whether the words behind the first such argument, or behind `--`, are a command that runs elsewhere."""
    chosen: frozenset[str] = frozenset()
    """Options whose value a person has to write: it chooses what is done, by whom, or with which code."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program with verbs; `general` is how it reads what stands before the verb."""

    general: Usage
    verbs: Mapping[str, Usage] = field(default_factory=dict)


def _usage(  # noqa: PLR0913  as many as there are properties
    switches: str = "",
    options: str = "",
    *,
    others: Takes = "word",
    kinds: bool = False,
    remote: bool = False,
    inner: bool = False,
    chosen: str = "",
) -> Usage:
    """Return a usage; a long option is a word, short ones are written together as `-abc`; `chosen` ones are options."""
    return Usage(
        switches=_names(switches),
        options=_names(options) | _names(chosen),
        chosen=_names(chosen),
        others=others,
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
    "cat": _usage("-nbsAETv", others="word"),
    "wc": _usage("-lwcm"),
    "ls": _usage("-laAhtrRdSi1", others="path"),
    "df": _usage("-hHiTkPal", "-tx", others="path"),
    "du": _usage("-hxsackmS", "-d max-depth", others="path"),
    "stat": _usage("-fLt", others="path"),
    "findmnt": _usage("-nlbr", "-t", others="path"),
    "lsof": _usage("-nPtlU", "-p", others="path"),
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
        # Without a verb behind it, an argument may be one.
        verbs=dict.fromkeys(
            ("link show", "addr show", "address show", "route show", "route get", "neigh show"), _usage()
        ),
    ),
    # A word without a hyphen is read as options: `ps e` shows everybody's environment.
    "ps": _usage("-efaxul", "-p", others="nothing"),
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
        others="url",
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
    "redis-cli": _usage("bigkeys stat latency no-auth-warning", "-hpn", others="nothing"),
    "amtool": Tool(
        general=_usage("", "alertmanager.url"),
        verbs={
            "alert query": _usage("-a active silenced inhibited", "alertmanager.url receiver"),
            "silence query": _usage("-q quiet expired", "alertmanager.url created-by within"),
            "silence add": _usage("", "alertmanager.url duration comment author"),
        },
    ),
    "nginx": _usage("-tTVvq", others="nothing"),
    "printenv": _usage(),
    "top": _usage("-bHci", "-npd", others="nothing"),
    "test": _usage(others="nothing"),
}

FILTERS: Final[Mapping[str, Usage | None]] = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep", "head", "tail", "wc", "cut", "tr", "cat", "column"), None),
    **dict.fromkeys(("nl", "rev", "tac", "jq", "sha256sum"), None),
    "sort": _usage(
        "-bdfghiMnRrVsuz numeric-sort reverse unique human-numeric-sort version-sort stable", "-kt key field-separator"
    ),
    "uniq": _usage("-cdDiuz count repeated unique ignore-case", "-fsw", others="nothing"),
}
"""What reads the output of another program as data alone, and prints to nowhere else.

One that may write a file does so with options, or with an argument, that its usage here does not have.
"""

PRINTERS: Final = frozenset(
    {"kubectl get", "docker ps", "docker inspect", "docker compose ps", "docker-compose ps", "pgrep"}
)
"""What prints names and properties of what there is, so that a label that selects among them writes none of it."""

FORERUNNERS: Final[Mapping[str, Usage]] = {
    "sudo": _usage("-nEHS", "-ug"),
    "time": _usage("-p"),
}
"""What runs the program behind it as it stands, and writes no file (`nohup` does)."""
