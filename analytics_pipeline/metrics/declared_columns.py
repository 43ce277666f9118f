"""The columns and data tests that the YAML declares of a model, as a table of the lake has them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from analytics_pipeline.lake.table import Column
from analytics_pipeline.metrics.data_tests import (
    AcceptedValues,
    DataTest,
    GenericTest,
    NotNull,
    Unique,
    read_test,
)
from analytics_pipeline.metrics.described import Described
from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.properties import (
    ColumnMeta,
    ColumnProperties,
    ModelProperties,
    SeedProperties,
)
from analytics_pipeline.metrics.render import Macros

EVENT_DATE = "event_date"
RANGE_TEST = "accepted_range"
COMBINATION_TEST = "unique_combination_of_columns"


@dataclass(frozen=True)
class DeclaredColumns:
    """What the YAML file ``file`` declares of a model or a seed.

    ``columns`` and ``key`` leave out event_date, the partition of a model; ``where``, the place of
    each column, and ``meta``, what the project says of it, have it too.
    """

    file: str = ""
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    tests: tuple[DataTest, ...] = ()
    where: Mapping[str, Location] = field(default_factory=dict)
    meta: Mapping[str, ColumnMeta] = field(default_factory=dict)

    @property
    def one_row_a_day(self) -> bool:
        """Whether a test promises that no event date stands twice."""
        return any(
            isinstance(test.promise, Unique) and test.column == EVENT_DATE for test in self.tests
        )


def read_columns(
    described: Described[ModelProperties] | Described[SeedProperties],
    macros: Macros,
    refs: Collection[str],
    types: Mapping[str, str] | None = None,
) -> DeclaredColumns:
    """Read the columns and tests of a model that is written to the lake, or of a seed.

    A test of severity error makes a property of the table: not_null, accepted values, an inclusive
    range, and uniqueness, which gives its key. ``types`` are those of a seed, which has no
    event_date. Raises ProjectError where a column has no type or stands twice, event_date is
    missing, or a test is wrong.
    """
    properties, file, place = described.properties, described.file, described.place
    model_tests = [
        read_test(entry, "", file, (*place, "data_tests", number), macros, refs)
        for number, entry in enumerate(properties.data_tests)
    ]
    where: dict[str, Location] = {}
    tests: dict[str, list[DataTest]] = {}
    for number, column in enumerate(properties.columns):
        at = (*place, "columns", number)
        if column.name in where:
            raise ProjectError(f"{file.where(*at, 'name')}: column {column.name} stands twice.")
        if column.data_type is None and types is None:
            raise ProjectError(f"{file.where(*at)}: column {column.name} has no data_type.")
        where[column.name] = file.where(*at, "name")
        tests[column.name] = [
            read_test(entry, column.name, file, (*at, "data_tests", index), macros, refs)
            for index, entry in enumerate(column.data_tests)
        ]
    if types is None:
        _require_event_date(described)
        types = {column.name: column.data_type or "" for column in properties.columns}
    all_tests = (*model_tests, *chain.from_iterable(tests.values()))
    _require_names(described, all_tests, where)
    return DeclaredColumns(
        file.shown,
        tuple(
            _column(column, types[column.name].upper(), tests[column.name])
            for column in properties.columns
            if column.name != EVENT_DATE
        ),
        _key(all_tests),
        all_tests,
        where,
        {column.name: column.config.meta for column in properties.columns},
    )


def _require_event_date(described: Described[ModelProperties] | Described[SeedProperties]) -> None:
    types = {column.name: column.data_type for column in described.properties.columns}
    if (types.get(EVENT_DATE) or "").upper() != "DATE":
        raise ProjectError(
            f"{described.file.where(*described.place, 'columns')}: model "
            f"{described.properties.name} must have a column {EVENT_DATE} of data_type date, "
            "the day that a row belongs to."
        )


def _require_names(
    described: Described[ModelProperties] | Described[SeedProperties],
    tests: Sequence[DataTest],
    columns: Mapping[str, Location],
) -> None:
    for test in tests:
        for name in _combination(test):
            if name not in columns:
                raise ProjectError(
                    f"{test.declared_at}: no column '{name}' to be unique; "
                    f"{suggestion(name, columns)}"
                )
    for name, times in Counter(test.name for test in tests).items():
        if times > 1:
            raise ProjectError(
                f"{described.file.where(*described.place)}: {times} tests of "
                f"{described.properties.name} are named {name}; give one another 'name:'."
            )


def _column(properties: ColumnProperties, type_: str, tests: Sequence[DataTest]) -> Column:
    strict = [test.promise for test in tests if test.holds_always]
    ranges = [p.arguments for p in strict if isinstance(p, GenericTest) and p.name == RANGE_TEST]
    limits = next((limits for limits in ranges if limits.get("inclusive", True)), {})
    accepted = next((promise for promise in strict if isinstance(promise, AcceptedValues)), None)
    return Column(
        properties.name,
        type_,
        properties.description,
        nullable=not any(isinstance(promise, NotNull) for promise in strict),
        unit=properties.config.meta.unit,
        minimum=limits.get("min_value"),
        maximum=limits.get("max_value"),
        accepted=tuple(str(value) for value in accepted.values) if accepted else (),
        null_reason=properties.config.meta.null_reason,
    )


def _combination(test: DataTest) -> tuple[str, ...]:
    """The columns of which a test promises that no combination stands twice."""
    if isinstance(test.promise, Unique):
        return (test.column,)
    if isinstance(test.promise, GenericTest) and test.promise.name == COMBINATION_TEST:
        return tuple(test.promise.arguments["combination_of_columns"])
    return ()


def _key(tests: Sequence[DataTest]) -> tuple[str, ...]:
    for test in tests:
        if test.holds_always and _combination(test):
            return tuple(name for name in _combination(test) if name != EVENT_DATE)
    return ()
