"""The vocabulary in which a source format is declared."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(r"\$\(([^()]+)\)")


@dataclass(frozen=True)
class EventMapping:
    """How a record becomes an event of one type.

    ``fields`` gives, for each field of the event type by the path that docs/events.md lists, SQL
    of its text, in which ``$(path)`` stands for the text at a path of the record, null where there
    is none: ``$(query.original)``, or ``$(attributes."gen_ai.request.model")``; in a format with
    a ``pattern`` for the text of a named group. ``$(file_time)`` is the modification time of the
    file in UTC, as text. The texts are converted and judged like those of a native event. Where
    the SQL is more than one placeholder, ``notes`` says in words what it does. ``when`` is an SQL
    condition on the record; the first mapping of a format whose condition holds is the one.
    ``records`` says in words which records it is for.
    """

    event_type: str
    fields: Mapping[str, str]
    when: str = "true"
    notes: Mapping[str, str] = field(default_factory=dict)
    records: str = ""


@dataclass(frozen=True)
class Format:
    """A format in which a source writes records.

    ``recognizes`` tells a record of this format from those of any other, by the decoded JSON
    object, and ``recognized_by`` says in words by what; a text format is recognized by its
    ``pattern``, an RE2 pattern with named groups that a record's first line matches from its
    beginning. ``split`` is for documents that hold many records: SQL of a query on a relation
    ``document`` (document_number BIGINT, document VARCHAR) that gives (document_number, position,
    record VARCHAR); documents without records must give none. ``personal`` are the paths that name
    a person beside the mapped user_id, ``tables`` those of a SQLite database that hold records.
    """

    name: str
    description: str
    mappings: tuple[EventMapping, ...]
    recognizes: Callable[[Mapping[str, Any]], bool] | None = None
    split: str | None = None
    pattern: str | None = None
    personal: tuple[str, ...] = ()
    recognized_by: str = ""
    tables: tuple[str, ...] = ()


def paths_of(sql: str) -> Iterator[str]:
    """The paths for which an SQL of a mapping has placeholders, in order."""
    return (match.group(1) for match in PLACEHOLDER.finditer(sql))
