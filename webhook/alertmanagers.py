"""Reads and checks the file that `TOCSIN_ALERTMANAGERS` names: the Alertmanagers that the webhook may ask.

`settings` calls it. Entries are peers, which means that they form one cluster, if they name the same `cluster`. They
are also peers if they share an external URL and the webhook asks them as the same client. If several clusters share an
external URL, the URL does not tell from which cluster a delivery comes. Such clusters need names, and their deliveries
must name the cluster.

The reader reports all mistakes at once, each with its line and never with a secret. Each secret is in its own file. The
webhook reads that file again at each use, so a replaced secret needs no restart.
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
_RESERVED_HEADERS = frozenset(
    {"authorization", "host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
)
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
    """A secret: either its value, or a file that is read at each use."""

    secret: Secret | None = None
    path: Path | None = None

    def read(self) -> Secret:
        """Return the secret; raises ValueError with the file's name when the file cannot be read."""
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
    """One Alertmanager: its name, its address, the URLs that its deliveries carry, and how the webhook logs in."""

    name: str
    url: str
    """Without a trailing slash."""
    external_urls: frozenset[str] = frozenset()
    """In plain form, with `cluster NAME` if the server has a cluster, and without `shared_urls`. Servers with a URL in
    common are peers. A server without any URL speaks for the alerts that it lists with the start that was delivered."""
    shared_urls: frozenset[str] = frozenset()
    """Its external URLs that other clusters also have, in plain form."""
    cluster: str | None = None
    username: str | None = None
    password: Hidden | None = None
    token: Hidden | None = None
    headers: Mapping[str, str | Hidden] = field(default_factory=dict)
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None

    @property
    def client(self) -> tuple[str, ...]:
        """As whom the webhook asks this server: another user, token or tenant may see other alerts. Holds no secret."""
        token = "" if self.token is None else str(self.token.path or "")
        headers = sorted(f"{name.lower()}={_text_or_path(value)}" for name, value in self.headers.items())
        return self.username or "", token, str(self.client_certificate_file or ""), *headers

    @property
    def key(self) -> str:
        """Its key in the store; it differs for another address, user or tenant. Holds no secret."""
        parts = [
            self.url,
            self.username or "",
            *(f"{name}={_text_or_path(value)}" for name, value in self.headers.items()),
        ]
        return f"{self.name} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


def peers(servers: tuple[Server, ...], url: str) -> frozenset[str] | None:
    """Return all external URLs of the servers that have `url` (in plain form); empty if no server has it.

    Returns None if several clusters have `url`: two deliveries with it may come from different clusters.
    """
    if any(url in server.shared_urls for server in servers):
        return None
    return frozenset(peer for server in servers if url in server.external_urls for peer in server.external_urls)


def read_servers(path: Path) -> tuple[tuple[Server, ...], tuple[str, ...]]:
    """Return the servers of the file, in order, and one sentence, with its line, for each mistake."""
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
    """Reads the YAML document and collects its mistakes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def servers(self, node: yaml.Node | None) -> tuple[Server, ...]:
        if node is None:
            self.problems.append(f"{self.path}:1: is empty; it has to hold a list `alertmanagers`")
            return ()
        document = self.mapping(node, "the file", ("alertmanagers",))
        entries = document.get("alertmanagers")
        if entries is None:
            return () if self.problems else self.wrong(node, "lacks `alertmanagers`, a list", ())
        if not isinstance(entries, yaml.SequenceNode) or not entries.value:
            return self.wrong(entries, "`alertmanagers` must be a list with an entry for each Alertmanager", ())
        if len(entries.value) > MOST_SERVERS:
            return self.wrong(entries, f"`alertmanagers` has more than {MOST_SERVERS} entries", ())
        servers: list[Server] = []
        for entry in entries.value:
            server = self.server(entry)
            if server is not None and any(server.name == earlier.name for earlier in servers):
                self.wrong(entry, f"the name `{one_line(server.name, 60)}` is taken by an entry above", None)
            elif server is not None:
                self.check_external_urls(entry, server, servers)
                servers.append(server)
        return _with_clusters(servers)

    def check_external_urls(self, node: yaml.Node, server: Server, servers_above: list[Server]) -> None:
        """Report an external URL that does not tell from which cluster a delivery comes."""
        for earlier in servers_above:
            shared_url = min(server.external_urls & earlier.external_urls, default=None)
            are_both_named = server.cluster is not None and earlier.cluster is not None
            are_one_cluster = server.cluster == earlier.cluster and server.client == earlier.client
            if shared_url is not None and not are_both_named and not are_one_cluster:
                difference = "in another cluster" if server.client == earlier.client else "asked as somebody else"
                url = f"the external URL {one_line(shared_url, 200)} of `{one_line(earlier.name, 60)}` above"
                remedy = (
                    "give each a `cluster`, the same if they are one, and let each cluster deliver to "
                    "/v1/alertmanager?cluster=NAME"
                )
                self.wrong(
                    node, f"has {url}, which is {difference}, so that no delivery says whose it is: {remedy}", None
                )
                return

    def server(self, node: yaml.Node) -> Server | None:
        problems_before = len(self.problems)
        keys = self.mapping(node, "an entry of `alertmanagers`", _KEYS)
        if len(self.problems) == problems_before:
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
        return server if len(self.problems) == problems_before else None

    def external(self, keys: Mapping[str, yaml.Node]) -> frozenset[str]:
        nodes: list[yaml.Node] = []
        if "external_url" in keys:
            nodes.append(keys["external_url"])
        list_node = keys.get("external_urls")
        if isinstance(list_node, yaml.SequenceNode) and list_node.value:
            nodes += list_node.value
        elif list_node is not None:
            self.wrong(list_node, "`external_urls` must be a list of addresses", None)
        urls = [self.address(url_node, "external_url", public=True) for url_node in nodes]
        return frozenset(plain_address(url) for url in urls if url is not None)

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
        headers: dict[str, str | Hidden] = {}
        for name, value in self.mapping(node, "`headers`", None).items():
            if not _HEADER.match(name) or name.lower() in _RESERVED_HEADERS:
                self.wrong(value, f"`{one_line(name, 60)}` cannot be a further header", None)
            elif isinstance(value, yaml.MappingNode):
                inner = self.mapping(value, f"`{name}`", ("file",))
                hidden = self.hidden(inner.get("file"), "file")
                headers[name] = hidden or Hidden()
                if "file" not in inner:
                    self.wrong(value, f"`{name}` must be a text, or `file:` and the name of a file", None)
            else:
                headers[name] = self.text(value, name) or ""
        return headers

    def mapping(self, node: yaml.Node, subject: str, allowed: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            return self.wrong(node, f"{subject} must be a mapping", {})
        entries: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in entries:
                self.wrong(key, f"`{one_line(name, 60)}` stands here twice", None)
            elif allowed is not None and name not in allowed:
                known = ", ".join(f"`{allowed_name}`" for allowed_name in allowed)
                self.wrong(key, f"{subject} has no key `{one_line(str(name), 60)}`; it has {known}", None)
            else:
                entries[name] = value
        return entries

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
    """Return the servers; those with a cluster get its name and keep only the URLs that no other cluster has."""
    return tuple(_with_cluster(server, servers) for server in servers)


def _with_cluster(server: Server, servers: list[Server]) -> Server:
    if server.cluster is None:
        return server
    own_urls, other_urls = (
        frozenset(
            url for peer in servers if (peer.cluster == server.cluster) is is_same_cluster for url in peer.external_urls
        )
        for is_same_cluster in (True, False)
    )
    known_urls = (own_urls - other_urls) | {cluster_address(server.cluster)}
    return replace(server, external_urls=known_urls, shared_urls=own_urls & other_urls)


def _text_or_path(value: str | Hidden) -> str:
    return value if isinstance(value, str) else str(value.path or "")
