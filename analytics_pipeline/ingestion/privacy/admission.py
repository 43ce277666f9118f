"""SQL that carries out the policies on a regular JSON record, without a look at each token.

A record is regular at a path where the last key of the path stands in it once, with at most one
space before its value, and the value is simple. ``irregular`` tells the others, which are for the
exact function.
"""

import re
from collections.abc import Callable

from analytics_pipeline.ingestion.privacy.paths import json_path, parts_of
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.redaction import placeholder
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Policy

# Other characters could be written as escapes that the hint for escapes does not match.
UNESCAPED_KEY = re.compile(r"[ !#-.0-\[\]-~]+")
# An id: what DuckDB gives as its text is also how it is written.
ID = r'"[^"\\]*"|null|[0-9]+'
NO_ID = r'"[^"\\]*\\|n[^u]|[0-9]+[^0-9,} ]|[^"n0-9 ]'
SCALAR = r'"(?:[^"\\]|\\.)*"|[0-9tfn-][0-9A-Za-z.+-]*'
NO_SCALAR = r'[^"0-9tfn -]'


def is_plain(path: str) -> bool:
    """Whether this SQL can see the last key of a path."""
    return UNESCAPED_KEY.fullmatch(parts_of(path)[-1]) is not None


def key_of(path: str) -> str:
    """SQL literal of the last key of a path as it stands in JSON."""
    return literal(f'"{parts_of(path)[-1]}"')


def occurs_once(record: str, key: str) -> str:
    """SQL condition that a key stands in a record that has it not more than once."""
    return f"strlen(replace({record}, {key}, '')) + strlen({key}) >= strlen({record})"


def value_at(record: str, path: str) -> str:
    """SQL of the text at a path."""
    return f"json_extract_string({record}, {literal(json_path(path))})"


def changing(policies: RecordPolicies) -> list[tuple[str, Policy]]:
    """The paths at which something is to be changed."""
    return [(path, policy) for path, policy in policies.paths.items() if policy != "keep"]


def irregular(path: str, policy: Policy) -> str:
    """RE2 pattern of the records that are not regular at a path."""
    key = _key_pattern(path)
    other = NO_ID if policy == "hash" else NO_SCALAR
    return rf"{key}(?:(?s:.*){key}|[^:]|: ?(?:{other})|:  )"


def admitted(policies: RecordPolicies, record: str, pseudonym: Callable[[str], str]) -> str:
    """SQL of a regular record with its policies carried out.

    ``pseudonym`` makes the SQL of a pseudonym from the SQL of an id, null from null. What is not
    at the very path, though its last key is there, is replaced by itself.
    """
    changed = record
    for path, policy in changing(policies):
        key = _key_pattern(path)
        found = value_at(record, path)
        if policy == "hash":
            pattern = rf"({key}: ?)(?:{ID})"
            new = f"""'\\1"' || {pseudonym(found)} || '"'"""
        elif policy == "redact":
            pattern = rf"({key}: ?)(?:{SCALAR})"
            put = literal(f'\\1"{placeholder(parts_of(path)[-1])}"')
            new = f"CASE WHEN {found} IS NOT NULL THEN {put} END"
        else:
            entry = rf"{key}: ?(?:{SCALAR})"
            pattern = rf", ?{entry}|{entry}, ?|{entry}"
            new = f"CASE WHEN json_exists({record}, {literal(json_path(path))}) THEN '' END"
        changed = f"regexp_replace({changed}, {literal(pattern)}, coalesce({new}, '\\0'))"
    return changed


def _key_pattern(path: str) -> str:
    return re.escape(f'"{parts_of(path)[-1]}"')
