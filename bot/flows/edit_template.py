"""Edit a text: draft, publish, restore. What an admin publishes can't break a send: it was checked before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from messages.errors import NotAllowed, OutOfDate, PersonError
from messages.outgoing import Kind
from messages.people import Actor, Role
from messages.templates import Texts, check, default_text, spec_of
from messages.text_directory import readable
from storage import audit, dialogs, outbox, staff, templates
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from storage.outbox import Owed
from storage.tables import Staff, TemplateVersion

DIALOG = "template"
WRITE = "write"
DRAFT = "draft"


class Unchanged(PersonError):
    """A wording that is in force already."""

    def __init__(self) -> None:
        super().__init__("admin.template.unchanged")


@dataclass(frozen=True)
class Outcome:
    """What became of a publication. `changed_by` is who published something else meanwhile."""

    what: Literal["published", "awaiting", "changed"]
    key: str
    language: str
    text: str
    changed_by: str = ""


async def begin(work: UnitOfWork, *, actor: Actor, key: str, language: str, now: datetime) -> None:
    """Wait for the new wording of this text; remember which version it will replace."""
    data = {"key": key, "language": language, "base": await _base(work, key, language)}
    await dialogs.save(work, actor.chat_id, DialogState(DIALOG, WRITE, data), now=now)
    await work.commit()


async def draft(
    work: UnitOfWork, *, actor: Actor, dialog: DialogState, texts: Texts, text: str, now: datetime
) -> DialogState:
    """Keep a wording that may be published. Raises TemplateError or Unchanged; the dialog then goes on."""
    key, language = dialog.data["key"], dialog.data["language"]
    check(key, language, text)
    if text == texts.current(key, language):
        raise Unchanged
    state = DialogState(DIALOG, DRAFT, dialog.data, private=text)
    await dialogs.save(work, actor.chat_id, state, now=now)
    await work.commit()
    return state


async def publish(work: UnitOfWork, *, actor: Actor, dialog: DialogState, now: datetime) -> Outcome:
    """Put the draft into force, or let it wait for a second admin when it is an emergency text.

    When somebody else has published this text meanwhile nothing is done but to remember that: the next
    publication replaces theirs knowingly. Raises TemplateError, OutOfDate.
    """
    text = dialog.private
    if dialog.step != DRAFT or text is None or actor.staff_id is None:
        raise OutOfDate
    key, language = dialog.data["key"], dialog.data["language"]
    check(key, language, text)
    await templates.take_turn(work)
    if await _base(work, key, language) != dialog.data["base"]:
        return await _changed_meanwhile(work, actor, dialog, text, now)
    others = [each for each in await staff.admins(work) if each.id != actor.staff_id]
    await dialogs.close(work, actor.chat_id)
    if spec_of(key).emergency and others:
        row = await templates.propose(work, key, language, text, author_id=actor.staff_id, now=now)
        await outbox.plan(work, [_request(row, each, now) for each in others], now=now)
        await _note(work, actor, "text_proposed", row, now)
        await work.commit()
        return Outcome("awaiting", key, language, text)
    row = await templates.publish(work, key, language, text, author_id=actor.staff_id, now=now)
    await _note(work, actor, "text_published", row, now)
    await work.commit()
    return Outcome("published", key, language, text)


async def _changed_meanwhile(work: UnitOfWork, actor: Actor, dialog: DialogState, text: str, now: datetime) -> Outcome:
    key, language = dialog.data["key"], dialog.data["language"]
    newest = await templates.current(work, key, language)
    author = await staff.get(work, newest.author_id) if newest else None
    data = {**dialog.data, "base": newest.id if newest else 0}
    await dialogs.save(work, actor.chat_id, DialogState(DIALOG, DRAFT, data, private=text), now=now)
    await work.commit()
    return Outcome("changed", key, language, text, changed_by=author.name if author else "")


async def restore(work: UnitOfWork, *, actor: Actor, version_id: int, now: datetime) -> TemplateVersion:
    """Put an earlier version back, which was in force once: no second admin is asked.

    Raises TemplateError where the text's placeholders have changed since, Unchanged, NotFound.
    """
    row = await templates.version(work, version_id)
    if row.state != "published" or row.text is None:
        raise OutOfDate
    check(row.key, row.language, row.text)
    return await _put_back(work, actor, row.key, row.language, row.text, now)


async def restore_default(work: UnitOfWork, *, actor: Actor, key: str, language: str, now: datetime) -> TemplateVersion:
    """Put the wording back that ships with the bot. Raises Unchanged."""
    return await _put_back(work, actor, key, language, None, now)


async def _put_back(
    work: UnitOfWork, actor: Actor, key: str, language: str, text: str | None, now: datetime
) -> TemplateVersion:
    if actor.staff_id is None or not actor.has(Role.ADMIN):
        raise NotAllowed
    await templates.take_turn(work)
    newest = await templates.current(work, key, language)
    in_force = newest.text if newest else None
    if (in_force or default_text(key, language)) == (text or default_text(key, language)):
        raise Unchanged
    row = await templates.publish(work, key, language, text, author_id=actor.staff_id, now=now)
    await _note(work, actor, "text_restored", row, now)
    await work.commit()
    return row


async def _base(work: UnitOfWork, key: str, language: str) -> int:
    newest = await templates.current(work, key, language)
    return newest.id if newest else 0


async def _note(work: UnitOfWork, actor: Actor, action: str, row: TemplateVersion, now: datetime) -> None:
    await audit.note(work, actor, action, "text", row.id, now=now, key=row.key, language=row.language)


def _request(row: TemplateVersion, admin: Staff, now: datetime) -> Owed:
    return Owed(
        key=f"text_proposal:{row.id}:{admin.id}",
        kind=Kind.NOTICE,
        template="admin.proposal.request",
        due_at=now,
        staff_id=admin.id,
        values={
            "text_name": readable(row.key),
            "buttons": [[["admin.button.look", "tpl.proposal", row.id]]],
        },
    )
