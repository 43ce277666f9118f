"""SQL for the value of a metric over several days, from its values of the days."""

from analytics_pipeline.lake.table import quoted
from analytics_pipeline.metrics.over_days import OPERATORS, Aggregation

OPERATOR_SIGNS = frozenset(OPERATORS.values())
AGGREGATES = {
    # Added up in the order of the days: a sum of floats in any order would differ in its last bits.
    "sum": "sum({column} ORDER BY event_date)",
    "last": "arg_max({column}, event_date)",
    "max": "max({column})",
    "min": "min({column})",
    "median": "median({column})",
}


def over_days(column: str, aggregation: Aggregation, type_: str) -> str:
    """The SQL aggregate of a column of a mart over the rows of several days.

    It is null where no day has a value; a formula is over the days that have one, and null where
    it divides by 0.
    """
    name = quoted(column)
    if aggregation.kind != "formula":
        value = AGGREGATES[aggregation.kind].format(column=name)
        # A sum of integers is of a wider type, and a median of them may lie between two.
        return f"({value})::{type_}" if aggregation.kind == "sum" else value
    stack: list[str] = []
    for part in aggregation.postfix:
        if part in OPERATOR_SIGNS:
            right, left = stack.pop(), stack.pop()
            stack.append(f"({left} / nullif({right}, 0))" if part == "/" else
                         f"({left} {part} {right})")  # fmt: skip
        elif isinstance(part, str):
            addend = f"coalesce({quoted(part)}, 0)"
            stack.append(f"sum({addend} ORDER BY event_date) FILTER ({name} IS NOT NULL)::DOUBLE")
        else:
            stack.append(repr(float(part)))
    return f"({stack.pop()})::{type_}"
