"""Waking across processes: what another process has committed is heard here at once. For PostgreSQL only.

The sending half is `UnitOfWork.commit`. Nothing hangs on it: who waits for news also looks again every other second,
which is all that there is behind a pooler of transactions, through which no notification comes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import URL

from storage.database import CHANNEL, Database, News

PAUSE = 1.0
"""Seconds before the next attempt to listen."""


async def listen(database: Database) -> None:
    """Pass on the news of other processes, on a connection of its own, which is opened again whenever it is cut.

    Returns at once on SQLite, where there is one process.
    """
    if database.is_sqlite:
        return
    # Here, because whoever is on SQLite need not load the driver: a part of every start, and some megabytes.
    from storage import postgres

    while True:
        with suppress(postgres.Unreachable, *postgres.OUTSIDE):
            # Those who read and write say that the database is away.
            await _hear(database, postgres.connect)
        await asyncio.sleep(PAUSE)


async def _hear(database: Database, connect: Callable[[URL], Awaitable[Any]]) -> None:
    """Until the connection is cut. Raises what `connect` and the driver raise."""
    connection = await connect(database.url)
    cut = asyncio.Event()
    connection.add_termination_listener(lambda _: cut.set())
    try:
        await connection.add_listener(CHANNEL, partial(_heard, database))
        # What was told while nobody listened.
        database.listeners.tell(News)
        await cut.wait()
    finally:
        connection.terminate()


def _heard(database: Database, _connection: object, _process: int, _channel: str, words: str) -> None:
    # A word that this version does not know is another version's.
    database.listeners.tell(news for news in News if news in words.split())
