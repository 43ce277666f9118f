"""Policies: what becomes of a field of a record before it is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from analytics_pipeline.ingestion.privacy.paths import PathTree, parts_of
from analytics_pipeline.settings import Policy, PrivacySettings

ALWAYS_KEPT = ("event_type", "timestamp", "started_at", "event_id")
NAMED_BY_FORMAT = ":"


@dataclass(frozen=True)
class RecordPolicies:
    """The policies of the records of one format.

    ``paths`` gives the policy of what stands at a path of the record, ``persons`` the paths that
    name the user, and ``allowed`` the only paths that are kept; None where all are.
    """

    paths: Mapping[str, Policy] = field(default_factory=dict)
    persons: tuple[str, ...] = ()
    allowed: tuple[str, ...] | None = None

    @cached_property
    def tree(self) -> PathTree:
        """The policies in the form of a tree of keys."""
        tree = PathTree()
        for path, policy in self.paths.items():
            tree.at(path).policy = policy
        for path in self.persons:
            tree.at(path).is_person = True
        for path in self.allowed or ():
            tree.allow(path)
        return tree

    def names(self, *policies: Policy) -> tuple[str, ...]:
        """The last keys of the paths with one of the policies."""
        return tuple(
            dict.fromkeys(
                parts_of(path)[-1] for path, policy in self.paths.items() if policy in policies
            )
        )


def policies_of(
    privacy: PrivacySettings,
    format_name: str,
    sources: Mapping[str, Iterable[str]],
    personal: Iterable[str] = (),
) -> RecordPolicies:
    """The policies of a format, from the settings.

    ``sources`` gives for each native field, by its path in docs/events.md, the paths of the
    format's records that it comes from; ``personal`` the further paths that name a person, which
    follow the policy of user_id. A policy of ``format:path`` holds for that very path and goes
    before one of a native field.
    """
    own = f"{format_name}{NAMED_BY_FORMAT}"
    by_field: dict[str, tuple[str, ...]] = {name: tuple(paths) for name, paths in sources.items()}
    persons = tuple(dict.fromkeys([*by_field.get("user_id", ()), *personal]))
    by_field["user_id"] = persons
    paths: dict[str, Policy] = {}
    for name, policy in privacy.fields.items():
        if NAMED_BY_FORMAT not in name:
            paths |= dict.fromkeys(by_field.get(name, ()), policy)
    for name, policy in privacy.fields.items():
        if name.startswith(own):
            paths[name.removeprefix(own)] = policy
    allowed: tuple[str, ...] | None = None
    if privacy.allow_only is not None:
        chosen: list[str] = []
        for name in (*ALWAYS_KEPT, *privacy.allow_only):
            if name.startswith(own):
                chosen.append(name.removeprefix(own))
            else:
                chosen += by_field.get(name, ())
        allowed = tuple(dict.fromkeys(chosen))
    return RecordPolicies(paths, persons, allowed)
