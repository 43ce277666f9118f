"""Questions that were asked again and missed: what the cache could have answered."""

from analytics_pipeline.optimization.hits import HITS_BY_MODEL, hits_by_model
from analytics_pipeline.optimization.recommendation import (
    Context,
    Evidence,
    Figures,
    Kind,
    Recommendation,
    Relations,
    days_with_data,
    joined,
    per_day,
)
from analytics_pipeline.optimization.subjects import of_model
from analytics_pipeline.rounding import number, percentage

CAUSES = ("unstored_answers", "lost_entries", "repeated_misses", "reworded_questions")
MART, QUESTIONS, CACHE = "daily_repeated_misses", "int_repeated_misses", "daily_cache_metrics"
COUNTS = (
    "misses", "misses_within_hour", "misses_within_day", "misses_with_cost", "cost",
    "misses_with_response_time", "response_time",
)  # fmt: skip
EXAMPLES = 3
EXAMPLE_CHARACTERS = 60

READS = {
    MART: ("cause", "model", *COUNTS),
    QUESTIONS: ("cause", "model", "question", "query", "misses", "users", "cost"),
    CACHE: ("total_queries", "semantic_hits", "intent_hits"),
    **HITS_BY_MODEL,
}


def query(cause: str, relations: Relations, context: Context) -> str:
    """SQL of the repeated misses of a cause in each window, by model.

    Examples are texts that enough different users asked on one day.
    """
    least_users = context.settings.reporting.min_group_size
    return f"""
        WITH
        data AS ({days_with_data(relations[CACHE], "total_queries > 0")}),
        hits AS ({hits_by_model(relations)}),
        matched AS (
            SELECT
                windows.event_date,
                sum(coalesce(semantic_hits, 0) + coalesce(intent_hits, 0)) AS inexact_hits
            FROM windows JOIN {relations[CACHE]} AS cache ON cache.event_date = windows.day
            GROUP BY windows.event_date
        ),
        misses AS (
            SELECT
                windows.event_date,
                model,
                count(*) AS days_observed,
                sum(misses)::BIGINT AS misses,
                sum(misses_within_hour)::BIGINT AS misses_within_hour,
                sum(misses_within_day)::BIGINT AS misses_within_day,
                sum(misses_with_cost)::BIGINT AS misses_with_cost,
                sum(cost ORDER BY cost) AS cost,
                sum(misses_with_response_time)::BIGINT AS misses_with_response_time,
                sum(response_time ORDER BY response_time) AS response_time
            FROM windows JOIN {relations[MART]} AS repeated ON repeated.event_date = windows.day
            WHERE cause = '{cause}'
            GROUP BY windows.event_date, model
        ),
        questions AS (
            SELECT windows.event_date, model, min(query) AS query, sum(misses) AS misses
            FROM windows JOIN {relations[QUESTIONS]} AS asked ON asked.event_date = windows.day
            WHERE cause = '{cause}' AND query <> ''
            GROUP BY windows.event_date, model, question
            HAVING max(users) >= {least_users}
        ),
        examples AS (
            SELECT event_date, model,
                list(query ORDER BY misses DESC, query)[:{EXAMPLES}] AS examples
            FROM questions
            GROUP BY event_date, model
        )
        SELECT misses.*, window_days, mean_hit_response_time, inexact_hits, examples
        FROM misses
        JOIN data USING (event_date)
        LEFT JOIN hits USING (event_date, model)
        LEFT JOIN matched USING (event_date)
        LEFT JOIN examples USING (event_date, model)
    """


def judge(cause: str, figures: Figures, context: Context) -> Recommendation:
    """What to do about the repeated misses of a model.

    They are priced by their own cost, and by their own time less that of the mean hit.
    """
    seconds, no_seconds = _seconds(figures)
    usd = per_day(figures["cost"], figures) if figures["misses_with_cost"] else None
    no_usd = None if usd is not None else (
        "What these questions cost is not known: neither they nor a list price tell."
    )  # fmt: skip
    days = context.variables["repeat_horizon_days"]
    a_day = number(figures["misses"] / figures["window_days"])
    asked = f"{a_day} questions a day"
    return Recommendation(
        text=_text(cause, figures, asked, days) + _examples(figures["examples"] or []),
        usd_per_day=usd,
        seconds_per_day=seconds,
        reason=joined(no_usd, no_seconds),
        counterfactual=(
            f"The {number(figures['misses'])} misses of the window, had the cache answered them: "
            "they would have cost nothing instead of what they cost, and have taken the mean "
            "response time of the model's hits instead of their own."
        ),
        assumption=_assumption(cause, days),
        evidence=tuple(_evidence(figures)),
        labels={"model": figures["model"]},
    )


def _seconds(figures: Figures) -> tuple[float | None, str | None]:
    hit = figures["mean_hit_response_time"]
    if not figures["misses_with_response_time"]:
        return None, "None of these questions states a response time."
    if hit is None:
        return None, "No hit of the model states a response time to compare with."
    saved = figures["response_time"] - figures["misses_with_response_time"] * hit
    return per_day(saved, figures), None


def _text(cause: str, figures: Figures, asked: str, days: int) -> str:
    model = of_model(figures["model"])
    match cause:
        case "unstored_answers":
            return (
                f"Store the answers {model}: {asked} had been answered within {days} days before, "
                "and nothing was stored for them."
            )
        case "lost_entries":
            return (
                f"Keep the answers {model} longer, or make room for them: {asked} found no entry "
                f"although there had been one within {days} days before, {_within(figures)}."
            )
        case "repeated_misses":
            return (
                f"Cache the answers {model}: {asked} had been answered within {days} days before, "
                f"{_within(figures)}, never from the cache. The log does not tell whether the "
                "answers were stored."
            )
    if figures["inexact_hits"]:
        matching = "although the cache also matches questions that are not exactly alike"
    else:
        matching = "and no hit of the window was a semantic one"
    return (
        f"Normalize the questions {model} before they are looked up, or match them semantically: "
        f"{asked} differ from one answered within {days} days before in nothing but case, spacing "
        f"or punctuation, {matching}."
    )


def _within(figures: Figures) -> str:
    hour = percentage(figures["misses_within_hour"] / figures["misses"])
    day = percentage(figures["misses_within_day"] / figures["misses"])
    return f"{hour} of them within an hour and {day} within a day"


def _examples(texts: list[str]) -> str:
    if not texts:
        return ""
    cut = [
        text if len(text) <= EXAMPLE_CHARACTERS else f"{text[: EXAMPLE_CHARACTERS - 1]}…"
        for text in texts
    ]
    return f" Most often: {', '.join(f'“{text}”' for text in cut)}."


def _assumption(cause: str, days: int) -> str:
    kept = f"An answer may be given again for {days} days."
    match cause:
        case "lost_entries" | "unstored_answers":
            return kept
        case "repeated_misses":
            return f"{kept} Equal texts without a cache key ask for equal answers."
    return f"{kept} Questions of the same words ask for equal answers."


def _evidence(figures: Figures) -> list[Evidence]:
    units = {"cost": "USD", "response_time": "s"}
    found = [Evidence(f"{MART}.{name}", figures[name], units.get(name, "queries"))
             for name in COUNTS]  # fmt: skip
    return [
        *found,
        Evidence(
            "daily_cache_metrics_by_slice.average_hit_response_time",
            figures["mean_hit_response_time"],
            "s",
            "mean, weighted by cache_hits",
        ),
    ]


def _kind(cause: str) -> Kind:
    return Kind(
        cause,
        READS,
        lambda relations, context: query(cause, relations, context),
        lambda figures, context: judge(cause, figures, context),
    )


KINDS = tuple(_kind(cause) for cause in CAUSES)
