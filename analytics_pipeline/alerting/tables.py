"""The table of the history of incidents."""

from typing import get_args

from analytics_pipeline.alerting.findings import Severity
from analytics_pipeline.alerting.incidents.incident import Change, Status
from analytics_pipeline.lake.table import Column, Table

INCIDENT_EVENTS = Table(
    "incident_events",
    "What became of incidents: one row for each entry of their history. It stands under the event "
    "date of the report that led to it; what people and the clock do, under the date on which they "
    "did.",
    (
        Column("sequence", "BIGINT", "Position in the whole history.", nullable=False, minimum=1),
        Column("noted_at", "TIMESTAMP", "When it was noted (UTC).", nullable=False),
        Column("incident_id", "VARCHAR", "The incident: the hash of its rule, asset and labels, "
               "with its first date or time.", nullable=False),
        Column("change", "VARCHAR", "What became of the incident.", nullable=False,
               accepted=get_args(Change)),
        Column("status", "VARCHAR", "Status of the incident from then on.", nullable=False,
               accepted=get_args(Status)),
        Column("severity", "VARCHAR", "Severity of the incident from then on.", nullable=False,
               accepted=get_args(Severity)),
        Column("rule", "VARCHAR", "The asset check that found it, or the job whose run failed.",
               nullable=False),
        Column("asset", "VARCHAR", "The asset that it is about; null for a job."),
        Column("asset_group", "VARCHAR", "Group of the asset; null where it has none."),
        Column("owner", "VARCHAR", "Owner of the asset; null where it has none."),
        Column("team", "VARCHAR", "Team that it concerns; null where none is named."),
        Column("labels", "VARCHAR", "The slice of the data that it is about, as JSON: {} for the "
               "day as a whole.", nullable=False),
        Column("recorded_only", "BOOLEAN", "True for what lay too far back to tell anyone.",
               nullable=False),
        Column("message", "VARCHAR", "What was found, or said, in words.", nullable=False),
        Column("noted_by", "VARCHAR", "The person who did it; null where nobody did."),
        Column("run_id", "VARCHAR", "The run that reported it; null where none did."),
        Column("details", "VARCHAR", "The fields of the incident that changed, as JSON: read in "
               "the order of the sequence, they give the incident back.", nullable=False),
    ),
    order_by=("sequence", "noted_at", "incident_id"),
    key=("sequence", "noted_at", "incident_id"),
)  # fmt: skip
