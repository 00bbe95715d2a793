"""Procrastinate on PostgreSQL, sending through python-telegram-bot: a stored job for each message.

`jobs` are [chat, seconds since 1970 or null for at once]. With `prepare` there are no tables yet: they are made, and
`pending` jobs stored that are scheduled for a later month.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from telegram import Bot
from telegram.request import HTTPXRequest

from tests.bench.peers import protocol

TASK = "deliver"


async def _main() -> None:
    given = protocol.parameters()
    connections = int(given["connections"])
    app = App(connector=PsycopgConnector(conninfo=given["store"]))
    request = HTTPXRequest(connection_pool_size=connections)
    async with (
        Bot(given["token"], base_url=f"{given['api']}/bot", request=request) as bot,
        app.open_async(),
    ):

        @app.task(name=TASK)
        async def deliver(chat_id: int) -> None:
            await protocol.send(bot, chat_id)

        if given["prepare"]:
            await app.schema_manager.apply_schema_async()
            _add_pending(given["store"], given["pending"])
        await _defer(app, given["jobs"])
        await protocol.ready()
        # It works until it is told to stop: jobs that are scheduled for later do not keep it waiting by themselves.
        worker = asyncio.create_task(app.run_worker_async(concurrency=connections, install_signal_handlers=False))
        await protocol.done()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def _defer(app: App, jobs: list[tuple[int, float | None]]) -> None:
    for chat_id, due in jobs:
        schedule_at = None if due is None else datetime.fromtimestamp(due, UTC)
        await app.configure_task(TASK, schedule_at=schedule_at).defer_async(chat_id=chat_id)


def _add_pending(store: str, count: int) -> None:
    options: dict[str, Any] = {"autocommit": True}
    with psycopg.connect(store, **options) as connection:
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
            " SELECT 'default', 'deliver', '{\"chat_id\": 1}', now() + interval '60 days' + n * interval '1 second'"
            " FROM generate_series(1, %s) AS n",
            [count],
        )
        connection.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    asyncio.run(_main())
