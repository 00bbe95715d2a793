"""The worker's lock on PostgreSQL: one number, held by a connection that nothing else uses.

Only imported where PostgreSQL is used, like its driver.
"""

from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres import drop, engine, opened

KEY = 0x61667465726361
"""The number of the advisory lock ("afterca" in ASCII): the same for every Aftercare on one database."""

CONNECT_SECONDS = 5.0
"""How long the connection may take to open."""


class AdvisoryLock:
    """Held for as long as its connection is open, whatever becomes of the process."""

    def __init__(self, url: URL) -> None:
        # Without transactions: one would stay open for weeks.
        self._engine = engine(url, seconds=CONNECT_SECONDS, isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None

    @property
    def held(self) -> bool:
        """Whether the connection is open, as far as this process knows."""
        return self._connection is not None

    async def take(self) -> bool:
        """Take the lock if it is free. Raises DBAPIError."""
        connection = await opened(self._engine)
        try:
            taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY})
        except BaseException:
            await drop(connection)
            raise
        if not taken:
            await connection.close()
            return False
        self._connection = connection
        return True

    async def still_held(self) -> bool:
        """Whether the connection answers. Raises what it raises."""
        if self._connection is None:
            return False
        # Past SQLAlchemy: it is asked every second of every day.
        driver: Any = (await self._connection.get_raw_connection()).driver_connection
        await driver.execute("SELECT 1")
        return True

    async def release(self) -> None:
        """Close the connection. Nothing is said to the server, which frees the lock when the socket closes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await drop(connection)
