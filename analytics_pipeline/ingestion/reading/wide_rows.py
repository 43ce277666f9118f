"""Rows of more columns than a query is planned for, each as the text of a JSON object."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn, Union

import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import Positions
from analytics_pipeline.ingestion.reading.json_object_sql import path_of

# To plan a query of 2,000 columns takes seconds, and of 10,000 minutes.
MOST_COLUMNS = 500

Tree = Mapping[str, Union[str, "Tree"]]


class WideRows:
    """Writes rows as ``object_of`` does, cell by cell."""

    def __init__(
        self, names: Sequence[str], json_columns: Collection[str], *, nest_dotted: bool
    ) -> None:
        self._paths = [path_of(name, set(names), nest_dotted=nest_dotted) for name in names]
        self._may_be_objects = [name in json_columns for name in names]

    def objects(
        self, block: bytes, starts: Positions, ends: Positions, escaped: Collection[int]
    ) -> pa.Array:
        """The objects of the cells at ranges of a block, a row of ranges for each.

        The cells of the columns with the numbers ``escaped`` may have doubled quotes.
        """
        doubled = [number in escaped for number in range(len(self._paths))]
        texts = [
            self._object(block, zip(first, last, doubled, strict=True))
            for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        return pa.array(texts, pa.string_view())

    def _object(self, block: bytes, cells: "zip[tuple[int, int, bool]]") -> str:
        tree: dict[str, str | Tree] = {}
        for path, may_be_object, (start, end, doubled) in zip(
            self._paths, self._may_be_objects, cells, strict=True
        ):
            if start == end:
                continue
            cell = block[start:end].decode()
            if doubled:
                cell = cell.replace('""', '"')
            branch = tree
            for part in path[:-1]:
                branch = branch.setdefault(part, {})  # type: ignore[assignment]
            is_object = may_be_object and _is_object(cell)
            branch[path[-1]] = cell if is_object else json.dumps(cell, ensure_ascii=False)
        return _text(tree)


def _text(tree: Tree) -> str:
    members = []
    for name, value in tree.items():
        text = value if isinstance(value, str) else _text(value)
        members.append(f"{json.dumps(name, ensure_ascii=False)}:{text}")
    return "{" + ",".join(members) + "}"


def _is_object(cell: str) -> bool:
    try:
        return isinstance(json.loads(cell, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
