"""The table of recommendations."""

from analytics_pipeline.lake.table import Column, Table

WINDOW_DAYS = 28
"""Days up to the event date from whose figures a recommendation follows."""

KINDS = (
    "unstored_answers",
    "lost_entries",
    "repeated_misses",
    "reworded_questions",
    "slow_model",
    "provider_cache",
    "cheaper_model",
    "failing_model",
    "failing_pipeline",
    "unpriced_model",
    "outdated_price",
    "quarantined_lines",
    "saturated_host",
    "failing_component",
    "never_hit_entries",
)
"""Every kind of recommendation; equals in value are ranked in this order."""

RECOMMENDATIONS = Table(
    "recommendations",
    "What to change, as it follows from the figures of the event date and the 27 days before it, "
    "by the value that is expected of it. A value is what the log says that the other course "
    "would have spared, per day of the window that has data; it is no promise for other days. "
    "Values of different kinds may count the same query: they do not add up.",
    (
        Column("rank", "BIGINT", "Place by value: by usd_per_day, then by seconds_per_day, each "
               "with what is null or 0 last, then by kind and subject.", nullable=False,
               minimum=1),
        Column("kind", "VARCHAR", "Kind of the recommendation; docs/recommendations.md tells how "
               "each is computed.", nullable=False, accepted=KINDS),
        Column("subject", "VARCHAR", "What it is about, such as the name of a model; null for all "
               "of the traffic."),
        Column("labels", "VARCHAR", "What tells the subject apart, as a JSON object such as "
               '{"model": "small"}.', nullable=False),
        Column("recommendation", "VARCHAR", "What to do and why, in a sentence or two.",
               nullable=False),
        Column("usd_per_day", "DOUBLE", "Expected spending that it spares; null where it cannot "
               "be priced.", unit="USD per day", minimum=0),
        Column("seconds_per_day", "DOUBLE", "Expected time of waiting that it spares, of all "
               "queries or runs together; null where the log does not tell.", unit="s per day",
               minimum=0),
        Column("reason", "VARCHAR", "Why usd_per_day or seconds_per_day is null; null where "
               "neither is."),
        Column("counterfactual", "VARCHAR", "What the values compare with what: how they are "
               "computed.", nullable=False),
        Column("assumption", "VARCHAR", "What the log cannot show and has to hold for the values "
               "to be true; null where nothing is assumed but that the days to come are like "
               "those of the window."),
        Column("evidence", "VARCHAR", "The figures from which it follows, as a JSON array of "
               "objects: metric (TABLE.COLUMN), value, unit, and aggregate, which tells how the "
               "days of the window were put together.", nullable=False),
        Column("window_first", "DATE", "First day of the window; its last is the event date.",
               nullable=False),
        Column("window_days", "BIGINT", "Days of the window that have data of the kind, by which "
               "the values are divided.", nullable=False, unit="days", minimum=1,
               maximum=WINDOW_DAYS),
        Column("days_observed", "BIGINT", "Days of the window on which it was found.",
               nullable=False, unit="days", minimum=1, maximum=WINDOW_DAYS),
    ),
    order_by=("rank",),
    key=("rank",),
)  # fmt: skip
