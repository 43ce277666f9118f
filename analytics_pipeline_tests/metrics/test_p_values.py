"""The p-values that SQL gives: as exact as scipy's, and what a few values may claim."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from scipy import special

from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.render import call_macro


def test_the_normal_tail_is_that_of_scipy(project: Project) -> None:
    borders = [x * math.sqrt(2) for x in (0.46875, 4)]
    near = [np.nextafter(border, side) for border in borders for side in (0, 99)]
    grid = np.concatenate([np.linspace(0, 37, 20_001), np.geomspace(1e-300, 1, 500), borders, near])
    z = np.concatenate([grid, -grid])
    sql = call_macro(project.macros, "two_sided_p_value", {}, z="z")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE grid AS SELECT unnest($1::DOUBLE[]) AS z", [z.tolist()])
        found = connection.execute(f"SELECT {sql} AS p FROM grid").fetchnumpy()["p"]
        assert connection.execute(f"SELECT {sql} FROM (SELECT NULL::DOUBLE AS z)").fetchall() == [
            (None,)
        ]
        assert connection.execute(f"SELECT {sql} FROM (SELECT 40e0 AS z)").fetchall() == [(0.0,)]
    expected = special.erfc(np.abs(z) / math.sqrt(2))
    assert np.all(np.abs(found / expected - 1) < 1e-12)


def tied_ranks(n: int) -> Iterator[tuple[int, ...]]:
    """Every way in which n values may be tied, as their ranks in ascending order."""
    for rises in itertools.product([0, 1], repeat=n - 1):
        yield tuple(itertools.accumulate(rises, initial=0))


def exact_p_values(ranks: tuple[int, ...]) -> dict[int, float]:
    """For each S, the share of all orders of the values whose S is at least as far from 0."""
    counts: Counter[int] = Counter()
    for order in itertools.permutations(ranks):
        counts[sum((b > a) - (b < a) for a, b in itertools.combinations(order, 2))] += 1
    total = counts.total()
    return {s: sum(n for t, n in counts.items() if abs(t) >= abs(s)) / total for s in counts}


@pytest.mark.parametrize("n", [4, 5, 6])
def test_few_values_are_not_significant_where_the_exact_test_finds_nothing(
    project: Project, n: int
) -> None:
    significance = project.variables["trend_significance"]
    found = 0
    for ranks in tied_ranks(n):
        ties = Counter(ranks).values()
        variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
        for s, exact in exact_p_values(ranks).items():
            z = max(abs(s) - 1, 0) / math.sqrt(variance) if s else 0.0
            if special.erfc(z / math.sqrt(2)) < significance:
                found += 1
                assert exact < significance
    assert (found > 0) == (n >= project.variables["trend_minimum_values"])
