"""gunicorn's worker for the webhook: one loop serves all connections, so that no thread waits for a client.

The loop reads a request until it is whole, within a time limit. Only then does it put the request into a pool
(`pools`), whose threads make the answer (`answering`). The loop sends the answer, also within a time limit, and reads
nothing from the connection meanwhile. So a client that sends nothing, sends slowly or does not read occupies a socket
and no thread. All clients that do not read share `MOST_UNSENT` bytes.

There is room for `MOST_CONNECTIONS`, and for `MOST_OF_PEER` from one peer. When there are more, the loop closes the
connection that has waited longest; connections without a valid token go first. A new connection is never refused for
lack of room, and has `GRACE_SECONDS` to send something.

The loop also delays the answer to a wrong token (`guesses`), because a delay here occupies no thread.

The exception is a delivery too large to keep in memory: two threads read such deliveries and do nothing else.
"""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import selectors
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from webhook.serving.answering import Job, answer
from webhook.serving.connection import (
    BODY_SECONDS,
    HEAD_SECONDS,
    IDLE_SECONDS,
    LINGER_SECONDS,
    PIECE,
    Connection,
)
from webhook.serving.guesses import Guesses
from webhook.serving.outgoing import Outgoing
from webhook.serving.pools import Pools, guesses, pool_of, reads_body
from webhook.serving.reading import Head, Reading

MOST_CONNECTIONS = 1_000
MOST_OF_PEER = 100
"""Connections from one peer. A trusted proxy forwards for many clients and has no such limit."""
GRACE_SECONDS = 2.0
"""How long a new connection is exempt from its peer's limit, while there is room for more connections in total."""
MOST_KEPT = 64 * 1_024 * 1_024
"""Bytes of incomplete requests, of all connections together."""
MOST_UNSENT = 64 * 1_024 * 1_024
"""Bytes of unsent answers, of all connections together; if there are more, the loop gives up the oldest answer."""
LARGEST_KEPT = 1_024 * 1_024 + PIECE
"""Bytes of one request that are kept while it arrives: more than an action or a callback may contain."""
TURN_SECONDS = 0.5
"""How late the loop may notice a deadline or the end of the parent process."""
DRAIN_SECONDS = 8.0
"""Time for requests under way to finish when the process has to end."""
_HALF_READ_SECONDS = 2.0
_MOST_AT_ONCE = 64

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connections(Worker):  # type: ignore[misc]
    """Serves one application; `self.app` is the `Server` of `webhook.server`."""

    def init_process(self) -> None:
        """Create the state that no other process may share, and serve."""
        self.selector = selectors.DefaultSelector()
        self.waiting: dict[Connection, None] = {}
        """The connections that belong to the loop, the one that has waited longest first."""
        self.under_way = 0
        self.peers: dict[str, int] = {}
        self.finished: queue.SimpleQueue[tuple[Connection, bytes]] = queue.SimpleQueue()
        self.pools: Pools[tuple[Job, bytes]] = Pools(self._answer)
        self.guesses = Guesses()
        self.most = min(MOST_CONNECTIONS, _file_handles() // 2)
        super().init_process()

    def handle_exit(self, _signal: int, _frame: object) -> None:
        """End in good order; the signal itself wakes the loop."""
        self.alive = False

    def run(self) -> None:
        """Serve until this process has to end or its parent process has ended."""
        for listener in self.sockets:
            listener.settimeout(0.0)
            self.selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
        self.selector.register(self.PIPE[0], selectors.EVENT_READ, self._clear_wakeup)
        self.pools.start()
        while self.alive and self.ppid == os.getppid():
            self._turn()
        if self.alive:
            self.log.warning("the process above this one has ended, and so does this one")
        self.alive = False
        self._drain()

    def _turn(self) -> None:
        self.notify()
        with contextlib.suppress(InterruptedError):
            for key, _ in self.selector.select(TURN_SECONDS):
                key.data()
        self._take_back()
        self._act_on_deadlines()

    def _drain(self) -> None:
        """Close the port at once, and answer the requests under way."""
        for listener in self.sockets:
            self.selector.unregister(listener)
            listener.close()
        self.app.begin_stop()
        for connection in [waiting for waiting in self.waiting if waiting.phase != "sending"]:
            # The next request may already be on its way on a connection that was kept open.
            connection.deadline = min(connection.deadline, time.monotonic() + _HALF_READ_SECONDS)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (self.waiting or self.under_way) and time.monotonic() < deadline:
            self._turn()
        for job, _ in self.pools.empty():
            _answer_directly(job.connection, 503, "ending; try again")
            job.connection.close()

    def _accept(self, listener: Any) -> None:  # noqa: ANN401  gunicorn's listener
        for _ in range(_MOST_AT_ONCE):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no file handle is left, or the client is gone already
                self._make_room(lambda _: True)
                return
            sock.settimeout(0.0)
            server, deadline = listener.getsockname(), time.monotonic() + HEAD_SECONDS
            connection = Connection(sock=sock, address=address, server=server, deadline=deadline)
            if self.app.certificate is None or self._encrypt(connection):
                self._enter(connection)

    def _encrypt(self, connection: Connection) -> bool:
        """Prepare for TLS; return False when the client is gone already."""
        context: ssl.SSLContext = self.app.certificate.context
        try:
            connection.sock = context.wrap_socket(connection.sock, server_side=True, do_handshake_on_connect=False)
        except OSError:
            connection.close()
            return False
        connection.is_greeting = True
        return True

    def _enter(self, connection: Connection) -> None:
        peer = connection.peer
        self.peers[peer] = self.peers.get(peer, 0) + 1
        if sum(self.peers.values()) > self.most:
            largest_peer = max(self.peers, key=self.peers.__getitem__)
            self._make_room(lambda candidate: candidate.peer == largest_peer)
        elif self.peers[peer] > MOST_OF_PEER and not self.app.settings.trusts(str(connection.address[0])):
            opened_before = time.monotonic() - GRACE_SECONDS
            self._make_room(lambda candidate: candidate.peer == peer and candidate.since < opened_before)
        self._wait(connection)
        # In most cases the request has already arrived.
        self._go_on(connection)

    def _make_room(self, may_go: Callable[[Connection], bool]) -> None:
        """Close the connection that has waited longest; connections without a valid token go first."""
        candidates = [connection for connection in self.waiting if may_go(connection)]
        oldest = candidates[0] if candidates else None
        chosen = next((connection for connection in candidates if not connection.is_known), oldest)
        if chosen is not None:
            self._close(chosen)

    def _wait(self, connection: Connection, events: int = selectors.EVENT_READ) -> None:
        """Let the loop continue when the client sends or receives."""
        connection.sock.settimeout(0.0)
        self.selector.register(connection.sock, events, partial(self._go_on, connection))
        self.waiting[connection] = None

    def _leave(self, connection: Connection) -> None:
        """Take the connection out of the loop."""
        if connection in self.waiting:
            del self.waiting[connection]
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(connection.sock)

    def _close(self, connection: Connection) -> None:
        self._leave(connection)
        peer = connection.peer
        self.peers[peer] -= 1
        if not self.peers[peer]:
            del self.peers[peer]
        connection.close()

    def _go_on(self, connection: Connection) -> None:
        if connection not in self.waiting:
            return  # closed by another event of the same turn
        try:
            if connection.is_greeting:
                connection.sock.do_handshake()  # type: ignore[attr-defined]
                connection.is_greeting = False
            if connection.phase == "sending":
                self._send(connection)
            else:
                self._read(connection)
        except (BlockingIOError, ssl.SSLWantReadError):
            self._watch(connection, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._watch(connection, selectors.EVENT_WRITE)
        except OSError:  # includes TLS errors
            self._close(connection)

    def _watch(self, connection: Connection, events: int) -> None:
        key = self.selector.get_key(connection.sock)
        if key.events != events:
            self.selector.modify(connection.sock, events, key.data)

    def _read(self, connection: Connection) -> None:
        """Read what has arrived; raises BlockingIOError or SSLWantReadError when there is no more."""
        for _ in range(_MOST_AT_ONCE):
            piece = connection.sock.recv(PIECE)
            if not piece:
                self._close(connection)
                return
            if connection.phase == "lingering":
                continue
            if connection.phase == "idle":
                connection.phase, connection.deadline = "request", time.monotonic() + HEAD_SECONDS
            connection.reading.feed(piece)
            if self._judge(connection):
                return

    def _judge(self, connection: Connection) -> bool:
        """Decide what to do with the request as far as it has arrived; return whether the loop stops reading it."""
        reading, head = connection.reading, connection.reading.head
        if reading.state == "too_large":
            return self._refuse(connection, 431, "the headers are too large")
        if head is not None and connection.pool is None and self._judge_head(connection, head):
            return True
        if reading.state in {"whole", "unclear"}:
            return self._hand_over(connection)
        if connection.pool == "deliveries" and self._is_large(connection):
            connection.pool = "large"
            return self._hand_over(connection)
        if reading.body_size > LARGEST_KEPT:
            return self._hand_over(connection)
        self._limit_kept_bytes()
        return False

    def _judge_head(self, connection: Connection, head: Head) -> bool:
        """Choose the pool for the request; return whether the loop stops reading it."""
        reading = connection.reading
        connection.pool = pool_of(head, self.app.settings)
        connection.is_known = connection.pool != "strangers"
        connection.deadline = time.monotonic() + BODY_SECONDS
        if connection.pool == "strangers" and guesses(head, self.app.settings):
            return self._hold_back(connection)
        if reading.state == "body" and not reads_body(head, connection.pool, self.app.settings):
            return self._hand_over(connection)
        if reading.state == "body" and head.waits_for_continue:
            # If a client's buffer is full of earlier answers, it does not get the interim response.
            with contextlib.suppress(OSError):
                connection.sock.send(_CONTINUE)
        return False

    def _hold_back(self, connection: Connection) -> bool:
        """Delay a request with a wrong token, longer the more wrong tokens its peer has shown."""
        now = time.monotonic()
        seconds = self.guesses.wait(connection.peer, now)
        if not seconds:
            return self._hand_over(connection)
        # The loop reads nothing more: what arrives meanwhile stays in the socket.
        self.selector.unregister(connection.sock)
        connection.phase, connection.deadline = "held", now + seconds
        return True

    def _is_large(self, connection: Connection) -> bool:
        head = connection.reading.head
        declared = head.length or 0 if head else 0
        return max(declared, connection.reading.body_size) > LARGEST_KEPT

    def _limit_kept_bytes(self) -> None:
        while sum(len(connection.reading) for connection in self.waiting) > MOST_KEPT:
            self._make_room(lambda candidate: len(candidate.reading) > PIECE)

    def _hand_over(self, connection: Connection) -> bool:
        """Give the request to the threads of its pool."""
        self._leave(connection)
        request, rest = connection.reading.take()
        is_whole = connection.reading.state == "whole"
        connection.lend()
        source: Iterable[bytes] = connection.stream(request) if connection.pool == "large" else (request,)
        job = Job(connection=connection, source=source, is_whole=is_whole)
        self.under_way += 1
        if not self.pools.put(connection.pool or "strangers", (job, rest)):
            self.under_way -= 1
            _answer_directly(connection, 503, "too many requests wait already; try again")
            self._linger(connection)
        return True

    def _refuse(self, connection: Connection, status: int, reason: str) -> bool:
        self._leave(connection)
        connection.lend()
        _answer_directly(connection, status, reason)
        self._linger(connection)
        return True

    def _answer(self, task: tuple[Job, bytes]) -> None:
        """Answer a request; in a thread."""
        job, rest = task
        response, keeps = b"", False
        try:
            response, keeps = answer(
                job,
                self.wsgi,
                configuration=self.cfg,
                failed=self._failed,
                is_stopping=lambda: not self.alive,
            )
        except Exception:
            self.log.exception("unexpected error while a request was answered")
        finally:
            job.connection.keeps, job.connection.rest = keeps, rest
            self.finished.put((job.connection, response))
            with contextlib.suppress(OSError):  # full: the loop is woken in any case
                os.write(self.PIPE[1], b"1")

    def _failed(self, request: Any, outgoing: Outgoing, address: tuple[Any, ...], error: Exception) -> None:  # noqa: ANN401
        self.handle_error(request, outgoing, address, error)

    def _clear_wakeup(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.PIPE[0], 4_096)

    def _take_back(self) -> None:
        """Take the answers that threads have finished, and begin to send them."""
        for _ in range(self.finished.qsize()):
            connection, response = self.finished.get()
            self.under_way -= 1
            connection.prepare(response)
            self._wait(connection)
            self._go_on(connection)
            if connection.unsent:
                self._limit_unsent_bytes()

    def _send(self, connection: Connection) -> None:
        """Send the answer, then go on to the next request; raises BlockingIOError or ssl.SSLWant… until it is sent."""
        try:
            connection.send()
        except BlockingIOError:
            self._watch(connection, selectors.EVENT_WRITE)
            return
        self._leave(connection)
        if not connection.keeps:
            self._linger(connection)
            return
        rest, connection.rest = connection.rest, b""
        connection.reading, connection.pool = Reading(rest), None
        connection.phase = "request" if rest else "idle"
        seconds = HEAD_SECONDS if rest else IDLE_SECONDS if self.alive else _HALF_READ_SECONDS
        connection.deadline = time.monotonic() + seconds
        self._wait(connection)
        if rest:
            self._judge(connection)
        elif connection.is_encrypted:
            self._read(connection)  # the selector does not report bytes that TLS has already decrypted

    def _limit_unsent_bytes(self) -> None:
        while sum(connection.unsent for connection in self.waiting) > MOST_UNSENT:
            self._make_room(lambda candidate: bool(candidate.unsent))

    def _linger(self, connection: Connection) -> None:
        """Close our side, and read what the client still sends: otherwise the client may lose the answer."""
        connection.phase, connection.deadline = "lingering", time.monotonic() + LINGER_SECONDS
        connection.reading = Reading()
        try:
            connection.sock.shutdown(1)
            self._wait(connection)
        except (OSError, ValueError):
            self._close(connection)

    def _act_on_deadlines(self) -> None:
        now = time.monotonic()
        for connection in [candidate for candidate in self.waiting if candidate.deadline <= now]:
            if connection.phase == "held":
                self._hand_over(connection)
            elif connection.phase == "request" and not connection.is_greeting and len(connection.reading):
                self._refuse(connection, 408, "the request did not arrive in time")
            else:
                self._close(connection)


def _file_handles() -> int:
    """Raise the soft limit of open files where possible; return how many files and connections may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, min(4 * MOST_CONNECTIONS, hard if hard != resource.RLIM_INFINITY else 4 * MOST_CONNECTIONS))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        return limit
    return soft


def _answer_directly(connection: Connection, status: int, reason: str) -> None:
    """Send an answer without the application; do not wait for what does not fit into the socket's buffer."""
    words = {408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}
    body = f'{{"error":"{reason}"}}\n'
    head = f"HTTP/1.1 {status} {words[status]}\r\nContent-Type: application/json\r\n"
    response = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    with contextlib.suppress(OSError):
        connection.sock.settimeout(0.0)
        connection.sock.send(response.encode())
