"""A report as JSON: everything that it says, unrounded. report.schema.json describes it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from math import isfinite
from typing import Any

from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Card,
    Cards,
    Chart,
    Figures,
    InputVersion,
    Paragraphs,
    Report,
    Rows,
)
from analytics_pipeline.reporting.measure import Metric, unit_of

FORMAT = "aicache-analytics report"
FORMAT_VERSION = 2


def as_json(report: Report) -> str:
    """The report as JSON: sections and blocks by id, in the order of the report.

    Numbers are unrounded, in the unit beside them; a number that is null has a reason. Dates are
    ISO 8601, times end in Z (UTC). Charts are there as their description only.
    """
    document = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "kind": report.kind,
        "view": report.view,
        "team": report.team,
        "first": report.first,
        "last": report.last,
        "status": {
            "level": report.status.level,
            "sentence": report.status.sentence,
            "reasons": report.status.reasons,
        },
        "sections": {
            section.id: {block.id: _block(block, report) for block in section.blocks}
            for section in report.sections
        },
        "definitions": {
            definition.id: {
                "description": definition.description,
                "formula": definition.formula,
                "unit": definition.unit,
            }
            for definition in report.definitions.values()
        },
        "inputs": inputs_by_name(report.inputs),
    }
    return json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def content_hash(report: Report) -> str:
    """SHA-256 of the report's JSON, which is that of the JSON file as well."""
    return sha256(as_bytes(as_json(report))).hexdigest()


def as_bytes(text: str) -> bytes:
    """A text as UTF-8. What is no character, such as half a surrogate pair, is written escaped."""
    return text.encode("utf-8", "backslashreplace")


def inputs_by_name(inputs: Sequence[InputVersion]) -> dict[str, Any]:
    """The input versions: ``partitions`` by table and date, ``files`` by path with their dates."""
    partitions: dict[str, dict[str, str]] = {}
    files: dict[str, dict[str, Any]] = {}
    for version in inputs:
        day = version.event_date.isoformat()
        if version.kind == "partition":
            partitions.setdefault(version.name, {})[day] = version.sha256
        else:
            file = files.setdefault(version.name, {"sha256": version.sha256, "event_dates": []})
            file["event_dates"].append(day)
    return {"partitions": partitions, "files": files}


def plain(value: Any) -> Any:
    """A value as JSON has it: dates and times as text, a number that is not finite as null."""
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | Decimal):
        return float(value) if isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _key(key: Any) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)


def _block(block: Block, report: Report) -> dict[str, Any]:
    match block:
        case Cards():
            return {"type": "cards", "cards": {card.name: _card(card) for card in block.cards}}
        case Figures():
            figures = {name: _metric(metric) for name, metric in block.metrics.items()}
            return {"type": "figures", "figures": figures}
        case Rows():
            return _rows(block, report)
        case Chart():
            return {"type": "chart", "description": block.description}
        case Alerts():
            evaluations = {
                day: [_evaluation(evaluation) for evaluation in of_day]
                for day, of_day in block.evaluations.items()
            }
            return {"type": "alerts", "evaluations": evaluations}
        case Paragraphs():
            return {"type": "paragraphs", "sentences": block.sentences}


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "value": metric.value,
        "unit": metric.unit,
        "reason": metric.reason,
        "id": metric.id,
        "definition": metric.definition,
    }


def _card(card: Card) -> dict[str, Any]:
    comparison = card.comparison
    return {
        **_metric(card.metric),
        "better": card.better,
        "comparison": {
            "first": comparison.first,
            "last": comparison.last,
            "previous": comparison.previous,
            "change": comparison.change,
            "relative_change": comparison.relative_change,
            "reason": comparison.reason,
        },
        "days": dict(zip(card.days, card.values, strict=True)),
    }


def _rows(block: Rows, report: Report) -> dict[str, Any]:
    listing = block.listing
    return {
        "type": "rows",
        "table": block.table,
        "key": block.key,
        "columns": {
            column.name: {
                "type": column.type,
                "unit": unit_of(column),
                "id": definition_id(block, column, report),
                "description": column.description,
            }
            for column in listing.columns
        },
        "rows": [{name: row.get(name) for name in _names(block)} for row in listing.rows],
        "total": listing.total,
        "reason": listing.reason,
    }


def _names(block: Rows) -> list[str]:
    return [column.name for column in block.listing.columns]


def definition_id(block: Rows, column: Column, report: Report) -> str | None:
    """The definition TABLE.COLUMN of a list's column, where the report has it."""
    name = f"{block.table}.{column.name}"
    return name if block.table and name in report.definitions else None


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "name": evaluation.name,
        "severity": evaluation.severity,
        "passed": evaluation.passed,
        "value": evaluation.value,
        "limit": evaluation.limit,
        "unit": evaluation.unit,
        "message": evaluation.message,
        "asset": evaluation.asset,
        "metric": evaluation.metric,
        "findings": [_finding(finding) for finding in evaluation.findings],
        "history": evaluation.history,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "message": finding.message,
        "labels": finding.labels,
        "value": finding.value,
        "expected": finding.expected,
        "lower": finding.lower,
        "upper": finding.upper,
    }
