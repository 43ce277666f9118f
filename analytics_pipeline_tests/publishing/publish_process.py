"""A process that publishes: python -m … LAKE SCHEMA, with the URL in AICACHE_PUBLISH_URL."""

import sys
from pathlib import Path

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.publishing.database import open_database
from analytics_pipeline.publishing.publish import publish
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.publishing.site import DAYS, MODELS, QUERIES, USERS

if __name__ == "__main__":
    settings = read_settings(lake=Path(sys.argv[1]), publish_schema=sys.argv[2])
    tables = {table.name: table for table in (MODELS, QUERIES, USERS)}
    days = DAYS[int(sys.argv[3]) : int(sys.argv[4])]
    with open_database(settings) as connection:
        publish(Lake.of(settings), connection, settings, tables, list(tables), days)
