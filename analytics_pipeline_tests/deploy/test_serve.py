"""deploy/serve with all of its processes, on a real Postgres server."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from analytics_pipeline_tests.postgres_server import PostgresServer, free_port, running_postgres

PROJECT = Path(__file__).parents[2]
SERVE = PROJECT / "deploy" / "serve"
PATIENCE = 120

SENSORS = """{ sensorsOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "aicache-analytics"}) {
  ... on Sensors { results { name sensorState { id status } } } } }"""
STOP_SENSOR = "mutation($id: String!) { stopSensor(id: $id) { __typename } }"
RUNS = '{ runsOrError(filter: {pipelineName: "intake"}) { ... on Runs { results { status } } } }'
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } } }"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="deploy/serve is a bash script"),
]


class Site:
    """A configured deployment: its environment and its port."""

    def __init__(self, folder: Path, postgres: PostgresServer) -> None:
        self.landing = folder / "landing"
        self.landing.mkdir()
        self.log = folder / "log"
        self.port = free_port()
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"},
            **postgres.environment,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DAGSTER_HOME": str(folder / "home"),
            "AICACHE_LANDING_ZONE": str(self.landing),
            "AICACHE_LAKE": str(folder / "lake"),
            "AICACHE_INGESTION__SETTLE_SECONDS": "0",
            "AICACHE_INGESTION__SENSOR_INTERVAL_SECONDS": "1",
            "AICACHE_CODE_PORT": str(free_port()),
            "AICACHE_WEB_PORT": str(self.port),
        }

    @contextmanager
    def served(self) -> Iterator["subprocess.Popen[bytes]"]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [SERVE], env=self.environment, cwd=PROJECT, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                family = descendants(process)
                process.terminate()
                process.wait(timeout=300)
                for each in psutil.wait_procs(family, timeout=300)[1]:
                    each.kill()

    def ask(self, query: str, **variables: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def eventually(self, look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        """Look again and again until what is seen is as wanted."""
        deadline = time.monotonic() + PATIENCE
        seen: object = None
        while time.monotonic() < deadline:
            try:
                found = look()
                if wanted(found):
                    return found
                seen = found
            except (OSError, KeyError, TypeError) as error:
                seen = error
            time.sleep(0.5)
        raise AssertionError(f"{seen!r}\n{self.log.read_text()[-4000:]}")

    def sensors(self) -> dict[str, dict[str, str]]:
        results = self.ask(SENSORS)["sensorsOrError"]["results"]
        return {sensor["name"]: sensor["sensorState"] for sensor in results}


def descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


def test_a_dropped_file_is_taken_and_a_stopped_sensor_stays_stopped(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    site = Site(tmp_path, postgres)
    with site.served() as process:
        sensors = site.eventually(site.sensors, lambda found: len(found) > 0)
        assert {state["status"] for state in sensors.values()} == {"RUNNING"}
        other = sorted(set(sensors) - {"landing_zone_sensor"})[0]
        site.ask(STOP_SENSOR, id=sensors[other]["id"])

        event = {"event_type": "log_entry", "level": "INFO", "message": "done"}
        line = json.dumps({**event, "timestamp": "2024-02-01T12:00:00Z"})
        (site.landing / "events.jsonl").write_text(line + "\n")
        site.eventually(
            lambda: [run["status"] for run in site.ask(RUNS)["runsOrError"]["results"]],
            lambda statuses: statuses == ["SUCCESS"],
        )
        daemons = site.eventually(
            lambda: site.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"],
            lambda found: all(each["healthy"] for each in found if each["required"]),
        )
        assert {"SENSOR", "SCHEDULER", "QUEUED_RUN_COORDINATOR", "MONITORING"} <= {
            each["daemonType"] for each in daemons if each["required"]
        }
        family = descendants(process)
        assert len(family) >= 3
    assert process.returncode == 0
    assert not [each for each in family if each.is_running()]
    assert not list(tmp_path.joinpath("home").rglob("*.db"))

    with site.served() as process:
        restarted = site.eventually(site.sensors, lambda found: len(found) > 0)
        assert restarted[other]["status"] == "STOPPED"
        assert restarted["landing_zone_sensor"]["status"] == "RUNNING"

        family = descendants(process)
        daemon = next(each for each in family if "dagster-daemon" in " ".join(each.cmdline()))
        daemon.send_signal(signal.SIGKILL)
        assert process.wait(timeout=300) == 1
        assert psutil.wait_procs(family, timeout=300)[1] == []
    assert "A process ended" in site.log.read_text()


@pytest.mark.parametrize(
    "missing", ["DAGSTER_HOME", "DAGSTER_PG_HOST", "DAGSTER_PG_DATABASE", "DAGSTER_PG_PASSWORD"]
)
def test_a_missing_variable_is_named(
    tmp_path: Path, postgres: PostgresServer, missing: str
) -> None:
    environment = Site(tmp_path, postgres).environment
    del environment[missing]
    finished = subprocess.run(
        [SERVE], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode != 0
    assert f"Set {missing}" in finished.stderr
