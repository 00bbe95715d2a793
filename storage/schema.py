"""Where a database's schema stands.

Without Alembic, which `storage/migrating.py` loads to change it: that would be seven of a process's megabytes.
"""

from sqlalchemy import Connection, column, inspect, select, table

from storage.database import Database

NEWEST = "0003"
"""The version that this program needs: the last of `storage/migrations/versions/`."""

_VERSIONS = table("alembic_version", column("version_num"))


async def current(database: Database) -> str | None:
    """The version of a database; None for an empty one."""
    return await database.look(_version)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    version: str | None = connection.execute(select(_VERSIONS.c.version_num)).scalar_one_or_none()
    return version
