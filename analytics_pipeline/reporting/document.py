"""What a report is made of, whatever its period, its readers and its format.

A report is a list of sections, a section a list of blocks. Nothing here is worded: titles and
captions belong to the ids and names, and stand in one place with all other texts. A renderer of
a format knows the kinds of blocks and nothing of what they are about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.measure import Listing, Metric, Number

Kind = Literal["daily", "weekly", "monthly"]
View = Literal["engineer", "executive", "team"]
Level = Literal["good", "attention", "action", "no_data", "unknown"]
Direction = Literal["higher", "lower"]


@dataclass(frozen=True)
class Status:
    """How a period stands: a level, one sentence, and what led to it."""

    level: Level
    sentence: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What a figure was in another period, and the change since.

    ``change`` is value - previous, in the unit of the value, and ``relative_change`` is change /
    previous. Where one of them is null, ``reason`` says why.
    """

    first: date
    last: date
    previous: Number | None
    change: Number | None
    relative_change: float | None
    reason: str | None


@dataclass(frozen=True)
class Card:
    """A headline figure with its comparison and its values on the days up to the period's end."""

    name: str
    metric: Metric
    better: Direction | None
    comparison: Comparison
    days: tuple[date, ...]
    values: tuple[Number | None, ...]


@dataclass(frozen=True)
class Cards:
    """Headline figures, side by side."""

    id: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Figures:
    """Numbers by name, each with its definition."""

    id: str
    metrics: Mapping[str, Metric]


@dataclass(frozen=True)
class Rows:
    """A list, of which the columns ``shown`` are for people, and the first ``limit`` rows.

    ``table`` is the table it comes from, whose columns have definitions TABLE.COLUMN in the
    catalog; None where it comes from none. ``key`` is the column by which a row is told from
    the others. ``folded`` lists are shown on demand.
    """

    id: str
    listing: Listing
    shown: tuple[str, ...]
    key: str
    table: str | None = None
    limit: int | None = None
    folded: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture as SVG, and what it shows in words for those who do not see it."""

    id: str
    svg: str
    description: str


@dataclass(frozen=True)
class Alerts:
    """The alert rules that were evaluated, by event date."""

    id: str
    evaluations: Mapping[date, Sequence[Evaluation]]


@dataclass(frozen=True)
class Paragraphs:
    """Whole sentences, made from numbers."""

    id: str
    sentences: tuple[str, ...]


Block = Cards | Figures | Rows | Chart | Alerts | Paragraphs


@dataclass(frozen=True)
class Section:
    """A part of a report; its id is its anchor, and its title belongs to the id."""

    id: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Definition:
    """What a metric of the catalog means; ``id`` is TABLE.COLUMN."""

    id: str
    description: str
    formula: str | None
    unit: str | None


@dataclass(frozen=True)
class InputVersion:
    """A version of what a report was made from: a table's partition, or a landed file."""

    kind: Literal["partition", "file"]
    name: str
    event_date: date
    sha256: str


@dataclass(frozen=True)
class Report:
    """Everything that a report of a period says, unrounded, in the order in which it says it.

    ``first`` and ``last`` are the event dates of the period, both included. ``team`` is given
    exactly in the view of a team. Equal inputs and equal code give equal reports.
    """

    kind: Kind
    view: View
    team: str | None
    first: date
    last: date
    status: Status
    sections: tuple[Section, ...]
    definitions: Mapping[str, Definition]
    inputs: tuple[InputVersion, ...]
