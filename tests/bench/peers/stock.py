"""The stock way: python-telegram-bot's polling, JobQueue with one job a message in SQLAlchemyJobStore, AIORateLimiter.

`work` is "jobs" (messages at given times, inside Telegram's limits) or "updates" (answer each, no limits, nothing
stored).
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from telegram import Update
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from tests.bench.peers import protocol, stock_jobs

Stock = Application[Any, Any, Any, Any, Any, Any]


async def _main() -> None:
    given = protocol.parameters()
    application = _application(given)
    stock_jobs.BOTS.append(application.bot)
    if given["work"] == "jobs":
        await _run_jobs(application, given)
    else:
        await _answer_updates(application)


def _application(given: dict[str, Any]) -> Stock:
    # Any: a builder changes its type with each call, and this one goes two ways.
    builder: Any = ApplicationBuilder().token(given["token"]).base_url(f"{given['api']}/bot")
    builder = builder.connection_pool_size(given["connections"]).concurrent_updates(given["connections"])
    if given["work"] == "jobs":
        builder = builder.rate_limiter(AIORateLimiter())
    built: Stock = builder.build()
    return built


async def _run_jobs(application: Stock, given: dict[str, Any]) -> None:
    """`jobs` are [chat, seconds since 1970]."""
    assert application.job_queue is not None
    scheduler = application.job_queue.scheduler
    scheduler.add_jobstore(SQLAlchemyJobStore(url=given["store"]))
    for chat_id, due in given["jobs"]:
        # No grace: with the default of a second, what comes late is dropped, and there would be nothing to time.
        scheduler.add_job(
            stock_jobs.deliver,
            "date",
            run_date=datetime.fromtimestamp(due, UTC),
            args=[chat_id],
            misfire_grace_time=None,
        )
    async with application:
        await application.start()
        await protocol.ready()
        await protocol.done()
        await application.stop()


async def _answer_updates(application: Stock) -> None:
    application.add_handler(MessageHandler(filters.ALL, _answer))
    assert application.updater is not None
    async with application:
        await application.start()
        await application.updater.start_polling()
        await protocol.ready()
        await protocol.done()
        await application.updater.stop()
        await application.stop()


async def _answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.effective_chat is not None
    await protocol.send(stock_jobs.BOTS[0], update.effective_chat.id)


if __name__ == "__main__":
    asyncio.run(_main())
