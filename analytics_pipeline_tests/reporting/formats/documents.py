"""Small reports made by hand: a block of every kind, and a given text wherever one may stand."""

from datetime import date, datetime, timedelta

from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.document import (
    Alerts,
    Card,
    Cards,
    Chart,
    Comparison,
    Definition,
    Figures,
    InputVersion,
    Paragraphs,
    Report,
    Rows,
    Section,
    Status,
    View,
)
from analytics_pipeline.reporting.measure import Listing, Metric

DAY = date(2026, 11, 10)
DAYS = tuple(DAY - timedelta(days=back) for back in reversed(range(3)))
MORNING = datetime.fromisoformat("2026-11-10T07:30:00.250")
HIT_RATE = "daily_cache_metrics.hit_rate"
LATENCY = "daily_cache_metrics.p95_response_time"

COLUMNS = (
    Column("model", "VARCHAR", "Model that answered."),
    Column("queries", "BIGINT", "Number of queries.", unit="queries"),
    Column("hit_rate", "DOUBLE", "Share of hits.", minimum=0, maximum=1),
    Column("p95_response_time", "DOUBLE", "95th percentile.", unit="s"),
    Column("cost", "DOUBLE", "Cost.", unit="USD"),
    Column("started_at", "TIMESTAMP", "First query."),
    Column("seen_on", "DATE", "Last day."),
    Column("chosen", "BOOLEAN", "Whether it was chosen."),
)


def models(*names: str | None) -> Rows:
    rows = tuple(
        {
            "model": name, "queries": 1000 + number, "hit_rate": 0.1 + number / 7,
            "p95_response_time": 0.25 * number, "cost": None if number else 0.000123,
            "started_at": MORNING + timedelta(seconds=number), "seen_on": DAY,
            "chosen": number == 0,
        }
        for number, name in enumerate(names)
    )  # fmt: skip
    listing = Listing(COLUMNS, rows, len(rows) + 3)
    return Rows("models", listing, ("model", "queries"), "model", table="daily_cache_metrics")


def report_of(
    text: str = "atlas", *, view: View = "engineer", inputs: tuple[InputVersion, ...] | None = None
) -> Report:
    """A daily report in which ``text`` stands wherever a text of the outside world can."""
    cards = Cards(
        "headlines",
        (
            Card(
                "hit_rate", Metric(0.7123456789012345, "share", None, "Hits / queries.", HIT_RATE),
                "higher", Comparison(DAYS[0], DAYS[0], 0.75, -0.0376543210987655, -0.0502, None),
                DAYS, (0.7, None, 0.7123456789012345),
            ),
            Card(
                "p95_response_time", Metric(None, "s", f"Nothing was timed: {text}", None, LATENCY),
                "lower", Comparison(DAYS[0], DAYS[0], 1.5, None, None, "Nothing was timed."),
                DAYS, (1.5, 0.25, None),
            ),
        ),
    )  # fmt: skip
    evaluations = (
        Evaluation(
            "hit_rate", "WARN", False, 0.71, 0.75, f"The hit rate of {text} fell.",
            asset="daily_cache_metrics", unit="share", metric=HIT_RATE,
            findings=(
                Finding(f"{text} fell.", {"model": text}, 0.1, 0.7, 0.65, None),
                Finding(f"{text} fell too.", {"model": text}, 0.2, 0.7, 0.65, None),
            ),
            history={DAYS[0]: 0.75, DAYS[1]: float("nan")},
        ),
        Evaluation("error_rate", "ERROR", None, None, None, "There are no log entries."),
    )  # fmt: skip
    return Report(
        kind="daily",
        view=view,
        team=text if view == "team" else None,
        first=DAY,
        last=DAY,
        status=Status("attention", f"1 rule is violated: {text}", (text,)),
        sections=(
            Section("headlines", (cards, Paragraphs("findings", (f"Look at {text}.",)))),
            Section(
                "cache",
                (
                    Figures(
                        "cache_figures",
                        {
                            "hit_rate": Metric(0.7123456789012345, "share", None, None, HIT_RATE),
                            "queries": Metric(123_456, "queries"),
                            "cost_per_query": Metric(0.00042, "USD per query"),
                            text: Metric(1.5, text, None, text),
                        },
                    ),
                    Chart("hit_rate_chart", "<svg/>", f"The hit rate of {text}."),
                    models(text, None, f"{text}2"),
                ),
            ),
            Section("alerts", (Alerts("alerts", {DAY: evaluations}),)),
        ),
        definitions={
            HIT_RATE: Definition(HIT_RATE, f"Hits / queries of {text}.", "hits / queries", "share")
        },
        inputs=inputs
        if inputs is not None
        else (
            InputVersion("partition", "daily_cache_metrics", DAY, "a" * 64),
            InputVersion("file", text, DAY, "b" * 64),
            InputVersion("file", text, DAYS[0], "b" * 64),
        ),
    )
