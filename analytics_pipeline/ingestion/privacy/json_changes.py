"""What is to be put in the place of literals and numbers of a batch of JSON records."""

import re
from collections.abc import Callable
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.ingestion.privacy.json_keys import KeyPaths
from analytics_pipeline.ingestion.privacy.json_literals import (
    CLOSING,
    OPENING,
    QUOTE,
    Flags,
    Literals,
    Numbers,
    Positions,
)  # fmt: skip
from analytics_pipeline.ingestion.privacy.json_text import decoded, encoded
from analytics_pipeline.ingestion.privacy.keys import is_secret_key
from analytics_pipeline.ingestion.privacy.records import (
    JsonDoor,
    Pseudonym,
    PseudonymOn,
    is_no_secret,
    new_value,
)
from analytics_pipeline.ingestion.privacy.redaction import VERSION_KEY, Redaction, placeholder
from analytics_pipeline.settings import Policy

SAME = -1
SCALAR = re.compile(rb"[^\s,\]}]+")


class Changes:
    """What is to be put in the place of literals, and which records are not to be changed so."""

    def __init__(self, literals: Literals) -> None:
        self._literals = literals
        # A record in a list is found by the door of single records.
        self.irregular: Flags = literals.first_characters() == ord("[")
        self._new: list[bytes] = []
        self._number: dict[str, int] = {}
        self._put = np.full(len(literals.starts), SAME, np.int32)
        self._scalars: list[tuple[int, int, int, int]] = []

    def _numbered(self, text: str) -> int:
        if text not in self._number:
            self._number[text] = len(self._new)
            self._new.append(text.encode())
        return self._number[text]

    def redact_texts(self, redaction: Redaction, exact: JsonDoor) -> None:
        """Redact what the rules find in keys and texts."""
        read = self._literals
        hinted = np.flatnonzero(
            pc.match_substring_regex(read.distinct, redaction.hint).to_numpy(zero_copy_only=False)
        )
        put = np.full(len(read.distinct), SAME, np.int32)
        put_by_version = put.copy()
        for number in hinted:
            literal = read.distinct[int(number)].as_py()
            for of_key, kind in ((put, ""), (put_by_version, "version")):
                changed = exact.text(literal, kind)
                if changed != literal:
                    of_key[number] = self._numbered(changed)
        self._put = put[read.numbers]
        differing = np.flatnonzero((put != put_by_version)[read.numbers] & ~read.is_key)
        if len(differing):
            keys = read.keys_before(differing)
            for literal_number, key in zip(differing, keys, strict=True):
                name = decoded(read.distinct[int(read.numbers[key])].as_py()) if key >= 0 else ""
                if VERSION_KEY.search(name):
                    self._put[literal_number] = put_by_version[read.numbers[literal_number]]

    def carry_out(
        self, paths: KeyPaths, redacts: bool, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> None:
        """Carry out the policies, and redact what stands under the name of a secret."""
        read = self._literals
        names = read.distinct_keys()
        by_policy = paths.found(read, names)
        claimed = np.zeros(len(read.starts), dtype=bool)
        for policy, keys in by_policy.items():
            claimed[keys] = True
            self._change_values(policy, keys, days, pseudonym_on)
        if redacts:
            secret = np.zeros(len(read.distinct), dtype=bool)
            secret[[number for number, name in names.items() if is_secret_key(name)]] = True
            keys = np.flatnonzero(secret[read.numbers] & read.is_key & ~claimed)
            self._change_values(None, keys, days, pseudonym_on)

    def _change_values(
        self, policy: Policy | None, keys: Positions, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> None:
        read = self._literals
        self._put[keys] = SAME
        first, second = read.at(read.value_starts[keys]), read.at(read.value_starts[keys] + 1)
        is_text = first == QUOTE
        is_null = (first == ord("n")) & (second == ord("u"))
        if policy is None:
            stays = is_null | np.isin(first, [ord("t"), ord("f")])
            stays |= np.isin(first, OPENING) & np.isin(second, CLOSING)
        elif policy == "keep":
            stays = ~np.isin(first, OPENING)
        else:
            stays = is_null
        other = ~is_text & ~stays
        whole = other & np.isin(first, OPENING) | (policy == "drop")
        self.irregular[read.records[keys[whole]]] = True
        if policy is None or policy in ("hash", "redact"):
            self._change_scalars(policy, keys[other & ~whole], days, pseudonym_on)
        keys = keys[is_text]
        values = keys + 1
        self._put[values] = SAME
        if policy == "hash":
            self._put[values] = self._pseudonyms(values, days, pseudonym_on)
        elif policy == "redact":
            self._put[values] = self._of_distinct(keys, lambda key: placeholder(decoded(key)))
        elif policy is None:
            self._put[values] = self._of_distinct(values, _redacted_secret)

    def _change_scalars(
        self, policy: Policy | None, keys: Positions, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> None:
        """Numbers and the like: they are few, or few are different."""
        read = self._literals
        text = read.text.data
        made: dict[tuple[int, date | None, str], int] = {}
        all_days = days.to_pylist() if days.null_count < len(days) else [None] * len(days)
        rows = zip(read.value_starts[keys].tolist(), read.numbers[keys].tolist(),
                   read.records[keys].tolist(), strict=True)  # fmt: skip
        for start, key, record in rows:
            scalar = SCALAR.match(text, start)
            assert scalar is not None
            found = key, all_days[record], scalar[0].decode()
            if found not in made:
                literal = read.distinct[key].as_py()
                of_day = pseudonym_on(all_days[record])
                made[found] = self._numbered(new_value(found[2], policy, decoded(literal), of_day))
            self._scalars.append((start, scalar.end(), record, made[found]))

    def _pseudonyms(self, values: Positions, days: pa.Array, pseudonym_on: PseudonymOn) -> Numbers:
        put = np.full(len(values), SAME, np.int32)
        encoded_days = days.dictionary_encode()
        day_numbers = encoded_days.indices.fill_null(-1).to_numpy()[self._literals.records[values]]
        for number in np.unique(day_numbers):
            day = encoded_days.dictionary[int(number)].as_py() if number >= 0 else None
            pseudonym = pseudonym_on(day)
            on_day = day_numbers == number
            put[on_day] = self._of_distinct(values[on_day], partial(_pseudonym, pseudonym))
        return put

    def _of_distinct(self, literals: Positions, new: Callable[[str], str | None]) -> Numbers:
        """The numbers of what is put in the place of literals; made once for each distinct one."""
        read = self._literals
        distinct, places = np.unique(read.numbers[literals], return_inverse=True)
        made = [new(read.distinct[int(number)].as_py()) for number in distinct]
        put = [SAME if text is None else self._numbered(encoded(text)) for text in made]
        return np.array(put, np.int32)[places]

    def applied(self, records: pa.StringArray) -> pa.StringArray:
        """The changed records; irregular ones are as they were."""
        read = self._literals
        edited = np.flatnonzero(self._put != SAME)
        columns = (read.starts, read.ends, read.records, self._put)
        edits = np.stack([column[edited].astype(np.int64) for column in columns])
        if self._scalars:
            edits = np.hstack([edits, np.array(self._scalars).T])
            edits = edits[:, np.argsort(edits[0])]
        edits = edits[:, ~self.irregular[edits[2]]]
        if not edits.size:
            return records
        starts, ends, of_records, put = edits
        new = [self._new[number] for number in put]
        text = read.text.data
        parts: list[bytes | memoryview] = []
        done = 0
        for start, end, there in zip(starts.tolist(), ends.tolist(), new, strict=True):
            parts += (text[done:start], there)
            done = end
        parts.append(text[done:])
        grown = np.fromiter(map(len, new), np.int64, len(new)) - (ends - starts)
        by_record = np.bincount(of_records, grown, len(records)).astype(np.int64)
        lengths = np.diff(read.offsets) + by_record
        offsets = np.zeros(len(records) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(parts))]
        changed = pa.Array.from_buffers(pa.string(), len(records), buffers)
        return pc.if_else(records.is_valid(), changed, None) if records.null_count else changed


def _pseudonym(pseudonym: Pseudonym, literal: str) -> str | None:
    return pseudonym(decoded(literal)) or None


def _redacted_secret(literal: str) -> str | None:
    return None if is_no_secret(literal) else placeholder("secret")
