"""What a tick finds due, row by row, each in a transaction of its own: one that breaks must not hold up the rest."""

from collections.abc import Awaitable, Callable, Sequence

from storage.database import Database, UnitOfWork, is_database_outage


async def one_by_one(database: Database, due: Sequence[int], do: Callable[[UnitOfWork, int], Awaitable[bool]]) -> int:
    """Do and commit each of the rows `due`. Returns for how many `do` said that there was something to do.

    Raises ExceptionGroup at the end for rows that broke: they stay due, and the others are done. When the database
    is away nothing else is tried.
    """
    done = 0
    broken: list[Exception] = []
    for row_id in due:
        try:
            async with database.work() as work:
                done += await do(work, row_id)
                await work.commit()
        except Exception as error:
            if is_database_outage(error):
                raise
            broken.append(error)
    if broken:
        raise ExceptionGroup(f"{len(broken)} of {len(due)} rows broke", broken)
    return done
