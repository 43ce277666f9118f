"""How long the hits and misses of each model take in a window."""

from analytics_pipeline.optimization.recommendation import Relations

SLICES = "daily_cache_metrics_by_slice"
HITS_BY_MODEL = {
    SLICES: ("dimension", "value", "cache_hits", "average_hit_response_time"),
}


def hits_by_model(relations: Relations) -> str:
    """SQL of the mean response time of the hits of each model in each window.

    The means of the days are weighted by their hits.
    """
    return f"""
        SELECT
            windows.event_date,
            value AS model,
            sum(cache_hits * average_hit_response_time
                ORDER BY cache_hits, average_hit_response_time)
                / sum(cache_hits) AS mean_hit_response_time
        FROM windows JOIN {relations[SLICES]} AS slices ON slices.event_date = windows.day
        WHERE dimension = 'model' AND cache_hits > 0 AND average_hit_response_time IS NOT NULL
        GROUP BY windows.event_date, value
    """
