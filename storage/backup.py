"""A copy of the database while it is in use: one state of it, whole or not at all."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from shlex import quote

from sqlalchemy.engine import URL

from storage.database import sqlite_file

PRIVATE = 0o600
"""Only its owner may read the copy: it holds health data in plain text."""

_SECRETS = ("password", "sslpassword")
"""Parameters of an address that are not for the screen."""


class CannotBackUp(Exception):
    """Why there is no copy, in words, without a password."""


def back_up(url: URL, file: Path) -> int:
    """Copy a SQLite database to `file`, which only its owner may read; returns its size in bytes.

    What is committed meanwhile may or may not be in it; writers do not wait. Raises CannotBackUp: `file` exists, is
    left out or cannot be written, or this is PostgreSQL.
    """
    source = sqlite_file(url)
    if source is None:
        raise CannotBackUp(f"PostgreSQL makes its own copies. Run: {pg_dump(url, file)}")
    if not source.is_file():
        raise CannotBackUp(f"There is no database at {source}.")
    if file.exists():
        raise CannotBackUp(f"{file} exists already. Choose another name, or move it away.")
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        _copy(source, unfinished)
        _keep(unfinished)
        if file.exists():
            raise CannotBackUp(f"{file} appeared meanwhile and was left as it is.")
        unfinished.rename(file)
        _keep(file.parent)
        return file.stat().st_size
    except (OSError, sqlite3.Error) as error:
        raise CannotBackUp(f"{file} cannot be written: {_words(error)}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        # In one step: in several, each write to the original would make it begin again.
        original.backup(copy)
        # A copy is one file, without the second half that a running database has beside it.
        copy.execute("PRAGMA journal_mode=DELETE").close()
        [(verdict,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise CannotBackUp(f"The database is damaged ({verdict}). Keep the copies that you have.")


def _keep(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _words(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def pg_dump(url: URL, file: Path) -> str:
    """The command that copies a PostgreSQL database to `file`; it asks for the password that is not in it."""
    address = url.set(drivername="postgresql").difference_update_query(_SECRETS)
    bare = URL.create("postgresql", address.username, None, address.host, address.port, address.database, address.query)
    return f"pg_dump --format=custom --file={quote(str(file))} {quote(bare.render_as_string())}"
