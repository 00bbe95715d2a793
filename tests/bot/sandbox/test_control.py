"""The page's interface: people, chats, clock, events, and who may use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from bot.clock import MovableClock
from bot.sandbox.person import Person
from bot.sandbox.pictures import PIXEL
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.sandbox.time_machine import next_morning

PARIS = ZoneInfo("Europe/Paris")


class Machine:
    """A clock to move, with one planned message."""

    zone = PARIS

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.planned: datetime | None = None
        self.moving = 0

    def now(self) -> datetime:
        return self.clock.now()

    async def move_to(self, when: datetime) -> None:
        self.moving += 1
        assert self.moving == 1, "moves must not overlap"
        await asyncio.sleep(0)
        self.clock.set(when)
        self.moving -= 1

    async def next_event(self) -> datetime | None:
        return self.planned


@pytest.fixture
def machine(clock: MovableClock) -> Machine:
    return Machine(clock)


@pytest.fixture
async def server(sandbox: Sandbox, machine: Machine) -> AsyncIterator[SandboxServer]:
    server = SandboxServer(sandbox, time_machine=machine, clinic="Clinic", hints=("Tap.",))
    serving = asyncio.create_task(server.serve())
    yield server
    server.stop()
    await serving


@pytest.fixture
async def page(server: SandboxServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, verify=False) as client:
        yield client


async def test_the_page_is_served(page: httpx.AsyncClient) -> None:
    answer = await page.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert (await page.get("/static/index.html")).content == answer.content
    assert (await page.get("/static/..%2fserver.py")).status_code == 404


async def test_a_taken_port_is_refused(server: SandboxServer, sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        SandboxServer(sandbox, port=server.port)


async def test_the_state_of_the_sandbox(page: httpx.AsyncClient, anna: Person, machine: Machine) -> None:
    machine.planned = machine.now() + timedelta(hours=2)
    state = (await page.get("/sandbox/state")).json()
    assert (state["now"], state["zone"], state["clinic"], state["hint"]) == (
        "2026-03-27T14:30:00+00:00",
        "Europe/Paris",
        "Clinic",
        ["Tap."],
    )
    assert state["next_event"] == "2026-03-27T16:30:00+00:00"
    (person,) = state["people"]
    assert (person["id"], person["first_name"], person["blocked"], person["unread"]) == (
        anna.id,
        "Anna",
        False,
        0,
    )
    assert state["bot"] == {"name": "Aftercare", "username": "aftercare_sandbox_bot"}


async def test_a_chat_as_a_phone_shows_it(page: httpx.AsyncClient, bot: Bot, anna: Person) -> None:
    question = anna.say("is <this> fine?")
    await bot.send_message(
        anna.id,
        "<b>See</b> https://a.org/x",
        parse_mode="HTML",
        reply_to_message_id=question.id,
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]]),
    )
    assert (await page.get("/sandbox/state")).json()["people"][0]["unread"] == 1
    chat = (await page.get(f"/sandbox/chats/{anna.id}")).json()
    assert (await page.get("/sandbox/state")).json()["people"][0]["unread"] == 0
    _, mine, theirs = chat["messages"]
    assert (mine["from"], mine["html"]) == ("me", "is &lt;this&gt; fine?")
    assert (theirs["from"], theirs["time"], theirs["day"]) == ("bot", "15:30", "2026-03-27")
    assert theirs["html"] == '<b>See</b> <a href="https://a.org/x">https://a.org/x</a>'
    assert theirs["reply_to"] == {"id": question.id, "text": "is <this> fine?"}
    assert theirs["buttons"] == [[{"text": "Yes", "data": "y", "url": None}]]


async def test_people_act_from_the_page(page: httpx.AsyncClient, bot: Bot) -> None:
    created = await page.post("/sandbox/people", json={"first_name": "Chloé", "role": "patient"})
    person = f"/sandbox/people/{created.json()['id']}"
    await page.post(f"{person}/start", json={"parameter": "abc"})
    sent = (await page.post(f"{person}/send", json={"text": "hello"})).json()
    await page.post(f"{person}/edit", json={"message_id": sent["id"], "text": "hello you"})
    form = {"kind": "photo", "caption": "cheek", "reply_to": str(sent["id"])}
    photo = (await page.post(f"{person}/send", data=form, files={"file": ("a.png", PIXEL)})).json()
    assert (photo["media"]["kind"], photo["reply_to"]["text"]) == ("photo", "hello you")
    assert (await page.get(photo["media"]["url"])).content == PIXEL
    await page.post(f"{person}/block", json={"blocked": True})
    kinds = [(update.to_dict().keys() - {"update_id"}).pop() for update in await bot.get_updates()]
    assert kinds == ["message", "message", "edited_message", "message", "my_chat_member"]
    lines = (await page.get("/sandbox/transcript")).json()
    assert [line["kind"] for line in lines] == ["text", "text", "edit", "photo", "block"]
    assert lines[0].keys() == {"at", "chat", "from", "kind", "text", "buttons"}


async def test_an_uploaded_page_does_not_run(page: httpx.AsyncClient, anna: Person) -> None:
    script = {"file": ("x.html", b"<script>", "text/html")}
    path = f"/sandbox/people/{anna.id}/send"
    sent = await page.post(path, files=script, data={"kind": "document"})
    answer = await page.get(sent.json()["media"]["url"])
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_a_tap_shows_what_the_bot_answers(page: httpx.AsyncClient, bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "x")
    order = {"message_id": sent.message_id, "data": "y"}
    tapping = asyncio.create_task(page.post(f"/sandbox/people/{anna.id}/tap", json=order))
    updates = await bot.get_updates(offset=-1, timeout=5)
    while not updates[-1].callback_query:
        updates = await bot.get_updates(offset=updates[-1].update_id + 1, timeout=5)
    await bot.answer_callback_query(updates[-1].callback_query.id, "Noted", show_alert=True)
    assert (await tapping).json() == {"toast": "Noted", "alert": True, "answered": True}


@pytest.mark.parametrize(
    ("path", "order", "status", "sentence"),
    [
        ("people", {"first_name": " "}, 400, "A person needs a first name."),
        ("people", {"first_name": "A", "role": "king"}, 400, "role is patient"),
        ("people", [], 400, "A JSON object is expected."),
        ("people/1/send", {"text": "x"}, 404, "There is no such person."),
        ("people/5000000001/send", {"text": " "}, 400, "Telegram sends no empty message"),
        ("people/5000000001/tap", {"message_id": "1"}, 400, "message_id must be a whole number."),
        ("people/5000000001/edit", {"message_id": 99, "text": "x"}, 400, "Anna sees no message 99"),
        ("people/5000000001/start", {"parameter": "a b"}, 400, "a deep link takes"),
        ("clock", {"to": "2020-01-01T00:00:00+00:00"}, 400, "The clock only goes forward."),
        ("clock", {"to": "2027-01-01T00:00:00"}, 400, "The time needs its offset"),
        ("clock", {"hours": -1}, 400, "Say to"),
        ("clock", {"until": "next_message"}, 400, "Nothing is planned."),
        ("faults", [{"kind": "magic"}], 400, "kind is one of"),
    ],
)
async def test_mistakes_are_explained(
    page: httpx.AsyncClient, anna: Person, path: str, order: object, status: int, sentence: str
) -> None:
    answer = await page.post(f"/sandbox/{path}", json=order)
    assert (answer.status_code, answer.json()["error"][: len(sentence)]) == (status, sentence)


async def test_the_clock_moves(page: httpx.AsyncClient, machine: Machine) -> None:
    async def move(**order: object) -> str:
        return str((await page.post("/sandbox/clock", json=order)).json()["now"])

    assert await move(hours=1) == "2026-03-27T15:30:00+00:00"
    assert await move(until="next_morning") == "2026-03-28T08:00:00+00:00"
    assert await move(until="next_morning") == "2026-03-29T07:00:00+00:00"
    machine.planned = machine.now() + timedelta(minutes=5)
    assert await move(until="next_message") == "2026-03-29T07:05:00+00:00"
    assert await move(to="2026-04-01T12:00:00+02:00") == "2026-04-01T10:00:00+00:00"
    results = await asyncio.gather(*[move(hours=1) for _ in range(5)])
    assert len(set(results)) == 5


def test_next_morning_is_wall_clock_time() -> None:
    before_nine = datetime(2026, 3, 27, 7, 59, tzinfo=UTC)
    assert next_morning(before_nine, PARIS) == datetime(2026, 3, 27, 8, tzinfo=UTC)
    assert next_morning(before_nine + timedelta(minutes=1), PARIS) == datetime(2026, 3, 28, 8, tzinfo=UTC)


async def test_events_tell_of_changes(page: httpx.AsyncClient, sandbox: Sandbox, anna: Person) -> None:
    versions = []
    async with page.stream("GET", "/sandbox/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                versions.append(json.loads(line.removeprefix("data: "))["version"])
                if len(versions) == 2:
                    break
                anna.say("news")
    assert versions == sorted(set(versions))
    assert versions[-1] == sandbox.changes.version


async def test_faults_from_the_page(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    await page.post("/sandbox/faults", json=[{"kind": "drop", "method": "sendMessage"}])
    assert [rule.kind for rule in sandbox.faults.rules] == ["drop"]
    await page.delete("/sandbox/faults")
    assert sandbox.faults.rules == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_foreign_hosts_are_refused(page: httpx.AsyncClient, host: str) -> None:
    assert (await page.get("/sandbox/state", headers={"Host": host})).status_code == 421


@pytest.mark.parametrize("host", ["localhost:99", "127.0.0.1", "[::1]:8080"])
async def test_names_of_this_machine_are_served(page: httpx.AsyncClient, host: str) -> None:
    assert (await page.get("/sandbox/state", headers={"Host": host})).status_code == 200


async def test_other_pages_are_refused(page: httpx.AsyncClient) -> None:
    refused = await page.post("/sandbox/clock", json={"hours": 1}, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403


async def test_stopping_ends_event_streams(sandbox: Sandbox, machine: Machine) -> None:
    server = SandboxServer(sandbox, time_machine=machine)
    serving = asyncio.create_task(server.serve())
    async with (
        httpx.AsyncClient(base_url=server.url, verify=False) as client,
        client.stream("GET", "/sandbox/events") as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        server.stop()
        async with asyncio.timeout(3):
            await serving
