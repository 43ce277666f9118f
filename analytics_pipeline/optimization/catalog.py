"""Every kind of recommendation. To add one, declare it and add it here and to tables.KINDS."""

from analytics_pipeline.optimization import capacity, data_gaps, failures, models, repeated_misses

RECOMMENDED = {
    kind.name: kind
    for kind in (
        *repeated_misses.KINDS,
        *models.KINDS,
        *failures.KINDS,
        *capacity.KINDS,
        *data_gaps.KINDS,
    )
}
