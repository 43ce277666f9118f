"""How well the alert rules find planted incidents: recall, precision, false alerts of calm days.

``python -m analytics_pipeline_tests.alerting.detection --days 400 --events 800000 --seeds 1,2,3``
prints a table.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline_tests.alerting.planted_lake import Planted, planted_lake

DEMAND = ("traffic_*", "demand_*", "event_volume*")
ABOUT: Mapping[str, tuple[str, ...]] = {
    "hit_rate_drop": ("hit_rate*",),
    "latency_regression": ("response_time*", "latency_*"),
    "cost_spike": ("cost_*",),
    "outage": (*DEMAND, "query_error_rate*", "errors_after_*"),
    "traffic_surge": DEMAND,
    "missing_data": (*DEMAND, "missing_data", "freshness"),
    "error_burst": ("error_rate*",),
    "new_error_template": ("new_error_template",),
    "host_saturation": ("host_*",),
    "clock_skew": ("clock_skew",),
    "quarantine_burst": ("quarantine_share", "new_quarantine_reason"),
    "schema_drift": ("schema_drift",),
    "delivery_failures": ("build_*", "change_failure_*", "deployment_failure*"),
    "seasonal_surge": DEMAND,
}
"""For each kind of incident the patterns of the names of the rules that are about it."""

WARMING_UP = 28
"""Days at the start of a period that count for nothing: its cache is cold, and rules have little
to compare with."""


@dataclass(frozen=True)
class Opened:
    """An incident that the rules open: the first of days in a row with the same rule and labels."""

    day: date
    rule: str
    labels: Mapping[str, str]
    message: str


def opened(evaluations: Mapping[date, Sequence[Evaluation]]) -> list[Opened]:
    """The incidents that open, day by day.

    One stays open from a day on which its rule finds it to the next on which the rule was
    evaluated and did not.
    """
    found: list[Opened] = []
    known: dict[str, set[tuple[tuple[str, str], ...]]] = defaultdict(set)
    for day, of_day in sorted(evaluations.items()):
        for evaluation in of_day:
            if evaluation.passed is None:
                continue
            slices = {tuple(sorted(each.labels.items())): each for each in evaluation.findings}
            found.extend(
                Opened(day, evaluation.name, finding.labels, finding.message)
                for labels, finding in slices.items()
                if labels not in known[evaluation.name]
            )
            known[evaluation.name] = set(slices)
    return found


@dataclass(frozen=True)
class Detection:
    """What became of one planted incident: the incidents opened on its day that are about it."""

    planted: Planted
    about: Sequence[Opened]

    @property
    def alerted(self) -> bool:
        """Whether there is any."""
        return bool(self.about)

    @property
    def named(self) -> bool:
        """Whether one of them names what is affected, all of it."""
        return any(self.planted.labels.items() <= each.labels.items() for each in self.about)


@dataclass(frozen=True)
class Measure:
    """The detections of what should alert and of what should not, and the false alerts.

    ``calm_days`` counts the days after the warming up on which nothing was planted but what is
    normal; ``false`` are the incidents opened on them, ``early`` those opened before.
    ``beside`` are those that are opened on the day of another kind of incident than they are about.
    """

    expected: Sequence[Detection]
    normal: Sequence[Detection]
    false: Sequence[Opened]
    beside: Sequence[Opened]
    early: Sequence[Opened]
    calm_days: int

    @property
    def recall(self) -> float:
        """Share of the expected incidents that are alerted on their day."""
        return sum(each.alerted for each in self.expected) / len(self.expected)

    @property
    def false_days(self) -> int:
        """Calm days with false alerts: those of one day count as one, as they are told."""
        return len({each.day for each in self.false})

    @property
    def precision(self) -> float:
        """Share of the days with new incidents on which there was one."""
        right = len({each.planted.day for each in self.expected if each.alerted})
        return right / max(1, right + self.false_days)

    @property
    def false_per_month(self) -> float:
        """Calm days with false alerts in 30 calm days."""
        return 30 * self.false_days / self.calm_days


def measured(
    planted: Iterable[Planted], evaluations: Mapping[date, Sequence[Evaluation]]
) -> Measure:
    """Match the incidents that the rules open to those that were planted."""
    planted = list(planted)
    by_day: dict[date, list[Opened]] = defaultdict(list)
    for each in opened(evaluations):
        by_day[each.day].append(each)
    disturbed = {each.day: each.kind for each in planted if each.expected}

    def detection(of: Planted) -> Detection:
        return Detection(of, [each for each in by_day[of.day] if _is_about(of.kind, each.rule)])

    undisturbed = sorted(set(evaluations) - set(disturbed))
    calm = [day for day in undisturbed if (day - undisturbed[0]).days >= WARMING_UP]
    return Measure(
        expected=[detection(each) for each in planted if each.expected],
        normal=[
            detection(each) for each in planted if not each.expected and each.day not in disturbed
        ],
        false=[each for day in calm for each in by_day[day]],
        beside=[
            each
            for day, kind in sorted(disturbed.items())
            for each in by_day[day]
            if not _is_about(kind, each.rule)
        ],
        early=[each for day in undisturbed[: -len(calm)] for each in by_day[day]],
        calm_days=len(calm),
    )


def _is_about(kind: str, rule: str) -> bool:
    return any(fnmatch(rule, pattern) for pattern in ABOUT[kind])


def together(measures: Sequence[Measure]) -> Measure:
    """Several measures as one; days of different periods are the same only by chance."""
    return Measure(
        [each for measure in measures for each in measure.expected],
        [each for measure in measures for each in measure.normal],
        [each for measure in measures for each in measure.false],
        [each for measure in measures for each in measure.beside],
        [each for measure in measures for each in measure.early],
        sum(measure.calm_days for measure in measures),
    )


def table(measures: Sequence[Measure]) -> str:
    """The figures of some periods, for people."""
    all_of = together(measures)
    false_days = sum(measure.false_days for measure in measures)
    right = sum(len({d.planted.day for d in m.expected if d.alerted}) for m in measures)
    lines = [f"{'incident':<20} planted  alerted  named  by"]
    for kind in ABOUT:
        of_kind = [each for each in all_of.expected if each.planted.kind == kind]
        if of_kind:
            rules = Counter(rule for each in of_kind for rule in {one.rule for one in each.about})
            by = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
            labelled = any(each.planted.labels for each in of_kind)
            named = str(sum(each.named for each in of_kind)) if labelled else ""
            alerted = sum(each.alerted for each in of_kind)
            lines.append(f"{kind:<20} {len(of_kind):>7}  {alerted:>7}  {named:>5}  {by}")
    surges = len(all_of.normal)
    alerted = sum(each.alerted for each in all_of.normal)
    lines += [
        f"{'all':<20} {len(all_of.expected):>7}  "
        f"{sum(each.alerted for each in all_of.expected):>7}",
        "",
        f"recall                     {all_of.recall:.3f}",
        f"precision                  {right / max(1, right + false_days):.3f}",
        f"normal surges alerted      {alerted} of {surges}",
        f"calm days                  {all_of.calm_days}",
        f"calm days with an alert    {false_days}"
        f" ({30 * false_days / all_of.calm_days:.2f} in 30 days)",
        f"incidents opened on them   {len(all_of.false)}"
        f" ({30 * len(all_of.false) / all_of.calm_days:.2f} in 30 days)",
        f"opened beside the cause    {len(all_of.beside)} on days of an incident",
        f"opened while warming up    {len(all_of.early)}",
    ]
    return "\n".join(lines)


def details(measure: Measure) -> str:
    """What was missed, what was alerted falsely, and what beside the cause."""
    lines = []
    for each in measure.expected:
        if not each.alerted:
            lines.append(
                f"missed  {each.planted.day} {each.planted.kind}: {each.planted.description}"
            )
        elif each.planted.labels and not each.named:
            lines.append(f"unnamed {each.planted.day} {each.planted.kind} {each.planted.labels}")
    lines += [
        f"normal  {one.day} {one.rule}: {one.message}"
        for each in measure.normal
        for one in each.about
    ]
    for told, found in (("early", measure.early), ("false", measure.false)):
        lines += [f"{told:<7} {each.day} {each.rule}: {each.message}" for each in found]
    beside = Counter(each.rule for each in measure.beside)
    lines += [f"beside  {count:>3} {rule}" for rule, count in beside.most_common()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--events", type=int, default=800_000)
    parser.add_argument("--seeds", default="1", help="Seeds of the generator, such as 1,2,3.")
    parser.add_argument("--forecasts", action="store_true", help="Build forecasts, too.")
    options = parser.parse_args()
    measures = []
    for seed in map(int, options.seeds.split(",")):
        with tempfile.TemporaryDirectory(prefix="aicache-detection-") as scratch:
            lake = planted_lake(
                Path(scratch), days=options.days, events=options.events, seed=seed,
                forecasts=options.forecasts,
            )  # fmt: skip
            started = time.perf_counter()
            evaluations = lake.evaluate()
            seconds = time.perf_counter() - started
            measures.append(measured(lake.planted, evaluations))
        print(f"seed {seed}: {options.days} days evaluated in {seconds:.1f} s")
        print(details(measures[-1]), end="\n\n", flush=True)
    print(table(measures))


if __name__ == "__main__":
    main()
