"""What a text said before, with one tap back to it; and the second admin's word on emergency texts."""

from bot.flows import confirm_template, edit_template, show_template
from bot.handling import Bots
from bot.routing import button
from bot.screens import present, reader_of
from bot.turn import Turn
from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing
from messages.text_directory import code_of, key_of
from storage import templates
from storage.tables import TemplateVersion


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("tpl.history", show_history))
    application.add_handler(button("tpl.version", show_version))
    application.add_handler(button("tpl.restore", restore))
    application.add_handler(button("tpl.default", restore_default))
    application.add_handler(button("tpl.proposal", show_proposal))
    application.add_handler(button("tpl.confirm", confirm))
    application.add_handler(button("tpl.refuse", refuse))


async def show_history(turn: Turn) -> None:
    """The versions of a text, newest first."""
    assert turn.tap is not None
    key, language = key_of(turn.tap.text(0)), turn.tap.text(1)
    async with turn.read() as work:
        shown = await show_template.past(work, reader_of(turn), key, language)
    await turn.show(shown)


async def show_version(turn: Turn) -> None:
    """One earlier version."""
    assert turn.tap is not None
    async with turn.read() as work:
        row = await templates.version(work, turn.tap.number(0))
    if row.state != "published":
        raise OutOfDate
    await present(turn, show_template.earlier(reader_of(turn), row))


async def restore(turn: Turn) -> None:
    """Put an earlier version back."""
    assert turn.tap is not None
    async with turn.work() as work:
        row = await edit_template.restore(work, actor=turn.actor, version_id=turn.tap.number(0), now=turn.now)
    await _say_done(turn, "admin.history.done", row)


async def restore_default(turn: Turn) -> None:
    """Put the wording back that ships with the bot."""
    assert turn.tap is not None
    key, language = key_of(turn.tap.text(0)), turn.tap.text(1)
    show_template.language_name(language)
    async with turn.work() as work:
        row = await edit_template.restore_default(work, actor=turn.actor, key=key, language=language, now=turn.now)
    await _say_done(turn, "admin.history.done", row)


async def show_proposal(turn: Turn) -> None:
    """What another admin proposes."""
    assert turn.tap is not None
    async with turn.read() as work:
        row = await confirm_template.look(work, turn.tap.number(0))
        messages = await show_template.proposed(work, reader_of(turn), row)
    await present(turn, messages)


async def confirm(turn: Turn) -> None:
    """Put the proposal into force."""
    assert turn.tap is not None
    async with turn.work() as work:
        row = await confirm_template.confirm(work, actor=turn.actor, version_id=turn.tap.number(0), now=turn.now)
    await _say_done(turn, "admin.template.published", row)


async def refuse(turn: Turn) -> None:
    """Leave the text as it is."""
    assert turn.tap is not None
    async with turn.work() as work:
        row = await confirm_template.refuse(work, actor=turn.actor, version_id=turn.tap.number(0), now=turn.now)
    await _say_done(turn, "admin.proposal.left", row)


async def _say_done(turn: Turn, text: str, row: TemplateVersion) -> None:
    again = Button(turn.plain("admin.button.read"), "tpl.read", (code_of(row.key), row.language))
    await turn.show(Outgoing(turn.html(text), buttons=((again,),)))
