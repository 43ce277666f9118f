"""The profile against an independent computation in pandas."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.declaration import Field, FieldType
from analytics_pipeline.events.tables import VALIDATED_EVENTS, fields_of
from analytics_pipeline.expectations.profile import profile_days
from analytics_pipeline.expectations.tables import EVENT_PROFILES
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.expectations.events import Event, log_entry, query, write_events

FIRST = date(2024, 2, 1)


def random_events(day: date, seed: int) -> list[Event]:
    """Events with gaps in their optional fields, and values beyond the declared limits."""
    chance = random.Random(seed)
    count = chance.randrange(1, 40)
    queries = [
        query(
            day,
            number,
            count,
            query=chance.choice([None, "", "ü", "a longer question"]),
            cache_hit=chance.random() < 0.5,
            response_time=chance.choice([None, -0.5, chance.random()]),
            prompt_tokens=chance.choice([None, -1, 7]),
            match_type=chance.choice([None, "exact", "guessed"]),
        )
        for number in range(count)
    ]
    return queries + [log_entry(day, number) for number in range(chance.randrange(3))]


def expected_profile(events: pd.DataFrame) -> pd.DataFrame:
    rows: list[dict[str, object]] = [
        {
            "event_type": "*",
            "field": "*",
            "events": len(events),
            "last_event": events["timestamp"].max(),
        }
    ]
    for event_type in EVENT_TYPES:
        of_type = events[events["event_type"] == event_type.name]
        if of_type.empty:
            continue
        rows.append(
            {
                "event_type": event_type.name,
                "field": "*",
                "events": len(of_type),
                "last_event": of_type["timestamp"].max(),
            }
        )
        rows += [
            {
                "event_type": event_type.name,
                "field": field.name,
                "events": len(of_type),
                "null_share": of_type[field.name].isna().mean(),
                **expected_values(field, of_type[field.name].dropna()),
            }
            for field in fields_of(event_type)
            if field.name != "event_type"
        ]
    frame = pd.DataFrame(rows, columns=EVENT_PROFILES.column_names)
    return frame.sort_values(["event_type", "field"], ignore_index=True)


def expected_values(field: Field, values: "pd.Series[Any]") -> dict[str, object]:
    outside = 0
    if field.minimum is not None:
        outside += int((values.astype(float) < field.minimum).sum())
    if field.accepted:
        outside += int((~values.isin(field.accepted)).sum())
    mean = None
    if len(values) and field.type is not FieldType.TIMESTAMP:
        text = field.type is FieldType.TEXT
        mean = (values.str.len() if text else values.astype(float)).mean()
    return {"present": len(values), "outside": outside, "mean": mean}


@pytest.mark.parametrize("seed", range(4))
def test_the_profile_agrees_with_pandas(tmp_path: Path, seed: int) -> None:
    lake = Lake(tmp_path)
    days = [FIRST, FIRST + timedelta(days=2)]
    write_events(
        lake,
        {day: random_events(day, 10 * seed + place) for place, day in enumerate(days)},
    )
    with lake.engine() as connection:
        rows = profile_days(lake, connection, days)
        for day in days:
            events = lake.frame(connection, VALIDATED_EVENTS, [day])
            stored = lake.frame(connection, EVENT_PROFILES, [day])
            profile = checked(EVENT_PROFILES, stored).drop(columns="event_date")
            expected = expected_profile(events).astype(profile.dtypes)
            assert rows[day] == len(expected)
            pd.testing.assert_frame_equal(profile, expected, atol=1e-8)


def test_a_day_without_events_has_a_profile_that_says_so(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_events(lake, {FIRST: []})
    with lake.engine() as connection:
        assert profile_days(lake, connection, [FIRST, FIRST + timedelta(days=1)]) == {
            FIRST: 1,
            FIRST + timedelta(days=1): 1,
        }
        profile = lake.frame(connection, EVENT_PROFILES)
    assert profile["events"].tolist() == [0, 0]
    assert profile["last_event"].isna().all()


def test_the_order_of_the_events_changes_no_byte_of_the_profile(tmp_path: Path) -> None:
    contents = set()
    for order in range(3):
        lake = Lake(tmp_path / str(order))
        events = random_events(FIRST, 1)
        random.Random(order).shuffle(events)
        write_events(lake, {FIRST: events})
        with lake.engine() as connection:
            profile_days(lake, connection, [FIRST])
        contents.add(lake.partition_file(EVENT_PROFILES, FIRST).read_bytes())
    assert len(contents) == 1
