"""An update that could not be handled was set aside: it may have been a cry for help, so somebody must look."""

from datetime import datetime

from bot.flows.find_recipients import reachable_admins
from messages.outgoing import Kind
from storage import outbox, people
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Inbox

TO_ADMINS = "admin.dead_letter"
TO_SENDER = "error.something_went_wrong"


async def report_dead_letter(work: UnitOfWork, *, update_id: int, language: str, now: datetime) -> None:
    """Tell every admin, by its number and without its content, and whoever sent it, if they are known; no commit.

    `language` is that of strangers. Raises NoResultFound for an update that is not in the inbox.
    """
    update = await work.session.get_one(Inbox, update_id)
    # A private chat has the id of its person. Groups and unreadable updates belong to nobody.
    sender = await people.actor_of(work, update.chat_id, language=language)
    told = [
        Owed(
            key=f"dead_letter:{update_id}:admin:{admin.id}",
            kind=Kind.NOTICE,
            template=TO_ADMINS,
            due_at=now,
            staff_id=admin.id,
            values={"update": str(update_id)},
        )
        for admin in await reachable_admins(work)
    ]
    if sender.patient_id is not None or sender.staff_id is not None:
        told.append(
            Owed(
                key=f"dead_letter:{update_id}:sender",
                kind=Kind.NOTICE,
                template=TO_SENDER,
                due_at=now,
                patient_id=sender.patient_id,
                staff_id=sender.staff_id,
            )
        )
    await outbox.plan(work, told, now=now)
