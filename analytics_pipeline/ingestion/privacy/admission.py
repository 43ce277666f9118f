"""SQL that carries out the policies on a regular JSON record, without a look at each token.

A record is regular at a path where the last key of the path stands in it once and its value is
written with no space or one before it. Whatever else there is goes to the exact function.
"""

import re
from collections.abc import Callable

from analytics_pipeline.ingestion.privacy.paths import json_path, parts_of
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies
from analytics_pipeline.ingestion.privacy.redaction import placeholder
from analytics_pipeline.lake.table import literal

Call = Callable[[str], str]
# Other characters could be written as escapes that the hint for escapes does not match.
UNESCAPED_KEY = re.compile(r"[ !#-.0-\[\]-~]+")


def is_plain(path: str) -> bool:
    """Whether this SQL can see the last key of a path."""
    return UNESCAPED_KEY.fullmatch(parts_of(path)[-1]) is not None


def bound(name: str, value: str, expression: str) -> str:
    """SQL of an expression in which a name stands for a value, so that it is computed once."""
    return f"list_transform([{value}], lambda {name}: {expression})[1]"


def key_of(path: str) -> str:
    """SQL literal of the last key of a path as it stands in JSON."""
    return literal(f'"{parts_of(path)[-1]}"')


def occurs_once(record: str, key: str) -> str:
    """SQL condition that a key stands in a record that has it not more than once."""
    return f"strlen(replace({record}, {key}, '')) + strlen({key}) >= strlen({record})"


def repeated_hint(path: str) -> str:
    """RE2 pattern of records in which the last key of a path stands more than once."""
    key = re.escape(f'"{parts_of(path)[-1]}"')
    return f"{key}(?s:.*){key}"


def value_at(record: str, path: str) -> str:
    """SQL of the text at a path."""
    return f"json_extract_string({record}, {literal(json_path(path))})"


def admitted(policies: RecordPolicies, record: str, exact: Call, pseudonym: Call) -> str:
    """SQL of a record with its policies carried out.

    ``exact`` makes the SQL of the exact function from the SQL of a record, ``pseudonym`` that of
    a pseudonym from the SQL of an id. Where there is but one path, records in which its last key
    is repeated must have been seen by ``repeated_hint``, which is faster than to count.
    """
    changed = record
    paths = [(path, policy) for path, policy in policies.paths.items() if policy != "keep"]
    for number, (path, policy) in enumerate(paths):
        name = f"record_{number}"
        if policy == "hash":
            step = _replaced(path, name, exact, pseudonym("found"))
        elif policy == "redact":
            step = _replaced(path, name, exact, literal(placeholder(parts_of(path)[-1])))
        else:
            step = _dropped(path, name, exact)
        if len(paths) > 1:
            step = f"CASE WHEN {occurs_once(name, key_of(path))} THEN {step} ELSE {exact(name)} END"
        changed = bound(name, changed, step)
    return changed


def _replaced(path: str, record: str, exact: Call, new: str) -> str:
    key = key_of(path)
    change = exact(record)
    # A string, as most sources write it, is tried first; what finds nothing leaves it to the next.
    for before, after in ((": ", ","), (":", ","), (': "', '"'), (':"', '"')):
        old = f"{key} || {literal(before)} || found || {literal(after)}"
        end = '"' if after == '"' else '",'
        put = f"{key} || {literal(before.rstrip(chr(34)) + chr(34))} || new || {literal(end)}"
        tried = f"CASE WHEN text = {record} THEN {change} ELSE text END"
        change = bound("text", f"replace({record}, {old}, {put})", tried)
    change = bound("new", new, change)
    change = f"CASE WHEN found IS NULL OR found = '' THEN {record} ELSE {change} END"
    return bound("found", value_at(record, path), change)


def _dropped(path: str, record: str, exact: Call) -> str:
    entry = f"{key_of(path)} || ':' || found"
    without = (
        f"replace(replace({record}, {entry} || ',', ''), ',' || {entry} || {literal('}')}, "
        f"{literal('}')})"
    )
    found = f"json_extract({record}, {literal(json_path(path))})::VARCHAR"
    change = bound("text", without, f"CASE WHEN text = {record} THEN {exact(record)} ELSE text END")
    return bound("found", found, f"CASE WHEN found IS NULL THEN {record} ELSE {change} END")
