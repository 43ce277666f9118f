"""What Dagster is told of the columns from which a mart is made."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from analytics_pipeline.daily_assets import as_markdown, table_metadata
from analytics_pipeline.metrics.lineage.drawing import lineage_svg
from analytics_pipeline.metrics.lineage.lineage import ColumnLineage
from analytics_pipeline.metrics.project import Model


def lineage_warning(mart: Model, lineage: ColumnLineage) -> str | None:
    """What to say of a mart whose columns could not be followed, or None."""
    if lineage.problem is None:
        return None
    return f"{mart.shown}: the column lineage is not known, as {lineage.problem}"


def shown_lineage(mart: Model, lineage: ColumnLineage) -> Mapping[str, dg.MetadataValue[Any]]:
    """The lineage as metadata: in Dagster's form, as a drawing and as a table.

    The open-source UI hides metadata in Dagster's form, which Dagster+ and catalogs read, so the
    drawing and the table are what it shows.
    """
    warning = lineage_warning(mart, lineage)
    if warning:
        return {"column lineage": dg.MetadataValue.text(warning)}
    deps = {
        column: [dg.TableColumnDep(dg.AssetKey(table), name) for table, name in sources]
        for column, sources in lineage.columns.items()
    }
    rows = [
        {
            "column": column,
            "made from": ", ".join(f"{table}.{name}" for table, name in sources) or "no column",
        }
        for column, sources in lineage.columns.items()
    ]
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps)),
        "column lineage": dg.MetadataValue.md(
            as_markdown(
                lineage_svg(mart.name, lineage).encode(),
                f"Columns that those of {mart.name} are made from",
                "svg+xml",
            )
        ),
        "columns made from": table_metadata(rows),
    }
