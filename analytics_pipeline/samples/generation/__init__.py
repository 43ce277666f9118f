"""Generated events: any amount, of every type, the same for the same seed, and labelled as such."""

from analytics_pipeline.samples.generation.generate import (
    GenerationError,
    GenerationSummary,
    generate,
)

__all__ = ["GenerationError", "GenerationSummary", "generate"]
