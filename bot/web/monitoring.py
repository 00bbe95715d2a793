"""Health and metrics: whether this process answers, whether it can work, and how the bot is doing."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.clock import Clock
from bot.measures import MEASURES
from bot.watchdog import Watchdog
from bot.web.gauges import Gauges
from bot.web.readiness import Reason
from storage import figures, schema
from storage.database import Database

log = structlog.get_logger()

WINDOW = timedelta(hours=24)
"""How far back the counts of ended messages reach."""

ANSWER_SECONDS = 5.0
"""How long the database may take to say which version it has."""


class Monitoring:
    """Read-only pages about this process and its database."""

    def __init__(
        self, database: Database, clock: Clock, *, needed: Sequence[Reason] = (), watchdog: Watchdog | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._needed = needed
        self._watchdog = watchdog

    async def health(self, request: Request) -> Response:
        """200 while the process answers and no part of it hangs. A supervisor restarts one that does not."""
        silent = self._watchdog.silent() if self._watchdog is not None else {}
        if silent:
            return PlainTextResponse(f"stuck: {', '.join(sorted(silent))}", status_code=503)
        return PlainTextResponse("ok")

    async def readiness(self, request: Request) -> Response:
        """200 when the database has this program's schema and whatever else this process needs is there.

        Else 503 and why.
        """
        reasons = [await self._database_reason(), *(reason() for reason in self._needed)]
        words = "; ".join(reason for reason in reasons if reason is not None)
        return PlainTextResponse(words or "ready", status_code=503 if words else 200)

    async def _database_reason(self) -> str | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                version = await schema.current(self._database)
        except Exception as error:
            # Whatever the driver raises means the same here: not ready.
            log.warning("not_ready", error=type(error).__name__)
            return "the database does not answer"
        return None if version == schema.NEWEST else "the database needs: python -m bot db upgrade"

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format: counted afresh from the database, then what this process measured."""
        now = self._clock.now()
        counted = CollectorRegistry()
        counted.register(Gauges(await figures.read(self._database, now=now, since=now - WINDOW), now))
        return Response(generate_latest(counted) + generate_latest(MEASURES), media_type=CONTENT_TYPE_LATEST)
