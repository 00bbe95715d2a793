"""The page, and the JSON under /sandbox/ with which it drives the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.errors import SandboxMisuse
from bot.sandbox.faults import Fault
from bot.sandbox.orders import BadOrder, json_of, number_in, number_or_none, order_of, send_file, text_in
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.time_machine import ClockMover, TimeMachine
from bot.sandbox.views import chat_view, iso, message_view, person_view

PAGE = Path(__file__).parent / "page"
TAP_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 15.0
_ROLES = {"", "patient", "practitioner", "admin"}

Endpoint = Callable[[Request], Awaitable[Response]]


def control_routes(
    sandbox: Sandbox, machine: TimeMachine, clinic: str, hints: tuple[str, ...], closing: asyncio.Event
) -> list[BaseRoute]:
    """The routes of the page; event streams end when `closing` is set and a change is told."""
    control = Control(sandbox, machine, clinic, hints, closing)
    person = "/sandbox/people/{id:int}"
    return [
        Route("/", control.page),
        Mount("/static", StaticFiles(directory=PAGE)),
        Route("/sandbox/state", _polite(control.state)),
        Route("/sandbox/chats/{id:int}", _polite(control.chat)),
        Route("/sandbox/files/{path:path}", _polite(control.file)),
        Route("/sandbox/events", control.events),
        Route("/sandbox/transcript", _polite(control.transcript)),
        Route("/sandbox/people", _polite(control.add_person), methods=["POST"]),
        Route(f"{person}/send", _polite(control.send), methods=["POST"]),
        Route(f"{person}/tap", _polite(control.tap), methods=["POST"]),
        Route(f"{person}/start", _polite(control.start), methods=["POST"]),
        Route(f"{person}/edit", _polite(control.edit), methods=["POST"]),
        Route(f"{person}/block", _polite(control.block), methods=["POST"]),
        Route("/sandbox/clock", _polite(control.clock), methods=["POST"]),
        Route("/sandbox/faults", _polite(control.add_faults), methods=["POST"]),
        Route("/sandbox/faults", _polite(control.clear_faults), methods=["DELETE"]),
    ]


def _polite(endpoint: Endpoint) -> Endpoint:
    """Answer what a person at the page can do wrong with 400 and a sentence."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except LookupError as error:
            return JSONResponse({"error": str(error.args[0])}, 404)
        except (ValueError, SandboxMisuse) as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer


class Control:
    """The endpoints of the page."""

    def __init__(
        self,
        sandbox: Sandbox,
        machine: TimeMachine,
        clinic: str,
        hints: tuple[str, ...],
        closing: asyncio.Event,
    ) -> None:
        self._sandbox = sandbox
        self._machine = machine
        self._mover = ClockMover(machine)
        self._clinic = clinic
        self._hints = hints
        self._closing = closing

    async def page(self, _: Request) -> Response:
        """The page itself."""
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    async def state(self, _: Request) -> Response:
        """Clock, people and hints."""
        sandbox = self._sandbox
        return JSONResponse(
            {
                "version": sandbox.changes.version,
                "now": iso(self._machine.now()),
                "zone": self._machine.zone.key,
                "clinic": self._clinic,
                "hint": list(self._hints),
                "people": [person_view(sandbox, account) for account in sandbox.state.people()],
                "bot": {"name": sandbox.bot.first_name, "username": sandbox.bot.username},
                "next_event": iso(await self._machine.next_event()),
            }
        )

    async def chat(self, request: Request) -> Response:
        """One person's chat, which is read by being shown."""
        person = self._person(request)
        view = chat_view(self._sandbox, person.account, self._machine.zone)
        person.chat.read_up_to = max(person.chat.messages, default=0)
        return JSONResponse(view)

    async def file(self, request: Request) -> Response:
        """The bytes of a photo, voice message or document in a chat."""
        file = self._sandbox.state.file_at(request.path_params["path"])
        if file is None:
            raise LookupError("There is no such file.")
        # Whatever was uploaded must not run as a page of this origin.
        shown = file.mime_type.startswith(("image/", "audio/", "video/")) and "svg" not in file.mime_type
        kind = file.mime_type if shown else "application/octet-stream"
        return Response(file.content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    async def events(self, _: Request) -> Response:
        """A server-sent event for every change."""
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        seen = -1
        while not self._closing.is_set():
            if seen != self._sandbox.changes.version:
                seen = self._sandbox.changes.version
                yield f"event: change\ndata: {json.dumps({'version': seen})}\n\n"
                continue
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await self._sandbox.changes.next()
            except TimeoutError:
                yield ": still here\n\n"

    async def transcript(self, _: Request) -> Response:
        """All that happened, in order."""
        return JSONResponse([line.as_json() for line in self._sandbox.transcript])

    async def add_person(self, request: Request) -> Response:
        """A new person who has not written to the bot yet."""
        order = await order_of(request)
        first_name = text_in(order, "first_name").strip()
        if not first_name:
            raise BadOrder("A person needs a first name.")
        if text_in(order, "role") not in _ROLES:
            raise BadOrder("role is patient, practitioner, admin or empty.")
        person = self._sandbox.person(
            first_name,
            last_name=text_in(order, "last_name") or None,
            username=text_in(order, "username") or None,
            language_code=text_in(order, "language_code") or None,
            label=text_in(order, "label"),
            role=text_in(order, "role"),
        )
        return JSONResponse(person_view(self._sandbox, person.account), 201)

    async def send(self, request: Request) -> Response:
        """The person writes, or sends a file."""
        person = self._person(request)
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                message = await send_file(person, form)
        else:
            order = await order_of(request)
            message = person.say(text_in(order, "text"), number_or_none(order, "reply_to"))
        return JSONResponse(message_view(self._sandbox, message, self._machine.zone), 201)

    async def tap(self, request: Request) -> Response:
        """The person taps a button; answers with what the bot says to it, within five seconds."""
        person, order = self._person(request), await order_of(request)
        tap = person.tap_data(number_in(order, "message_id"), text_in(order, "data"))
        try:
            await tap.wait(TAP_SECONDS)
        except TimeoutError:
            return JSONResponse({"toast": None, "alert": False, "answered": False})
        return JSONResponse({"toast": tap.toast, "alert": tap.alert, "answered": True})

    async def start(self, request: Request) -> Response:
        """The person presses Start or opens a deep link."""
        person, order = self._person(request), await order_of(request)
        person.start(text_in(order, "parameter") or None)
        return JSONResponse({"ok": True})

    async def edit(self, request: Request) -> Response:
        """The person changes a message of their own."""
        person, order = self._person(request), await order_of(request)
        person.edit(number_in(order, "message_id"), text_in(order, "text"))
        return JSONResponse({"ok": True})

    async def block(self, request: Request) -> Response:
        """The person blocks the bot or lets it in again."""
        person, order = self._person(request), await order_of(request)
        blocked = order.get("blocked") is True
        if blocked != (person.chat.membership == "kicked"):
            (person.block if blocked else person.unblock)()
        return JSONResponse({"ok": True})

    async def clock(self, request: Request) -> Response:
        """Move the clock."""
        now = await self._mover.move(await order_of(request))
        self._sandbox.changes.tell()
        return JSONResponse({"now": iso(now)})

    async def add_faults(self, request: Request) -> Response:
        """Put faults in force."""
        rules = await json_of(request)
        faults = [Fault.from_json(rule) for rule in (rules if isinstance(rules, list) else [rules])]
        self._sandbox.faults.add(*faults)
        return JSONResponse({"in_force": len(self._sandbox.faults.rules)})

    async def clear_faults(self, _: Request) -> Response:
        """End all faults."""
        self._sandbox.faults.clear()
        return JSONResponse({"in_force": 0})

    def _person(self, request: Request) -> Person:
        person = self._sandbox.person_with_id(request.path_params["id"])
        if person is None:
            raise LookupError("There is no such person.")
        return person
