"""A landing zone of mixed formats whose files appear, grow, change, break, vanish and return."""

import gzip
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from backports import zstd

from analytics_pipeline_tests.ingestion.mixed_files import MIXED_FILES
from analytics_pipeline_tests.workspace import Workspace

COMPRESSED = {
    "native/lines.jsonl.gz": ("native/lines.jsonl", gzip.compress),
    "native/copies.zst": ("native/table.csv", zstd.compress),
    "logs/access.log.gz": ("logs/access.log", gzip.compress),
    "toon/operations.zst": ("toon/operations.jsonl", zstd.compress),
}
NAMES = sorted([*MIXED_FILES, *COMPRESSED])
# Cut short they may be refused as a whole; the others are taken as far as they can be read.
REFUSED_WHEN_BROKEN = (".db", ".parquet", ".gz", ".zst")
CHANGES_AT_ONCE = (2, 4)


class ChangingZone:
    """Changes the files of a workspace's landing zone, each by chance."""

    def __init__(self, workspace: Workspace, chance: random.Random, parking: Path) -> None:
        self._workspace = workspace
        self._chance = chance
        self._parking = parking
        self._parts = dict.fromkeys(NAMES, (0, 0))
        self._former: dict[str, list[bytes]] = {name: [] for name in NAMES}
        self._broken: set[str] = set()
        self._kinds = (
            self._grow, self._grow, self._rewrite, self._return_to_former, self._touch, self._break,
            self._hide,
        )  # fmt: skip

    def change(self) -> None:
        """Change a few files."""
        for name in self._chance.sample(NAMES, self._chance.randint(*CHANGES_AT_ONCE)):
            self._chance.choice(self._kinds)(name)

    def settle(self) -> None:
        """Leave nothing of which a lake holds what it happened to take before.

        Files that vanished come back as they were, and those that may be refused are repaired.
        """
        for file in sorted(file for file in self._parking.rglob("*") if file.is_file()):
            target = self._workspace.landing / file.relative_to(self._parking)
            if target.exists():
                file.unlink()
            else:
                file.replace(target)
        for name in NAMES:
            broken = name in self._broken and name.endswith(REFUSED_WHEN_BROKEN)
            if broken and (self._workspace.landing / name).exists():
                self._workspace.drop(name, self._former[name][-1])
        self._broken.clear()

    def lose_one(self) -> None:
        """Let a file vanish that all lakes hold; what it contributed stays until it is written."""
        present = [name for name in NAMES if (self._workspace.landing / name).exists()]
        if present:
            (self._workspace.landing / self._chance.choice(present)).unlink()

    def _grow(self, name: str) -> None:
        first, last = self._parts[name]
        self._write(name, first, last + self._chance.randint(1, 12))

    def _rewrite(self, name: str) -> None:
        ends = [self._chance.randint(0, 60) for _ in range(2)]
        self._write(name, min(ends), max(ends))

    def _return_to_former(self, name: str) -> None:
        if self._former[name]:
            self._workspace.drop(name, self._chance.choice(self._former[name]))

    def _touch(self, name: str) -> None:
        file = self._workspace.landing / name
        if file.exists():
            self._workspace.drop(name, file.read_bytes())

    def _break(self, name: str) -> None:
        file = self._workspace.landing / name
        if file.exists():
            content = file.read_bytes()
            self._workspace.drop(name, content[: self._chance.randint(0, len(content))])
            self._broken.add(name)

    def _hide(self, name: str) -> None:
        file = self._workspace.landing / name
        if file.exists():
            target = self._parking / name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)

    def _write(self, name: str, first: int, last: int) -> None:
        source, compress = COMPRESSED.get(name, (name, bytes))
        mixed = MIXED_FILES[source]
        parts = mixed.parts[first:last]
        content = compress(mixed.write(parts)) if parts else b""
        self._parts[name] = first, last
        self._former[name] = [*self._former[name][-3:], content]
        self._workspace.drop(name, content)


def copy_over(landing: Path, held: Path, names: Iterable[str] = NAMES) -> None:
    """Copy the files of a landing zone over those held before, with their times."""
    for name in names:
        if (landing / name).exists():
            (held / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(landing / name, held / name)
