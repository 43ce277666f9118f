"""Generated events: any amount, of most types, the same for the same seed, and labelled as such."""

from analytics_pipeline.samples.generation.generate import (
    GenerationError,
    GenerationSummary,
    generate,
)

__all__ = ["GenerationError", "GenerationSummary", "generate"]
