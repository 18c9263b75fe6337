"""The Alertmanagers that may be asked: the file that `TOCSIN_ALERTMANAGERS` names, checked. Called by `settings`.

Entries are peers, one cluster, when they say so (`cluster`), or when they share an external URL and are asked as the
same. An external URL that several clusters have says of no delivery whose it is: such clusters have to have names, and
their deliveries name them.

Every mistake is told at once, with its line and never with a secret. Secrets stand in files of their own, which are
read anew each time they are used, so that one that is replaced needs no restart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import yaml

from webhook.secret import Secret
from webhook.untrusted import LONGEST_CLUSTER, cluster_address, one_line, plain_address, web_address

T = TypeVar("T")

LARGEST_FILE = 1_048_576
MOST_SERVERS = 200

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z", flags=re.ASCII)
_CLUSTER = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_CLUSTER}}}\Z", flags=re.ASCII)
_OURS = frozenset({"authorization", "host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_KEYS = (
    "name",
    "url",
    "external_url",
    "external_urls",
    "cluster",
    "basic_auth",
    "bearer_token_file",
    "headers",
    "ca_file",
    "client_certificate_file",
    "client_key_file",
)


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A secret: given, or in a file that is read when it is used."""

    secret: Secret | None = None
    path: Path | None = None

    def read(self) -> Secret:
        """Return the secret; raises ValueError, which names the file, when it cannot be read."""
        if self.secret is not None or self.path is None:
            return self.secret or Secret("")
        try:
            text = self.path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            raise ValueError(f"{self.path}: {reason}") from None
        if not text or not text.isprintable():
            raise ValueError(f"{self.path}: {'holds a control character' if text else 'is empty'}")
        return Secret(text)


@dataclass(frozen=True, kw_only=True)
class Server:
    """One Alertmanager: what it is called, how its deliveries are known, where it is asked, and as whom."""

    name: str
    url: str
    """Without a last slash."""
    external_urls: frozenset[str] = frozenset()
    """In plain form, with `cluster NAME` where it has one and without `shared_urls`; the servers that share one are
    peers. None: it speaks for what it lists with the same start."""
    shared_urls: frozenset[str] = frozenset()
    """Its external URLs that other clusters have too, in plain form."""
    cluster: str | None = None
    username: str | None = None
    password: Hidden | None = None
    token: Hidden | None = None
    headers: Mapping[str, str | Hidden] = field(default_factory=dict)
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None

    @property
    def as_whom(self) -> tuple[str, ...]:
        """Whom it is asked as; another user, token or tenant may be told of other alerts. Holds no secret."""
        token = "" if self.token is None else str(self.token.path or "")
        headers = sorted(f"{name.lower()}={_shown(value)}" for name, value in self.headers.items())
        return self.username or "", token, str(self.client_certificate_file or ""), *headers

    @property
    def key(self) -> str:
        """What it is known by in the store: another address, user or tenant is another one. Holds no secret."""
        as_whom = [self.url, self.username or "", *(f"{name}={_shown(value)}" for name, value in self.headers.items())]
        return f"{self.name} {hashlib.sha256(chr(10).join(as_whom).encode()).hexdigest()[:12]}"


def peers(servers: tuple[Server, ...], url: str) -> frozenset[str] | None:
    """Return the external URLs of the servers that share `url` (in plain form), itself included where it is known.

    None where several clusters have it: two deliveries with it need not be of one.
    """
    if any(url in server.shared_urls for server in servers):
        return None
    return frozenset(one for server in servers if url in server.external_urls for one in server.external_urls)


def read_servers(path: Path) -> tuple[tuple[Server, ...], tuple[str, ...]]:
    """Return the servers of the file, in order, and what is wrong with it: a sentence each, with its line."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        return (), (f"{path}: {error.strerror}",)
    if len(content) > LARGEST_FILE:
        return (), (f"{path}: is larger than {LARGEST_FILE:,} bytes",)
    reader = _Reader(path)
    try:
        node = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return (), (f"{path}:{line}: is not YAML: {one_line(error.problem or 'it cannot be read', 200)}",)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return (), (f"{path}: is not YAML in UTF-8",)
    servers = reader.servers(node)
    return (() if reader.problems else servers), tuple(reader.problems)


class _Reader:
    """Takes the document apart and collects what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def servers(self, node: yaml.Node | None) -> tuple[Server, ...]:
        if node is None:
            self.problems.append(f"{self.path}:1: is empty; it has to hold a list `alertmanagers`")
            return ()
        top = self.mapping(node, "the file", ("alertmanagers",))
        found = top.get("alertmanagers")
        if found is None:
            return () if self.problems else self.wrong(node, "lacks `alertmanagers`, a list", ())
        if not isinstance(found, yaml.SequenceNode) or not found.value:
            return self.wrong(found, "`alertmanagers` must be a list with an entry for each Alertmanager", ())
        if len(found.value) > MOST_SERVERS:
            return self.wrong(found, f"`alertmanagers` has more than {MOST_SERVERS} entries", ())
        servers: list[Server] = []
        for entry in found.value:
            server = self.server(entry)
            if server is not None and any(server.name == one.name for one in servers):
                self.wrong(entry, f"the name `{one_line(server.name, 60)}` is taken by an entry above", None)
            elif server is not None:
                self.told_apart(entry, server, servers)
                servers.append(server)
        return _with_clusters(servers)

    def told_apart(self, node: yaml.Node, server: Server, above: list[Server]) -> None:
        """Complain of an external URL by which nobody knows whose a delivery is, though it could be said."""
        for other in above:
            shared = min(server.external_urls & other.external_urls, default=None)
            named = server.cluster is not None and other.cluster is not None
            alike = server.cluster == other.cluster and server.as_whom == other.as_whom
            if shared is not None and not named and not alike:
                whom = "in another cluster" if server.as_whom == other.as_whom else "asked as somebody else"
                also = f"the external URL {one_line(shared, 200)} of `{one_line(other.name, 60)}` above"
                way_out = (
                    "give each a `cluster`, the same if they are one, and let each cluster deliver to "
                    "/v1/alertmanager?cluster=NAME"
                )
                self.wrong(node, f"has {also}, which is {whom}, so that no delivery says whose it is: {way_out}", None)
                return

    def server(self, node: yaml.Node) -> Server | None:
        before = len(self.problems)
        keys = self.mapping(node, "an entry of `alertmanagers`", _KEYS)
        if len(self.problems) == before:
            for name in ("name", "url"):
                if name not in keys:
                    self.wrong(node, f"lacks `{name}`", None)
            if "external_url" not in keys and "external_urls" not in keys:
                self.wrong(node, "lacks `external_url`: what its `--web.external-url` is, as its deliveries say", None)
        username, password = self.basic(keys.get("basic_auth"))
        token = self.hidden(keys.get("bearer_token_file"), "bearer_token_file")
        if token is not None and "basic_auth" in keys:
            self.wrong(keys["bearer_token_file"], "`basic_auth` and `bearer_token_file` exclude each other", None)
        certificate = self.file(keys.get("client_certificate_file"), "client_certificate_file")
        key = self.file(keys.get("client_key_file"), "client_key_file")
        if ("client_certificate_file" in keys) != ("client_key_file" in keys):
            self.wrong(node, "`client_certificate_file` and `client_key_file` belong together", None)
        url = self.address(keys.get("url"), "url")
        server = Server(
            name=self.text(keys.get("name"), "name") or "",
            url=(url or "").rstrip("/"),
            external_urls=self.external(keys),
            cluster=self.cluster(keys.get("cluster")),
            username=username,
            password=password,
            token=token,
            headers=self.headers(keys.get("headers")),
            ca_file=self.file(keys.get("ca_file"), "ca_file"),
            client_certificate_file=certificate,
            client_key_file=key,
        )
        return server if len(self.problems) == before else None

    def external(self, keys: Mapping[str, yaml.Node]) -> frozenset[str]:
        nodes: list[yaml.Node] = []
        if "external_url" in keys:
            nodes.append(keys["external_url"])
        several = keys.get("external_urls")
        if isinstance(several, yaml.SequenceNode) and several.value:
            nodes += several.value
        elif several is not None:
            self.wrong(several, "`external_urls` must be a list of addresses", None)
        found = [self.address(one, "external_url", public=True) for one in nodes]
        return frozenset(plain_address(url) for url in found if url is not None)

    def cluster(self, node: yaml.Node | None) -> str | None:
        name = self.text(node, "cluster")
        if node is None or name is None:
            return None
        if not _CLUSTER.match(name):
            return self.wrong(node, "`cluster` must be a name of letters, digits, `.`, `_` and `-`", None)
        return name

    def basic(self, node: yaml.Node | None) -> tuple[str | None, Hidden | None]:
        if node is None:
            return None, None
        keys = self.mapping(node, "`basic_auth`", ("username", "password_file"))
        username, password = self.text(keys.get("username"), "username"), keys.get("password_file")
        if isinstance(node, yaml.MappingNode) and not {"username", "password_file"} <= keys.keys():
            self.wrong(node, "`basic_auth` needs `username` and `password_file`", None)
        if username is not None and ":" in username:
            self.wrong(keys["username"], "`username` must not hold a colon", None)
        return username, self.hidden(password, "password_file")

    def headers(self, node: yaml.Node | None) -> dict[str, str | Hidden]:
        if node is None:
            return {}
        found: dict[str, str | Hidden] = {}
        for name, value in self.mapping(node, "`headers`", None).items():
            if not _HEADER.match(name) or name.lower() in _OURS:
                self.wrong(value, f"`{one_line(name, 60)}` cannot be a further header", None)
            elif isinstance(value, yaml.MappingNode):
                inner = self.mapping(value, f"`{name}`", ("file",))
                hidden = self.hidden(inner.get("file"), "file")
                found[name] = hidden or Hidden()
                if "file" not in inner:
                    self.wrong(value, f"`{name}` must be a text, or `file:` and the name of a file", None)
            else:
                found[name] = self.text(value, name) or ""
        return found

    def mapping(self, node: yaml.Node, what: str, allowed: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            return self.wrong(node, f"{what} must be a mapping", {})
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in found:
                self.wrong(key, f"`{one_line(name, 60)}` stands here twice", None)
            elif allowed is not None and name not in allowed:
                known = ", ".join(f"`{one}`" for one in allowed)
                self.wrong(key, f"{what} has no key `{one_line(str(name), 60)}`; it has {known}", None)
            else:
                found[name] = value
        return found

    def text(self, node: yaml.Node | None, name: str) -> str | None:
        if node is None:
            return None
        text = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not text or not text.isprintable() or len(text) > 1_000:
            return self.wrong(node, f"`{name}` must be a text on one line", None)
        return str(text)

    def address(self, node: yaml.Node | None, name: str, *, public: bool = False) -> str | None:
        text = self.text(node, name)
        if node is None or text is None:
            return None
        url = web_address(text)
        if url is None or plain_address(url) == "" or urlsplit(url).username is not None:
            return self.wrong(node, f"`{name}` must be an http or https address without a user name", None)
        if not public and (urlsplit(url).query or urlsplit(url).fragment):
            return self.wrong(node, f"`{name}` must be an address without a query", None)
        return url

    def file(self, node: yaml.Node | None, name: str) -> Path | None:
        text = self.text(node, name)
        if node is None or text is None:
            return None
        path = self.path.parent / text
        try:
            with path.open("rb"):
                return path
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "cannot be read"
            return self.wrong(node, f"`{name}`: {one_line(str(path), 300)}: {reason}", None)

    def hidden(self, node: yaml.Node | None, name: str) -> Hidden | None:
        path = self.file(node, name)
        if node is None or path is None:
            return None
        hidden = Hidden(path=path)
        try:
            hidden.read()
        except ValueError as error:
            return self.wrong(node, f"`{name}`: {one_line(str(error), 300)}", None)
        return hidden

    def wrong(self, node: yaml.Node, message: str, value: T) -> T:
        self.problems.append(f"{self.path}:{node.start_mark.line + 1}: {message}")
        return value


def _with_clusters(servers: list[Server]) -> tuple[Server, ...]:
    """Return the servers, those of a cluster known by its name and by each external URL that is its alone."""
    return tuple(_with_cluster(server, servers) for server in servers)


def _with_cluster(server: Server, servers: list[Server]) -> Server:
    if server.cluster is None:
        return server
    mine, others = (
        frozenset(url for one in servers if (one.cluster == server.cluster) is same for url in one.external_urls)
        for same in (True, False)
    )
    known = (mine - others) | {cluster_address(server.cluster)}
    return replace(server, external_urls=known, shared_urls=mine & others)


def _shown(value: str | Hidden) -> str:
    return value if isinstance(value, str) else str(value.path or "")
