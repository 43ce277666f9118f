"""SQL that writes the columns of a row as one JSON object, absent ones left out."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Union

from analytics_pipeline.lake.table import literal

Tree = Mapping[str, Union[str, "Tree"]]


def object_of(members: Iterable[tuple[str, str]], *, nest_dotted: bool = False) -> str:
    """SQL of the text of an object; each member is a name and SQL of its JSON, null where absent.

    With ``nest_dotted`` the members ``a.b`` and ``a.c`` become one member ``a``, unless ``a`` is
    a member itself.
    """
    tree: dict[str, str | Tree] = {}
    flat = dict(members)
    for name, sql in flat.items():
        path = path_of(name, flat, nest_dotted=nest_dotted)
        branch = tree
        for part in path[:-1]:
            branch = branch.setdefault(part, {})  # type: ignore[assignment]
        branch[path[-1]] = sql
    return f"concat('{{', substr({_members(tree)}, 2), '}}')"


def path_of(name: str, names: Collection[str], *, nest_dotted: bool) -> list[str]:
    """Where the member of a name stands among those of all names."""
    parts = name.split(".")
    holders = (".".join(parts[:end]) for end in range(1, len(parts)))
    nests = nest_dotted and all(parts) and not any(holder in names for holder in holders)
    return parts if nests else [name]


def _members(tree: Tree) -> str:
    return "concat(" + ", ".join(_member(*item) for item in tree.items()) + ")"


def _member(name: str, value: str | Tree) -> str:
    key = "," + json.dumps(name, ensure_ascii=False) + ":"
    if isinstance(value, str):
        return f"{literal(key)} || {value}"
    return f"{literal(key + '{')} || substr(nullif({_members(value)}, ''), 2) || '}}'"
