"""Paths of a JSON record: keys joined by dots, a key with dots of its own in quotes."""

import re
from dataclasses import dataclass, field

from analytics_pipeline.settings import Policy

PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)')


def parts_of(path: str) -> tuple[str, ...]:
    """The keys of a path such as metadata.user or attributes."user.id"."""
    return tuple(quoted or plain for quoted, plain in PART.findall(path.removeprefix("$.")))


def json_path(path: str) -> str:
    """The path in the notation of DuckDB's JSON functions."""
    return "$" + "".join(f'."{part}"' for part in parts_of(path))


@dataclass
class PathTree:
    """What is to be done at a path, and below it."""

    policy: Policy | None = None
    is_person: bool = False
    is_allowed: bool = False
    leads_to_allowed: bool = False
    below: dict[str, "PathTree"] = field(default_factory=dict)

    def at(self, path: str) -> "PathTree":
        """The node of a path, made where there is none."""
        node = self
        for part in parts_of(path):
            node = node.below.setdefault(part, PathTree())
        return node

    def allow(self, path: str) -> None:
        """Mark a path as allowed, with all below it."""
        node = self
        for part in parts_of(path):
            node = node.below.setdefault(part, PathTree())
            node.leads_to_allowed = True
        node.is_allowed = True
