"""Real logs of five systems, against the parse that was published with them."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.text_logs import (
    HDFS,
    LOG4J,
    OPENSTACK,
    SYSLOG,
    recognized_text_format,
)
from analytics_pipeline.ingestion.reading.compression import Contents
from analytics_pipeline.ingestion.reading.lines import line_batches
from analytics_pipeline.ingestion.reading.log_records import joined
from analytics_pipeline_tests.ingestion.formats.log_mapping import FILE_TIME, log_entries

LOGHUB = Path(__file__).parents[4] / "shared" / "data" / "loghub"
pytestmark = pytest.mark.skipif(not LOGHUB.is_dir(), reason=f"the loghub data is not in {LOGHUB}")
Truth = dict[str, str]


def _latest(text: str) -> datetime:
    """The last time before the file's that a text without a year can mean."""
    moment = datetime.strptime(f"{FILE_TIME.year} {text}", "%Y %b %d %H:%M:%S")  # noqa: DTZ007
    return moment if moment < FILE_TIME else moment.replace(year=FILE_TIME.year - 1)


def _component(row: Truth) -> str:
    return row["Component"]


def _iso_time(row: Truth) -> datetime:
    return datetime.fromisoformat(f"{row['Date']} {row['Time']}")


def _short_time(row: Truth) -> datetime:
    return datetime.strptime(f"{row['Date']:0>6}{row['Time']:0>6}", "%y%m%d%H%M%S")  # noqa: DTZ007


@dataclass(frozen=True)
class System:
    """The format of a system's log, and how the published parse says the same."""

    source: Format
    time: Callable[[Truth], datetime]
    component: Callable[[Truth], str] = _component
    level: str | None = None


SYSTEMS = {
    "HDFS": System(HDFS, _short_time),
    "OpenStack": System(OPENSTACK, _iso_time),
    # The published parse cuts thread and class at the first colon, which is one of an address.
    "Zookeeper": System(
        LOG4J, _iso_time, lambda row: f"{row['Node']}:{row['Component']}".rpartition(":")[2]
    ),
    "Linux": System(
        SYSLOG,
        lambda row: _latest(f"{row['Month']} {row['Date']} {row['Time']}"),
        level="UNKNOWN",
    ),
    # Its column Component is the host: every line is of sshd.
    "OpenSSH": System(
        SYSLOG,
        lambda row: _latest(f"{row['Date']} {row['Day']} {row['Time']}"),
        lambda row: "sshd",
        level="UNKNOWN",
    ),
}


def lines_of(name: str) -> list[str]:
    with (LOGHUB / f"{name}_2k.log").open("rb") as file:
        return [
            line
            for batch in line_batches(Contents(file).chunks())
            for line in batch["line"].to_pylist()
        ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_line_is_read_as_published(name: str) -> None:
    system = SYSTEMS[name]
    with (LOGHUB / f"{name}_2k.log_structured.csv").open(newline="", encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    lines = lines_of(name)
    assert len(lines) == len(truth) == 2000
    entries = log_entries(system.source, lines)
    assert entries.level.tolist() == [system.level or row["Level"] for row in truth]
    assert entries.component.tolist() == [system.component(row) for row in truth]
    # The published contents lack the white space around them.
    assert entries.message.str.strip().tolist() == [row["Content"].strip() for row in truth]
    assert entries.moment.tolist() == [pd.Timestamp(system.time(row)) for row in truth]


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_log_is_recognized(name: str) -> None:
    assert recognized_text_format(lines_of(name)) is SYSTEMS[name].source


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_line_of_these_continues_another(name: str) -> None:
    pattern = SYSTEMS[name].source.pattern
    assert pattern is not None
    with (LOGHUB / f"{name}_2k.log").open("rb") as file:
        records = list(joined(line_batches(Contents(file).chunks()), pattern, 1 << 20))
    assert [text for batch in records for text in batch["line"].to_pylist()] == lines_of(name)
