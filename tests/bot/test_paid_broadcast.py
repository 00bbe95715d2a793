"""More than thirty messages a second, where the clinic pays for it, and only there."""

from dataclasses import replace

import pytest

from bot.throttle import NO_LIMITS
from tests.world import living

CROWD = 60
"""Twice what Telegram takes in a second without being paid."""


@pytest.mark.parametrize("paid", [True, False])
async def test_what_is_paid_for_is_not_refused(database_url: str, paid: bool) -> None:
    async with living(database_url, limits=replace(NO_LIMITS, paid_broadcast=paid)) as world:
        # All of it happens in one and the same second, however long this machine takes.
        limiter = world.sandbox.limiter
        limiter.enabled, limiter.seconds = True, lambda: 0.0
        strangers = [world.sandbox.person(f"Stranger{number}") for number in range(CROWD)]
        for stranger in strangers:
            stranger.say("/start")
        await world.sandbox.changed(lambda: all(each.bot_messages for each in strangers) or limiter.refused > 0, 30)
        assert (limiter.refused == 0) is paid
        limiter.enabled = False
        await world.settle()
