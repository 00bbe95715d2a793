"""Which handler takes an update: by command, by button, by dialog, or by what it contains.

All of them stand in one group of the Application, in the order of `app.HANDLERS`, and the first that fits takes the
update. Rights are asked here, once, from the table in `messages.permissions`; whose record it is, the flows ask.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import Application, BaseHandler

from bot.contents import content_of
from bot.turn import TURN, Turn
from messages.errors import NotAllowed
from messages.letters import Content
from messages.people import Actor, Role
from messages.permissions import BUTTONS, COMMANDS, allowed
from messages.red_flags import red_flags_in

Handle = Callable[[Turn], Awaitable[None]]
Fits = Callable[[Turn], bool]
AnyApplication = Application[Any, Any, Any, Any, Any, Any]

EVERYONE = frozenset(Role)

WITH_WORDS = frozenset({"start", "urgent", "stop"})
"""Commands of a patient that are one whatever follows: a link's token, or words that are passed on too."""

PUNCTUATION = ".,;:!?…"
"""What people in a hurry type behind a command."""


class Route(BaseHandler[Update, Any, None]):
    """Takes the updates that fit, from those who hold one of `roles`.

    `before_consent`: a patient who has not agreed yet may use it too.
    """

    def __init__(
        self, name: str, fits: Fits, handle: Handle, roles: frozenset[Role], *, before_consent: bool = False
    ) -> None:
        super().__init__(_unused)
        self.name = name
        self.roles = roles
        self._fits = fits
        self._handle = handle
        self._before_consent = before_consent

    def check_update(self, update: object) -> bool:
        """Whether this route takes the update in hand."""
        return self._fits(TURN.get())

    async def handle_update(
        self, update: Update, application: AnyApplication, check_result: object, context: Any
    ) -> None:
        """Ask the rights, then handle. Raises PersonError for the error handler to tell."""
        turn = TURN.get()
        if not allowed(turn.actor, self.roles):
            raise NotAllowed
        if turn.actor.has(Role.PATIENT) and not turn.actor.consented and not self._before_consent:
            raise ConsentMissing
        await self._handle(turn)


class ConsentMissing(NotAllowed):
    """A patient who has not agreed yet: the error handler asks for it again."""

    def __init__(self) -> None:
        super().__init__()
        self.key = "error.consent_first"


async def _unused(update: object, context: object) -> None:
    raise AssertionError("a route calls its own handle")


def command_of(turn: Turn) -> str | None:
    """The command of a message, in small letters: `/Next@clinic_bot` is "next"."""
    message = turn.update.message
    return command_in(message.text, turn.actor) if message is not None and message.text else None


def command_in(text: str, actor: Actor) -> str | None:
    """The command in what a person wrote.

    A sentence that only begins like a command ("/help me, I can't breathe") is none where patients and strangers
    write it: it is taken like all their words.
    """
    if not text.startswith("/"):
        return None
    name = text.split(maxsplit=1)[0][1:].partition("@")[0].rstrip(PUNCTUATION).lower()
    if not name or actor.has(Role.PRACTITIONER) or actor.has(Role.ADMIN):
        return name or None
    if says_more(text):
        return name if name in WITH_WORDS else None
    return name if name in COMMANDS or not red_flags_in(name, actor.language) else None


def says_more(text: str) -> bool:
    """Whether there is more than one word."""
    return len(text.split(maxsplit=1)) > 1


def words_with_command(turn: Turn) -> Content | None:
    """The message itself where it says more than its command; None for a bare command and for taps."""
    message = turn.update.message
    return content_of(message) if message is not None and says_more(turn.text) else None


def command(name: str, handle: Handle, *, before_consent: bool = False) -> Route:
    """The route of `/name`; who may use it stands in the permission table."""
    return Route(
        f"/{name}",
        lambda turn: command_of(turn) == name,
        handle,
        COMMANDS[name],
        before_consent=before_consent,
    )


def button(action: str, handle: Handle, *, before_consent: bool = False) -> Route:
    """The route of a tapped button; who may use it stands in the permission table."""
    return Route(
        action,
        lambda turn: turn.tap is not None and turn.tap.action == action,
        handle,
        BUTTONS[action],
        before_consent=before_consent,
    )


def dialog(name: str, handle: Handle, roles: frozenset[Role]) -> Route:
    """The route of what is typed or sent while the dialog `name` is under way. Commands go past it."""
    return Route(
        f"dialog {name}",
        lambda turn: (
            turn.dialog is not None
            and turn.dialog.name == name
            and turn.update.message is not None
            and command_of(turn) is None
        ),
        handle,
        roles,
    )


def content(name: str, fits: Fits, handle: Handle, roles: frozenset[Role] = EVERYONE, **options: bool) -> Route:
    """The route of anything that `fits` accepts. With `roles`, updates of other people go past it."""
    return Route(name, lambda turn: allowed(turn.actor, roles) and fits(turn), handle, roles, **options)
