"""In what the records of a file are contained, told by its beginning, then by its name."""

import json
import re
from enum import StrEnum

import numpy as np

from analytics_pipeline.ingestion.reading.compression import UTF8_MARK
from analytics_pipeline.ingestion.reading.csv_structure import delimiters_of, header_of, rows_of
from analytics_pipeline.ingestion.reading.sqlite_rows import SQLITE_MAGIC

HEAD_BYTES = 64 << 10
PARQUET_MAGIC = b"PAR1"
COLUMN_NAME = re.compile(r"[A-Za-z_][\w.-]*(?: [\w.()%-]+){0,3}")
CSV_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst")
# How the next line begins after a line of an object that ends with one of these.
MEMBER_BEGINS = {"{": '"}', ",": '"', "[": '"{[]0123456789-tfn', ":": '"{[0123456789-tfn'}


class Container(StrEnum):
    """What contains the records of a file."""

    LINES = "lines"
    JSON_DOCUMENTS = "JSON documents"
    CSV = "CSV"
    PARQUET = "Parquet"
    SQLITE = "SQLite"


def container_of(name: str, head: bytes) -> Container:
    """The container of a file from its name and the first HEAD_BYTES of its contents.

    Where in doubt it is lines, so that a broken line spoils no other.
    """
    if head.startswith(PARQUET_MAGIC):
        return Container.PARQUET
    if head.startswith(SQLITE_MAGIC):
        return Container.SQLITE
    text = head.removeprefix(UTF8_MARK).decode("utf-8", errors="replace").lstrip()
    if not text:
        return Container.LINES
    if text[0] in "[{":
        return Container.JSON_DOCUMENTS if _is_documents(text) else Container.LINES
    if _is_csv(name, head.removeprefix(UTF8_MARK).lstrip()):
        return Container.CSV
    return Container.LINES


def _is_documents(text: str) -> bool:
    """Whether JSON text is an array of objects, or an object over several lines."""
    line, _, rest = text.partition("\n")
    if text[0] == "[":
        holds_containers = text[1:].lstrip()[:1] in ("{", "[")
        return holds_containers and not (rest.strip() and _is_json(line))
    goes_on = (
        line.rstrip()[-1:] in "{,[:" and rest.lstrip()[:1] in MEMBER_BEGINS[line.rstrip()[-1:]]
    )
    return bool(rest.strip()) and goes_on and not _is_json(line)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_csv(name: str, head: bytes) -> bool:
    header = header_of(head if head.endswith((b"\n", b"\r")) else head + b"\n")
    if header is None or len(set(header.names)) < len(header.names):
        return False
    if not all(COLUMN_NAME.fullmatch(column) for column in header.names):
        return False
    if name.lower().endswith(CSV_ENDINGS):
        return True
    if len(header.names) <= 2:
        return False
    rows = rows_of(head, header.delimiter, last=False)
    _, row = delimiters_of(head, rows, header.delimiter)
    fields = 1 + np.bincount(row, minlength=len(rows.starts))[1:]
    return len(fields) > 0 and 2 * int((fields == len(header.names)).sum()) > len(fields)
