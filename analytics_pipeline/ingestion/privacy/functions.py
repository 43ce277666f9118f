"""The functions that the door's SQL calls, each on a vector of records at once."""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from analytics_pipeline.ingestion.privacy.consent import OptOuts
from analytics_pipeline.ingestion.privacy.json_batches import JsonBatches
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.pseudonyms import PseudonymKeys
from analytics_pipeline.ingestion.privacy.records import JsonDoor, Pseudonym
from analytics_pipeline.ingestion.privacy.redaction import Redaction
from analytics_pipeline.ingestion.privacy.text_records import TextDoor

_numbers = itertools.count()
_registering = threading.Lock()


@dataclass(frozen=True)
class _Function:
    run: Callable[..., pa.Array]
    parameters: tuple[str, ...]
    returns: str


class DoorFunctions:
    """Makes the SQL of calls, and the functions that they need on a connection.

    What the records of a format need is prepared once and known to the functions by its number.
    """

    def __init__(
        self, keys: PseudonymKeys | None, redaction: Redaction | None, opt_outs: OptOuts
    ) -> None:
        self._keys = keys
        self._redaction = redaction
        self._opt_outs = opt_outs
        self._prepared: list[tuple[JsonDoor, TextDoor]] = []
        self._batches: list[JsonBatches] = []
        self._numbers: dict[object, int] = {}
        self._suffix = next(_numbers)
        self._functions = {
            "pseudonym": _Function(self._pseudonym, ("VARCHAR", "DATE"), "VARCHAR"),
            "json": _Function(self._json, ("VARCHAR", "DATE", "INTEGER"), "VARCHAR"),
            "text": _Function(self._text, ("VARCHAR", "DATE", "INTEGER"), "VARCHAR"),
            "bytes": _Function(self._bytes, ("BLOB", "DATE", "INTEGER"), "BLOB"),
            "opted_out": _Function(self._opted_out, ("VARCHAR",), "BOOLEAN"),
            "json_opted_out": _Function(self._json_out, ("VARCHAR", "INTEGER"), "BOOLEAN"),
            "text_opted_out": _Function(self._text_out, ("VARCHAR", "INTEGER"), "BOOLEAN"),
            "bytes_opted_out": _Function(self._bytes_out, ("BLOB", "INTEGER"), "BOOLEAN"),
        }

    def prepare(self, policies: RecordPolicies, pattern: str | None) -> int:
        """Prepare for the records of a format; returns the number to call the functions with."""
        if self._keys is None and "hash" in policies.paths.values():
            raise ValueError("This door was made without keys, by settings that hash no field.")
        key = (tuple(policies.paths.items()), policies.persons, policies.allowed, pattern)
        if key not in self._numbers:
            text = TextDoor(policies, self._redaction, pattern)
            exact = JsonDoor(policies, self._redaction)
            self._prepared.append((exact, text))
            self._batches.append(JsonBatches(policies, self._redaction, exact))
            self._numbers[key] = len(self._prepared) - 1
        return self._numbers[key]

    def call(self, name: str, *arguments: str | int) -> str:
        """SQL of a call."""
        return f"{self._name(name)}({', '.join(map(str, arguments))})"

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the functions for all connections to the same database, where they are not."""
        with _registering:
            if self._is_registered(connection):
                return
            for name, function in self._functions.items():
                connection.create_function(
                    self._name(name), function.run, list(function.parameters), function.returns,
                    type="arrow", null_handling="special",
                )  # type: ignore[call-overload]  # fmt: skip

    def unregister(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remove the functions."""
        with _registering:
            if self._is_registered(connection):
                for name in self._functions:
                    connection.remove_function(self._name(name))

    def _is_registered(self, connection: duckdb.DuckDBPyConnection) -> bool:
        query = "SELECT count(*) > 0 FROM duckdb_functions() WHERE function_name = ?"
        return bool(connection.execute(query, [self._name("pseudonym")]).fetchall()[0][0])

    def _name(self, name: str) -> str:
        return f"privacy_{name}_{self._suffix}"

    def _pseudonym_on(self, day: date | None) -> Pseudonym:
        keys = self._keys
        if keys is None:
            return _no_pseudonym
        return lambda person: keys.pseudonym(person, day)

    def _pseudonym(self, persons: pa.ChunkedArray, days: pa.ChunkedArray) -> pa.Array:
        if days.null_count == len(days):
            encoded = persons.combine_chunks().dictionary_encode()
            of = self._pseudonym_on(None)
            made = [of(person) for person in encoded.dictionary.to_pylist()]
            return pa.array(made, pa.string()).take(encoded.indices)
        by_day = {day: self._pseudonym_on(day) for day in days.unique().to_pylist()}
        return pa.array(
            [
                None if person is None else by_day[day](person)
                for person, day in zip(persons.to_pylist(), days.to_pylist(), strict=True)
            ],
            pa.string(),
        )

    def _json(
        self, records: pa.ChunkedArray, days: pa.ChunkedArray, numbers: pa.ChunkedArray
    ) -> pa.Array:
        # One call is on the records of one format.
        batches = self._batches[numbers[0].as_py()]
        texts, dates = records.combine_chunks(), days.combine_chunks()
        return batches.admitted(texts, dates, self._pseudonym_on)

    def _text(
        self, records: pa.ChunkedArray, days: pa.ChunkedArray, numbers: pa.ChunkedArray
    ) -> pa.Array:
        door = self._prepared[numbers[0].as_py()][1]
        texts, dates = records.combine_chunks(), days.combine_chunks()
        return door.all_admitted(texts, dates, self._pseudonym_on)

    def _bytes(
        self, records: pa.ChunkedArray, days: pa.ChunkedArray, numbers: pa.ChunkedArray
    ) -> pa.Array:
        admit = [doors[1].admitted_bytes for doors in self._prepared]
        return self._mapped(records, days, numbers, admit, pa.binary())

    def _mapped(
        self,
        records: pa.ChunkedArray,
        days: pa.ChunkedArray,
        numbers: pa.ChunkedArray,
        admit: Sequence[Callable[[Any, Pseudonym], Any]],
        kind: pa.DataType,
    ) -> pa.Array:
        of_day = {day: self._pseudonym_on(day) for day in days.unique().to_pylist()}
        rows = zip(records.to_pylist(), days.to_pylist(), numbers.to_pylist(), strict=True)
        return pa.array(
            [
                None if record is None else admit[number](record, of_day[day])
                for record, day, number in rows
            ],
            kind,
        )

    def _opted_out(self, persons: pa.ChunkedArray) -> pa.Array:
        encoded = persons.combine_chunks().dictionary_encode()
        out = [self._opt_outs.include(person) for person in encoded.dictionary.to_pylist()]
        return pa.array(out, pa.bool_()).take(encoded.indices)

    def _json_out(self, records: pa.ChunkedArray, numbers: pa.ChunkedArray) -> pa.Array:
        persons = [doors[0].persons for doors in self._prepared]
        return self._named_out(records, numbers, persons)

    def _text_out(self, records: pa.ChunkedArray, numbers: pa.ChunkedArray) -> pa.Array:
        persons = [doors[1].persons for doors in self._prepared]
        return self._named_out(records, numbers, persons)

    def _bytes_out(self, records: pa.ChunkedArray, numbers: pa.ChunkedArray) -> pa.Array:
        persons = [doors[1].persons_of_bytes for doors in self._prepared]
        return self._named_out(records, numbers, persons)

    def _named_out(
        self,
        records: pa.ChunkedArray,
        numbers: pa.ChunkedArray,
        persons: Sequence[Callable[[Any], list[str]]],
    ) -> pa.Array:
        return pa.array(
            [
                record is not None and any(map(self._opt_outs.include, persons[number](record)))
                for record, number in zip(records.to_pylist(), numbers.to_pylist(), strict=True)
            ],
            pa.bool_(),
        )


def _no_pseudonym(_: str) -> str:
    raise AssertionError("a pseudonym without a key")
