"""The privacy door: what every record passes before anything of it is stored."""

from dataclasses import dataclass

import duckdb

from analytics_pipeline.ingestion.privacy import admission
from analytics_pipeline.ingestion.privacy.consent import OptOuts
from analytics_pipeline.ingestion.privacy.functions import DoorFunctions
from analytics_pipeline.ingestion.privacy.paths import parts_of
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.pseudonyms import PseudonymKeys
from analytics_pipeline.ingestion.privacy.redaction import ESCAPED_ASCII, Redaction
from analytics_pipeline.ingestion.privacy.text_records import names_hint
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

# Each change in SQL is two passes over the text: for more, the exact function is faster.
MOST_SQL_CHANGES = 1
UNDATED = "NULL::DATE"
ESCAPE = literal("\\u00")


@dataclass(frozen=True)
class AdmittedSql:
    """SQL expressions of a record that passes the door.

    ``record`` is what may be stored; ``opted_out`` says that it names a user who opted out: such a
    record is to be counted, and nothing of it stored.
    """

    record: str
    opted_out: str


class Door:
    """Policies, redaction and consent as configured, as SQL on the text of records.

    The SQL works on connections to a database on which ``register`` was called. A connection that
    stays open until the process ends needs ``unregister`` before.
    """

    def __init__(
        self, keys: PseudonymKeys | None, redaction: Redaction | None, opt_outs: OptOuts
    ) -> None:
        self._keys = keys
        self._redaction = redaction
        self._opt_outs = opt_outs
        self._functions = DoorFunctions(keys, redaction, opt_outs)

    @classmethod
    def of(cls, settings: Settings) -> "Door":
        """The door of this configuration; raises PrivacyError where it cannot be carried out.

        Where pseudonyms are needed and no key is configured, the lake's own key is generated.
        """
        privacy = settings.privacy
        needs_keys = "hash" in privacy.fields.values() or privacy.opt_out_file is not None
        keys = PseudonymKeys.of(settings) if needs_keys else None
        redaction = Redaction.of(privacy.phone_regions) if privacy.redact_text else None
        return cls(keys, redaction, OptOuts.of(settings, keys))

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create on a database what the SQL calls; more than once does no harm."""
        self._functions.register(connection)

    def unregister(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remove from a database what the SQL calls."""
        self._functions.unregister(connection)

    def sql(
        self,
        policies: RecordPolicies,
        *,
        record: str,
        is_json: str,
        event_date: str,
        pattern: str | None = None,
    ) -> AdmittedSql:
        """SQL of a record after the door, from the SQL of its text.

        ``is_json`` is SQL of whether it is valid JSON (``true`` and ``false`` save work), and
        ``event_date`` of its date, null where it has none. In a text format the paths of the
        policies are the groups of its ``pattern``.
        """
        number = self._functions.prepare(policies, pattern)
        day = self._day(event_date)
        cases = {
            "true": self._json(policies, record, day, number),
            "false": self._text(policies, record, day, number, pattern),
        }
        out = {
            "true": self._json_opted_out(policies, record, number),
            "false": self._text_opted_out(policies, record, number, pattern),
        }
        return AdmittedSql(_either(cases, is_json), _either(out, is_json))

    def bytes_sql(
        self, policies: RecordPolicies, *, raw: str, event_date: str, pattern: str | None = None
    ) -> AdmittedSql:
        """SQL of the raw bytes of a record that is no text, after the door."""
        number = self._functions.prepare(policies, pattern)
        if not self._changes(policies):
            admitted = raw
        else:
            call = self._functions.call("bytes", raw, self._day(event_date), number)
            admitted = f"CASE WHEN {raw} IS NOT NULL THEN {call} END"
        if self._opt_outs.none or not policies.persons:
            return AdmittedSql(admitted, "false")
        call = self._functions.call("bytes_opted_out", raw, number)
        return AdmittedSql(admitted, f"CASE WHEN {raw} IS NULL THEN false ELSE {call} END")

    def _day(self, event_date: str) -> str:
        return event_date if self._keys is not None and len(self._keys.keys) > 1 else UNDATED

    def _changes(self, policies: RecordPolicies) -> bool:
        return (
            self._redaction is not None
            or policies.allowed is not None
            or any(policy != "keep" for policy in policies.paths.values())
        )

    def _json(self, policies: RecordPolicies, record: str, day: str, number: int) -> str:
        def exact(text: str) -> str:
            return self._functions.call("json", text, day, number)

        def pseudonym(person: str) -> str:
            return self._functions.call("pseudonym", person, day)

        if not self._changes(policies):
            return record
        if (
            policies.allowed is not None
            or len(admission.changing(policies)) > MOST_SQL_CHANGES
            or not all(map(admission.is_plain, policies.paths))
        ):
            return exact(record)
        regular = admission.admitted(policies, record, pseudonym)
        hints = [self._redaction.hint if self._redaction is not None else ESCAPED_ASCII]
        hints += [admission.irregular(*change) for change in admission.changing(policies)]
        # Each pattern is a pass over the text; too many in one exceed the states that RE2 keeps.
        searches = ["|".join(hints[:2]), *hints[2:]]
        found = " OR ".join(
            [_is_no_object(record), *(f"regexp_matches({record}, {literal(h)})" for h in searches)]
        )
        return f"CASE WHEN {found} THEN {exact(record)} ELSE {regular} END"

    def _text(
        self, policies: RecordPolicies, record: str, day: str, number: int, pattern: str | None
    ) -> str:
        if not self._changes(policies):
            return record
        exact = self._functions.call("text", record, day, number)
        names = policies.names("hash", "redact", "drop")
        if policies.allowed is not None or (pattern is not None and names):
            return exact
        hints = [names_hint(names)] if names else []
        hints += [self._redaction.text_hint] if self._redaction is not None else [ESCAPED_ASCII]
        return (
            f"CASE WHEN regexp_matches({record}, {literal('|'.join(hints))}) "
            f"THEN {exact} ELSE {record} END"
        )

    def _json_opted_out(self, policies: RecordPolicies, record: str, number: int) -> str:
        if self._opt_outs.none or not policies.persons:
            return "false"
        exact = self._functions.call("json_opted_out", record, number)
        if not all(map(admission.is_plain, policies.persons)):
            return exact
        keys = [admission.key_of(path) for path in policies.persons]
        absent = " AND ".join(f"NOT contains({record}, {key})" for key in keys)
        regular = " AND ".join(
            f"(NOT contains({record}, {key}) OR {admission.occurs_once(record, key)})"
            for key in keys
        )
        found = " OR ".join(
            f"coalesce({self._functions.call('opted_out', value)}, false)"
            for value in (admission.value_at(record, path) for path in policies.persons)
        )
        return (
            f"CASE WHEN contains({record}, {ESCAPE}) OR {_is_no_object(record)} THEN {exact} "
            f"WHEN {absent} THEN false WHEN {regular} THEN {found} ELSE {exact} END"
        )

    def _text_opted_out(
        self, policies: RecordPolicies, record: str, number: int, pattern: str | None
    ) -> str:
        if self._opt_outs.none or not policies.persons:
            return "false"
        exact = self._functions.call("text_opted_out", record, number)
        if pattern is not None:
            return exact
        names = tuple(dict.fromkeys(parts_of(path)[-1] for path in policies.persons))
        hint = literal(f"{names_hint(names)}|{ESCAPED_ASCII}")
        return f"CASE WHEN regexp_matches({record}, {hint}) THEN {exact} ELSE false END"


def _is_no_object(record: str) -> str:
    return f"NOT starts_with({record}, '{{')"


def _either(expressions: dict[str, str], is_json: str) -> str:
    if is_json in expressions:
        return expressions[is_json]
    if expressions["true"] == expressions["false"]:
        return expressions["true"]
    return f"CASE WHEN {is_json} THEN {expressions['true']} ELSE {expressions['false']} END"
