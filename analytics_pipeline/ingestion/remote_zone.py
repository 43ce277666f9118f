"""A landing zone that is a URL of a file system which fsspec knows, such as an object store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from fsspec import AbstractFileSystem, url_to_fs

from analytics_pipeline.ingestion.discovery import (
    DATABASE_ENDINGS,
    FileState,
    LandingZoneError,
)
from analytics_pipeline.ingestion.landing_zone import Entry, LandingZone

EXTRAS = {
    "s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure",
    "abfss": "azure",
}  # fmt: skip
OBJECT_STORES = frozenset({*EXTRAS, "memory"})
# What file systems call the version of an object, and the time of its last change.
VERSIONS = ("ETag", "etag", "generation", "VersionId", "version_id", "md5Hash")
TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An entry of a listing; ``info`` is what the file system tells of it."""

    name: str
    path: str
    info: Mapping[str, Any]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, or what a store shows as one."""
        return bool(self.info["type"] == "directory")


class RemoteZone(LandingZone):
    """What lies below a URL; open it with ``RemoteZone.of``."""

    def __init__(
        self, location: str, files: AbstractFileSystem, root: str, exclude: Iterable[str]
    ) -> None:
        super().__init__(location, root, exclude)
        self._files = files
        self.atomic = location.partition("://")[0] in OBJECT_STORES

    @classmethod
    def of(cls, url: str, options: Mapping[str, Any], exclude: Iterable[str]) -> "RemoteZone":
        """The zone of a URL; ``options`` are those of the file system, such as endpoint_url.

        Raises LandingZoneError where no package knows the URL.
        """
        protocol, shown = url.partition("://")[0], _without_password(url)
        # What was listed before must not be taken for what is there now.
        try:
            files, root = url_to_fs(url, **{"use_listings_cache": False, **options})
        except ImportError as error:
            extra = EXTRAS.get(protocol)
            remedy = f"Install aicache-analytics[{extra}]." if extra else str(error)
            raise LandingZoneError(
                f"The landing zone {shown} needs a package that is not installed. {remedy}"
            ) from error
        except (ValueError, TypeError) as error:
            raise LandingZoneError(
                f"The landing zone {shown} cannot be understood: {error}. Give a folder or the URL "
                "of a file system that fsspec knows, and its options in landing_zone_options."
            ) from error
        return cls(shown.rstrip("/"), files, root, exclude)

    def open(self, location: str) -> BinaryIO:
        """Open an object for reading."""
        opened: BinaryIO = self._files.open(location, "rb")
        return opened

    def local_path(self, location: str) -> Path | None:
        """None: it has to be read through ``open``."""
        return None

    def _entries(self, folder: str) -> Sequence[Entry]:
        try:
            listed = self._files.ls(folder, detail=True)
        except OSError:
            raise
        except Exception as error:
            # Each package has errors of its own for a store out of reach or without credentials.
            raise self._out_of_reach(error) from error
        own = (folder, f"{folder}/")
        objects = [
            ListedObject(
                "" if info["name"] in own else info["name"].rstrip("/").rpartition("/")[2],
                info["name"],
                info,
            )
            for info in listed
        ]
        # An empty object that stands for the folder itself is nothing that was dropped into it.
        dropped = [o for o in objects if o.name or o.is_folder or o.info.get("size")]
        return sorted(dropped, key=lambda listed: listed.is_folder)

    def _kind(self, entry: Entry) -> FileState | str | None:
        assert isinstance(entry, ListedObject)
        if not entry.name:
            raise OSError(None, "names with a slash at their end or two in a row are not read")
        return entry.path if entry.is_folder else _state_of(entry.info)

    def _state(self, location: str) -> FileState:
        return _state_of(self._files.info(location))

    def _is_database(self, location: str) -> bool:
        return location.endswith(DATABASE_ENDINGS)

    def state(self, location: str) -> FileState:
        """The state of an object; what lies beside a database is looked for only by its name."""
        return super().state(location) if self._is_database(location) else self._state(location)

    def _unlistable(self, error: OSError) -> LandingZoneError | None:
        if not isinstance(error, FileNotFoundError):
            return self._out_of_reach(error)
        # A store has no empty folders: what is missing is empty where the bucket exists.
        if self.atomic and self._files.exists(self._root.split("/")[0]):
            return None
        return LandingZoneError(
            f"The landing zone {self.location} does not exist. Create it, or name another one "
            "with --landing or AICACHE_LANDING_ZONE."
        )

    def _out_of_reach(self, error: Exception) -> LandingZoneError:
        reason = str(error) or type(error).__name__
        return LandingZoneError(
            f"The landing zone {self.location} cannot be listed: {reason.splitlines()[0]}. Check "
            "the URL, the setting landing_zone_options and the credentials in the environment."
        )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] if ":" in parts.netloc else parts.netloc
    return urlunsplit(parts._replace(netloc=host))


def _state_of(info: Mapping[str, Any]) -> FileState:
    version = next((str(info[key]) for key in VERSIONS if info.get(key)), "")
    moment = next((info[key] for key in TIMES if info.get(key)), 0)
    time_ns = _nanoseconds(moment)
    if version:
        # Where a version is told, time adds nothing, and stores tell it more or less exactly.
        time_ns -= time_ns % 1_000_000_000
    return FileState(int(info.get("size") or 0), time_ns, time_ns, version.strip('"'))


def _nanoseconds(moment: Any) -> int:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    # A number and a date tell a time alike to the microsecond, not beyond.
    return round(float(moment) * 1e6) * 1000
