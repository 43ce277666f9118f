"""All configuration of the pipeline: typed, documented here, validated when the process starts.

A setting comes from the environment (prefix ``AICACHE_``, nested groups joined by ``__``, such
as ``AICACHE_THRESHOLDS__HIT_RATE_MIN=0.6``), or else from the TOML file that ``AICACHE_CONFIG``
names (``aicache-analytics.toml`` in the working directory where it is unset), or else has the
default below.
"""

import os
import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from analytics_pipeline.errors import PipelineError

CONFIG_FILE_VARIABLE = "AICACHE_CONFIG"
DEFAULT_CONFIG_FILE = "aicache-analytics.toml"

URL = re.compile(r"[a-z][a-z0-9+.:-]*://")
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class SettingsError(PipelineError):
    """A setting is missing or wrong; the message names each setting and what it must be."""


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - keeps symbolic links as given


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


def _folder_or_url(value: Any) -> Any:
    """A folder as an absolute path, any other URL as it is."""
    text = str(value)
    if text.startswith("file://"):
        return _absolute(Path(url2pathname(urlsplit(text).path)))
    return text if URL.match(text) else _absolute(Path(text))


FolderOrUrl = Annotated[Path | str, BeforeValidator(_folder_or_url)]


POSTGRES_URL = re.compile(r"postgres(ql)?://([^/@]*@)?[^/@]*(/[^@]*)?")


def _hidden(value: Any) -> Any:
    """A secret before it is looked at, so that what is said of a wrong one does not show it."""
    return SecretStr(value) if isinstance(value, str) else value


def _of_postgres(url: SecretStr) -> SecretStr:
    if not POSTGRES_URL.fullmatch(url.get_secret_value()):
        raise ValueError(
            "it must be of the form postgresql://user:password@host:5432/database, in which a @ or "
            "/ of the password is written %40 or %2F"
        )
    return url


PostgresUrl = Annotated[SecretStr, AfterValidator(_of_postgres), BeforeValidator(_hidden)]
CREDENTIALS = re.compile(r"://[^/\s]*@")


class Group(BaseModel):
    """A group of settings; unknown names are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IngestionSettings(Group):
    """What is read from the landing zone, and what a line must be."""

    exclude: tuple[str, ...] = Field(
        (
            ".*", "~*", "_*", "*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart",
            "*.crdownload", "*.swp", "*.inprogress", "*.md", "LICENSE*", "README*",
        ),
        description="Name patterns of files that are passed over: temporary names, and texts "
        "about the data.",
    )  # fmt: skip
    settle_seconds: float = Field(
        2.0, ge=0, description="A file is read once its size and time have not changed this long."
    )
    max_line_bytes: Positive = Field(
        1_048_576, description="A longer line is quarantined as line_too_long."
    )
    max_expanded_bytes: Positive = Field(
        20_000_000_000, description="A compressed file that expands to more is refused."
    )
    future_tolerance_seconds: int = Field(
        300, ge=0, description="How far a timestamp may lie ahead of the clock of this machine."
    )
    batch_bytes: Positive = Field(
        512_000_000, description="Files are read and committed in batches of about this size."
    )
    update_attempts: Positive = Field(
        3, description="How often the sensor starts an update of a date that fails each time."
    )
    tick_seconds: float = Field(
        0.5, gt=0, description="How long the sensor looks at a part of the landing zone at a time."
    )
    run_files: Positive = Field(
        10_000, description="An intake that the sensor starts takes at most so many new files."
    )
    max_runs: Positive = Field(
        1, description="At most so many intakes that the sensor started are queued or under way."
    )
    sensor_interval_seconds: Positive = Field(
        10, description="Seconds between two looks of the sensors at the landing zone."
    )


def known_zone(name: str) -> str:
    """The name, where it is that of an IANA time zone; raises ValueError where it is not."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from error
    return name


class SourceSettings(Group):
    """How the files of one folder of the landing zone are read."""

    folder: str = Field(description="Folder relative to the landing zone; '.' means all of it.")
    name: str | None = Field(None, description="Name of the source; the folder where unset.")
    format: str | None = Field(
        None, description="Format of its files (docs/formats.md); found by content where unset."
    )
    time_zone: Annotated[str, AfterValidator(known_zone)] = Field(
        "UTC", description="IANA time zone of times that bring no offset."
    )
    schema_contract: Literal["evolve", "freeze", "discard_row"] = Field(
        "evolve",
        description="What happens to fields that neither a declaration nor known_fields names: "
        "evolve keeps them in extra, discard_row quarantines the line, freeze quarantines the "
        "whole file under that date.",
    )
    known_fields: tuple[str, ...] = Field(
        (),
        description="Undeclared fields that are expected, by their path in the record; * stands "
        "for anything.",
    )


class LogFormatSettings(Group):
    """A format of text logs, as docs/formats.md lists them."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the format.")
    pattern: str = Field(
        description="Regular expression (RE2) that the first line of a record matches from its "
        "beginning, with the named groups message, time, level and component; others are kept in "
        "extra."
    )
    time_format: str | None = Field(
        None, description="Format of strptime of its times; ISO 8601 where unset."
    )
    level: str | None = Field(
        None, description="Level of all its records, where the pattern has no group level."
    )


class EngineSettings(Group):
    """What the DuckDB engine of a process may use of the machine."""

    memory_limit: str = Field(
        "1GB", pattern=r"^\d+(\.\d+)?\s*([KMGT]i?B)$", description="Beyond it, work spills to disk."
    )
    threads: Positive = Field(os.cpu_count() or 1, description="Threads of one engine.")


class QualitySettings(Group):
    """With what the fields and the quarantine of a day are compared."""

    history_days: Positive = Field(
        28, description="A field or a reason of quarantine is new that so many days had not."
    )
    min_records: Positive = Field(
        20, description="A day with fewer records of a kind does not show that a field vanished."
    )


Policy = Literal["keep", "hash", "redact", "drop"]
DEFAULT_POLICIES: dict[str, Policy] = {"user_id": "hash"}


def _with_default_policies(fields: dict[str, Policy]) -> dict[str, Policy]:
    return DEFAULT_POLICIES | fields


class PrivacySettings(Group):
    """What becomes of personal data and secrets before anything is stored."""

    fields: Annotated[dict[str, Policy], AfterValidator(_with_default_policies)] = Field(
        DEFAULT_POLICIES,
        description="What becomes of a field: keep it as it came, hash it to a pseudonym, redact "
        "its value, or drop it. A field is named as in docs/events.md, or as format:path. "
        "user_id is hashed unless it is named too.",
    )
    redact_text: bool = Field(
        True, description="Whether secrets and personal data in any text are redacted."
    )
    allow_only: tuple[str, ...] | None = Field(
        None,
        description="The only fields that are stored, beside event_id, event_type and timestamp; "
        "all where unset.",
    )
    key: SecretStr | None = Field(
        None, description="Secret of the pseudonyms, of at least 16 characters."
    )
    key_file: AbsolutePath | None = Field(
        None,
        description="File of that secret, or of lines with a date and the secret that is valid "
        "from that event date on. Where neither is set, `_state/pseudonym.key` in the lake is "
        "generated.",
    )
    opt_out_file: AbsolutePath | None = Field(
        None,
        description="File of users, one id or pseudonym a line, whose events are counted and "
        "never stored.",
    )
    phone_regions: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = Field(
        (),
        description="Countries (such as DE) whose phone numbers are also recognized without "
        "their country code; those of North America always are.",
    )


class InsightSettings(Group):
    """Parameters of the workflow insights."""

    session_gap_minutes: Positive = Field(30, description="Inactivity that ends a session.")
    slow_query_seconds: float = Field(1.0, gt=0, description="A slower query is a slow query.")
    miss_rate: Share = Field(0.5, description="A higher miss rate makes a miss-rate period.")
    period_minutes: Positive = Field(60, description="Length of the periods of the miss rate.")
    period_min_queries: Positive = Field(
        10, description="A period with fewer queries has too little evidence for a miss rate."
    )
    top_queries: Positive = Field(20, description="How many of the most frequent queries to keep.")
    anomaly_z: float = Field(
        5.0,
        gt=0,
        description="Causes are sought of a headline metric at least so many robust standard "
        "deviations away from what is usual on its weekday, …",
    )
    anomaly_change: Share = Field(
        0.1, description="… and at least so far away from it, as a share of it."
    )


class OptimizationSettings(Group):
    """What is worth a recommendation."""

    subjects_per_kind: Positive = Field(
        5, description="At most so many recommendations of a kind a day, those of most value."
    )
    min_misses: Positive = Field(
        20, description="Models are compared by so many misses with known cost in a language."
    )
    never_hit_share: Share = Field(
        0.5, description="A greater share of entries that are never hit is worth a recommendation."
    )
    build_failure_share: Share = Field(
        0.1, description="A greater share of failed builds is worth a recommendation, …"
    )
    min_failed_builds: Positive = Field(3, description="… where at least so many failed.")
    saturated_days: Positive = Field(
        3, description="A host saturated on so many days of the window is worth a recommendation."
    )
    price_difference: float = Field(
        0.1,
        gt=0,
        description="List prices that differ more from reported costs, as a share of these, are "
        "worth a recommendation.",
    )


class ForecastSettings(Group):
    """Parameters of the demand forecast."""

    min_history_days: int = Field(14, ge=2, description="Below this no forecast is made.")
    history_days: int = Field(56, ge=14, description="Days of history that a model is trained on.")
    folds: Positive = Field(3, description="Origins of the rolling-origin backtest, a day apart.")
    interval_width: float = Field(0.8, gt=0, lt=1, description="Nominal width of the interval.")


class Thresholds(Group):
    """Limits of the asset checks."""

    hit_rate_min: Share = Field(0.7, description="A lower hit rate of a day alerts.")
    response_time_max: float = Field(
        0.5, gt=0, description="A higher average response time (seconds) of a day alerts."
    )
    error_rate_max: Share = Field(0.01, description="A higher share of error log lines alerts.")
    quarantine_share_max: Share = Field(
        0.01, description="A higher share of quarantined lines among a day's lines alerts."
    )
    new_quarantine_reasons_max: int = Field(
        0, ge=0, description="More reasons of quarantine that are new to their source alert."
    )
    schema_changes_max: int = Field(
        0, ge=0, description="More changes in the fields of the sources of a day alert."
    )
    min_events: int = Field(1, ge=0, description="Fewer validated events on a day are alerted.")


ReportFormat = Literal["html", "json", "csv", "xlsx", "pdf"]
DailyView = Literal["engineer", "executive"]


class ReportingSettings(Group):
    """What is made of the metrics for people."""

    formats: tuple[ReportFormat, ...] = Field(
        ("html", "json", "csv"), description="Formats in which each report is written."
    )
    views: tuple[DailyView, ...] = Field(
        ("engineer", "executive"), description="Readers for whom each report is written."
    )
    teams: tuple[str, ...] = Field(
        (), description="Teams that get a report of their own slice beside these."
    )
    min_group_size: Positive = Field(
        5, description="Of a group with fewer users, nothing is shown per user."
    )


class AlertingSettings(Group):
    """Who is alerted, and of what."""

    file: AbsolutePath | None = Field(
        None,
        description="File of your own rules, receivers and routes (docs/alerts.md); alerts.yml in "
        "the working directory where unset, if there is one.",
    )
    notify_days: Positive = Field(
        3,
        description="Incidents of event dates further back are recorded, and nobody is told: a "
        "backfill of last year wakes nobody.",
    )
    sensor_interval_seconds: Positive = Field(
        10, description="Seconds between two looks of the sensor at checks, runs and what is due."
    )
    ui_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Address of the Dagster UI, such as https://dagster.example.org, to which "
        "messages link; without it they have no links.",
    )
    runbook_base: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Address below which runbooks lie that are no URL, such as that of the folder "
        "of this project where you keep it: docs/alert-rules.md#rule-hit_rate becomes a link.",
    )


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix="AICACHE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    landing_zone: FolderOrUrl = Field(
        Path("landing"),
        description="The folder where sources drop files, or the URL of one that fsspec knows, "
        "such as s3://bucket/drops.",
    )
    landing_zone_options: dict[str, Any] = Field(
        {},
        description="Options of the landing zone's file system where it is a URL, such as "
        '{"endpoint_url": "https://…"}; leave keys and passwords in the environment.',
    )
    lake: AbsolutePath = Field(Path("lake"), description="The folder of all tables and reports.")
    sql_dir: AbsolutePath | None = Field(
        None, description="The folder of the metrics' SQL; the one of this project where unset."
    )
    first_event_date: date = Field(
        date(2005, 1, 1), description="The first day of the grid; older events are too_old."
    )
    owner: str = Field(
        "team:aicache-analytics",
        pattern=r"^(team:[\w.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$",
        description="Owner of the assets: team:NAME or an e-mail address.",
    )
    publish_url: PostgresUrl | None = Field(
        None,
        description="URL of the Postgres database that the metrics are published to, such as "
        "postgresql://user:password@host:5432/database; each update publishes its days where it "
        "is set.",
    )
    publish_schema: str = Field(
        "aicache",
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=40,
        description="Schema of the published tables; the names of the roles begin with it.",
    )
    ingestion: IngestionSettings = IngestionSettings()
    sources: tuple[SourceSettings, ...] = Field(
        (), description="How the files of some folders are read; docs/ingestion.md has examples."
    )
    log_formats: tuple[LogFormatSettings, ...] = Field(
        (), description="Formats of text logs beside those of docs/formats.md."
    )
    engine: EngineSettings = EngineSettings()
    quality: QualitySettings = QualitySettings()
    privacy: PrivacySettings = PrivacySettings()
    insights: InsightSettings = InsightSettings()
    forecast: ForecastSettings = ForecastSettings()
    optimization: OptimizationSettings = OptimizationSettings()
    thresholds: Thresholds = Thresholds()
    reporting: ReportingSettings = ReportingSettings()
    alerting: AlertingSettings = AlertingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence: arguments, environment, file."""
        file = Path(os.environ.get(CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


def read_settings(**overrides: Any) -> Settings:
    """Read and validate the configuration.

    Arguments take precedence over the environment and the file. Raises SettingsError with one
    line for each wrong setting, and where a file named by AICACHE_CONFIG does not exist.
    """
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{CONFIG_FILE_VARIABLE} names {named}, which is not a file.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: {problem['msg']}"
            f" (got {problem['input']!r})"
            for problem in error.errors()
        ]
        said = CREDENTIALS.sub("://…@", "; ".join(lines))
        raise SettingsError(f"Wrong configuration: {said}") from error
    except ValueError as error:
        raise SettingsError(f"The configuration cannot be read: {error}") from error


@cache
def current_settings() -> Settings:
    """Read the settings of this process once."""
    return read_settings()


def today() -> date:
    """Today's date in UTC, the zone of every event date."""
    return datetime.now(UTC).date()
