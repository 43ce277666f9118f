"""What is usual for a day: a weekly season with the spread around it, both robust.

The season is the median of each weekday in the weeks before; the spread is the median absolute
deviation from it, times 1.4826, which estimates the standard deviation where deviations are
normal (Rousseeuw and Croux 1993, Alternatives to the Median Absolute Deviation). A robust z-score
is a deviation divided by that spread (Iglewicz and Hoaglin 1993, How to Detect and Handle
Outliers). Days with incidents in the weeks before therefore hardly move what is usual.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEK = 7
NORMAL_MAD = 1.4826
TAIL = 0.95


@dataclass(frozen=True)
class Baseline:
    """What is usual for each slice on a day.

    ``expected`` is the median of the same weekday, NaN where it is unknown; ``spread`` estimates
    the standard deviation of the day around it, and ``tail`` is the deviation that one day in
    twenty exceeds, both in the unit of the values; ``days`` counts the days with a value in the
    weeks before.
    """

    expected: Floats
    spread: Floats
    tail: Floats
    days: Floats


def median_of_known(values: Floats) -> Floats:
    """The median along the first axis of what is not NaN; NaN where nothing is.

    numpy's own takes a hundred times as long for arrays as small as these.
    """
    ordered = np.sort(values, axis=0)
    known = np.isfinite(values).sum(axis=0)
    last = len(values) - 1
    middle = [np.clip((known - 1) // 2, 0, last), np.clip(known // 2, 0, last)]
    low, high = (np.take_along_axis(ordered, at[np.newaxis], axis=0)[0] for at in middle)
    median: Floats = (low + high) / 2
    return median


def high_quantile_of_known(values: Floats) -> Floats:
    """The value that a twentieth of what is not NaN exceeds, along the first axis."""
    known = np.isfinite(values).sum(axis=0)
    at = np.clip(np.ceil(TAIL * known).astype(int) - 1, 0, len(values) - 1)
    quantile: Floats = np.take_along_axis(np.sort(values, axis=0), at[np.newaxis], axis=0)[0]
    return quantile


def weekday_medians(history: Floats) -> Floats:
    """The median of each weekday: rows for 7 days, the first that of the day after the history.

    ``history`` has a row a day, whole weeks of them, and a column for each slice.
    """
    return median_of_known(history.reshape(-1, WEEK, history.shape[1]))


def seasonal_baseline(
    history: Floats,
    *,
    relative: bool,
    evidence: Floats | None = None,
    evidence_of_day: Floats | None = None,
) -> Baseline:
    """What is usual on the day after a history of whole weeks.

    ``relative``: deviations grow with what is usual, as those of counts, costs and times do; else
    they are the same on every weekday. Where the evidence behind each value is given (such as
    the number of queries behind a hit rate), a day with less of it than others may deviate more,
    as sampling errors do: by the square root of the evidence.
    """
    medians = weekday_medians(history)
    expected = medians[0]
    weeks = history.reshape(-1, WEEK, history.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        absolute = np.abs(weeks - medians)
        deviation = absolute
        if relative:
            deviation = np.where(medians > 0, absolute / medians, np.nan)
        absolute, deviation = absolute.reshape(history.shape), deviation.reshape(history.shape)
        known = np.isfinite(deviation)
        days = known.sum(axis=0).astype(np.float64)
        spread = median_of_known(deviation)
        if evidence is not None and evidence_of_day is not None:
            of_sampling = median_of_known(deviation * np.sqrt(evidence))
            spread = np.fmax(spread, of_sampling / np.sqrt(evidence_of_day))
        # The medians were fitted to the same days, one for each weekday.
        freedom = np.sqrt(days / np.maximum(days - WEEK, 1))
        # A median of k values is itself uncertain by sqrt(pi / 2k) standard deviations.
        same_weekday = np.isfinite(weeks[:, 0]).sum(axis=0)
        prediction = np.sqrt(1 + np.pi / 2 / np.maximum(same_weekday, 1))
        spread = NORMAL_MAD * spread * freedom * prediction
        tail = high_quantile_of_known(deviation)
        if relative:
            spread = spread * expected
            # Most days of a user who seldom comes are 0: a deviation from that is no proportion.
            tail = np.where(expected > 0, tail * expected, high_quantile_of_known(absolute))
    return Baseline(
        expected,
        np.nan_to_num(spread),
        np.nan_to_num(tail),
        np.isfinite(history).sum(axis=0).astype(np.float64),
    )
