"""What an admin changes of a person: roles, cover, hours, telephone, language; and removing them."""

from bot.command_menu import show_commands
from bot.flows import change_staff, remove_staff, show_people
from bot.handling import Bots
from bot.routing import button, dialog
from bot.screens import reader_of
from bot.turn import Turn
from messages import wording
from messages.catalogue import languages
from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing
from messages.people import Role
from storage import dialogs, people, staff
from storage.dialogs import DialogState
from storage.tables import Staff

DIALOG = "change_staff"
FIELDS = ("name", "phone", "hours", "digest")


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("ppl.ask", ask))
    application.add_handler(button("ppl.languages", show_languages))
    application.add_handler(button("ppl.language", set_language))
    application.add_handler(button("ppl.cover", show_covers))
    application.add_handler(button("ppl.cover_to", set_cover))
    application.add_handler(button("ppl.admin", set_admin))
    application.add_handler(button("ppl.practice", set_practice))
    application.add_handler(button("ppl.relieve", relieve))
    application.add_handler(button("ppl.remove", ask_removal))
    application.add_handler(button("ppl.remove_to", remove))


def setup_dialogs(application: Bots) -> None:
    """Add what is typed."""
    application.add_handler(dialog(DIALOG, take, frozenset({Role.ADMIN})))


async def ask(turn: Turn) -> None:
    """Wait for a new name, telephone number, hours or digest hour."""
    assert turn.tap is not None
    staff_id, field = turn.tap.number(0), turn.tap.text(1)
    if field not in FIELDS:
        raise OutOfDate
    async with turn.work() as work:
        member = await staff.present(work, staff_id)
        state = DialogState(DIALOG, field, {"staff": member.id})
        await dialogs.save(work, turn.chat_id, state, now=turn.now)
        await work.commit()
    await turn.show(Outgoing(turn.html(f"admin.people.ask_{field}_of", name=member.name)))


async def take(turn: Turn) -> None:
    """It came. What can't be read is said in words, and the question stays open."""
    state = turn.dialog
    if state is None:
        raise OutOfDate
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        member = await change_staff.set_typed(
            work,
            actor=turn.actor,
            staff_id=state.data["staff"],
            field=state.step,
            text=turn.text,
            clinic=turn.clinic,
            now=turn.now,
        )
    await _show_card(turn, member)


async def show_languages(turn: Turn) -> None:
    """The languages that the bot speaks."""
    assert turn.tap is not None
    staff_id = turn.tap.number(0)
    rows = tuple((Button(each.name, "ppl.language", (staff_id, each.code)),) for each in languages())
    back = (Button(turn.plain("admin.button.back"), "ppl.card", (staff_id,)),)
    await turn.show(Outgoing(turn.html("admin.people.choose_language"), buttons=(*rows, back)))


async def set_language(turn: Turn) -> None:
    """In which language the bot talks to them."""
    assert turn.tap is not None
    async with turn.work() as work:
        member = await change_staff.set_language(
            work,
            actor=turn.actor,
            staff_id=turn.tap.number(0),
            language=turn.tap.text(1),
            now=turn.now,
        )
    await _renew_menu(turn, member.telegram_id)
    await _show_card(turn, member)


async def show_covers(turn: Turn) -> None:
    """Who could step in."""
    assert turn.tap is not None
    async with turn.read() as work:
        shown = await show_people.covers(work, reader_of(turn), turn.tap.number(0))
    await turn.show(shown)


async def set_cover(turn: Turn) -> None:
    """Who steps in; 0 is nobody."""
    assert turn.tap is not None
    async with turn.work() as work:
        member = await change_staff.set_cover(
            work,
            actor=turn.actor,
            staff_id=turn.tap.number(0),
            cover_id=turn.tap.number(1) or None,
            now=turn.now,
        )
    await _show_card(turn, member)


async def set_admin(turn: Turn) -> None:
    """Make or unmake an admin."""
    assert turn.tap is not None
    async with turn.work() as work:
        member = await change_staff.set_admin(
            work,
            actor=turn.actor,
            staff_id=turn.tap.number(0),
            is_admin=turn.tap.number(1) == 1,
            now=turn.now,
        )
    await _renew_menu(turn, member.telegram_id)
    await _show_card(turn, member)


async def set_practice(turn: Turn) -> None:
    """Make a practitioner; unmaking one asks first who takes the patients."""
    assert turn.tap is not None
    staff_id, wanted = turn.tap.number(0), turn.tap.number(1) == 1
    if not wanted:
        await _ask_who_takes_over(turn, staff_id, "ppl.relieve")
        return
    async with turn.work() as work:
        member = await change_staff.make_practitioner(
            work, actor=turn.actor, staff_id=staff_id, clinic=turn.clinic, now=turn.now
        )
    await _renew_menu(turn, member.telegram_id)
    await _show_card(turn, member)


async def relieve(turn: Turn) -> None:
    """Unmake a practitioner; their patients go to the chosen colleague."""
    assert turn.tap is not None
    async with turn.work() as work:
        member = await change_staff.unmake_practitioner(
            work,
            actor=turn.actor,
            staff_id=turn.tap.number(0),
            successor_id=turn.tap.number(1) or None,
            clinic=turn.clinic,
            now=turn.now,
        )
    await _renew_menu(turn, member.telegram_id)
    await _show_card(turn, member)


async def ask_removal(turn: Turn) -> None:
    """Who takes the patients, or just whether."""
    assert turn.tap is not None
    await _ask_who_takes_over(turn, turn.tap.number(0), "ppl.remove_to")


async def _ask_who_takes_over(turn: Turn, staff_id: int, action: str) -> None:
    async with turn.read() as work:
        shown = await show_people.leaving(work, reader_of(turn), staff_id, action)
    await turn.show(shown)


async def remove(turn: Turn) -> None:
    """Remove somebody, and say what that means for others."""
    assert turn.tap is not None
    async with turn.work() as work:
        removed = await remove_staff.remove_staff(
            work,
            actor=turn.actor,
            staff_id=turn.tap.number(0),
            successor_id=turn.tap.number(1) or None,
            clinic=turn.clinic,
            now=turn.now,
        )
    await _renew_menu(turn, removed.chat_id)
    words = [turn.html("admin.people.removed", name=removed.member.name)]
    if removed.patients:
        words.append(turn.html("admin.people.patients_moved", count=removed.patients))
    if removed.uncovered:
        names = wording.join(removed.uncovered, turn.actor.language)
        words.append(turn.html("admin.people.uncovered", names=names))
    back = Button(turn.plain("admin.button.back"), "ppl.list")
    await turn.show(Outgoing("\n".join(words), buttons=((back,),)))


async def _renew_menu(turn: Turn, chat_id: int | None) -> None:
    """Telegram's menu in their chat offers what their role may do."""
    if chat_id is None:
        return
    async with turn.read() as work:
        actor = await people.actor_of(work, chat_id, language=turn.clinic.language)
    await show_commands(turn.bot, actor, turn.texts)


async def _show_card(turn: Turn, member: Staff) -> None:
    await turn.toast("admin.people.saved")
    async with turn.read() as work:
        shown = await show_people.card(work, reader_of(turn), member.id, now=turn.now)
    await turn.show(shown)
