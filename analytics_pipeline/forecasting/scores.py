"""How good a forecast was: errors against what came to pass."""

import numpy as np
import pandas as pd


def mean_absolute_error(actual: pd.Series, forecast: pd.Series) -> float:
    """MAE, in the unit of the series."""
    return float((actual - forecast).abs().mean())


def root_mean_squared_error(actual: pd.Series, forecast: pd.Series) -> float:
    """RMSE, in the unit of the series."""
    return float(np.sqrt(((actual - forecast) ** 2).mean()))


def coverage(actual: pd.Series, lower: pd.Series, upper: pd.Series) -> float:
    """Share of the values that lie within their interval, ends included."""
    return float(((actual >= lower) & (actual <= upper)).mean())


def seasonal_naive_scale(training: pd.Series, season: int) -> float | None:
    """In-sample MAE of the seasonal naive forecast, by which MASE divides errors.

    Method: Hyndman and Koehler 2006, Another look at measures of forecast accuracy, International
    Journal of Forecasting 22(4). ``training`` is regular in time, with NaN where it is not known.
    None where no two values are a season apart, or where the scale is 0.
    """
    differences = training.diff(season).abs().dropna()
    scale = float(differences.mean()) if len(differences) else 0.0
    return scale if scale > 0 else None
