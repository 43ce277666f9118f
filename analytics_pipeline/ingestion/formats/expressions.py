"""SQL of fields that a mapping computes from a record's texts."""


class Restated(str):
    """SQL of a field that says all that the one path it reads says, only in other words.

    So the path need not be kept beside the field. ``words`` say what becomes of the text, where
    the documentation of a mapping is to tell it and has no note of its own.
    """

    __slots__ = ("words",)
    words: str

    def __new__(cls, sql: str, words: str = "") -> "Restated":
        """The SQL and its words."""
        restated = super().__new__(cls, sql)
        restated.words = words
        return restated


def divided(path: str, divisor: float) -> Restated:
    """SQL of the number at a path divided by a number, as text.

    A text that is no number stays as it is, so that it is refused instead of lost.
    """
    text = f"$({path})"
    sql = f"coalesce((TRY_CAST({text} AS DOUBLE) / {divisor})::VARCHAR, {text})"
    return Restated(sql, f"divided by {divisor:g}")


def prefixed(prefix: str, path: str) -> Restated:
    """SQL of the text at a path after a prefix; null where there is none."""
    return Restated(f"('{prefix}' || $({path}))", f"after `{prefix}`")
