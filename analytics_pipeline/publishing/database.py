"""The Postgres database that the marts are published to, and what it says when it refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import errors, extensions

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings

CONNECT_SECONDS = 10
ADVICE = {
    errors.InsufficientPrivilege: "Give the user of publish_url that right; docs/publishing.md "
    "lists what it needs.",
    errors.DiskFull: "Free some space on the Postgres server and publish again.",
    errors.OutOfMemory: "Give the Postgres server more memory and publish again.",
    errors.LockNotAvailable: "Another session holds the table: end it, or publish again later.",
    errors.DependentObjectsStillExist: "Drop what depends on it, and publish again.",
    errors.ReadOnlySqlTransaction: "Name the primary server in publish_url.",
}


class PublishError(PipelineError):
    """Nothing could be published; the message says why and what to do, and shows no password."""


@contextmanager
def open_database(settings: Settings) -> Iterator[extensions.connection]:
    """Connect to the database of ``publish_url``, in UTC.

    Raises PublishError where it is not set or not reached, and in place of any error of Postgres
    within the block.
    """
    if settings.publish_url is None:
        raise PublishError(
            "The setting publish_url is not set, so there is no database to publish to. Set "
            "AICACHE_PUBLISH_URL=postgresql://user:password@host:5432/database."
        )
    try:
        parameters = extensions.parse_dsn(settings.publish_url.get_secret_value())
    except psycopg2.Error:
        # What it says may quote the password.
        raise PublishError(
            "The setting publish_url cannot be read as postgresql://user:password@host:5432/"
            "database. Special characters of the password are written as % and two hexadecimal "
            "digits."
        ) from None
    parameters = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "aicache-analytics",
        **parameters,
        "client_encoding": "UTF8",
    }
    place = _place(parameters)
    try:
        connection = psycopg2.connect(**parameters)
    except psycopg2.Error as error:
        raise PublishError(
            f"{place} cannot be reached: {_first_line(error)}. See that it runs, and that the "
            "setting publish_url is right."
        ) from error
    try:
        # Whoever waits for a turn sees, when it comes, what was committed meanwhile.
        connection.set_session(isolation_level="READ COMMITTED")
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        yield connection
    except psycopg2.Error as error:
        raise PublishError(_refusal(place, error)) from error
    finally:
        connection.close()


def _place(parameters: dict[str, str]) -> str:
    host, port = parameters.get("host", "localhost"), parameters.get("port", "5432")
    return f"The Postgres database {parameters.get('dbname', '')} on {host}:{port}"


def _first_line(error: psycopg2.Error) -> str:
    """What Postgres said, without the details, which may quote rows."""
    text = error.diag.message_primary or str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _refusal(place: str, error: psycopg2.Error) -> str:
    if error.pgcode is None or error.pgcode.startswith(("08", "57P")):
        return (
            f"{place} broke the connection off: {_first_line(error)}. What was published before "
            "stands; publish again once it is back."
        )
    advice = next((text for kind, text in ADVICE.items() if isinstance(error, kind)), "")
    return f"{place} refused: {_first_line(error)}. No table is half-published. {advice}".rstrip()
