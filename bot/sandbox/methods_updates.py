"""Bot API methods about how updates reach the bot."""

from __future__ import annotations

from bot.sandbox.errors import bad_request, conflict
from bot.sandbox.model import Json
from bot.sandbox.parameters import Parameters
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.webhook import Webhook, checked_webhook

MAX_BATCH = 100


async def get_updates(sandbox: Sandbox, parameters: Parameters) -> list[Json]:
    """Long polling; the offset confirms all updates before it."""
    if sandbox.webhooks.webhook.url:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    _allow(sandbox, parameters)
    before = sandbox.unconfirmed_updates
    sandbox.updates.confirm_before(parameters.integer("offset") or 0)
    if sandbox.unconfirmed_updates != before:
        sandbox.changes.tell()
    limit = min(max(parameters.integer("limit") or MAX_BATCH, 1), MAX_BATCH)
    found = await sandbox.polling.updates(limit, max(parameters.integer("timeout") or 0, 0))
    return [update.as_json() for update in found]


def set_webhook(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Updates are posted there from now on; an empty url ends that."""
    url = parameters.text("url")
    if not url:
        return delete_webhook(sandbox, parameters)
    connections = parameters.integer("max_connections") or 40
    webhook = checked_webhook(url, parameters.text("secret_token"), connections)
    _allow(sandbox, parameters)
    _drop(sandbox, parameters)
    sandbox.webhooks.set(webhook)
    sandbox.polling.terminate("setWebhook request")
    return True


def delete_webhook(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Back to polling."""
    _drop(sandbox, parameters)
    sandbox.webhooks.set(Webhook())
    return True


def get_webhook_info(sandbox: Sandbox, _: Parameters) -> Json:
    """The webhook and what waits for it."""
    return sandbox.webhooks.info()


def _allow(sandbox: Sandbox, parameters: Parameters) -> None:
    kinds = parameters.structure("allowed_updates")
    if kinds is None:
        return
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise bad_request("can't parse allowed_updates JSON object")
    sandbox.updates.allow(kinds)


def _drop(sandbox: Sandbox, parameters: Parameters) -> None:
    if parameters.flag("drop_pending_updates"):
        sandbox.updates.drop()
        sandbox.changes.tell()
