"""Demand series whose forecasts can be reasoned about."""

from datetime import date

import numpy as np
import pandas as pd

FIRST_DAY = date(2026, 1, 5)  # a Monday
WEEK = 168


def hourly(values: np.ndarray) -> pd.Series:
    """Values as hourly demand from the first day on."""
    hours = pd.date_range(FIRST_DAY, periods=len(values), freq="h", name="hour")
    return pd.Series(np.asarray(values, dtype=float), index=hours)


def weekly(days: int) -> pd.Series:
    """Demand that repeats exactly, week after week."""
    return hourly(np.arange(24 * days) % WEEK + 1)


def office(days: int, seed: int = 3, growth: float = 1.0) -> pd.Series:
    """Noisy demand with working hours and weekends that grows to ``growth`` times its level."""
    hours = np.arange(24 * days)
    random = np.random.default_rng(seed)
    profile = 0.1 + np.exp(-(((hours % 24 - 14) / 4) ** 2))
    weekend = np.where(hours // 24 % 7 < 5, 1, 0.3)
    level = 1 + (growth - 1) * hours / len(hours)
    return hourly(random.poisson(80 * profile * weekend * level))


def last_day(series: pd.Series) -> date:
    return pd.Timestamp(series.index[-1]).date()
