"""Waking across processes: an update stored by a web process, handled by the worker, on PostgreSQL."""

import json
import statistics
import time
from collections.abc import Sequence
from http.client import HTTPConnection

from bot.web.application import SECRET_HEADER, webhook_path
from tests.bench.bench import READY_SECONDS, Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, WrongResult, percentile, shown
from tests.bench.processes import Process
from tests.bench.sandbox import expect_once_each

ROW = "update stored by a web process → answered by the worker, p99"
BAR = Bar(0.05)
A_SECOND = 10.0
"""Below what the worker can do, so that an update never waits for the one before it."""

SECRET = "a-secret-of-the-bench"
LONGEST = 60.0


def measure(bench: Bench) -> list[Figure]:
    """A web process and a worker, which talk through the database alone."""
    count = bench.sizes.wakes
    chats = [bench.people.patients[each % len(bench.people.patients)] for each in range(count)]
    bench.sandbox.clear()
    with bench.database(Engine.POSTGRESQL) as url:
        environment = bench.environment(url)
        port = int(environment["PORT"])
        environment |= {"WEBHOOK_URL": f"http://127.0.0.1:{port}", "WEBHOOK_SECRET": SECRET}
        with (
            Process("-m", "bot", "serve", "--role", "web", "--webhook", environment=environment) as web,
            Process("-m", "tests.bench.unlimited_bot", "--role", "worker", "--webhook", environment=environment) as bot,
        ):
            for process in (web, bot):
                process.line('"serving"', READY_SECONDS)
            stored = _deliver(port, webhook_path(bench.sandbox.token), chats)
            bench.sandbox.wait(count, LONGEST)
            for process in (web, bot):
                process.stop()
    sent = bench.sandbox.sent()
    expect_once_each(sent, chats, ROW)
    waits = _waits([(each.chat_id, each.at) for each in sent], list(zip(chats, stored, strict=True)))
    note = f"median {shown(statistics.median(waits))} s, at {shown(A_SECOND)} updates a second"
    rounds = [waits[part :: bench.sizes.repetitions] for part in range(bench.sizes.repetitions)]
    return [Figure(ROW, Engine.POSTGRESQL, [percentile(each, 0.99) for each in rounds], "s", BAR, note)]


def _deliver(port: int, path: str, chats: Sequence[int]) -> list[float]:
    """Post updates as Telegram does. Returns when each was acknowledged, which is when it was stored."""
    telegram, stored = HTTPConnection("127.0.0.1", port, timeout=LONGEST), []
    begun = time.time()
    for number, chat in enumerate(chats):
        time.sleep(max(0.0, begun + number / A_SECOND - time.time()))
        body = json.dumps(_update(number + 1, chat))
        telegram.request("POST", path, body, {SECRET_HEADER: SECRET, "Content-Type": "application/json"})
        answer = telegram.getresponse()
        answer.read()
        if answer.status != 200:
            raise WrongResult(f"{ROW}: the webhook answered {answer.status}")
        stored.append(time.time())
    telegram.close()
    return stored


def _update(number: int, chat: int) -> dict[str, object]:
    """Somebody asks for help, which is answered with one message."""
    person = {"id": chat, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    where = {"id": chat, "type": "private", "first_name": "Anna"}
    command = {"type": "bot_command", "offset": 0, "length": 5}
    message = {
        "message_id": 1_000 + number, "from": person, "chat": where, "date": int(time.time()), "text": "/help",
        "entities": [command],
    }  # fmt: skip
    return {"update_id": number, "message": message}


def _waits(answered: Sequence[tuple[int, float]], stored: Sequence[tuple[int, float]]) -> list[float]:
    """Each chat's answers come in the order in which it asked. An answer may come before the acknowledgement."""
    asked: dict[int, list[float]] = {}
    for chat, at in stored:
        asked.setdefault(chat, []).append(at)
    return [max(0.0, at - asked[chat].pop(0)) for chat, at in answered]
