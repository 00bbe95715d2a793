"""Change a text: send it as a message, see it as its readers will, publish it or not."""

import html
import re
from dataclasses import replace

from telegram import Message

from bot.flows import edit_template, show_template
from bot.handling import Bots
from bot.routing import button, dialog
from bot.screens import present, reader_of
from bot.turn import Turn
from messages.catalogue import spec_of
from messages.errors import OutOfDate
from messages.markup import utf16_length
from messages.outgoing import Button, Outgoing
from messages.people import Role
from messages.templates import preview
from messages.text_directory import code_of, key_of
from storage import dialogs
from storage.dialogs import DialogState

LONGEST_MESSAGE = 4096
"""UTF-16 units after which Telegram's apps split what is typed into two messages."""

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("tpl.edit", begin))
    application.add_handler(button("tpl.test", send_test))
    application.add_handler(button("tpl.sample", touch_sample))
    application.add_handler(button("tpl.publish", publish))
    application.add_handler(button("tpl.drop", discard))


def setup_dialogs(application: Bots) -> None:
    """Add what is typed."""
    application.add_handler(dialog(edit_template.DIALOG, take_text, frozenset({Role.ADMIN})))


async def begin(turn: Turn) -> None:
    """Ask for the new wording."""
    assert turn.tap is not None
    key, language = key_of(turn.tap.text(0)), turn.tap.text(1)
    show_template.language_name(language)
    async with turn.work() as work:
        await edit_template.begin(work, actor=turn.actor, key=key, language=language, now=turn.now)
    await present(turn, show_template.writing(reader_of(turn), key, language))


async def take_text(turn: Turn) -> None:
    """The new wording came: show it as its readers will see it. What is wrong with it is said in words."""
    state = turn.dialog
    if state is None or turn.message is None or turn.message.text is None:
        await turn.say_text("admin.template.only_text")
        return
    if utf16_length(turn.message.text) >= LONGEST_MESSAGE or _continues(turn.message, state):
        await _refuse_split(turn, turn.message, state)
        return
    text = wording_of(turn.message, is_plain=spec_of(state.data["key"]).is_plain)
    async with turn.work() as work:
        drafted = await edit_template.draft(
            work, actor=turn.actor, dialog=state, texts=turn.texts, text=text, now=turn.now
        )
    await _show_draft(turn, drafted)


def _continues(message: Message, state: DialogState) -> bool:
    """Whether this is the rest of a text that Telegram has split because it was too long."""
    return bool(state.data.get("split") == message.message_id - 1)


async def _refuse_split(turn: Turn, message: Message, state: DialogState) -> None:
    """A text that fills a message has most likely been cut there; its rest comes as the next message."""
    async with turn.work() as work:
        data = {**state.data, "split": message.message_id}
        await dialogs.save(work, turn.chat_id, replace(state, data=data), now=turn.now)
        await work.commit()
    if not _continues(message, state):
        limit = spec_of(state.data["key"]).limit
        await turn.say_text("admin.template.split", limit=limit)


def wording_of(message: Message, *, is_plain: bool) -> str:
    """A message as the text of a template: with the formatting made in Telegram, or with tags typed by hand."""
    typed, formatted = message.text or "", message.text_html or ""
    if html.unescape(formatted) != typed:
        return formatted
    return typed if is_plain or _TAG.search(typed) else formatted


async def _show_draft(turn: Turn, state: DialogState) -> None:
    async with turn.read() as work:
        messages = await show_template.drafted(
            work, reader_of(turn), state.data["key"], state.data["language"], state.private or ""
        )
    await present(turn, messages)


async def publish(turn: Turn) -> None:
    """Put the draft into force, unless somebody else was faster: then show it again with what it changes now."""
    state = _state(turn)
    async with turn.work() as work:
        outcome = await edit_template.publish(work, actor=turn.actor, dialog=state, now=turn.now)
    if outcome.what == "changed":
        await turn.toast()
        await turn.say_text("admin.template.changed_meanwhile", name=outcome.changed_by)
        await _show_draft(turn, state)
        return
    again = Button(turn.plain("admin.button.read"), "tpl.read", (code_of(outcome.key), outcome.language))
    await turn.show(Outgoing(turn.html(f"admin.template.{outcome.what}"), buttons=((again,),)))


async def discard(turn: Turn) -> None:
    """Leave the text as it is."""
    state = _state(turn)
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        await work.commit()
    again = Button(turn.plain("admin.button.read"), "tpl.read", (code_of(state.data["key"]), state.data["language"]))
    await turn.show(Outgoing(turn.html("admin.template.discarded"), buttons=((again,),)))


def _state(turn: Turn) -> DialogState:
    if turn.dialog is None or turn.dialog.name != edit_template.DIALOG:
        raise OutOfDate
    return turn.dialog


async def send_test(turn: Turn) -> None:
    """The text in force, as a message of its own, with sample values."""
    assert turn.tap is not None
    key, language = key_of(turn.tap.text(0)), turn.tap.text(1)
    show_template.language_name(language)
    shown = preview(key, language, turn.texts.current(key, language))
    await turn.toast("admin.template.test_sent")
    await turn.say(show_template.sample(reader_of(turn), key, shown))


async def touch_sample(turn: Turn) -> None:
    """A button that was shown to be looked at."""
    await turn.toast("admin.template.sample_tapped")
