"""The HTTP face: Telegram's webhook, health and metrics."""

import hmac
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.clock import Clock
from bot.intake import Intake
from bot.watchdog import Watchdog
from bot.web.monitoring import Monitoring
from bot.web.readiness import Reason
from storage.database import Database

log = structlog.get_logger()

LARGEST_UPDATE = 1024 * 1024
"""Bytes of an update that are read. Telegram's own are a few kilobytes; files are fetched separately."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header


def webhook_path(token: str) -> str:
    """The path of the webhook: the same in every process of one bot, and not to be guessed."""
    return f"/telegram/{sha256(b'webhook:' + token.encode()).hexdigest()[:32]}"


class Webhook:
    """Takes updates: 200 is answered only when they are stored for good."""

    def __init__(self, intake: Intake, secret: str) -> None:
        self._intake = intake
        self._secret = secret.encode()

    async def receive(self, request: Request) -> Response:
        """Store one update. Anything but 200 makes Telegram send it again."""
        given = request.headers.get(SECRET_HEADER, "").encode()
        if not hmac.compare_digest(given, self._secret):
            log.warning("webhook_refused", reason="secret")
            return _answer("not found", 404)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return _answer("gone", 400)
        if body is None:
            return _answer("too large", 413)
        update = _update(body)
        if update is None:
            log.warning("webhook_refused", reason="not an update")
            return _answer("not an update", 400)
        try:
            await self._intake.store([update])
        except (KeyError, TypeError, ValueError):
            log.warning("webhook_refused", reason="not an update")
            return _answer("not an update", 400)
        return _answer("stored")


async def _body(request: Request) -> bytes | None:
    """The body; None when there is more of it than an update can have."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_UPDATE:
            return None
    return bytes(body)


def _update(body: bytes) -> dict[str, Any] | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return update if isinstance(update, dict) else None


def _answer(text: str, status: int = 200) -> Response:
    return PlainTextResponse(text, status_code=status)


def application(
    database: Database,
    clock: Clock,
    *,
    token: str = "",
    secret: str = "",
    receiving: bool = False,
    needed: Sequence[Reason] = (),
    watchdog: Watchdog | None = None,
) -> Starlette:
    """The web application. `receiving`: with the webhook, whose token and secret must be given.

    `needed` is what makes this process ready beside the database; `watchdog` knows what hangs.
    """
    monitoring = Monitoring(database, clock, needed=needed, watchdog=watchdog)
    routes = [
        Route("/healthz", monitoring.health),
        Route("/readyz", monitoring.readiness),
        Route("/metrics", monitoring.metrics),
    ]
    if receiving:
        if not token or not secret:
            raise ValueError("a webhook needs the token and the secret")
        webhook = Webhook(Intake(database, clock), secret)
        routes.append(Route(webhook_path(token), webhook.receive, methods=["POST"]))
    return Starlette(routes=routes)
