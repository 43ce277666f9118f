"""How the value of a metric for several days together comes from those of the days.

Counts add up; a ratio is that of the sums, never the mean of ratios; what a percentile or a number
of different users is for several days cannot be told from those of the days.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from analytics_pipeline.metrics.properties import OverDays

Kind = Literal["sum", "last", "max", "min", "formula", "median"]
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True)
class Aggregation:
    """How several days become one value.

    ``sum``, ``max`` and ``min`` are over the days that have a value, ``last`` is the latest of
    them. ``formula`` is ``postfix`` over the sums of its columns, taken over the days on which the
    metric has a value; a null column of such a day counts as 0. ``median`` is the typical day, and
    not a value of the days together.
    """

    kind: Kind
    postfix: tuple[str | float, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns of the formula, each once."""
        names = dict.fromkeys(part for part in self.postfix if isinstance(part, str))
        return [name for name in names if name not in OPERATORS.values()]


def aggregation_of(declared: OverDays | None, formula: str, sums: Collection[str]) -> Aggregation:
    """The aggregation of a metric: the declared one, or one that follows from its formula.

    ``sums`` are the columns of its mart that are declared to add up. A formula that is arithmetic
    with nothing but those is computed from their sums; of any other metric there is only a typical
    day.
    """
    if declared is not None:
        return Aggregation(declared)
    postfix = postfix_of(formula)
    found = Aggregation("formula", postfix)
    return found if found.columns and set(found.columns) <= set(sums) else Aggregation("median")


def postfix_of(formula: str) -> tuple[str | float, ...]:
    """A formula of names, numbers, parentheses and + - * / in postfix notation; else empty."""
    try:
        return tuple(_postfix(ast.parse(formula.strip(), mode="eval").body))
    except (SyntaxError, ValueError):
        return ()


def _postfix(node: ast.expr) -> Iterator[str | float]:
    match node:
        case ast.Name(name):
            yield name
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            yield float(value)
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield from _postfix(left)
            yield from _postfix(right)
            yield OPERATORS[type(operator)]
        case _:
            raise ValueError("not plain arithmetic")
