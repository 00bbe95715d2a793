"""Whether the database can be used by this version of the program."""

from storage import migrating
from storage.database import Database


class DatabaseProblem(Exception):
    """Why the database cannot be used, in words, without its address."""


async def check_ready(database: Database) -> None:
    """Raises DatabaseProblem unless the database answers and has this program's schema.

    An empty SQLite file is prepared on the way: there is nothing in it that could be lost.
    """
    try:
        version = await migrating.current(database)
        if version is None and database.is_sqlite:
            await migrating.upgrade(database)
            version = await migrating.current(database)
    except Exception as error:
        # Drivers raise all sorts of things, and their messages name addresses and users.
        raise DatabaseProblem(
            f"The database does not answer ({type(error).__name__}). Is DATABASE_URL right, is it running?"
        ) from None
    newest = migrating.head()
    if version is None:
        raise DatabaseProblem("The database is empty. Prepare it with: python -m bot db upgrade")
    if version != newest:
        raise DatabaseProblem(
            f"The database is at version {version}, this program needs {newest}. Run: python -m bot db upgrade"
        )
