"""Waking across processes: what another process has committed is heard here at once. For PostgreSQL only.

The sending half is `UnitOfWork.commit`. Nothing hangs on it: who waits for news also looks again every second, which
is all that there is behind a pooler of transactions, through which no notification comes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from storage.database import CHANNEL, Database, News
from storage.engines import CONNECTING

PAUSE = 1.0
"""Seconds before the next attempt to listen."""


async def listen(database: Database) -> None:
    """Pass on the news of other processes, on a connection of its own, which is opened again whenever it is cut.

    Returns at once on SQLite, where there is one process.
    """
    if database.is_sqlite:
        return
    # Here, because whoever is on SQLite need not load it: 0.1 s of every start, and some megabytes.
    from psycopg import AsyncConnection, Error

    while True:
        try:
            await _hear(database, AsyncConnection.connect)
        except Error:
            # Those who read and write say that the database is away.
            await asyncio.sleep(PAUSE)


async def _hear(database: Database, connect: Callable[..., Awaitable[Any]]) -> None:
    """Until the connection is cut. Raises psycopg.Error."""
    _, parameters = database.url.get_dialect()().create_connect_args(database.url)
    async with await connect(**{**CONNECTING, **parameters}, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        # What was told while nobody listened.
        database.listeners.tell(News)
        async for notification in connection.notifies():
            # A word that this version does not know is another version's.
            database.listeners.tell(news for news in News if news in notification.payload.split())
