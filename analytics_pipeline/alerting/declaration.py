"""What every alert rule declares, of whatever kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.settings import Thresholds

if TYPE_CHECKING:
    from analytics_pipeline.alerting.reading import Readings

THRESHOLDS = "thresholds."

Direction = Literal["below", "above", "both"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Days = Annotated[int, Field(ge=1, le=400)]


def listed(value: Any) -> Any:
    """A single name as a list of it."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


def _limit(value: Any) -> Any:
    """A number, or the name of a setting that holds one."""
    if isinstance(value, str):
        name = value.removeprefix(THRESHOLDS)
        if not value.startswith(THRESHOLDS) or name not in Thresholds.model_fields:
            known = ", ".join(THRESHOLDS + each for each in Thresholds.model_fields)
            raise ValueError(f"a limit is a number, or names a setting: {known}")
    return value


Limit = Annotated[float | str, BeforeValidator(_limit)]
"""A number, or the name of a setting such as ``thresholds.hit_rate_min``."""


def limit_of(limit: float | str, thresholds: Thresholds) -> float:
    """The number that a limit stands for."""
    if isinstance(limit, str):
        return float(getattr(thresholds, limit.removeprefix(THRESHOLDS)))
    return float(limit)


@dataclass(frozen=True)
class Outcome:
    """What a rule found on a date; the fields are those of Evaluation.

    ``passed`` is None where the rule could not be evaluated; ``message`` says why then.
    """

    passed: bool | None
    message: str
    value: float | None = None
    limit: float | None = None
    findings: tuple[Finding, ...] = ()
    history: Mapping[date, float] = field(default_factory=dict)


class Rule(BaseModel):
    """An alert rule: what is common to all kinds. A kind is a class with a ``kind`` of its own.

    ``enabled: false`` takes a rule out. ``group``, ``owner`` and ``team`` are what routes go by,
    those of the asset where they are not given; ``labels`` are added to those of each finding.
    ``asset`` is the asset that the rule is about,
    ``quantity`` what messages call the value. ``response`` tells what a violation may mean and what
    to look at first, ``runbook`` where more of it stands: a URL, or a place below the setting
    alerting.runbook_base.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: Name = Field(description="the name of the rule, in lower case with underscores.")
    kind: str = Field(description="what the rule looks for.")
    description: str = Field(description="one sentence that says what is so while all is well.")
    response: str = ""
    severity: Literal["warn", "error"] = "warn"
    enabled: bool = True
    asset: Name | None = None
    group: str = ""
    owner: str = ""
    team: str = ""
    runbook: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    quantity: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the rule is evaluated: it is switched on, and lacks nothing."""
        return self.enabled

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        raise NotImplementedError

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables that the rule reads."""
        raise NotImplementedError

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return 0

    @property
    def days_before(self) -> Collection[int]:
        """How many days before a judged day the other days lie that are read."""
        return range(1, self.history + 1)

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return None

    @property
    def metric_id(self) -> str | None:
        """The definition TABLE.COLUMN of the value, where it is a metric of the catalog."""
        return None

    def evaluate(self, readings: "Readings") -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        raise NotImplementedError


def violated(
    findings: Sequence[Finding],
    *,
    value: float | None = None,
    limit: float | None = None,
    history: Mapping[date, float] | None = None,
) -> Outcome:
    """The outcome of a day with findings, the worst first; the first ones are told in words."""
    first, *others = findings
    message = first.message
    if others:
        more = "1 more finding" if len(others) == 1 else f"{len(others)} more findings"
        message = f"{message} {more.capitalize()} of the day."
    return Outcome(False, message, value, limit, tuple(findings), history or {})


def not_evaluated(why: str, **numbers: Any) -> Outcome:
    """The outcome of a day that the rule cannot judge."""
    return Outcome(None, f"Not evaluated: {why}.", **numbers)
