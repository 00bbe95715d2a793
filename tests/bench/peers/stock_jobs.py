"""What a stock job does. A module of its own, because APScheduler stores a job as the name of its function."""

from telegram import Bot

from tests.bench.peers import protocol

BOTS: list[Bot] = []
"""The running bot: jobs are pickled, so they cannot carry it."""


async def deliver(chat_id: int) -> None:
    """Send one message."""
    await protocol.send(BOTS[0], chat_id)
