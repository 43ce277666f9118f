"""Exports LiteLLM's spend-logs table from a Postgres server, made by LiteLLM's own migrations."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.postgres_server import PostgresServer

TABLE = '"LiteLLM_SpendLogs"'


def export_spend_logs(
    server: PostgresServer, rows: Sequence[Mapping[str, Any]], folder: Path
) -> None:
    """Store rows in the table; export it as CSV, as JSON lines, and the first two as an array."""
    import litellm_proxy_extras  # type: ignore[import-not-found]
    import psycopg

    migrations = sorted(Path(litellm_proxy_extras.__file__).parent.glob("migrations/*/*.sql"))
    with psycopg.connect(server.url, autocommit=True) as connection:
        for migration in migrations:
            connection.execute(migration.read_text())  # type: ignore[arg-type]
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            places = ", ".join(["%s"] * len(row))
            connection.execute(
                f"INSERT INTO {TABLE} ({names}) VALUES ({places})",  # type: ignore[arg-type]
                [json.dumps(each) if isinstance(each, (dict, list)) else each
                 for each in row.values()],
            )  # fmt: skip
        ordered = f'SELECT * FROM {TABLE} ORDER BY "startTime"'
        exports = {
            "spend_logs.csv": f"COPY ({ordered}) TO STDOUT (FORMAT csv, HEADER)",
            "spend_logs.jsonl": f"SELECT row_to_json(l)::text FROM ({ordered}) l",
            "spend_logs.json": f"SELECT json_agg(l)::text FROM ({ordered} LIMIT 2) l",
        }
        for name, statement in exports.items():
            if statement.startswith("COPY"):
                with connection.cursor().copy(statement) as copy:  # type: ignore[arg-type]
                    text = b"".join(bytes(block) for block in copy).decode()
            else:
                found = connection.execute(statement).fetchall()  # type: ignore[arg-type]
                text = "".join(f"{line}\n" for (line,) in found)
            (folder / name).write_text(text)
