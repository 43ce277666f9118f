"""What becomes of a batch of JSON records: the same as of each alone, many times faster.

Each distinct literal is judged once. A record in which more than literals would change is left to
the door of single records.
"""

import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.ingestion.privacy.json_changes import Changes
from analytics_pipeline.ingestion.privacy.json_keys import KeyPaths
from analytics_pipeline.ingestion.privacy.json_literals import literals_of
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.records import JsonDoor, PseudonymOn
from analytics_pipeline.ingestion.privacy.redaction import Redaction

# Below it, reading the literals as columns costs more than it saves; above it, they are too many.
FEWEST_BYTES, MOST_BYTES = 30_000, 1 << 30


class JsonBatches:
    """Carries out policies and rules on batches of JSON records of one format."""

    def __init__(
        self, policies: RecordPolicies, redaction: Redaction | None, exact: JsonDoor
    ) -> None:
        self._picking = policies.allowed is not None
        self._redaction = redaction
        self._exact = exact
        self._paths = KeyPaths(policies.tree)

    def admitted(
        self, records: pa.StringArray, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> pa.Array:
        """The texts of records as they may be stored, null where there is none."""
        size = pc.sum(pc.binary_length(records)).as_py() or 0
        literals = None
        if FEWEST_BYTES <= size <= MOST_BYTES and not self._picking:
            literals = literals_of(records)
        if literals is None:
            return self._one_by_one(records, days, pseudonym_on)
        changes = Changes(literals)
        if self._redaction is not None:
            changes.redact_texts(self._redaction, self._exact)
        changes.carry_out(self._paths, self._redaction is not None, days, pseudonym_on)
        changed = changes.applied(records)
        if changes.irregular.any():
            mask = pa.array(changes.irregular)
            exact = self._one_by_one(records.filter(mask), days.filter(mask), pseudonym_on)
            changed = pc.replace_with_mask(changed, mask, exact)
        return changed

    def _one_by_one(
        self, records: pa.StringArray, days: pa.Array, pseudonym_on: PseudonymOn
    ) -> pa.Array:
        of_day = {day: pseudonym_on(day) for day in days.unique().to_pylist()}
        return pa.array(
            [
                None if record is None else self._exact.admitted(record, of_day[day])
                for record, day in zip(records.to_pylist(), days.to_pylist(), strict=True)
            ],
            pa.string(),
        )
