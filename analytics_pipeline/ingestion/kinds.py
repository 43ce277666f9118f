"""The kinds of records in a day: those of one format and one event type share a table."""

from dataclasses import dataclass

from analytics_pipeline.events.declaration import EventType
from analytics_pipeline.lake.table import quoted


@dataclass(frozen=True)
class Kind:
    """Records of one format and one event type, which one query parses into one table.

    The table ``parsed_<format>_<event type>`` has the columns that parsing.parsed gives.
    """

    format: str
    event_type: EventType

    @property
    def table(self) -> str:
        """The SQL name of the table."""
        return quoted(f"parsed_{self.format}_{self.event_type.name}")
