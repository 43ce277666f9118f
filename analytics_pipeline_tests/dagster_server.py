"""A real Dagster web server with its daemon and code server, for tests that need them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent
T = TypeVar("T")


def wait_for(
    look: Callable[[], T | None], what: str, seconds: float = 400, pause: float = 0.5
) -> T:
    """Look again and again until there is something; raises TimeoutError that says what not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise TimeoutError(f"{what} did not happen within {seconds:.0f} seconds")


@dataclass(frozen=True)
class DagsterServer:
    """The address of a running server."""

    url: str
    log: Path

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the GraphQL API that the UI uses."""
        body = json.dumps({"query": document, "variables": variables or {}}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer["errors"]
        return answer["data"]

    def runs(self, job: str | None = None) -> list[dict[str, Any]]:
        """All runs, the newest first."""
        data = self.query(
            "{ runsOrError { ... on Runs { results "
            "{ runId jobName status tags { key value } assetSelection { path } } } } }"
        )
        runs = data["runsOrError"]["results"]
        return [run for run in runs if job is None or run["jobName"] == job]


@contextmanager
def running_dagster(
    home: Path, environment: Mapping[str, str], configuration: Path = ROOT / "dagster.yaml"
) -> Iterator[DagsterServer]:
    """Run ``dagster dev`` on this project with its own DAGSTER_HOME until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(configuration, home / "dagster.yaml")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "server.log"
    server = DagsterServer(f"http://127.0.0.1:{port}", log)
    command = [
        str(Path(sys.executable).with_name("dagster")), "dev",
        "--module-name", "analytics_pipeline.definitions",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "DAGSTER_HOME": str(home), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(lambda: _answers(server, process), f"start of {command[0]}, see {log}")
            yield server
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(server: DagsterServer, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, server.log.read_text()
    try:
        return bool(server.query("{ version }"))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
