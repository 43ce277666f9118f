"""The options of a model that dbt_project.yml gives to its folder, and what they must be."""

from collections.abc import Sequence

from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.properties import ModelConfig, ProjectFile
from analytics_pipeline.metrics.yaml_file import YamlFile, validated


def folder_config(project: ProjectFile, file: YamlFile, folders: Sequence[str]) -> ModelConfig:
    """The options of the folders of a model, inner ones over outer ones."""
    place: list[str] = ["models"]
    options, found = project.models, ModelConfig()
    for part in (project.name, *folders):
        options = options.get(part) or {}
        place.append(part)
        if not isinstance(options, dict):
            raise ProjectError(
                f"{file.where(*place)}: {part} must hold options such as '+materialized:'."
            )
        own = {key[1:]: value for key, value in options.items() if key.startswith("+")}
        if own:
            found = found.overridden_by(validated(ModelConfig, own, file, tuple(place)))
    return found


def require_microbatch(config: ModelConfig, shown: str) -> None:
    """Raise ProjectError for a written model that cannot be computed day by day."""
    if config.materialized in ("view", "ephemeral"):
        return
    required = {
        "materialized": "incremental",
        "incremental_strategy": "microbatch",
        "event_time": "event_date",
        "batch_size": "day",
    }
    for key, value in required.items():
        if getattr(config, key) != value:
            raise ProjectError(
                f"{shown}: a model that is written is computed day by day: set {key}: {value} for "
                "it or its folder; or materialized: view, to make it a part of others."
            )
