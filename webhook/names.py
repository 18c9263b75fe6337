"""Looks host names up within a time limit and connects to them, so that a dead resolver holds nobody up.

The C library's look-up takes no time-out, and a thread in it cannot be interrupted (getaddrinfo(3), resolv.conf(5)). So
each look-up runs in a thread of its own, and the caller goes on when the time is over. Callers that ask for the same
name share a look-up, and the number of threads is limited. `http_deadline`, `senders.mail` and `storage.engines` use
this module.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

LOOKUP_SECONDS = 12.0
"""How long a caller waits for a look-up: a dead first name server costs five seconds, and a name may be tried twice."""
MOST_LOOKUPS = 64
"""The most threads that look names up at once; all names come from the settings."""
MOST_OF_A_NAME = 8
"""The most threads that look one name up, so that a zone with hanging servers leaves threads for other names."""

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""The address family, and the address in the form that such a socket takes."""


class NotLookedUp(socket.gaierror):
    """No name server answered in time, or no thread was free for the look-up."""

    def __init__(self, reason: str) -> None:
        super().__init__(socket.EAI_AGAIN, reason)


@dataclass
class _Lookup:
    """A look-up: in progress, or done with a result or an error."""

    began: float
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: Exception | None = None


class Names:
    """Runs look-ups in a limited number of threads."""

    def __init__(self, *, most: int = MOST_LOOKUPS, most_of_a_name: int = MOST_OF_A_NAME) -> None:
        """Allow `most` threads in total, and `most_of_a_name` of them for the same name."""
        self._most = most
        self._most_of_a_name = most_of_a_name
        self._lock = threading.Lock()
        self._under_way: dict[str, list[_Lookup]] = {}

    @property
    def under_way(self) -> int:
        """How many threads are looking a name up."""
        with self._lock:
            return sum(map(len, self._under_way.values()))

    def get(self, name: str, ask: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401  as `ask` returns
        """Return the result of `ask`, which looks `name` up; raises what `ask` raises, NotLookedUp after `seconds`."""
        lookup = self._join_or_start(name, ask)
        if not lookup.done.wait(max(0.0, seconds)):
            raise NotLookedUp("no name server has answered in time")
        if lookup.error is not None:
            raise lookup.error.with_traceback(None)
        return lookup.result

    def _join_or_start(self, name: str, ask: Callable[[], Any]) -> _Lookup:
        now = time.monotonic()
        with self._lock:
            lookups = self._under_way.get(name, [])
            # Later callers must not all wait for a look-up that hangs: another one starts, each after twice the wait.
            if lookups and (
                len(lookups) == self._most_of_a_name or now - lookups[-1].began < _restart_age(len(lookups))
            ):
                return lookups[-1]
            if sum(map(len, self._under_way.values())) >= self._most:
                raise NotLookedUp(f"{self._most} names are being looked up, and no name server answers")
            lookup = _Lookup(began=now)
            self._under_way[name] = [*lookups, lookup]
        thread = threading.Thread(target=self._look_up, args=(name, ask, lookup), name="names", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._end(name, lookup)
            raise NotLookedUp("there is no thread left to look a name up") from None
        return lookup

    def _look_up(self, name: str, ask: Callable[[], Any], lookup: _Lookup) -> None:
        try:
            lookup.result = ask()
        except Exception as error:  # noqa: BLE001  `get` raises it
            lookup.error = error
        finally:
            self._end(name, lookup)

    def _end(self, name: str, lookup: _Lookup) -> None:
        with self._lock:
            remaining = [running for running in self._under_way[name] if running is not lookup]
            if remaining:
                self._under_way[name] = remaining
            else:
                del self._under_way[name]
        lookup.done.set()


NAMES = Names()
"""The look-ups of this process."""


def addresses(host: str, port: int, *, seconds: float = LOOKUP_SECONDS) -> tuple[Address, ...]:
    """Return the host's addresses for TCP, in the order in which a caller should try them.

    Raises NotLookedUp after `seconds`, socket.gaierror if there is no address, and UnicodeError for an invalid name.
    """

    def ask() -> tuple[Address, ...]:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple((family, address) for family, _, _, _, address in entries)

    # An address needs no look-up.
    return ask() if _is_address(host) else tuple(NAMES.get(f"{host} {port}", ask, seconds))


def connect(
    host: str, port: int, *, seconds: float, left: Callable[[], float], options: Iterable[Any]
) -> socket.socket:
    """Return a connection to the first of the host's addresses that accepts one within `seconds`.

    `left` returns how many seconds remain in total, the look-up included; `options` are set on the socket. Raises what
    `addresses` raises, TimeoutError when the time is over, and OSError for other failures.
    """
    failure: OSError = TimeoutError("no address has taken the connection in time")
    for family, address in addresses(host.strip("[]"), port, seconds=min(LOOKUP_SECONDS, left())):
        connect_seconds = min(seconds, left())
        if connect_seconds <= 0:
            break
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(connect_seconds)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def own_name(*, seconds: float) -> str:
    """Return this machine's name for a mail server, or an address literal if it has no name (RFC 5321, 4.1.4)."""
    try:
        return str(NAMES.get("", _own_name, seconds))
    except OSError:
        name = socket.gethostname()
        return name if "." in name else "[127.0.0.1]"


def _own_name() -> str:
    name = socket.getfqdn()
    return name if "." in name else f"[{socket.gethostbyname(socket.gethostname())}]"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _restart_age(under_way: int) -> float:
    """Return how old, in seconds, the youngest look-up of a name must be before another one starts."""
    return float(LOOKUP_SECONDS * 2 ** (under_way - 1))
