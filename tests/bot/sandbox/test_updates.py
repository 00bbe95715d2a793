"""How updates reach the bot: polling, and webhooks."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict

from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer


def texts(updates: tuple[Update, ...]) -> list[str | None]:
    return [update.message.text for update in updates if update.message]


async def test_updates_stay_until_an_offset_confirms_them(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    anna.say("one")
    anna.say("two")
    first = await bot.get_updates(limit=2)
    assert texts(first) == texts(await bot.get_updates(limit=2)) == ["/start", "one"]
    assert sandbox.unconfirmed_updates == 3
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert (texts(rest), sandbox.unconfirmed_updates) == (["two"], 1)
    anna.say("three")
    assert texts(await bot.get_updates(offset=-1)) == ["three"]
    await bot.get_updates(offset=rest[-1].update_id + 10)
    await sandbox.settled()


async def test_a_long_poll_waits_for_the_next_update(bot: Bot, sandbox: Sandbox) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    await sandbox.changed(lambda: sandbox.polling.waiting)
    assert not polling.done()
    sandbox.person("Ben").say("hello")
    assert texts(await polling) == ["hello"]


async def test_a_short_poll_comes_back_empty(bot: Bot) -> None:
    assert await bot.get_updates(timeout=0) == ()


async def test_a_second_poller_ends_the_first(bot: Bot, sandbox: Sandbox, server: SandboxServer) -> None:
    async with httpx.AsyncClient(base_url=f"{server.url}/bot{server.token}/", timeout=20) as client:
        first = asyncio.create_task(client.get("getUpdates", params={"timeout": 20}))
        await sandbox.changed(lambda: sandbox.polling.waiting)
        await bot.get_updates(timeout=0)
        answer = await first
    assert answer.status_code == 409
    assert answer.json()["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def test_a_poll_ends_with_its_poller(sandbox: Sandbox, server: SandboxServer) -> None:
    async with httpx.AsyncClient(base_url=f"{server.url}/bot{server.token}/", timeout=20) as client:
        polling = asyncio.create_task(client.get("getUpdates", params={"timeout": 50}))
        await sandbox.changed(lambda: sandbox.polling.waiting)
        polling.cancel()
        await sandbox.changed(lambda: not sandbox.polling.waiting)
        sandbox.person("Ben").say("hello")
        updates = (await client.get("getUpdates", params={"timeout": 50})).json()["result"]
        assert [update["message"]["text"] for update in updates] == ["hello"]


async def test_no_polling_while_a_webhook_is_set(bot: Bot) -> None:
    await bot.set_webhook("https://example.org/hook", secret_token="s")
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_stopping_ends_a_long_poll_at_once(sandbox: Sandbox) -> None:
    server = SandboxServer(sandbox)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=f"{server.url}/bot{server.token}/", timeout=20) as client:
        polling = asyncio.create_task(client.get("getUpdates", params={"timeout": 50}))
        await sandbox.changed(lambda: sandbox.polling.waiting)
        server.stop()
        async with asyncio.timeout(3):
            await serving
            assert (await polling).json() == {"ok": True, "result": []}


async def test_only_wanted_kinds_are_queued(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "x")
    anna.react(sent.message_id)
    anna.block()
    kinds = [update.to_dict().keys() - {"update_id"} for update in await bot.get_updates()]
    assert kinds == [{"message"}, {"my_chat_member"}]
    await bot.get_updates(allowed_updates=["message_reaction"])
    anna.unblock()
    anna.react(sent.message_id, "🔥")
    newest = (await bot.get_updates())[-1]
    assert newest.message_reaction
    assert [one.to_dict()["emoji"] for one in newest.message_reaction.old_reaction] == ["👍"]
    assert len(await bot.get_updates()) == 3
    sandbox.updates.add_unfiltered("a_kind_of_the_future", {"x": 1})
    assert (await bot.get_updates())[-1].api_kwargs == {"a_kind_of_the_future": {"x": 1}}


async def test_blocking_is_told(bot: Bot, anna: Person) -> None:
    anna.block()
    change = (await bot.get_updates())[-1].my_chat_member
    assert change
    assert (change.old_chat_member.status, change.new_chat_member.status) == ("member", "kicked")
    anna.start()
    *_, back, message = await bot.get_updates()
    assert back.my_chat_member
    assert back.my_chat_member.new_chat_member.status == "member"
    assert texts((message,)) == ["/start"]


async def test_edits_are_told(bot: Bot, anna: Person) -> None:
    message = anna.say("swollen")
    anna.edit(message.id, "not swollen")
    edited = (await bot.get_updates())[-1].edited_message
    assert edited
    assert (edited.message_id, edited.text) == (message.id, "not swollen")
    assert edited.edit_date


async def test_long_texts_are_split_as_the_apps_do(bot: Bot, anna: Person) -> None:
    anna.say("x" * 5000)
    assert [len(text or "") for text in texts(await bot.get_updates())] == [6, 4096, 904]


async def test_a_duplicate_comes_again_after_it_was_confirmed(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    await bot.get_updates(offset=(await bot.get_updates())[-1].update_id + 1)
    sandbox.faults.add(Fault("duplicate_update"))
    anna.say("once")
    first = await bot.get_updates()
    anna.say("next")
    again = await bot.get_updates(offset=first[-1].update_id + 1)
    assert texts(again) == ["once", "next"]
    assert again[0].update_id == first[0].update_id
    assert texts(await bot.get_updates(offset=again[-1].update_id + 1)) == []


async def test_reordered_updates(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    anna.say("one")
    sandbox.faults.add(Fault("reorder_updates"))
    assert texts(await bot.get_updates()) == ["one", "/start"]
    assert texts(await bot.get_updates()) == ["/start", "one"]


class Hook:
    """A web server that refuses the first deliveries."""

    def __init__(self, *refusals: int) -> None:
        self.answers = list(refusals)
        self.requests: list[tuple[str | None, int]] = []
        app = Starlette(routes=[Route("/hook", self.receive, methods=["POST"])])
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))

    async def receive(self, request: Request) -> Response:
        update = await request.json()
        self.requests.append((request.headers.get("x-telegram-bot-api-secret-token"), update["update_id"]))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}/hook"


@pytest.fixture
async def hook(server: SandboxServer) -> AsyncIterator[Hook]:
    hook = Hook(500, 403)
    hook.server.config.load()
    hook.server.lifespan = hook.server.config.lifespan_class(hook.server.config)
    await hook.server.startup()
    yield hook
    await hook.server.shutdown()


async def test_a_webhook_gets_each_update_until_it_says_yes(
    bot: Bot, sandbox: Sandbox, anna: Person, hook: Hook
) -> None:
    sandbox.webhooks.first_pause = 0.001
    anna.say("one")
    anna.say("two")
    await bot.set_webhook(hook.url, secret_token="s-E_c1")
    await sandbox.settled()
    ids = [update_id for _, update_id in hook.requests]
    assert {secret for secret, _ in hook.requests} == {"s-E_c1"}
    assert ids == [ids[0], ids[0], ids[0], ids[0] + 1, ids[0] + 2]
    info = await bot.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (
        0,
        "Wrong response from the webhook: 403 Forbidden",
    )


async def test_webhooks_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="an https url must be provided"):
        await bot.set_webhook("http://example.org/hook")
    with pytest.raises(BadRequest, match="only on ports 80, 88, 443 or 8443"):
        await bot.set_webhook("https://example.org:8080/hook")
    with pytest.raises(BadRequest, match="unallowed characters"):
        await bot.set_webhook("https://example.org/hook", secret_token="white space")
