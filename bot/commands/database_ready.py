"""Whether the database can be used by this version of the program."""

from storage import schema
from storage.database import Database


class DatabaseProblem(Exception):
    """Why the database cannot be used, in words, without its address."""


async def check_ready(database: Database) -> None:
    """Raises DatabaseProblem unless the database answers and has this program's schema.

    An empty SQLite file is prepared on the way: there is nothing in it that could be lost.
    """
    try:
        version = await schema.current(database)
        if version is None and database.is_sqlite:
            # Here, because a program whose database is ready need not load Alembic: seven megabytes.
            from storage import migrating

            await migrating.upgrade(database)
            version = await schema.current(database)
    except Exception as error:
        # Drivers raise all sorts of things, and their messages name addresses and users.
        raise DatabaseProblem(
            f"The database does not answer ({type(error).__name__}). Is DATABASE_URL right, is it running?"
        ) from None
    if version is None:
        raise DatabaseProblem("The database is empty. Prepare it with: python -m bot db upgrade")
    if version != schema.NEWEST:
        raise DatabaseProblem(
            f"The database is at version {version}, this program needs {schema.NEWEST}. Run: python -m bot db upgrade"
        )
