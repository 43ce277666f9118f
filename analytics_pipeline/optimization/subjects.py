"""The subjects of recommendations in words."""

NONE = "(none)"


def of_model(name: str) -> str:
    """Of which model, as it follows a noun."""
    return "of the model that the log does not name" if name == NONE else f"of model {name}"
