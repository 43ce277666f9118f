"""Who may read what is published: three group roles, which an administrator gives to users.

``<schema>_reader`` reads what has nothing of single persons, ``<schema>_analyst`` all tables, and
``<schema>_admin`` has all rights in the schema. None can log in by itself.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier, Literal

from analytics_pipeline.metrics.persons import (
    IDENTIFYING_PREFIX,
    SLICING_COLUMNS,
    is_identifying,
)
from analytics_pipeline.publishing.structure import BOOKKEEPING, relations

READER, ANALYST, ADMIN = "reader", "analyst", "admin"
POLICY_PREFIX = "persons_"
ALL_RIGHTS = frozenset(
    ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
)

GRANTED = """
select c.relname, r.rolname, array_agg(a.privilege_type)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) a
join pg_roles r on r.oid = a.grantee
where n.nspname = %s and r.rolname = any (%s)
group by c.relname, r.rolname
"""
PROTECTED = """
select c.relname, array_agg(p.polname::text)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_policy p on p.polrelid = c.oid
where n.nspname = %s and c.relrowsecurity
group by c.relname
"""


def role_names(schema: str) -> dict[str, str]:
    """The names of the three roles by their part."""
    return {part: f"{schema}_{part}" for part in (READER, ANALYST, ADMIN)}


def ensure_roles(cursor: extensions.cursor, schema: str) -> None:
    """Make the roles that are missing, where the user may make roles."""
    missing = set(role_names(schema).values()) - present_roles(cursor, schema)
    cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    if missing and cursor.fetchone() == (True,):
        for name in sorted(missing):
            cursor.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(name)))


def present_roles(cursor: extensions.cursor, schema: str) -> set[str]:
    """Those of the three roles that the server has."""
    cursor.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(role_names(schema).values())]
    )
    return {name for (name,) in cursor.fetchall()}


def grant(
    cursor: extensions.cursor,
    schema: str,
    published: Collection[str],
    identifying: Collection[str],
) -> None:
    """Give the roles that exist exactly their rights on the tables as they stand in Postgres.

    ``published`` are the tables' names; those that were published earlier count too. Readers get
    none on a table with a column that is ``identifying``, and see no row of a slice that is.
    """
    present = present_roles(cursor, schema)
    roles = {part: name for part, name in role_names(schema).items() if name in present}
    for part, role in roles.items():
        rights = SQL("ALL" if part == ADMIN else "USAGE")
        cursor.execute(
            SQL("GRANT {} ON SCHEMA {} TO {}").format(rights, Identifier(schema), Identifier(role))
        )
    cursor.execute(
        SQL("SELECT DISTINCT table_name FROM {}").format(Identifier(schema, BOOKKEEPING))
    )
    names = {BOOKKEEPING, *published, *(name for (name,) in cursor.fetchall())}
    cursor.execute(GRANTED, [schema, list(roles.values())])
    granted = {(table, role): frozenset(rights) for table, role, rights in cursor.fetchall()}
    cursor.execute(PROTECTED, [schema])
    policies = {table: frozenset(of_table) for table, of_table in cursor.fetchall()}
    for name, relation in relations(cursor, schema).items():
        if name not in names:
            continue
        slicing = sorted(column for column in relation.types if column.lower() in SLICING_COLUMNS)
        if slicing and {ANALYST, ADMIN} <= roles.keys():
            table = Identifier(schema, name)
            _protect_rows(cursor, table, roles, slicing, identifying, policies.get(name, ()))
        for part, role in roles.items():
            hidden = is_identifying(relation.types, identifying) or bool(
                slicing and not {ANALYST, ADMIN} <= roles.keys()
            )
            wanted = _rights(part, name, hidden_from_readers=hidden)
            if granted.get((name, role), frozenset()) & ALL_RIGHTS != wanted:
                _set_rights(cursor, schema, name, role, wanted)


def _protect_rows(
    cursor: extensions.cursor,
    table: Composable,
    roles: Mapping[str, str],
    slicing: Sequence[str],
    identifying: Collection[str],
    present: Collection[str],
) -> None:
    """Let analysts and admins alone see the rows that are about persons.

    That holds for everyone else to whom the table is granted, not only for readers. The name of
    the policy tells which one it is, as Postgres keeps its condition in other words.
    """
    names = "|".join(re.escape(name) for name in sorted(identifying))
    pattern = f"^({names}|{IDENTIFYING_PREFIX}.*)$"
    digest = hashlib.sha256("\n".join([*slicing, pattern]).encode()).hexdigest()[:16]
    policy = f"{POLICY_PREFIX}{digest}"
    if policy in present:
        return
    cursor.execute(SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table))
    for former in present:
        if former.startswith(POLICY_PREFIX):
            cursor.execute(SQL("DROP POLICY {} ON {}").format(Identifier(former), table))
    of_no_person = SQL(" AND ").join(
        SQL("coalesce(lower({}), '') !~ {}").format(Identifier(column), Literal(pattern))
        for column in slicing
    )
    cursor.execute(
        SQL(
            "CREATE POLICY {} ON {} USING (pg_has_role(current_user, {}, 'usage') "
            "OR pg_has_role(current_user, {}, 'usage') OR ({}))"
        ).format(
            Identifier(policy), table, Literal(roles[ANALYST]), Literal(roles[ADMIN]), of_no_person
        )
    )


def _rights(part: str, table: str, *, hidden_from_readers: bool) -> frozenset[str]:
    if part == ADMIN:
        return ALL_RIGHTS
    hidden = table == BOOKKEEPING or (part == READER and hidden_from_readers)
    return frozenset() if hidden else frozenset(["SELECT"])


def _set_rights(
    cursor: extensions.cursor, schema: str, table: str, role: str, wanted: Collection[str]
) -> None:
    name, grantee = Identifier(schema, table), Identifier(role)
    cursor.execute(SQL("REVOKE ALL ON {} FROM {}").format(name, grantee))
    if wanted:
        rights = SQL(", ").join(map(SQL, sorted(wanted)))
        cursor.execute(SQL("GRANT {} ON {} TO {}").format(rights, name, grantee))
