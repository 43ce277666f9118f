"""The tables of the workflow insights."""

from analytics_pipeline.lake.table import Column, Table

LENGTH_CLASSES = ("under_50", "50_to_99", "100_or_more")

QUERIES = Column(
    "queries", "BIGINT", "Number of cache queries.", nullable=False, unit="queries", minimum=1
)
SHARE = Column("share", "DOUBLE", "Share of the day's queries.", nullable=False, minimum=0,
               maximum=1)  # fmt: skip
HIT_RATE = Column(
    "hit_rate", "DOUBLE", "Share of the queries that the cache answered.", minimum=0, maximum=1
)
AVERAGE_RESPONSE_TIME = Column(
    "average_response_time",
    "DOUBLE",
    "Mean time to the answer, of the queries that state it.",
    unit="s",
    minimum=0,
)

TOP_QUERIES = Table(
    "top_queries",
    "The most frequent query texts of the day. Queries without a text are left out.",
    (
        Column("rank", "BIGINT", "Place by number of queries, from 1; equals are ranked by text.",
               nullable=False, minimum=1),
        Column("query", "VARCHAR", "Text of the query.", nullable=False),
        QUERIES,
        Column("hits", "BIGINT", "Queries that the cache answered.", nullable=False,
               unit="queries", minimum=0),
        HIT_RATE,
        AVERAGE_RESPONSE_TIME,
    ),
    order_by=("rank",),
    key=("rank",),
)  # fmt: skip

LANGUAGE_DISTRIBUTION = Table(
    "language_distribution",
    "The day's cache queries by the programming language worked in.",
    (
        Column("language", "VARCHAR", "Programming language; null for the queries that state "
               "none, so that the shares add up to 1."),
        QUERIES,
        SHARE,
        HIT_RATE,
    ),
    order_by=("language",),
    key=("language",),
)  # fmt: skip

QUERY_LENGTH_CLASSES = Table(
    "query_length_classes",
    "The day's cache queries by the length of their text in characters (Unicode code points). "
    "All classes are listed on a day that has a query with a text; such days alone have rows.",
    (
        Column("length_class", "VARCHAR", "Class of the length.", nullable=False,
               accepted=LENGTH_CLASSES),
        Column("queries", "BIGINT", "Number of cache queries.", nullable=False, unit="queries",
               minimum=0),
        Column("share", "DOUBLE", "Share of the day's queries that have a text.", nullable=False,
               minimum=0, maximum=1),
        HIT_RATE,
        AVERAGE_RESPONSE_TIME,
    ),
    order_by=("length_class",),
    key=("length_class",),
)  # fmt: skip

SESSIONS = Table(
    "sessions",
    "Stretches of activity of one user, which inactivity or midnight (UTC) ends. Events without "
    "user_id are grouped by the session that their source assigned; without either they are in "
    "no session.",
    (
        Column("session_id", "VARCHAR", "Identity, derived from whose session it is and its "
               "start.", nullable=False),
        Column("user_id", "VARCHAR", "Whose session it is; null where the source names no user."),
        Column("started_at", "TIMESTAMP", "Time of the first event.", nullable=False),
        Column("ended_at", "TIMESTAMP", "Time of the last event.", nullable=False),
        Column("duration", "DOUBLE", "From the first event to the last.", nullable=False,
               unit="s", minimum=0),
        Column("events", "BIGINT", "Events of every type.", nullable=False, unit="events",
               minimum=1),
        Column("queries", "BIGINT", "Cache queries.", nullable=False, unit="queries", minimum=0),
        Column("hit_rate", "DOUBLE", "Share of the queries that the cache answered; null where "
               "there are none.", minimum=0, maximum=1),
    ),
    order_by=("started_at", "session_id"),
    key=("session_id",),
)  # fmt: skip

SLOW_QUERIES = Table(
    "slow_queries",
    "Cache queries whose answer took longer than insights.slow_query_seconds.",
    (
        Column("event_id", "VARCHAR", "Identity of the event.", nullable=False),
        Column("timestamp", "TIMESTAMP", "When the query was put.", nullable=False),
        Column("query", "VARCHAR", "Text of the query."),
        Column("model", "VARCHAR", "Model that answered, or whose answer was cached."),
        Column("user_id", "VARCHAR", "Who put the query."),
        Column("cache_hit", "BOOLEAN", "True where the cache answered.", nullable=False),
        Column("response_time", "DOUBLE", "Time to the answer.", nullable=False, unit="s",
               minimum=0),
    ),
    order_by=("timestamp", "event_id"),
    key=("event_id",),
)  # fmt: skip

MISS_RATE_PERIODS = Table(
    "miss_rate_periods",
    "Stretches of the day in which the cache missed too often: consecutive periods of "
    "insights.period_minutes, counted from midnight (UTC), each with at least "
    "insights.period_min_queries queries and a miss rate above insights.miss_rate.",
    (
        Column("started_at", "TIMESTAMP", "Start of the first period.", nullable=False),
        Column("ended_at", "TIMESTAMP", "End of the last period (exclusive).", nullable=False),
        QUERIES,
        Column("misses", "BIGINT", "Queries that the cache did not answer.", nullable=False,
               unit="queries", minimum=1),
        Column("miss_rate", "DOUBLE", "Share of the queries that the cache did not answer.",
               nullable=False, minimum=0, maximum=1),
    ),
    order_by=("started_at",),
    key=("started_at",),
)  # fmt: skip

CAUSES = (
    "slice",
    "everywhere",
    "deployment",
    "saturated_host",
    "silent_hours",
    "schema_change",
    "quarantined_lines",
)
# Not causes: they complete the slices of a dimension to the whole change.
REMAINDERS = ("other_slices", "unattributed")

ANOMALY_CAUSES = Table(
    "anomaly_causes",
    "Likely causes of the headline metrics that were far from what is expected of them on the "
    "day: the slices that make up the change, and what happened on the same day. Calm days have "
    "no rows.",
    (
        Column("metric", "VARCHAR", "The metric, as TABLE.COLUMN.", nullable=False),
        Column("rank", "BIGINT", "Place among the causes of the metric, the likeliest first.",
               nullable=False, minimum=1),
        Column("value", "DOUBLE", "Value of the metric on the day, in its unit.", nullable=False),
        Column("expected", "DOUBLE", "Median of the metric on the same weekday of the 8 weeks "
               "before.", nullable=False),
        Column("change", "DOUBLE", "value - expected.", nullable=False),
        Column("robust_z", "DOUBLE", "How far the value is from what is expected, in robust "
               "standard deviations of the days before; null where these did not vary at all."),
        Column("cause", "VARCHAR", "Kind of the cause: slice is one slice of a dimension; "
               "other_slices those of the dimension that are not told; unattributed what the "
               "slices do not make up; everywhere says that no slice stands out; the others "
               "happened on the same day, which is no proof.", nullable=False,
               accepted=(*CAUSES, *REMAINDERS)),
        Column("dimension", "VARCHAR", "What the day is divided by; null where it is not."),
        Column("slice", "VARCHAR", "Value of the dimension, or the name of what happened."),
        Column("slice_value", "DOUBLE", "Value of the metric in the slice on the day."),
        Column("slice_expected", "DOUBLE", "What is expected of the metric in the slice."),
        Column("rate_effect", "DOUBLE", "Part of the effect that comes from another value within "
               "the slice; null for a sum."),
        Column("mix_effect", "DOUBLE", "Part of the effect that comes from another weight of the "
               "slice; null for a sum."),
        Column("effect", "DOUBLE", "What the cause contributes to the change, in the unit of the "
               "metric; null for what happened on the same day."),
        Column("contribution", "DOUBLE", "effect / change. Of one dimension, those of slice, "
               "other_slices and unattributed add up to 1.", unit="share"),
        Column("sentence", "VARCHAR", "The cause in a sentence.", nullable=False),
    ),
    order_by=("metric", "rank"),
    key=("metric", "rank"),
)  # fmt: skip

LOG_TEMPLATES = Table(
    "log_templates",
    "The day's log messages by their template: the first line of a message, in which numbers, ids, "
    "times, addresses, paths and quoted texts are masked. Of a level, the most frequent thousand.",
    (
        Column("level", "VARCHAR", "Severity of the messages.", nullable=False),
        Column("component", "VARCHAR", "Part of the system that wrote them; null where none is "
               "named."),
        Column("template", "VARCHAR", "What the messages have in common.", nullable=False),
        Column("entries", "BIGINT", "Log entries of the template.", nullable=False,
               unit="log entries", minimum=1),
        Column("example", "VARCHAR", "The first of the messages by the alphabet, cut after 500 "
               "characters.", nullable=False),
        Column("first_hour", "TIMESTAMP", "Start of the hour (UTC) of the first entry.",
               nullable=False),
    ),
    order_by=("level", "component", "template"),
    key=("level", "component", "template"),
)  # fmt: skip

ALL = (
    TOP_QUERIES,
    LANGUAGE_DISTRIBUTION,
    QUERY_LENGTH_CLASSES,
    SESSIONS,
    SLOW_QUERIES,
    MISS_RATE_PERIODS,
    ANOMALY_CAUSES,
    LOG_TEMPLATES,
)
