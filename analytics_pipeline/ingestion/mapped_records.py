"""The SQL that opens a record of a source format, as the format's mapping says."""

from analytics_pipeline.events.declaration import EventType, Field
from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.ingestion.formats import compiling
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.lake.table import literal, quoted


class MappedRecords:
    """How records that map to one event type are opened; the interface is parsing.Reading.

    A record whose format has several mappings to the event type is read by the first that applies.
    """

    def __init__(self, source: Format, event_type: EventType) -> None:
        self._source = source
        self._event_type = event_type
        self._mappings = [each for each in source.mappings if each.event_type == event_type.name]

    def opened(self, lines: str) -> str:
        """SQL query that adds the text of each field to the records."""
        texts = ", ".join(
            f"{self._chosen([each.fields.get(field.path) for each in self._mappings])} "
            f"AS {quoted(f'text_{field.name}')}"
            for field in fields_of(self._event_type)
            if field.name != "event_type"
        )
        found = compiling.values(self._source, self._mappings, "line")
        return f"""
            SELECT *, {texts}
            FROM (SELECT *, {found} AS v, NULL::VARCHAR AS {compiling.FILE_TIME} FROM {lines})
        """

    def text(self, field: Field) -> str:
        """SQL of a field's text as the mapping gives it."""
        return "event_type" if field.name == "event_type" else quoted(f"text_{field.name}")

    def container_problem(self) -> str | None:
        """Null: what an object in a record means is up to the mapping."""
        return None

    def undeclared(self) -> str:
        """SQL of what the mapping does not take over, under the name of the format."""
        left = [compiling.unmapped(self._source, each, "line") for each in self._mappings]
        key = literal(f'{{"{self._source.name}":')
        return f"({key} || ({self._by_condition(left)}) || '}}')"

    def _chosen(self, texts: list[str | None]) -> str:
        resolved = [f"({self._resolved(text or 'NULL')})::VARCHAR" for text in texts]
        return self._by_condition(resolved)

    def _by_condition(self, values: list[str]) -> str:
        if len(values) == 1:
            return values[0]
        branches = " ".join(
            f"WHEN {self._resolved(each.when)} THEN {value}"
            for each, value in zip(self._mappings, values, strict=True)
        )
        return f"CASE {branches} END"

    def _resolved(self, sql: str) -> str:
        return compiling.resolved(self._source, self._mappings, sql)
