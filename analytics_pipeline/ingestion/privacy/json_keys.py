"""Which keys of a batch of JSON records stand at a path that has a policy."""

from collections.abc import Mapping

import numpy as np

from analytics_pipeline.ingestion.privacy.json_literals import Literals, Positions
from analytics_pipeline.ingestion.privacy.paths import PathTree
from analytics_pipeline.settings import Policy

NONE = -1
OBJECT = ord("{")


class KeyPaths:
    """Finds the keys at the paths of a tree, of all records at once, level by level."""

    def __init__(self, tree: PathTree) -> None:
        nodes, levels = [tree], [0]
        self._below: dict[tuple[int, str], int] = {}
        for number, node in enumerate(nodes):
            for key, below in node.below.items():
                self._below[number, key] = len(nodes)
                nodes.append(below)
                levels.append(levels[number] + 1)
        self._policies = [node.policy for node in nodes]
        self._depth = max(levels)
        names = dict.fromkeys(key for _, key in self._below)
        self._names = {key: number for number, key in enumerate(names)}
        self._table = np.full((len(nodes) + 1, len(names) + 1), NONE)
        for (parent, key), child in self._below.items():
            self._table[parent, self._names[key]] = child

    def found(self, read: Literals, names: Mapping[int, str]) -> dict[Policy, Positions]:
        """The keys by the policy of what is behind them; ``names`` are their texts."""
        name_of = np.full(len(read.distinct), NONE)
        for number, name in names.items():
            name_of[number] = self._names.get(name, NONE)
        keys = np.flatnonzero(read.is_key & (name_of[read.numbers] != NONE))
        depths = read.depths_at(keys)
        # The node of the tree in which the object lies that a bracket opens.
        inside = np.full(len(read.bracket_places) + 1, NONE)
        opens_object = read.bracket_characters == OBJECT
        inside[:-1][opens_object & (read.depths == 1)] = 0
        found: list[Positions] = [np.array([], np.int64)]
        nodes: list[Positions] = [np.array([], np.int64)]
        for depth in range(1, self._depth + 1):
            here = keys[depths == depth]
            openings = np.flatnonzero(read.opens & (read.depths == depth))
            if not len(here):
                break
            place = np.searchsorted(read.bracket_places[openings], read.starts[here]) - 1
            node = self._table[inside[openings[place]], name_of[read.numbers[here]]]
            here, node = here[node != NONE], node[node != NONE]
            found.append(here)
            nodes.append(node)
            opened = np.searchsorted(read.bracket_places, read.value_starts[here])
            opened_at = read.bracket_places[np.minimum(opened, len(read.bracket_places) - 1)]
            leads_on = (opened_at == read.value_starts[here]) & opens_object[opened]
            inside[opened[leads_on]] = node[leads_on]
        at, reached = np.concatenate(found), np.concatenate(nodes)
        return {
            policy: np.sort(at[np.isin(reached, [n for n, p in enumerate(self._policies)
                                                 if p == policy])])
            for policy in dict.fromkeys(self._policies)
            if policy is not None
        }  # fmt: skip
