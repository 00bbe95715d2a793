"""What time the database has."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from storage.database import UnitOfWork


async def database_time(work: UnitOfWork) -> datetime:
    """The clock of PostgreSQL's server at this moment, aware, in UTC. SQLite has no clock but this machine's."""
    # Not now(): that is when the transaction began.
    answer: datetime = (await work.session.execute(select(func.clock_timestamp()))).scalar_one()
    return answer.astimezone(UTC)
