"""Every kind of recommendation. To add one, declare it and add it here and to tables.KINDS."""

from analytics_pipeline.optimization import data_gaps, models, operations, repeated_misses

RECOMMENDED = {
    kind.name: kind
    for kind in (*repeated_misses.KINDS, *models.KINDS, *operations.KINDS, *data_gaps.KINDS)
}
