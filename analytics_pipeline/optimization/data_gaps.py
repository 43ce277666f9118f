"""What the figures do not tell: lines that were refused, and prices that are missing or wrong."""

from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, REASONS
from analytics_pipeline.optimization.recommendation import (
    Context,
    Evidence,
    Figures,
    Kind,
    Recommendation,
    Relations,
    days_with_data,
)
from analytics_pipeline.optimization.subjects import NONE, days_of, of_model
from analytics_pipeline.rounding import amount, number, percentage

COST_SLICES, RECONCILIATION = "daily_cost_metrics_by_slice", "daily_cost_reconciliation"
LINES, QUARANTINED = FILE_LINE_COUNTS.name, QUARANTINE_REASONS.name
NOT_VALUED = "Not valued: it tells what other values leave out."


def unpriced_models(relations: Relations, context: Context) -> str:
    """SQL of the questions of each model in each window that state tokens and have no price."""
    return f"""
        WITH data AS ({days_with_data(relations[COST_SLICES], "queries > 0")})
        SELECT
            windows.event_date,
            value AS model,
            any_value(window_days) AS window_days,
            count(*) FILTER (WHERE unpriced_queries > 0) AS days_observed,
            sum(queries)::BIGINT AS queries,
            sum(unpriced_queries)::BIGINT AS unpriced_queries
        FROM windows
        JOIN {relations[COST_SLICES]} AS costs ON costs.event_date = windows.day
        JOIN data ON data.event_date = windows.event_date
        WHERE dimension = 'model'
        GROUP BY windows.event_date, value
        HAVING sum(unpriced_queries) > 0
    """


def judge_unpriced_model(figures: Figures, context: Context) -> Recommendation | None:
    """A model without a price."""
    unpriced, model = figures["unpriced_queries"], figures["model"]
    if model == NONE:
        todo = "Let the source name the model that it asked, so that it has a price"
    else:
        todo = f"Add the price of model {model} to model_prices"
    return Recommendation(
        text=(
            f"{todo}: {number(unpriced)} of its {number(figures['queries'])} queries in "
            f"{days_of(figures)} state their tokens, and neither a cost nor a price is known. All "
            "costs and savings are without them."
        ),
        reason="The cost is unknown: that is what is to be mended.",
        counterfactual=NOT_VALUED,
        evidence=(
            Evidence(f"{COST_SLICES}.unpriced_queries", unpriced, "queries"),
            Evidence(f"{COST_SLICES}.queries", figures["queries"], "queries"),
        ),
        labels={"model": figures["model"]},
    )


def outdated_prices(relations: Relations, context: Context) -> str:
    """SQL of list prices and reported costs of the same misses of each model in each window."""
    return f"""
        WITH data AS ({days_with_data(relations[RECONCILIATION], "true")})
        SELECT
            windows.event_date,
            model,
            any_value(window_days) AS window_days,
            count(*) AS days_observed,
            sum(compared_misses)::BIGINT AS compared_misses,
            sum(reported_cost ORDER BY reported_cost) AS reported_cost,
            sum(priced_cost ORDER BY priced_cost) AS priced_cost
        FROM windows
        JOIN {relations[RECONCILIATION]} AS prices ON prices.event_date = windows.day
        JOIN data ON data.event_date = windows.event_date
        WHERE compared_misses > 0
        GROUP BY windows.event_date, model
        HAVING sum(reported_cost) > 0
    """


def judge_outdated_price(figures: Figures, context: Context) -> Recommendation | None:
    """A model whose list price is off its reported costs by optimization.price_difference."""
    settings = context.settings.optimization
    reported, priced = figures["reported_cost"], figures["priced_cost"]
    difference = (priced - reported) / reported
    misses = figures["compared_misses"]
    if misses < settings.min_misses or abs(difference) <= settings.price_difference:
        return None
    higher = "higher" if difference > 0 else "lower"
    return Recommendation(
        text=(
            f"Check the price {of_model(figures['model'])} in model_prices, or the costs that are "
            f"reported: the list price of {number(misses)} misses is "
            f"{percentage(abs(difference))} {higher} than what they are reported to have cost, "
            f"{amount(priced, 'USD')} against {amount(reported, 'USD')}."
        ),
        reason="It changes what is known of costs, not the costs.",
        counterfactual=NOT_VALUED,
        evidence=(
            Evidence(f"{RECONCILIATION}.compared_misses", misses, "queries"),
            Evidence(f"{RECONCILIATION}.priced_cost", priced, "USD"),
            Evidence(f"{RECONCILIATION}.reported_cost", reported, "USD"),
        ),
        labels={"model": figures["model"]},
    )


def quarantined_lines(relations: Relations, context: Context) -> str:
    """SQL of the quarantined lines of each window by source and reason, beside all lines."""
    return f"""
        WITH
        data AS ({days_with_data(relations[LINES], "lines > 0")}),
        all_lines AS (
            SELECT windows.event_date, sum(lines)::BIGINT AS lines,
                sum(quarantined)::BIGINT AS quarantined
            FROM windows JOIN {relations[LINES]} AS counts ON counts.event_date = windows.day
            GROUP BY windows.event_date
        )
        SELECT
            windows.event_date, source, reason,
            any_value(window_days) AS window_days,
            count(*) AS days_observed,
            sum(refused.lines)::BIGINT AS refused_lines,
            any_value(all_lines.lines) AS all_lines,
            any_value(all_lines.quarantined) AS all_quarantined
        FROM windows
        JOIN {relations[QUARANTINED]} AS refused ON refused.event_date = windows.day
        JOIN all_lines ON all_lines.event_date = windows.event_date
        JOIN data ON data.event_date = windows.event_date
        GROUP BY windows.event_date, source, reason
    """


def judge_quarantined_lines(figures: Figures, context: Context) -> Recommendation | None:
    """A reason of quarantine, where more lines are refused than thresholds.quarantine_share_max."""
    lines, refused = figures["all_lines"], figures["refused_lines"]
    missing = figures["all_quarantined"] / lines if lines else 0.0
    if missing <= context.settings.thresholds.quarantine_share_max:
        return None
    source, reason = figures["source"], figures["reason"]
    return Recommendation(
        text=(
            f"Mend the lines of source {source} that are refused because "
            f"{REASONS.get(reason, reason)}: {number(refused)} in {days_of(figures)}, "
            f"{percentage(refused / lines)} of all lines. Altogether {percentage(missing)} of the "
            "data is missing."
        ),
        reason="What the refused lines would have told is not known.",
        counterfactual=NOT_VALUED,
        evidence=(
            Evidence(f"{QUARANTINED}.lines", refused, "lines"),
            Evidence(f"{LINES}.quarantined", figures["all_quarantined"], "lines"),
            Evidence(f"{LINES}.lines", lines, "lines"),
        ),
        labels={"source": source, "reason": reason},
    )


KINDS = (
    Kind(
        "unpriced_model",
        {COST_SLICES: ("dimension", "value", "queries", "unpriced_queries")},
        unpriced_models,
        judge_unpriced_model,
    ),
    Kind(
        "outdated_price",
        {RECONCILIATION: ("model", "compared_misses", "reported_cost", "priced_cost")},
        outdated_prices,
        judge_outdated_price,
    ),
    Kind(
        "quarantined_lines",
        {LINES: ("lines", "quarantined"), QUARANTINED: ("source", "reason", "lines")},
        quarantined_lines,
        judge_quarantined_lines,
    ),
)
