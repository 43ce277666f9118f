"""SQL of fields that a mapping computes from a record's texts."""


def divided(path: str, divisor: float) -> str:
    """SQL of the number at a path divided by a number, as text.

    A text that is no number stays as it is, so that it is refused instead of lost.
    """
    text = f"$({path})"
    return f"coalesce((TRY_CAST({text} AS DOUBLE) / {divisor})::VARCHAR, {text})"


def prefixed(prefix: str, path: str) -> str:
    """SQL of the text at a path after a prefix; null where there is none."""
    return f"('{prefix}' || $({path}))"
