"""Health and metrics: whether this process answers, whether it can work, and how the bot is doing."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.clock import Clock
from storage import migrating, status
from storage.database import Database
from storage.status import Status

log = structlog.get_logger()

WINDOW = timedelta(hours=24)
"""How far back the counts of ended messages reach."""


class Monitoring:
    """Read-only pages about one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def health(self, request: Request) -> Response:
        """The process answers: 200. A supervisor restarts one that does not."""
        return PlainTextResponse("ok")

    async def readiness(self, request: Request) -> Response:
        """200 when the database answers and has this program's schema, else 503 and why."""
        try:
            version = await migrating.current(self._database)
        except Exception as error:
            # Whatever the driver raises means the same here: not ready.
            log.warning("not_ready", error=type(error).__name__)
            return PlainTextResponse("the database does not answer", status_code=503)
        if version != migrating.head():
            return PlainTextResponse("the database needs: python -m bot db upgrade", status_code=503)
        return PlainTextResponse("ready")

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format, counted afresh from the database."""
        now = self._clock.now()
        async with self._database.read() as work:
            counts = await status.read(work, now=now, since=now - WINDOW)
        registry = CollectorRegistry()
        oldest = counts.oldest_due_at
        registry.register(_Counts(counts, (now - oldest).total_seconds() if oldest else 0.0))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Counts(Collector):
    """One reading of the counts. `late` is the age of the oldest due message in seconds."""

    def __init__(self, counts: Status, late: float) -> None:
        self._counts = counts
        self._late = late

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every gauge with its value."""
        counts = self._counts
        outbox = GaugeMetricFamily(
            "aftercare_outbox_messages",
            "Messages by state; ended ones of the last 24 hours.",
            labels=["state"],
        )
        for state, count in (
            ("pending", counts.pending),
            ("under_way", counts.under_way),
            ("sent", counts.sent_today),
            ("skipped", counts.skipped_today),
            ("failed", counts.failed_today),
            ("uncertain", counts.uncertain_today),
        ):
            outbox.add_metric([state], count)
        yield outbox
        unreachable = GaugeMetricFamily(
            "aftercare_unreachable_people", "People whom Telegram refuses to reach.", labels=["role"]
        )
        unreachable.add_metric(["patient"], counts.unreachable_patients)
        unreachable.add_metric(["staff"], counts.unreachable_staff)
        yield unreachable
        for name, meaning, value in (
            ("outbox_oldest_due_seconds", "How late the oldest unsent message is.", self._late),
            ("alerts_open", "Alerts that nobody has resolved.", counts.open_alerts),
            ("alerts_untaken", "Alerts that nobody has acknowledged.", counts.untaken_alerts),
            ("inbox_waiting", "Updates that wait to be handled.", counts.updates_waiting),
            ("inbox_dead_letters", "Updates set aside after failing again and again.", counts.dead_letters),
        ):
            yield GaugeMetricFamily(f"aftercare_{name}", meaning, value=value)
