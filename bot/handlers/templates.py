"""/templates: find a text, by who reads it and what it is about or by a word, and read it."""

from bot.flows import show_template
from bot.flows.show_template import Reader
from bot.handling import Bots
from bot.routing import button, command, dialog
from bot.screens import present, reader_of
from bot.turn import Turn
from messages.catalogue import Audience, spec_of
from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Role
from messages.text_directory import (
    PAGE,
    Page,
    code_of,
    key_of,
    keys_in,
    opening,
    page_of,
    readable,
    search,
    topic_by,
    topic_of,
    topics,
)
from storage import dialogs
from storage.dialogs import DialogState

SEARCH = "template_search"
LONGEST_WORD = 64


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("templates", begin))
    application.add_handler(button("tpl.top", begin))
    application.add_handler(button("tpl.topics", show_topics))
    application.add_handler(button("tpl.keys", show_keys))
    application.add_handler(button("tpl.shelf", show_shelf))
    application.add_handler(button("tpl.read", read))
    application.add_handler(button("tpl.find", ask_word))
    application.add_handler(button("tpl.found", turn_page))


def setup_dialogs(application: Bots) -> None:
    """Add what is typed."""
    application.add_handler(dialog(SEARCH, find, frozenset({Role.ADMIN})))


async def begin(turn: Turn) -> None:
    """Whose texts, or a word to search for."""
    reader = reader_of(turn)
    rows = tuple(
        (Button(reader.plain(f"admin.audience.{audience}"), "tpl.topics", (audience.value, 0)),)
        for audience in Audience
    )
    find_button = Button(reader.plain("admin.button.search"), "tpl.find")
    await turn.show(Outgoing(reader.html("admin.templates.top"), buttons=(*rows, (find_button,))))


async def show_topics(turn: Turn) -> None:
    """The topics of one audience."""
    audience, reader = _audience(turn), reader_of(turn)
    page = page_of(topics(audience), _number(turn, 1))
    rows = tuple(
        (
            Button(
                f"{readable(topic)} ({len(keys_in(audience, topic))})",
                "tpl.keys",
                (audience.value, code_of(topic), 0),
            ),
        )
        for topic in page.items
    )
    turning = _turning(page.number, page.pages, "tpl.topics", audience.value)
    back = (Button(reader.plain("admin.button.back"), "tpl.top"),)
    words = reader.html("admin.templates.topics", audience=reader.plain(f"admin.audience.{audience}"), page=_page(page))
    await turn.show(Outgoing(words, buttons=(*rows, *turning, back)))


async def show_keys(turn: Turn) -> None:
    """The texts of one topic, each by its beginning."""
    assert turn.tap is not None
    await _shelf(turn, _audience(turn), topic_by(turn.tap.text(1)), _number(turn, 2))


async def show_shelf(turn: Turn) -> None:
    """Back from a text to its neighbours."""
    assert turn.tap is not None
    key = key_of(turn.tap.text(0))
    audience, topic = spec_of(key).audience, topic_of(key)
    position = keys_in(audience, topic).index(key)
    await _shelf(turn, audience, topic, position // PAGE)


async def _shelf(turn: Turn, audience: Audience, topic: str, number: int) -> None:
    reader = reader_of(turn)
    page = page_of(keys_in(audience, topic), number)
    turning = _turning(page.number, page.pages, "tpl.keys", audience.value, code_of(topic))
    back = (Button(reader.plain("admin.button.back"), "tpl.topics", (audience.value, 0)),)
    words = reader.html("admin.templates.keys", topic=readable(topic), page=_page(page))
    await turn.show(Outgoing(words, buttons=(*_key_rows(reader, page.items), *turning, back)))


def _key_rows(reader: Reader, keys: tuple[str, ...]) -> Rows:
    language = reader.language
    return tuple((Button(opening(reader.texts, key, language), "tpl.read", (code_of(key), language)),) for key in keys)


async def read(turn: Turn) -> None:
    """One text in one language."""
    assert turn.tap is not None
    key, language = key_of(turn.tap.text(0)), turn.tap.text(1)
    async with turn.read() as work:
        messages = await show_template.reading(work, reader_of(turn), key, language)
    await present(turn, messages)


async def ask_word(turn: Turn) -> None:
    """Wait for a word."""
    async with turn.work() as work:
        await dialogs.save(work, turn.chat_id, DialogState(SEARCH, "word"), now=turn.now)
        await work.commit()
    await turn.show(Outgoing(turn.html("admin.templates.search")))


async def find(turn: Turn) -> None:
    """Search for the typed word; the dialog goes on, so that another one can follow."""
    word = " ".join(turn.text.split())[:LONGEST_WORD]
    if not word:
        await turn.say_text("admin.templates.search")
        return
    async with turn.work() as work:
        await dialogs.save(work, turn.chat_id, DialogState(SEARCH, "word", private=word), now=turn.now)
        await work.commit()
    await turn.say(_found(reader_of(turn), word, 0))


async def turn_page(turn: Turn) -> None:
    """Another page of what was found."""
    if turn.dialog is None or turn.dialog.name != SEARCH or turn.dialog.private is None:
        raise OutOfDate
    await turn.show(_found(reader_of(turn), turn.dialog.private, _number(turn, 0)))


def _found(reader: Reader, word: str, number: int) -> Outgoing:
    keys = search(reader.texts, word, reader.language)
    if not keys:
        return Outgoing(reader.html("admin.templates.found_none", text=word))
    page = page_of(keys, number)
    turning = _turning(page.number, page.pages, "tpl.found")
    back = (Button(reader.plain("admin.button.back"), "tpl.top"),)
    words = reader.html("admin.templates.found", text=word, count=len(keys))
    return Outgoing(words, buttons=(*_key_rows(reader, page.items), *turning, back))


def _turning(number: int, pages: int, action: str, *arguments: str) -> Rows:
    """Arrows to the neighbouring pages, where there are any."""
    arrows = []
    if number > 0:
        arrows.append(Button("‹", action, (*arguments, number - 1)))
    if number + 1 < pages:
        arrows.append(Button("›", action, (*arguments, number + 1)))
    return (tuple(arrows),) if arrows else ()


def _page(page: Page) -> str:
    """ "2/3"; a single page has no number."""
    return f"{page.number + 1}/{page.pages}" if page.pages > 1 else ""


def _audience(turn: Turn) -> Audience:
    assert turn.tap is not None
    try:
        return Audience(turn.tap.text(0))
    except ValueError:
        raise OutOfDate from None


def _number(turn: Turn, position: int) -> int:
    assert turn.tap is not None
    return turn.tap.number(position)
