"""The expectations tested by Great Expectations, one validation a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import pandas as pd

from analytics_pipeline.expectations.suite import SUITE, Expectation
from analytics_pipeline.expectations.tables import ALL

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult

SHOWN_BREACHES = 5


@dataclass(frozen=True)
class DayResult:
    """What the expectations found on one day.

    ``failed`` names each expectation that was not met with what breaks it, in words, and
    ``not_evaluated`` those for which the day or its past has nothing to judge. ``validation`` is
    the result as Great Expectations gives it.
    """

    success_percent: float
    failed: Mapping[str, str]
    not_evaluated: tuple[str, ...]
    validation: "ExpectationSuiteValidationResult"

    @property
    def passed(self) -> bool:
        """True where every expectation that could be evaluated is met."""
        return not self.failed


def gx_suite(expectations: Sequence[Expectation]) -> "ExpectationSuite":
    """The declarations as a suite of Great Expectations."""
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectationSuite(
        SUITE,
        expectations=[
            ExpectColumnValuesToBeBetween(
                column=each.column,
                min_value=each.minimum,
                max_value=each.maximum,
                severity=FailureSeverity(each.severity),
                description=each.description,
                meta={"name": each.name},
            )
            for each in expectations
        ],
    )


def validate_days(
    frames: Mapping[date, pd.DataFrame], expectations: Sequence[Expectation]
) -> dict[date, DayResult]:
    """Test the compared profile of each day.

    The run of a validation is named for its day and dated at its midnight, whenever it is done.
    Importing Great Expectations takes seconds, the first time in a process.
    """
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    profile = context.data_sources.add_pandas("lake").add_dataframe_asset("compared_profile")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=SUITE,
            data=profile.add_batch_definition_whole_dataframe("day"),
            suite=context.suites.add(gx_suite(expectations)),
        )
    )
    return {
        day: _day_result(
            definition.run(
                batch_parameters={"dataframe": frame},
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["event_type", "field"],
                },
                run_id=RunIdentifier(day.isoformat(), datetime.combine(day, time(), UTC)),
            )
        )
        for day, frame in frames.items()
    }


def _day_result(validation: "ExpectationSuiteValidationResult") -> DayResult:
    failed, not_evaluated = {}, []
    for each in validation.results:
        config: Any = each.expectation_config
        name, column = config.meta["name"], config.kwargs["column"]
        if not each.success:
            failed[name] = _breaches(column, each.result)
        elif each.result["missing_count"] == each.result["element_count"]:
            not_evaluated.append(name)
    percent = float(validation.statistics["success_percent"] or 0)
    return DayResult(percent, failed, tuple(not_evaluated), validation)


def _breaches(column: str, result: Mapping[str, Any]) -> str:
    count = result["unexpected_count"]
    rows = result["partial_unexpected_index_list"][:SHOWN_BREACHES]
    shown = ", ".join(f"{_subject(row)} ({row[column]:.4g})" for row in rows)
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    return f"{column} of {shown}{more}"


def _subject(row: Mapping[str, Any]) -> str:
    match row["event_type"], row["field"]:
        case str(event_type), str(field) if field != ALL:
            return f"{event_type}.{field}"
        case str(event_type), _ if event_type != ALL:
            return event_type
    return "all events"
