"""The pandera contract of every table: made from its declaration, checked between stages."""

import os
from typing import TYPE_CHECKING

from analytics_pipeline.lake.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

# Else pandera sets this when it is imported, for Spark, and pyarrow takes the local time of a zoned
# datetime for UTC from then on.
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")

NUMERIC = ("BIGINT", "DOUBLE", "INTEGER", "UBIGINT", "HUGEINT")


class ContractError(Exception):
    """A frame breaks the contract of its table; the message lists what, and how often."""


def contract(table: Table) -> "pa.DataFrameSchema":
    """The pandera schema of a table's frames, with the partition column event_date."""
    import pandera.pandas as pa

    columns = {column.name: _column_contract(column) for column in table.columns}
    columns["event_date"] = pa.Column("datetime64[us]", nullable=False, coerce=True)
    return pa.DataFrameSchema(
        columns,
        strict=True,
        ordered=False,
        unique=["event_date", *table.key] if table.key else None,
        name=table.name,
        description=table.description,
    )


def _column_contract(column: Column) -> "pa.Column":
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.accepted:
        checks.append(pa.Check.isin(column.accepted))
    return pa.Column(
        _pandas_type(column.type),
        checks=checks,
        nullable=column.nullable,
        coerce=True,
        title=column.name,
        description=column.description,
    )


def _pandas_type(duckdb_type: str) -> str | None:
    exact = {
        "VARCHAR": "string",
        "BIGINT": "Int64",
        "INTEGER": "Int64",
        "DOUBLE": "float64",
        "BOOLEAN": "boolean",
        "DATE": "datetime64[us]",
        "TIMESTAMP": "datetime64[us]",
    }
    return exact.get(duckdb_type)


def checked(table: Table, frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return the frame with its contract's types; raises ContractError where it breaks it."""
    import pandera.errors

    try:
        return contract(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.groupby(["column", "check"], dropna=False).size()
        problems = "; ".join(
            f"{column}: {check} ({count} times)" for (column, check), count in cases.items()
        )
        raise ContractError(f"Table {table.name} breaks its contract: {problems}.") from error
