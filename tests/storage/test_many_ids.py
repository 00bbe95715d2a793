"""Ids by the thousand, in one parameter."""

from datetime import UTC, datetime

from sqlalchemy import select

from storage.database import Database
from storage.many_ids import among
from storage.tables import Audit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MORE_THAN_SQLITE_HAS_PARAMETERS = 40_000


async def test_only_the_rows_asked_for_come_however_many_ids_are_given(database_url: str) -> None:
    database = Database(database_url)
    async with database.work() as work:
        for number in range(4):
            work.session.add(Audit(at=NOW, action=f"{number}", subject="test", details={}))
        await work.commit()
    statement = select(Audit.id).where(among(Audit.id)).order_by(Audit.id)
    async with database.read() as work:
        first, *_, last = (await work.session.scalars(select(Audit.id).order_by(Audit.id))).all()
        for ids, expected in (
            ([], []),
            ([last, first], [first, last]),
            (range(last, last + MORE_THAN_SQLITE_HAS_PARAMETERS), [last]),
        ):
            found = await work.session.scalars(statement, {"ids": ids})
            assert found.all() == expected
    await database.close()
