"""Nothing passes the privacy door into the lake that the settings keep out."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from analytics_pipeline.ingestion import assets, batch
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.workspace import Workspace, query_event

KEY = {"key": "a key for these tests"}


def lake_bytes(workspace: Workspace) -> bytes:
    """All that the lake stores, decompressed."""
    parts = []
    with workspace.lake.engine() as connection:
        for file in sorted(workspace.settings.lake.rglob("*.parquet")):
            rows = connection.execute(f"FROM read_parquet('{file}')").fetchall()
            parts.append(repr(rows).encode())
    others = (file for file in workspace.settings.lake.rglob("*") if file.suffix != ".parquet")
    return b"\n".join([*parts, *(file.read_bytes() for file in others if file.is_file())])


def test_by_default_user_ids_are_pseudonyms_and_secrets_are_redacted(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", privacy=KEY)
    secret = "sk-" + "ant-api03-" + "a1B2" * 20
    workspace.drop(
        "a.jsonl",
        [query_event(user_id="ada.lovelace", query=f"use {secret} for ada@example.org please"),
         query_event(user_id="ada.lovelace", cache_hit="?", note=secret)],
    )  # fmt: skip
    workspace.drop("b.jsonl", b'{"user_id": "ada.lovelace", "x": \n\xff ' + secret.encode())
    workspace.ingest()
    [(_, event)] = workspace.events().iterrows()
    assert len(event.user_id.rpartition("-")[2]) == 32
    assert "REDACTED" in event.query
    assert workspace.quarantine().reason.tolist() == ["bad_type", "not_json", "not_utf8"]
    stored = lake_bytes(workspace)
    for hidden in ("ada.lovelace", secret, "ada@example.org"):
        assert hidden.encode() not in stored


def test_events_of_users_who_opted_out_are_counted_and_never_stored(tmp_path: Path) -> None:
    opted_out = tmp_path / "opted_out.txt"
    opted_out.write_text("bob\n")
    workspace = Workspace.create(tmp_path / "w", privacy={**KEY, "opt_out_file": str(opted_out)})
    workspace.drop(
        "a.jsonl",
        [query_event(user_id="bob", query="what bob asked"), query_event(user_id="eve"),
         query_event(user_id="bob", timestamp="2026-11-11T00:00:00Z", query="what bob asked")],
    )  # fmt: skip
    workspace.ingest()
    assert len(workspace.events()) == 1
    assert workspace.quarantine().empty
    accounts = workspace.frame(FILE_LINE_COUNTS)
    counted = accounts.set_index(accounts.event_date.dt.day)
    assert counted.opted_out.to_dict() == {10: 1, 11: 1}
    assert (counted.lines == counted.validated + counted.opted_out).all()
    assert b"what bob asked" not in lake_bytes(workspace)


def test_a_key_of_each_period_gives_the_same_pseudonyms_in_any_order(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("2026-01-01 the first key of all\n2026-11-10 the key that followed it\n")
    found = []
    for order in ((9, 10, 11), (11, 10, 9)):
        workspace = Workspace.create(tmp_path / f"w{order[0]}", privacy={"key_file": str(keys)})
        for day in order:
            event = query_event(timestamp=f"2026-11-{day:02}T00:00:00Z", user_id="ada")
            workspace.drop(f"{day}.jsonl", [event])
            workspace.ingest()
        found.append(workspace.events().set_index("event_date").user_id)
    pd.testing.assert_series_equal(*found)
    assert found[0].nunique() == 2
    assert found[0].iloc[1] == found[0].iloc[2]


def test_an_error_of_the_engine_tells_nothing_of_the_record_it_failed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine quotes what it cannot convert; that would be stored with the failed run."""

    def failing_query(*arguments: Any) -> str:
        return f"SELECT * REPLACE (line::INTEGER::VARCHAR AS line) FROM ({query(*arguments)})"

    query = batch.records_query
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    workspace = Workspace.create(tmp_path / "w", privacy=KEY)
    workspace.drop("a.jsonl", b'{"query": "a-very-private-question"}')
    monkeypatch.setattr(batch, "records_query", failing_query)
    monkeypatch.setattr(assets, "lake_of_process", lambda: workspace.lake)
    monkeypatch.setattr(assets, "current_settings", lambda: workspace.settings)
    instance = tmp_path / "instance"
    instance.mkdir()
    with dg.DagsterInstance.local_temp(str(instance)) as dagster:
        result = dg.materialize([assets.landing_files], instance=dagster, raise_on_error=False)
        [failure] = [event for event in result.all_events if event.is_step_failure]
        assert "ConversionException" in str(failure.step_failure_data.error)
    stored = b"".join(file.read_bytes() for file in instance.rglob("*") if file.is_file())
    assert b"ConversionException" in stored
    assert b"a-very-private-question" not in stored


def test_a_user_who_opts_out_later_is_in_no_lake_that_is_made_anew(tmp_path: Path) -> None:
    old = Workspace.create(tmp_path / "w", privacy={})
    old.drop("a.jsonl", [query_event(user_id="bob", query="what bob asked"),
                         query_event(user_id="eve", query="what eve asked")])  # fmt: skip
    old.ingest()
    assert b"what bob asked" in lake_bytes(old)
    opted_out = tmp_path / "opted_out.txt"
    opted_out.write_text("bob\n")
    privacy = {
        "opt_out_file": str(opted_out),
        "key_file": str(old.settings.lake / "_state" / "pseudonym.key"),
    }
    new = Workspace(
        read_settings(
            landing_zone=old.landing, lake=tmp_path / "new", privacy=privacy,
            ingestion={"settle_seconds": 0},
        )
    )  # fmt: skip
    new.ingest()
    assert new.accounts().lines.sum() == 2
    assert b"what bob asked" not in lake_bytes(new)
    eve = old.events().set_index("query").user_id["what eve asked"]
    assert new.events().user_id.tolist() == [eve]
