"""Models that are slow, dear, or do not use the prompt cache of their provider."""

from analytics_pipeline.optimization.hits import SLICES
from analytics_pipeline.optimization.recommendation import (
    Context,
    Evidence,
    Figures,
    Kind,
    Recommendation,
    Relations,
    days_with_data,
    per_day,
)
from analytics_pipeline.optimization.subjects import NONE, of_model
from analytics_pipeline.rounding import amount, number

CACHE, COSTS, PROMPTS = "daily_cache_metrics", "int_query_costs", "daily_repeated_prompts"
POINT = 0.01


def slow_models(relations: Relations, context: Context) -> str:
    """SQL of how fast each model and its hits are in each window, and what a miss costs.

    A percentile of the window is the median of those of its days.
    """
    return f"""
        WITH
        data AS ({days_with_data(relations[CACHE], "total_queries > 0")}),
        speed AS (
            SELECT
                windows.event_date,
                value AS model,
                count(*) AS days_observed,
                sum(total_queries)::BIGINT AS total_queries,
                median(p95_response_time) AS p95_response_time,
                median(p95_hit_response_time) AS p95_hit_response_time,
                sum(cache_hits * average_hit_response_time
                    ORDER BY cache_hits, average_hit_response_time)
                    / sum(cache_hits) FILTER (WHERE average_hit_response_time IS NOT NULL)
                    AS mean_hit_response_time,
                sum(cache_misses * average_miss_response_time
                    ORDER BY cache_misses, average_miss_response_time)
                    / sum(cache_misses) FILTER (WHERE average_miss_response_time IS NOT NULL)
                    AS mean_miss_response_time
            FROM windows JOIN {relations[SLICES]} AS slices ON slices.event_date = windows.day
            WHERE dimension = 'model' AND total_queries > 0
            GROUP BY windows.event_date, value
        ),
        costs AS (
            SELECT windows.event_date, model,
                sum(cost ORDER BY cost) / sum(queries) AS cost_per_miss
            FROM windows JOIN {relations[COSTS]} AS costs ON costs.event_date = windows.day
            WHERE outcome = 'miss' AND cost IS NOT NULL
            GROUP BY windows.event_date, model
        )
        SELECT speed.*, window_days, cost_per_miss
        FROM speed
        JOIN data USING (event_date)
        LEFT JOIN costs USING (event_date, model)
    """


def judge_slow_model(figures: Figures, context: Context) -> Recommendation | None:
    """A model that is slow although its hits are fast: what a point of hit rate is worth."""
    limit = context.settings.insights.slow_query_seconds
    slow, hit = figures["p95_response_time"], figures["p95_hit_response_time"]
    miss_mean, hit_mean = figures["mean_miss_response_time"], figures["mean_hit_response_time"]
    if slow is None or hit is None or miss_mean is None or not hit <= limit < slow:
        return None
    queries = POINT * figures["total_queries"]
    cost = figures["cost_per_miss"]
    return Recommendation(
        text=(
            f"Raise the hit rate {of_model(figures['model'])}: on a usual day 5% of its queries "
            f"take {amount(slow, 's')} or more, while 95% of its hits take no more than "
            f"{amount(hit, 's')}. The values are those of one point of hit rate."
        ),
        usd_per_day=None if cost is None else per_day(queries * cost, figures),
        seconds_per_day=per_day(queries * (miss_mean - hit_mean), figures),
        reason=None if cost is not None else "What a miss of the model costs is not known.",
        counterfactual=(
            "One in a hundred queries of the model as a hit instead of a miss: the cost of its "
            "mean miss, and the difference of the mean response times of its misses and hits."
        ),
        evidence=(
            Evidence(f"{SLICES}.total_queries", figures["total_queries"], "queries"),
            Evidence(f"{SLICES}.p95_response_time", slow, "s", "median of the days"),
            Evidence(f"{SLICES}.p95_hit_response_time", hit, "s", "median of the days"),
            Evidence(f"{SLICES}.average_miss_response_time", miss_mean, "s",
                     "mean, weighted by cache_misses"),
            Evidence(f"{SLICES}.average_hit_response_time", hit_mean, "s",
                     "mean, weighted by cache_hits"),
            Evidence("int_query_costs.cost", cost, "USD", "mean of the misses that have one"),
        ),
        labels={"model": figures["model"]},
    )  # fmt: skip


def repeated_prompts(relations: Relations, context: Context) -> str:
    """SQL of the long prompts that were sent again and not read from the provider's cache."""
    return f"""
        WITH data AS ({days_with_data(relations[CACHE], "total_queries > 0")})
        SELECT
            windows.event_date,
            model,
            any_value(window_days) AS window_days,
            count(*) AS days_observed,
            sum(repeated_prompts)::BIGINT AS repeated_prompts,
            sum(prompt_tokens)::BIGINT AS prompt_tokens,
            sum(unread_prompt_cost ORDER BY unread_prompt_cost) AS unread_prompt_cost
        FROM windows
        JOIN {relations[PROMPTS]} AS prompts ON prompts.event_date = windows.day
        JOIN data ON data.event_date = windows.event_date
        WHERE prompts_with_price > 0
        GROUP BY windows.event_date, model
    """


def judge_provider_cache(figures: Figures, context: Context) -> Recommendation | None:
    """A model whose provider lists a price of reads from its prompt cache, which was not used."""
    minutes = context.variables["provider_cache_minutes"]
    tokens = context.variables["long_prompt_tokens"]
    a_day = number(figures["repeated_prompts"] / figures["window_days"])
    return Recommendation(
        text=(
            f"Use the provider's prompt cache {of_model(figures['model'])}: {a_day} prompts a day "
            f"of {number(tokens)} tokens or more had been sent to it within {minutes} minutes "
            "before, and none of their tokens was read from that cache."
        ),
        usd_per_day=per_day(figures["unread_prompt_cost"], figures),
        reason="The log does not tell how much sooner an answer comes.",
        counterfactual=(
            f"The {number(figures['prompt_tokens'])} tokens of these prompts at the listed price "
            "of reads from the provider's cache instead of that of input."
        ),
        assumption="The provider still holds the whole prompt, and to write it costs no more.",
        evidence=(
            Evidence(f"{PROMPTS}.repeated_prompts", figures["repeated_prompts"], "queries"),
            Evidence(f"{PROMPTS}.prompt_tokens", figures["prompt_tokens"], "tokens"),
            Evidence(f"{PROMPTS}.unread_prompt_cost", figures["unread_prompt_cost"], "USD"),
        ),
        labels={"model": figures["model"]},
    )


def cheaper_models(relations: Relations, context: Context) -> str:
    """SQL of what the misses of each model would have cost at another model's measured price.

    Models are compared within each language, by USD per token, where both have enough misses that
    state tokens and cost. Of the cheaper models the one that spares most is given.
    """
    least = context.settings.optimization.min_misses
    return f"""
        WITH
        data AS ({days_with_data(relations[CACHE], "total_queries > 0")}),
        used AS (
            SELECT
                windows.event_date, model, language,
                sum(queries)::BIGINT AS misses,
                sum(cost ORDER BY cost) AS cost,
                sum(input_tokens + output_tokens)::BIGINT AS tokens,
                count(DISTINCT windows.day) AS days
            FROM windows JOIN {relations[COSTS]} AS costs ON costs.event_date = windows.day
            WHERE outcome = 'miss' AND cost IS NOT NULL AND queries = queries_with_tokens
                AND model <> '{NONE}'
            GROUP BY windows.event_date, model, language
            HAVING sum(queries) >= {least} AND sum(input_tokens + output_tokens) > 0
        ),
        compared AS (
            SELECT
                dear.event_date,
                dear.model,
                cheap.model AS cheaper_model,
                max(dear.days) AS days_observed,
                list(dear.language ORDER BY dear.language) AS languages,
                sum(dear.misses)::BIGINT AS misses,
                sum(dear.tokens)::BIGINT AS tokens,
                sum(dear.cost ORDER BY dear.cost) AS cost,
                sum(dear.tokens * cheap.cost / cheap.tokens
                    ORDER BY dear.tokens * cheap.cost / cheap.tokens) AS other_cost
            FROM used AS dear JOIN used AS cheap
                ON dear.event_date = cheap.event_date
                AND dear.language = cheap.language
                AND dear.model <> cheap.model
                AND dear.cost / dear.tokens > cheap.cost / cheap.tokens
            GROUP BY dear.event_date, dear.model, cheap.model
        )
        SELECT compared.*, window_days
        FROM compared JOIN data USING (event_date)
        QUALIFY row_number() OVER (
            PARTITION BY event_date, model ORDER BY cost - other_cost DESC, cheaper_model
        ) = 1
    """


def judge_cheaper_model(figures: Figures, context: Context) -> Recommendation | None:
    """A model for whose questions a cheaper one is used too."""
    model, cheaper = figures["model"], figures["cheaper_model"]
    languages = [each for each in figures["languages"] if each != NONE]
    where = f"in {_listed(languages)}" if languages else "for questions without a language"
    per_million = 1e6 * figures["cost"] / figures["tokens"]
    other = 1e6 * figures["other_cost"] / figures["tokens"]
    return Recommendation(
        text=(
            f"Try {cheaper} instead of {model} {where}, where both are used: a million tokens of "
            f"its misses cost {amount(per_million, 'USD')} on average, and would cost "
            f"{amount(other, 'USD')} as {cheaper} is paid for there."
        ),
        usd_per_day=per_day(figures["cost"] - figures["other_cost"], figures),
        reason="The log does not tell how long another model would have taken for them.",
        counterfactual=(
            f"The {number(figures['tokens'])} tokens of these {number(figures['misses'])} misses "
            f"at the mean cost of a token of {cheaper} in the same language and window."
        ),
        assumption=(
            f"{cheaper} answers these questions well enough, in as many tokens; the log does not "
            "show how good answers are."
        ),
        evidence=(
            Evidence("int_query_costs.queries", figures["misses"], "queries"),
            Evidence("int_query_costs.cost", figures["cost"], "USD"),
            Evidence("int_query_costs.cost", figures["other_cost"], "USD",
                     f"tokens at the cost of {cheaper}"),
            Evidence("int_query_costs.input_tokens", figures["tokens"], "tokens",
                     "sum, with output_tokens"),
        ),
        labels={"model": model, "cheaper_model": cheaper},
    )  # fmt: skip


def _listed(names: list[str], shown: int = 4) -> str:
    more = len(names) - shown
    first = names[:shown] if more > 1 else names
    if len(first) < len(names):
        return f"{', '.join(first)} and {number(more)} other languages"
    return first[0] if len(first) == 1 else f"{', '.join(first[:-1])} and {first[-1]}"


KINDS = (
    Kind(
        "slow_model",
        {
            CACHE: ("total_queries",),
            SLICES: (
                "dimension", "value", "total_queries", "cache_hits", "cache_misses",
                "p95_response_time", "p95_hit_response_time", "average_hit_response_time",
                "average_miss_response_time",
            ),
            COSTS: ("outcome", "model", "queries", "cost"),
        },
        slow_models,
        judge_slow_model,
    ),
    Kind(
        "provider_cache",
        {
            CACHE: ("total_queries",),
            PROMPTS: (
                "model", "repeated_prompts", "prompt_tokens", "prompts_with_price",
                "unread_prompt_cost",
            ),
        },
        repeated_prompts,
        judge_provider_cache,
    ),
    Kind(
        "cheaper_model",
        {
            CACHE: ("total_queries",),
            COSTS: (
                "outcome", "model", "language", "queries", "queries_with_tokens", "cost",
                "input_tokens", "output_tokens",
            ),
        },
        cheaper_models,
        judge_cheaper_model,
    ),
)  # fmt: skip
