"""Names looked up within a time, and connections to what they lead to: a resolver that never answers holds nobody up.

The C library's look-up takes no time-out, and nobody can call a thread back that is in it (getaddrinfo(3),
resolv.conf(5)). So each look-up has a thread of its own, and whoever has asked goes on when the time is over. Askers
of one name share a look-up, and the threads are counted. `http_deadline`, `senders.mail` and `storage.engines`
ask here.
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
"""So long is a look-up waited for: a dead first name server costs five seconds, also where a name is tried twice."""
MOST_LOOKUPS = 64
"""Threads that may be looking names up; all names come from the settings."""
MOST_OF_A_NAME = 8
"""Threads that may be looking one name up, so that a zone whose servers hang leaves room for the others."""

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""An address as a socket of that family takes it."""


class NotLookedUp(socket.gaierror):
    """A name server has not answered in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(socket.EAI_AGAIN, reason)


@dataclass
class _Lookup:
    """A look-up under way, or done: then there are addresses or an error."""

    began: float
    done: threading.Event = field(default_factory=threading.Event)
    found: Any = None
    error: Exception | None = None


class Names:
    """Looks names up, with `ask` in threads that are counted."""

    def __init__(self, *, most: int = MOST_LOOKUPS, most_of_a_name: int = MOST_OF_A_NAME) -> None:
        """Prepare; `most` threads look up anything, `most_of_a_name` of them the same."""
        self._most = most
        self._most_of_a_name = most_of_a_name
        self._lock = threading.Lock()
        self._under_way: dict[str, list[_Lookup]] = {}

    @property
    def under_way(self) -> int:
        """How many threads are looking something up."""
        with self._lock:
            return sum(map(len, self._under_way.values()))

    def get(self, what: str, ask: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401  what `ask` returns
        """Return what `ask` does, which looks `what` up; raises what it raises, and NotLookedUp after `seconds`."""
        lookup = self._joined(what, ask)
        if not lookup.done.wait(max(0.0, seconds)):
            raise NotLookedUp("no name server has answered in time")
        if lookup.error is not None:
            raise lookup.error.with_traceback(None)
        return lookup.found

    def _joined(self, what: str, ask: Callable[[], Any]) -> _Lookup:
        now = time.monotonic()
        with self._lock:
            found = self._under_way.get(what, [])
            # One that hangs is not waited for by everybody who comes later: another is begun, each time after twice
            # as long.
            if found and (len(found) == self._most_of_a_name or now - found[-1].began < _again(len(found))):
                return found[-1]
            if sum(map(len, self._under_way.values())) >= self._most:
                raise NotLookedUp(f"{self._most} names are being looked up, and no name server answers")
            lookup = _Lookup(began=now)
            self._under_way[what] = [*found, lookup]
        thread = threading.Thread(target=self._look_up, args=(what, ask, lookup), name="names", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._end(what, lookup)
            raise NotLookedUp("there is no thread left to look a name up") from None
        return lookup

    def _look_up(self, what: str, ask: Callable[[], Any], lookup: _Lookup) -> None:
        try:
            lookup.found = ask()
        except Exception as error:  # noqa: BLE001  it is raised where it was asked
            lookup.error = error
        finally:
            self._end(what, lookup)

    def _end(self, what: str, lookup: _Lookup) -> None:
        with self._lock:
            left = [one for one in self._under_way[what] if one is not lookup]
            if left:
                self._under_way[what] = left
            else:
                del self._under_way[what]
        lookup.done.set()


NAMES = Names()
"""Those of this process."""


def addresses(host: str, port: int, *, seconds: float = LOOKUP_SECONDS) -> tuple[Address, ...]:
    """Return the host's addresses for TCP, in the order in which they are to be tried.

    Raises NotLookedUp after `seconds`, socket.gaierror where there is none, and UnicodeError for what is no name.
    """

    def ask() -> tuple[Address, ...]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple((family, address) for family, _, _, _, address in found)

    # An address is not looked up anywhere.
    return ask() if _is_address(host) else tuple(NAMES.get(f"{host} {port}", ask, seconds))


def connect(
    host: str, port: int, *, seconds: float, left: Callable[[], float], options: Iterable[Any]
) -> socket.socket:
    """Return a connection to the first of the host's addresses that takes one within `seconds`.

    `left` gives how many seconds there are for all of it, the look-up included; `options` are set on the socket.
    Raises as `addresses`, and otherwise OSError; after the time TimeoutError.
    """
    failure: OSError = TimeoutError("no address has taken the connection in time")
    for family, address in addresses(host.strip("[]"), port, seconds=min(LOOKUP_SECONDS, left())):
        span = min(seconds, left())
        if span <= 0:
            break
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options:
                line.setsockopt(*option)
            line.settimeout(span)
            line.connect(address)
        except OSError as error:
            line.close()
            failure = error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise failure


def own_name(*, seconds: float) -> str:
    """Return this machine's name as a mail server is told it, or an address where it has none (RFC 5321, 4.1.4)."""
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


def _again(under_way: int) -> float:
    """Return how old, in seconds, the youngest look-up of a name is when another one is begun."""
    return float(LOOKUP_SECONDS * 2 ** (under_way - 1))
