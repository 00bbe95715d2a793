"""What an admin sees of one text: how it reads, what it is for, what may stand in it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from messages import wording
from messages.catalogue import TextKind, languages, plural_forms
from messages.clinic import Clinic
from messages.errors import NotFound
from messages.markup import Html, escape, join_html, plain_text, utf16_length
from messages.outgoing import Button, Outgoing, Rows
from messages.templates import Texts, changes, default_text, preview, spec_of
from messages.text_directory import code_of, readable
from storage import staff, templates
from storage.database import UnitOfWork
from storage.tables import TemplateVersion

LONGEST_MESSAGE = 4096
"""UTF-16 units that Telegram takes in one message."""

SHOWN_OF_HISTORY = 10
"""Versions in a history, the newest ones."""


@dataclass(frozen=True)
class Reader:
    """For whom a screen is made: the texts, the admin's own language, and the clinic's zone."""

    texts: Texts
    language: str
    clinic: Clinic

    def html(self, key: str, **values: str | int) -> Html:
        """A text in the admin's language."""
        return self.texts.html(key, self.language, **values)

    def plain(self, key: str, **values: str | int) -> str:
        """A label in the admin's language."""
        return self.texts.plain(key, self.language, **values)

    def when(self, at: datetime) -> str:
        """A moment on the clinic's clock."""
        return wording.short_date_and_time(at, self.clinic.zone, self.language)


def language_name(code: str) -> str:
    """A language's own name. Raises NotFound for one that the bot does not speak."""
    for language in languages():
        if language.code == code:
            return language.name
    raise NotFound


def title(reader: Reader, key: str, language: str) -> Html:
    """Which text this is; emergency texts are marked."""
    name = "admin.template.title_emergency" if spec_of(key).emergency else "admin.template.title"
    return reader.html(name, text_name=readable(key), text_language=language_name(language))


async def reading(work: UnitOfWork, reader: Reader, key: str, language: str) -> tuple[Outgoing, ...]:
    """The text as its readers see it, with sample values; the last message has the buttons."""
    shown = preview(key, language, reader.texts.current(key, language))
    about = (
        reader.html("admin.template.purpose", purpose=spec_of(key).purpose),
        await _origin(work, reader, await templates.current(work, key, language)),
        *_placeholders(reader, key),
    )
    head = title(reader, key, language)
    buttons = _reading_buttons(reader, key, language)
    whole = join_html((head, Html(f"<blockquote>{shown}</blockquote>"), *about), "\n\n")
    nested = "<blockquote" in shown
    if not nested and utf16_length(plain_text(whole)) <= LONGEST_MESSAGE:
        return (Outgoing(whole, buttons=buttons),)
    return (Outgoing(shown), Outgoing(join_html((head, *about), "\n\n"), buttons=buttons))


def _reading_buttons(reader: Reader, key: str, language: str) -> Rows:
    code = code_of(key)
    others = tuple(Button(each.name, "tpl.read", (code, each.code)) for each in languages() if each.code != language)
    return (
        (
            Button(reader.plain("admin.button.edit"), "tpl.edit", (code, language)),
            Button(reader.plain("admin.button.history"), "tpl.history", (code, language)),
        ),
        (Button(reader.plain("admin.button.test"), "tpl.test", (code, language)), *others),
        (Button(reader.plain("admin.button.other_texts"), "tpl.shelf", (code,)),),
    )


async def _origin(work: UnitOfWork, reader: Reader, row: TemplateVersion | None) -> Html:
    if row is None:
        return reader.html("admin.template.default")
    author = await staff.get(work, row.author_id)
    key = "admin.template.restored_by" if row.text is None else "admin.template.published_by"
    return reader.html(key, name=author.name, time=reader.when(row.published_at or row.created_at))


def _placeholders(reader: Reader, key: str) -> tuple[Html, ...]:
    spec = spec_of(key)
    if not spec.placeholders:
        return ()
    lines = [
        reader.html(
            "admin.template.placeholder_required" if name in spec.required else "admin.template.placeholder",
            placeholder=f"{{{name}}}",
            meaning=placeholder.meaning,
            sample=str(placeholder.sample),
        )
        for name, placeholder in spec.placeholders.items()
    ]
    return (join_html((reader.html("admin.template.placeholders"), *lines)),)


def writing(reader: Reader, key: str, language: str) -> tuple[Outgoing, ...]:
    """How to send a new wording, and the present one to copy from."""
    spec = spec_of(key)
    asked = [title(reader, key, language), reader.html("admin.template.write")]
    if spec.count is not None:
        forms = ", ".join(f"{form}: …" for form in plural_forms(language))
        asked.append(reader.html("admin.template.write_forms", forms=forms))
    if spec.is_plain:
        asked.append(reader.html("admin.template.write_plain", limit=spec.limit))
    asked.extend(_placeholders(reader, key))
    source = reader.texts.current(key, language)
    leave = ((Button(reader.plain("admin.button.discard"), "tpl.drop"),),)
    return (
        Outgoing(join_html(asked, "\n\n"), buttons=leave),
        Outgoing(escape(source) if spec.is_plain else source),
    )


async def drafted(work: UnitOfWork, reader: Reader, key: str, language: str, text: str) -> tuple[Outgoing, ...]:
    """The draft as its readers would see it, what it changes, and how many queued messages will use it."""
    queued = await templates.count_queued(work, key, language)
    words = (
        reader.html("admin.template.draft"),
        reader.html("admin.template.changes"),
        changes(reader.texts.current(key, language), text),
        _queued(reader, queued),
        reader.html("admin.template.draft_next"),
    )
    buttons = (
        (
            Button(reader.plain("admin.button.publish"), "tpl.publish"),
            Button(reader.plain("admin.button.discard"), "tpl.drop"),
        ),
    )
    return (
        sample(reader, key, preview(key, language, text)),
        Outgoing(join_html(words, "\n\n"), buttons=buttons),
    )


def _queued(reader: Reader, count: int) -> Html:
    if not count:
        return reader.html("admin.template.queued_none")
    return reader.html("admin.template.queued", count=count)


def sample(reader: Reader, key: str, shown: Html) -> Outgoing:
    """A text as a message of its own, a button's as a button."""
    if spec_of(key).kind is not TextKind.BUTTON:
        return Outgoing(shown)
    label = plain_text(shown).split("\n\n")[0]
    return Outgoing(reader.html("admin.template.as_button"), buttons=((Button(label, "tpl.sample"),),))


async def past(work: UnitOfWork, reader: Reader, key: str, language: str) -> Outgoing:
    """The versions, who made them and when, each with a button that shows it."""
    rows = await templates.history(work, key, language, limit=SHOWN_OF_HISTORY)
    code = code_of(key)
    lines: list[Html] = []
    buttons: list[tuple[Button, ...]] = []
    for index, row in enumerate(rows):
        author = await staff.get(work, row.author_id)
        confirmed = await staff.get(work, row.confirmed_by) if row.confirmed_by else None
        name = author.name if confirmed is None else wording.join([author.name, confirmed.name], reader.language)
        at = reader.when(row.published_at or row.created_at)
        line = "admin.history.restored" if row.text is None else "admin.history.published"
        lines.append(reader.html(line, name=name, time=at))
        if index and row.text is not None:
            buttons.append((Button(reader.plain("admin.button.version", time=at), "tpl.version", (row.id,)),))
    if rows and rows[0].text is not None:
        default = Button(reader.plain("admin.button.default"), "tpl.default", (code, language))
        buttons.append((default,))
    buttons.append((Button(reader.plain("admin.button.back"), "tpl.read", (code, language)),))
    lines.append(reader.html("admin.history.default"))
    words = (title(reader, key, language), reader.html("admin.history.title"), join_html(lines))
    return Outgoing(join_html(words, "\n\n"), buttons=tuple(buttons))


def earlier(reader: Reader, row: TemplateVersion) -> tuple[Outgoing, ...]:
    """An earlier version, what putting it back would change, and the button that does."""
    text = row.text if row.text is not None else default_text(row.key, row.language)
    words = (
        title(reader, row.key, row.language),
        reader.html("admin.history.would_change"),
        changes(reader.texts.current(row.key, row.language), text),
    )
    buttons = (
        (Button(reader.plain("admin.button.restore"), "tpl.restore", (row.id,)),),
        (Button(reader.plain("admin.button.back"), "tpl.history", (code_of(row.key), row.language)),),
    )
    return (
        sample(reader, row.key, preview(row.key, row.language, text)),
        Outgoing(join_html(words, "\n\n"), buttons=buttons),
    )


async def proposed(work: UnitOfWork, reader: Reader, row: TemplateVersion) -> tuple[Outgoing, ...]:
    """A proposal for the second admin: how it reads, who made it, what it changes."""
    author = await staff.get(work, row.author_id)
    text = row.text or ""
    words = (
        title(reader, row.key, row.language),
        reader.html("admin.proposal.by", name=author.name, time=reader.when(row.created_at)),
        reader.html("admin.template.changes"),
        changes(reader.texts.current(row.key, row.language), text),
    )
    buttons = (
        (
            Button(reader.plain("admin.button.confirm"), "tpl.confirm", (row.id,)),
            Button(reader.plain("admin.button.refuse"), "tpl.refuse", (row.id,)),
        ),
    )
    return (
        sample(reader, row.key, preview(row.key, row.language, text)),
        Outgoing(join_html(words, "\n\n"), buttons=buttons),
    )
