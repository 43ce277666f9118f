"""The subjects and windows of recommendations in words."""

from analytics_pipeline.optimization.recommendation import Figures
from analytics_pipeline.rounding import count

NONE = "(none)"


def of_model(name: str) -> str:
    """Of which model, as it follows a noun."""
    return "of the model that the log does not name" if name == NONE else f"of model {name}"


def days_of(figures: Figures) -> str:
    """The days of the window that have data: 1 day, 28 days."""
    return count(figures["window_days"], "day", "days")
