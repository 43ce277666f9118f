"""Which columns of a mart tell people apart."""

from collections.abc import Collection, Iterable

from analytics_pipeline.settings import Settings

# The one rule of what tells people apart: columns of these names, those whose names begin with
# user_, and the fields that privacy.fields does not keep.
IDENTIFYING_COLUMNS = frozenset(
    {
        "user", "session_id", "username", "login", "email", "author", "author_id", "actor",
        "actor_id", "person", "person_id", "account_id", "employee_id", "developer",
        "developer_id", "client", "client_ip", "ip", "ip_address", "query", "message",
    }
)  # fmt: skip
IDENTIFYING_PREFIX = "user_"
# A column of such a name says by what a row is sliced: where that is one of those names, the row is
# about a person.
SLICING_COLUMNS = frozenset({"dimension", "slice"})


def identifying_columns(settings: Settings) -> frozenset[str]:
    """The names of columns that tell people apart, if only by a pseudonym."""
    policies = settings.privacy.fields
    return IDENTIFYING_COLUMNS | {n for n, policy in policies.items() if policy != "keep"}


def is_identifying(columns: Iterable[str], identifying: Collection[str]) -> bool:
    """Whether one of the columns tells people apart."""
    return any(
        name.lower() in identifying or name.lower().startswith(IDENTIFYING_PREFIX)
        for name in columns
    )
