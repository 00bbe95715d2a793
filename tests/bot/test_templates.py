"""Admins change what the bot says: through the real application, as they would on their phones."""

import pytest
from sqlalchemy import select

from bot.flows import show_template
from bot.flows.show_template import Reader
from bot.keyboards import markup
from bot.sandbox.model import Entity
from bot.sandbox.person import Person
from messages.catalogue import all_keys, spec_of
from messages.markup import plain_text, utf16_length
from messages.templates import Texts
from messages.text_directory import code_of, key_of, topic_of
from storage.tables import Outbox, TemplateVersion
from tests.bot.conversation import audited
from tests.world import World

KEY = "patient.reminder.before_3h"
EMERGENCY = "patient.emergency"


def test_every_code_finds_its_key() -> None:
    assert [key_of(code_of(key)) for key in all_keys()] == list(all_keys())


async def open_text(world: World, admin: Person, key: str, language: str = "en") -> None:
    """Go to one text by tapping, from /templates on."""
    admin.say("/templates")
    await world.settle()
    admin.tap(f"tpl.topics:{spec_of(key).audience}:0")
    await world.settle()
    await turn_to(world, admin, f"tpl.keys:{spec_of(key).audience}:{code_of(topic_of(key))}:0")
    await turn_to(world, admin, f"tpl.read:{code_of(key)}:en")
    if language != "en":
        admin.tap(f"tpl.read:{code_of(key)}:{language}")
        await world.settle()


async def turn_to(world: World, admin: Person, data: str) -> None:
    """Turn pages until a button is there, and tap it."""
    while data not in data_of(admin):
        await tap(world, admin, "›")
    await tap(world, admin, data)


def data_of(person: Person) -> list[str]:
    """The callback data under the newest message of the bot."""
    return [button.data or "" for row in person.last.buttons for button in row]


async def edit(world: World, admin: Person, key: str, text: str, entities: tuple[Entity, ...] = ()) -> None:
    """Open a text, and send a new wording."""
    await open_text(world, admin, key)
    admin.tap(f"tpl.edit:{code_of(key)}:en")
    await world.settle()
    admin.say(text, entities=entities)
    await world.settle()


async def tap(world: World, person: Person, button: str) -> None:
    person.tap(button)
    await world.settle()


async def live(world: World, key: str, language: str = "en") -> str | None:
    """The text of the newest published version; None for the default."""
    async with world.database.read() as work:
        row = await work.session.scalar(
            select(TemplateVersion)
            .where(
                TemplateVersion.key == key,
                TemplateVersion.language == language,
                TemplateVersion.state == "published",
            )
            .order_by(TemplateVersion.id.desc())
            .limit(1)
        )
    return row.text if row else None


async def test_a_text_is_read_with_sample_values_and_its_placeholders(world: World) -> None:
    alex = await world.admin()
    await open_text(world, alex, KEY)
    assert "Lindenhof Clinic" in alex.last.text
    assert "{appointment}" in alex.last.text
    assert "must stay" in alex.last.text
    assert "the wording that comes with the bot" in alex.last.text
    await tap(world, alex, "Français")
    assert "Français" in alex.last.text


async def test_every_text_can_be_shown_to_every_admin(world: World) -> None:
    for language in ("en", "fr"):
        reader = Reader(Texts(), language, world.clinic)
        async with world.database.read() as work:
            for key in all_keys():
                shown = (
                    *await show_template.reading(work, reader, key, language),
                    *show_template.writing(reader, key, language),
                    await show_template.past(work, reader, key, language),
                )
                for message in shown:
                    assert 0 < utf16_length(plain_text(message.text)) <= 4096
                    markup(message.buttons)


async def test_a_text_is_found_by_a_word(world: World) -> None:
    alex = await world.admin()
    alex.say("/templates")
    await world.settle()
    await tap(world, alex, "🔎 Search")
    alex.say("CROOKED smile")
    await world.settle()
    assert "with “CROOKED smile”" in alex.last.text
    assert any("Crooked smile" in label for label in alex.last.labels)
    alex.say("no text says this <b>")
    await world.settle()
    assert "No text with" in alex.last.text
    alex.say("e")
    await world.settle()
    await tap(world, alex, "›")
    assert "‹" in alex.last.labels


async def test_a_published_text_is_what_a_queued_message_says(world: World) -> None:
    queued = "patient.reminder.before_48h"
    alex, marie = await world.admin(), await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, next_at=world.at(7, "14:00"))
    bold = Entity("bold", 0, 5)
    await edit(world, alex, queued, "Today at our place: {appointment}. See you at {clinic} & co.", (bold,))
    preview = alex.bot_messages[-2]
    assert preview.html.startswith("<b>Today</b> at our place: Thursday 20 November")
    assert "Lindenhof Clinic &amp; co" in preview.html
    assert "1 message that is already planned will use it" in alex.last.text
    assert "<s>" in alex.last.html
    await tap(world, alex, "✅ Publish")
    assert "Published" in alex.last.text
    assert await live(world, queued) == "<b>Today</b> at our place: {appointment}. See you at {clinic} &amp; co."
    await world.move_to(world.at(5, "14:10"))
    assert any("Today at our place: Monday 9 March" in each.text for each in anna.bot_messages)
    async with world.database.read() as work:
        row = await work.session.scalar(select(Outbox).where(Outbox.template == queued))
        assert row is not None
        assert row.template_version_id is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See you at {appointmnt}", "can’t use {appointmnt}"),
        ("See you soon", "Please keep {appointment}"),
        ("<b>See you at {appointment}", "formatting near <b>"),
        ("See you {appointment} {", "brace"),
        ("{appointment} " + "x" * 4060, "could grow to"),
        ("{appointment} " + "x" * 4083, "Telegram has split it"),
        ("x" * 9000, "Telegram has split it"),
    ],
)
async def test_what_could_break_a_send_is_refused_in_words_and_the_dialog_goes_on(
    world: World, text: str, words: str
) -> None:
    alex = await world.admin()
    await edit(world, alex, KEY, text)
    assert words in alex.last.text
    alex.say("Until {appointment}")
    await world.settle()
    await tap(world, alex, "✅ Publish")
    assert await live(world, KEY) == "Until {appointment}"


async def test_buttons_take_no_formatting_and_show_as_buttons(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, "button.confirm", "Yes, I come", (Entity("bold", 0, 3),))
    assert "can’t be bold" in alex.last.text
    alex.say("x" * 65)
    await world.settle()
    assert "at most 64" in alex.last.text
    alex.say("Yes & <3")
    await world.settle()
    assert alex.bot_messages[-2].labels == ["Yes & <3"]
    await tap(world, alex, "✅ Publish")
    assert await live(world, "button.confirm") == "Yes & <3"


async def test_plural_texts_are_lines(world: World) -> None:
    alex = await world.admin()
    key = "aftercare.avoid.sun"
    await edit(world, alex, key, "• sun: {hours} hours")
    assert "each form on a line of its own" in alex.last.text
    alex.say("one: • sun: {hours} hour\nother: • sun: {hours} hours")
    await world.settle()
    await tap(world, alex, "✅ Publish")
    assert await live(world, key) == "one: • sun: {hours} hour\nother: • sun: {hours} hours"


async def test_a_photo_is_no_text(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, KEY, "Until {appointment}")
    alex.send_photo(caption="look")
    await world.settle()
    assert "Only text can be used here" in alex.last.text


async def test_the_same_text_is_nothing_to_publish(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, "button.confirm", "I’ll be there")
    assert "says already" in alex.last.text


async def test_a_discarded_draft_changes_nothing(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, KEY, "Until {appointment}")
    await tap(world, alex, "Discard")
    assert "Nothing has changed" in alex.last.text
    assert await live(world, KEY) is None
    alex.tap_data(alex.last.id, "tpl.publish")
    await world.settle()
    assert await live(world, KEY) is None


async def test_any_earlier_version_comes_back_with_one_tap(world: World) -> None:
    alex = await world.admin()
    for text in ("First {appointment}", "Second {appointment}"):
        await edit(world, alex, KEY, text)
        await tap(world, alex, "✅ Publish")
        await world.move(minutes=10)
    await open_text(world, alex, KEY)
    assert "Changed by Alex Martin" in alex.last.text
    await tap(world, alex, f"tpl.history:{code_of(KEY)}:en")
    assert alex.last.text.count("Alex Martin") == 2
    await tap(world, alex, next(data for data in data_of(alex) if data.startswith("tpl.version")))
    assert alex.bot_messages[-2].text.startswith("First ")
    await tap(world, alex, "↩ Put this one back")
    assert await live(world, KEY) == "First {appointment}"
    await tap(world, alex, "Read it")
    await tap(world, alex, f"tpl.history:{code_of(KEY)}:en")
    await tap(world, alex, "↩ As it comes with the bot")
    assert await live(world, KEY) is None
    await tap(world, alex, "Read it")
    assert "put back by Alex Martin" in alex.last.text
    assert await audited(world, "text") == ["text_published", "text_published", "text_restored", "text_restored"]


async def test_two_admins_at_one_text(world: World) -> None:
    alex, bea = await world.admin(), await world.admin("Bea Schmid")
    await edit(world, alex, KEY, "Alex says {appointment}")
    await edit(world, bea, KEY, "Bea says {appointment}")
    await tap(world, bea, "✅ Publish")
    await tap(world, alex, "✅ Publish")
    assert await live(world, KEY) == "Bea says {appointment}"
    assert any("Bea Schmid has published this text meanwhile" in each.text for each in alex.bot_messages)
    assert "Bea" in alex.last.text, "the draft is compared with what is in force now"
    await tap(world, alex, "✅ Publish")
    assert await live(world, KEY) == "Alex says {appointment}"


async def test_an_emergency_text_needs_a_second_admin(world: World) -> None:
    alex, bea = await world.admin(), await world.admin("Bea Schmid")
    await edit(world, alex, EMERGENCY, "Call {emergency_number} now.")
    await tap(world, alex, "✅ Publish")
    assert "another admin has been asked" in alex.last.text
    assert await live(world, EMERGENCY) is None
    await tap(world, bea, "Look at it")
    assert "Above: what Alex Martin proposes" in bea.last.text
    row = next(data for data in data_of(bea) if data.startswith("tpl.confirm"))
    alex.tap_data(alex.last.id, row)
    await world.settle()
    assert await live(world, EMERGENCY) is None, "nobody confirms their own"
    await tap(world, bea, "✅ Confirm")
    assert await live(world, EMERGENCY) == "Call {emergency_number} now."
    assert "has been confirmed" in alex.last.text
    bea.tap_data(bea.last.id, row)
    await world.settle()
    async with world.database.read() as work:
        published = (await work.session.scalars(select(TemplateVersion.state))).all()
    assert sorted(published) == ["published", "withdrawn"]


async def test_a_refused_emergency_text_stays_as_it_was(world: World) -> None:
    alex, bea = await world.admin(), await world.admin("Bea Schmid")
    await edit(world, alex, EMERGENCY, "Call {emergency_number} now.")
    await tap(world, alex, "✅ Publish")
    await tap(world, bea, "Look at it")
    await tap(world, bea, "Refuse")
    assert await live(world, EMERGENCY) is None
    assert "was refused" in alex.last.text


async def test_a_single_admin_publishes_an_emergency_text_alone(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, EMERGENCY, "Call {emergency_number} now.")
    await tap(world, alex, "✅ Publish")
    assert await live(world, EMERGENCY) == "Call {emergency_number} now."


async def test_a_test_is_sent_to_oneself(world: World) -> None:
    alex = await world.admin()
    await open_text(world, alex, KEY)
    await tap(world, alex, "Send me a test")
    assert "Lindenhof Clinic" in alex.last.text
    assert alex.last.labels == []
    await open_text(world, alex, "button.confirm")
    await tap(world, alex, "Send me a test")
    assert alex.last.labels == ["I’ll be there"]
    pressed = alex.tap("I’ll be there")
    await world.settle()
    assert pressed.toast == "This button is only a sample."


async def test_tampered_buttons_and_other_roles_get_nowhere(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    await open_text(world, alex, KEY)
    for data in (
        "tpl.read:ffffffff:en",
        "tpl.read",
        f"tpl.edit:{code_of(KEY)}:xx",
        "tpl.restore:999",
        "tpl.topics:me:0",
    ):
        alex.tap_data(alex.last.id, data)
    marie.say("/templates")
    marie.tap_data(marie.last.id, f"tpl.edit:{code_of(KEY)}:en")
    await world.settle()
    assert "another role" in marie.last.text
    async with world.database.read() as work:
        assert (await work.session.scalars(select(TemplateVersion))).all() == []
