"""Around every test here: whatever was sent, nothing was set aside, nothing raised, and nothing went unsent."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from storage.tables import Inbox, Outbox
from tests.world import World

LOUD = {"update_failed", "update_set_aside", "answer_failed", "task_died", "tick_failed", "tap_not_answered"}
"""Events of the log that bad input must never cause."""


@pytest.fixture(autouse=True)
async def unharmed(world: World) -> AsyncIterator[None]:
    """After the test: every update was handled without an error, and no message has failed but to who is gone."""
    with capture_logs() as logged:
        yield
        # Asked first: a chat whose update waits for another try never settles.
        assert [entry for entry in logged if entry["event"] in LOUD] == []
        await world.settle()
    assert [entry for entry in logged if entry["event"] in LOUD] == []
    assert not world.app.nursery.failed.done()
    async with world.database.read() as work:
        updates = (await work.session.execute(select(Inbox.update_id, Inbox.state, Inbox.error))).all()
        failed = await work.session.scalars(
            select(Outbox.template).where(Outbox.state == "failed", Outbox.reason != "unreachable")
        )
        assert failed.all() == []
    assert [tuple(row) for row in updates if row.state != "done" or row.error is not None] == []
