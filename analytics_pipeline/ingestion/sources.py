"""The sources of a landing zone: which files belong to which, and how each is read."""

from analytics_pipeline.settings import Settings, SourceSettings

WHOLE_ZONE = "."


def source_of(path: str, settings: Settings) -> SourceSettings:
    """How a file is read: by the setting of the innermost folder that it lies in.

    A file for which there is none belongs to a source of the name of its outermost folder.
    """
    folders = path.split("/")[:-1]
    applying = [each for each in settings.sources if _lies_in(folders, each.folder)]
    if applying:
        return max(applying, key=lambda each: len(_parts(each.folder)))
    return SourceSettings(folder=folders[0] if folders else WHOLE_ZONE)


def name_of(source: SourceSettings) -> str:
    """The name of a source."""
    return source.name or source.folder


def _lies_in(folders: list[str], folder: str) -> bool:
    parts = _parts(folder)
    return folders[: len(parts)] == parts


def _parts(folder: str) -> list[str]:
    return [part for part in folder.split("/") if part not in ("", WHOLE_ZONE)]
