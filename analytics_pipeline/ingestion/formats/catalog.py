"""Every source format there is. To add one, add its file and name it here."""

import json
from collections.abc import Sequence
from typing import Any

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.ingestion.formats.behavioral import BEHAVIORAL
from analytics_pipeline.ingestion.formats.custom_logs import custom_log_format
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.github import GITHUB
from analytics_pipeline.ingestion.formats.gitlab import GITLAB
from analytics_pipeline.ingestion.formats.json_logs import JSON_LOG
from analytics_pipeline.ingestion.formats.litellm import LITELLM
from analytics_pipeline.ingestion.formats.litellm_spend_logs import LITELLM_SPEND_LOGS
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.formats.opentelemetry import OPENTELEMETRY
from analytics_pipeline.ingestion.formats.text_logs import TEXT_LOGS, recognized_text_format
from analytics_pipeline.ingestion.formats.toon import TOON
from analytics_pipeline.settings import Settings

FORMATS: tuple[Format, ...] = (
    NATIVE, TOON, BEHAVIORAL, LITELLM, LITELLM_SPEND_LOGS, GITHUB, GITLAB, OPENTELEMETRY,
    JSON_LOG, *TEXT_LOGS,
)  # fmt: skip


class UnknownFormatError(PipelineError):
    """A format that a setting or a lake names does not exist; the message lists those there are."""


def formats_of(settings: Settings) -> tuple[Format, ...]:
    """The formats of this project, and those that the settings define; raises LogPatternError."""
    defined = (
        custom_log_format(each.name, each.pattern, each.time_format, each.level)
        for each in settings.log_formats
    )
    return (*defined, *FORMATS)


def tables_of(settings: Settings) -> tuple[str, ...]:
    """The tables of SQLite databases that hold records of some format."""
    return tuple(table for each in formats_of(settings) for table in each.tables)


def format_named(name: str, settings: Settings) -> Format:
    """The format of a name; raises UnknownFormatError."""
    formats = {each.name: each for each in formats_of(settings)}
    if name not in formats:
        raise UnknownFormatError(
            f"There is no format {name}; there are {', '.join(sorted(formats))}. Lines in it can "
            "be read again once it is defined."
        )
    return formats[name]


def recognized(texts: Sequence[str], settings: Settings) -> Format:
    """The format that most of the first records of a file are of; the native one where in doubt."""
    objects = [found for text in texts if (found := _object(text)) is not None]
    if not objects:
        text_logs = [each for each in formats_of(settings) if each.pattern is not None]
        return recognized_text_format(texts, text_logs) or NATIVE
    counts = {
        each.name: sum(each.recognizes(found) for found in objects)
        for each in formats_of(settings)
        if each.recognizes is not None
    }
    best = max(counts, key=lambda name: counts[name])
    return format_named(best, settings) if counts[best] else NATIVE


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
