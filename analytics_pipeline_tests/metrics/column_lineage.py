"""The lineage of all marts as a file to be reviewed.

``python -m analytics_pipeline_tests.metrics.column_lineage`` writes it anew. Read what git then
shows as changed against the SQL before it is committed.
"""

from pathlib import Path

import yaml

from analytics_pipeline.metrics.lineage.stored import mart_lineage
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.tables import current_project

REVIEWED = Path(__file__).with_suffix(".yml")
HEADING = (
    "# Columns of each mart, and the table.column that each is made from. Written by a command.\n"
)


def lineage_of_all(project: Project) -> dict[str, dict[str, list[str]]]:
    """For each mart its columns, each with the columns it is made from as ``table.column``."""
    found = {name: mart_lineage(project, name) for name in project.marts}
    problems = {name: lineage.problem for name, lineage in found.items() if lineage.problem}
    assert not problems
    return {
        name: {
            column: [f"{table}.{of}" for table, of in sources]
            for column, sources in lineage.columns.items()
        }
        for name, lineage in sorted(found.items())
    }


def reviewed_lineage() -> dict[str, dict[str, list[str]]]:
    """What stands in the file."""
    return yaml.safe_load(REVIEWED.read_text(encoding="utf-8"))


if __name__ == "__main__":
    lines = yaml.safe_dump(lineage_of_all(current_project()), sort_keys=False, width=100)
    REVIEWED.write_text(HEADING + lines, encoding="utf-8")
