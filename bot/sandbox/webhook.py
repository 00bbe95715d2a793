"""Delivery of updates to a webhook: in order, again until the answer is 2xx."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from bot.sandbox.changes import Changes
from bot.sandbox.errors import bad_request
from bot.sandbox.model import Json
from bot.sandbox.state import Now
from bot.sandbox.updates import Update, UpdateQueue

PORTS = (80, 88, 443, 8443)
"""The ports that Telegram delivers to; on loopback every port will do."""
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where updates go. An empty url means that there is no webhook."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes 60 ms, a third of a sandbox's start: once a process is enough."""
    return httpx.create_ssl_context()


def checked_webhook(url: str, secret: str, max_connections: int) -> Webhook:
    """The webhook, if Telegram would take it; plain http and any port are taken on loopback only."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
    except ValueError:
        raise bad_request("bad webhook: invalid URL specified") from None
    if not _on_loopback(parts.hostname or ""):
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if port not in PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    return Webhook(url, secret, max_connections)


def _on_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class WebhookDelivery:
    """Posts the pending updates one by one. `run` is awaited by the owner of the sandbox."""

    def __init__(self, queue: UpdateQueue, changes: Changes, now: Now) -> None:
        self.webhook = Webhook()
        self.first_pause = 0.05
        """Seconds before the second attempt; doubled for each further one, at most `longest_pause`."""
        self.longest_pause = 5.0
        self._queue = queue
        self._changes = changes
        self._now = now
        self._last_error: tuple[datetime, str] | None = None
        self._scope: asyncio.Timeout | None = None

    def set(self, webhook: Webhook) -> None:
        """Deliver there from now on."""
        self.webhook = webhook
        self._last_error = None
        self._queue.arrived.fire()

    def info(self) -> Json:
        """The answer of getWebhookInfo."""
        info: Json = {
            "url": self.webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue),
        }
        if self.webhook.url:
            info["max_connections"] = self.webhook.max_connections
        if self._queue.allowed:
            info["allowed_updates"] = sorted(self._queue.allowed)
        if self._last_error:
            info["last_error_date"] = int(self._last_error[0].timestamp())
            info["last_error_message"] = self._last_error[1]
        return info

    async def run(self) -> None:
        """Deliver until `stop` is called."""
        try:
            async with (
                asyncio.timeout(None) as self._scope,
                httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, verify=_tls()) as client,
            ):
                await self._deliver_all(client)
        except TimeoutError:
            return
        finally:
            self._scope = None

    def stop(self) -> None:
        """End `run` at once, also in the middle of a delivery."""
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def _deliver_all(self, client: httpx.AsyncClient) -> None:
        failures = 0
        while True:
            batch = self._queue.batch(2) if self.webhook.url else []
            if not batch:
                await self._queue.arrived.wait()
            elif await self._deliver(client, batch[0]):
                failures = 0
            else:
                failures += 1
                await asyncio.sleep(min(self.first_pause * 2 ** (failures - 1), self.longest_pause))

    async def _deliver(self, client: httpx.AsyncClient, update: Update) -> bool:
        webhook = self.webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            answer = await client.post(webhook.url, json=update.as_json(), headers=headers)
        except httpx.HTTPError as error:
            self._failed(f"Connection failed: {type(error).__name__}")
            return False
        if not answer.is_success:
            self._failed(f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}")
            return False
        self._queue.confirm(update)
        self._changes.tell()
        return True

    def _failed(self, reason: str) -> None:
        self._last_error = (self._now(), reason)
        self._changes.tell()
