"""The outcomes of asset checks, of alert rules as of data tests, as reports on incidents."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from analytics_pipeline.alerting.checks import EVALUATED, FINDINGS, RESPONSE
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.incidents.incident import Report, Source

PAGE = 1000
DATES = re.compile(r"(?:\d{4}-\d\d-\d\d to )?(\d{4}-\d\d-\d\d)")
# The metadata in which checks without partitions say of which dates they are.
DATES_KEYS = ("event date", "event_dates")


class CheckReports:
    """Reads what the checks of some assets found; ``graph`` says what the assets depend on."""

    def __init__(self, graph: AssetGraph) -> None:
        self.graph = graph
        self._upstream: dict[dg.AssetKey, frozenset[str]] = {}

    def of_run(self, instance: dg.DagsterInstance, run_id: str) -> Iterator[Report]:
        """A report for each evaluation of a run, in their order; checks of other assets left out.

        A rule that could not be evaluated reports nothing: that no query came does not say that the
        hit rate has recovered. The id is made of the run and the place of the evaluation in the
        run's log.
        """
        cursor = None
        while True:
            page = instance.get_records_for_run(
                run_id,
                cursor=cursor,
                of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION,
                limit=PAGE,
            )
            for record in page.records:
                event = record.event_log_entry.dagster_event
                if event is None:
                    continue
                evaluation = event.asset_check_evaluation_data
                if evaluation.asset_key not in self._keys or _is_unjudged(evaluation):
                    continue
                yield self.report(
                    evaluation,
                    name=f"{run_id}/{record.storage_id}",
                    run_id=run_id,
                    evaluated_at=datetime.fromtimestamp(record.event_log_entry.timestamp, UTC),
                )
            if not page.has_more:
                return
            cursor = page.cursor

    @property
    def _keys(self) -> Any:
        return self.graph.get_all_asset_keys()

    def report(
        self, evaluation: dg.AssetCheckEvaluation, *, name: str, run_id: str, evaluated_at: datetime
    ) -> Report:
        """What an evaluation reports; what failed without findings of its own is one finding."""
        found = () if evaluation.passed else _findings(evaluation)
        return Report(
            id=name,
            source=self._source(evaluation),
            severity=evaluation.severity.value,
            event_date=_event_date(evaluation),
            evaluated_at=evaluated_at,
            findings=found,
            run_id=run_id,
        )

    def _source(self, evaluation: dg.AssetCheckEvaluation) -> Source:
        key = evaluation.asset_key
        asset = self.graph.get(key)
        check = dg.AssetCheckKey(key, evaluation.check_name)
        described = self.graph.get(check) if check in self.graph.asset_check_keys else None
        said = {**(described.metadata if described else {}), **evaluation.metadata}
        owner = _text(said, "owner") or next(iter(asset.owners), "")
        team = _text(said, "team")
        if not team and owner.startswith("team:"):
            team = owner.removeprefix("team:")
        return Source(
            rule=evaluation.check_name,
            asset="/".join(key.path),
            group=_text(said, "group") or asset.group_name or "",
            owner=owner,
            team=team,
            runbook=_text(said, "runbook"),
            description=(described.description if described else "") or "",
            response=_text(said, RESPONSE),
            upstream=self._upstream_of(key),
        )

    def _upstream_of(self, key: dg.AssetKey) -> frozenset[str]:
        if key not in self._upstream:
            ancestors = self.graph.get_ancestor_asset_keys(key)
            self._upstream[key] = frozenset("/".join(each.path) for each in ancestors)
        return self._upstream[key]


def _is_unjudged(evaluation: dg.AssetCheckEvaluation) -> bool:
    return _value(evaluation.metadata, EVALUATED) is False


def _value(metadata: Mapping[str, Any], name: str) -> Any:
    value = metadata.get(name)
    return value.value if isinstance(value, dg.MetadataValue) else value


def _text(metadata: Mapping[str, Any], name: str) -> str:
    value = _value(metadata, name)
    return value if isinstance(value, str) else ""


def _event_date(evaluation: dg.AssetCheckEvaluation) -> date | None:
    """The date of the evaluation, the last one where it is of several, null where of all."""
    texts = [evaluation.partition, *(_text(evaluation.metadata, key) for key in DATES_KEYS)]
    found = next((match for text in texts if text and (match := DATES.fullmatch(text))), None)
    return date.fromisoformat(found[1]) if found else None


def _findings(evaluation: dg.AssetCheckEvaluation) -> tuple[Finding, ...]:
    labels = _labels(_value(evaluation.metadata, "labels"))
    written = _value(evaluation.metadata, FINDINGS)
    if isinstance(written, list) and written:
        return tuple(
            Finding(**{**each, "labels": labels | _labels(each.get("labels"))}) for each in written
        )
    said = evaluation.description or f"The check {evaluation.check_name} failed."
    message = said.removeprefix(f"{evaluation.partition}: ")
    failing = _value(evaluation.metadata, "failing_rows")
    value = float(failing) if isinstance(failing, int | float) else None
    return (Finding(message, labels, value),)


def _labels(written: Any) -> dict[str, str]:
    if not isinstance(written, Mapping):
        return {}
    return {str(name): str(value) for name, value in written.items()}
