"""The tables of the demand forecast."""

from analytics_pipeline.lake.table import Column, Table

MODELS = ("prophet", "seasonal_naive")

HOURLY_QUERY_DEMAND = Table(
    "hourly_query_demand",
    "Cache queries of each hour: 24 rows a day.",
    (
        Column("hour", "TIMESTAMP", "Start of the hour (UTC).", nullable=False),
        Column("queries", "BIGINT", "Cache queries put in the hour; null where that is not known: "
               "on a day without any cache query, of which the events do not tell whether there "
               "was no demand or no log, and in an hour that was not over.", unit="queries",
               minimum=0),
    ),
    order_by=("hour",),
    key=("hour",),
)  # fmt: skip

DEMAND_FORECAST = Table(
    "demand_forecast",
    "What the events up to the end of the event date foretell of the 24 hours after it: 24 rows "
    "a day, by the model that did better in the backtest.",
    (
        Column("hour", "TIMESTAMP", "Start of the forecast hour (UTC), on the day after the event "
               "date.", nullable=False),
        Column("model", "VARCHAR", "Model of the forecast; null where there is none.",
               accepted=MODELS),
        Column("forecast", "DOUBLE", "Expected cache queries; null where there is no forecast.",
               unit="queries", minimum=0),
        Column("lower", "DOUBLE", "Lower end of the prediction interval.", unit="queries",
               minimum=0),
        Column("upper", "DOUBLE", "Upper end of the prediction interval.", unit="queries",
               minimum=0),
        Column("reason", "VARCHAR", "Why there is no forecast; null where there is one."),
    ),
    order_by=("hour",),
    key=("hour",),
)  # fmt: skip

FORECAST_MODELS = Table(
    "forecast_models",
    "The models of the demand forecast, each with its errors in a rolling-origin backtest: two "
    "rows a day.",
    (
        Column("model", "VARCHAR", "Name of the model.", nullable=False, accepted=MODELS),
        Column("chosen", "BOOLEAN", "True for the model that made the forecast.", nullable=False),
        Column("mae", "DOUBLE", "Mean absolute error of the backtest.", unit="queries per hour",
               minimum=0),
        Column("rmse", "DOUBLE", "Root mean squared error of the backtest.",
               unit="queries per hour", minimum=0),
        Column("mase", "DOUBLE", "Mean absolute scaled error of the backtest: below 1 is better "
               "than the weekly seasonal naive forecast was within the training part.",
               minimum=0),
        Column("coverage", "DOUBLE", "Measured share of the backtest's hours that lay within "
               "their prediction interval.", minimum=0, maximum=1),
        Column("interval_width", "DOUBLE", "Share that the prediction interval is made to hold.",
               nullable=False, minimum=0, maximum=1),
        Column("folds", "BIGINT", "Origins of the backtest; 0 where there was none.",
               nullable=False, minimum=0),
        Column("trained_from", "DATE", "First day with demand that the model was trained on."),
        Column("trained_to", "DATE", "Last day with demand that the model was trained on."),
        Column("training_hours", "BIGINT", "Hours with demand in the history.", nullable=False,
               unit="hours", minimum=0),
        Column("reason", "VARCHAR", "Why figures are null; null where none is."),
    ),
    order_by=("model",),
    key=("model",),
)  # fmt: skip

ALL = (HOURLY_QUERY_DEMAND, DEMAND_FORECAST, FORECAST_MODELS)
