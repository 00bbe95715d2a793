"""/people: the clinic's practitioners and admins: who there is, inviting, and one-time links."""

from bot import invitation_links
from bot.flows import invite_staff, show_people
from bot.handling import Bots
from bot.routing import button, command, dialog
from bot.screens import reader_of
from bot.turn import Turn
from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing
from messages.people import Role
from storage import dialogs
from storage.dialogs import DialogState
from storage.tables import Staff

INVITE = "invite_staff"

ROLES = {"p": (True, False), "a": (False, True), "b": (True, True)}
"""What a button of the invitation makes of somebody: practitioner, admin."""


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("people", show_list))
    application.add_handler(button("ppl.list", show_list))
    application.add_handler(button("ppl.card", show_card))
    application.add_handler(button("ppl.invite", ask_name))
    application.add_handler(button("ppl.role", invite))
    application.add_handler(button("ppl.renew", renew))
    application.add_handler(button("ppl.withdraw", withdraw))


def setup_dialogs(application: Bots) -> None:
    """Add what is typed."""
    application.add_handler(dialog(INVITE, take_name, frozenset({Role.ADMIN})))


async def show_list(turn: Turn) -> None:
    """Everybody, and a button to invite."""
    async with turn.read() as work:
        shown = await show_people.everyone(work, reader_of(turn))
    await turn.show(shown)


async def show_card(turn: Turn) -> None:
    """One person."""
    assert turn.tap is not None
    async with turn.read() as work:
        shown = await show_people.card(work, reader_of(turn), turn.tap.number(0), now=turn.now)
    await turn.show(shown)


async def ask_name(turn: Turn) -> None:
    """Wait for a name."""
    async with turn.work() as work:
        await dialogs.save(work, turn.chat_id, DialogState(INVITE, "name"), now=turn.now)
        await work.commit()
    await turn.show(Outgoing(turn.html("admin.people.ask_name")))


async def take_name(turn: Turn) -> None:
    """The name came (again, until a role is chosen): ask for the role."""
    name = invite_staff.checked_name(turn.text)
    async with turn.work() as work:
        await dialogs.save(work, turn.chat_id, DialogState(INVITE, "role", private=name), now=turn.now)
        await work.commit()
    rows = tuple((Button(turn.plain(f"admin.button.role_{role}"), "ppl.role", (role,)),) for role in ROLES)
    await turn.say(Outgoing(turn.html("admin.people.ask_role", name=name), buttons=rows))


async def invite(turn: Turn) -> None:
    """The role came: make the link."""
    assert turn.tap is not None
    state, role = turn.dialog, ROLES.get(turn.tap.text(0))
    if state is None or state.name != INVITE or state.private is None or role is None:
        raise OutOfDate
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        member, token = await invite_staff.invite_staff(
            work,
            actor=turn.actor,
            name=state.private,
            practitioner=role[0],
            admin=role[1],
            language=turn.clinic.language,
            clinic=turn.clinic,
            now=turn.now,
        )
    await _give_link(turn, member, token)


async def renew(turn: Turn) -> None:
    """A new link; the earlier one stops working."""
    assert turn.tap is not None
    async with turn.work() as work:
        member, token = await invite_staff.renew(work, actor=turn.actor, staff_id=turn.tap.number(0), now=turn.now)
    await _give_link(turn, member, token)


async def _give_link(turn: Turn, member: Staff, token: str) -> None:
    link = invitation_links.address(turn.clinic.bot_username, token)
    words = turn.html("admin.people.link", name=member.name, link=link)
    back = Button(turn.plain("admin.button.back"), "ppl.list")
    await turn.toast()
    await turn.say(Outgoing(words, media=(invitation_links.picture(link),), buttons=((back,),)))


async def withdraw(turn: Turn) -> None:
    """Take the link back."""
    assert turn.tap is not None
    async with turn.work() as work:
        member = await invite_staff.withdraw(work, actor=turn.actor, staff_id=turn.tap.number(0), now=turn.now)
    await turn.toast("admin.people.withdrawn")
    async with turn.read() as work:
        shown = await show_people.card(work, reader_of(turn), member.id, now=turn.now)
    await turn.show(shown)
