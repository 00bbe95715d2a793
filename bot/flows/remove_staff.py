"""Remove a practitioner or an admin: their patients go to a colleague first, their account loses every right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.flows.hand_over_all import give_back_alerts, hand_over_all
from bot.flows.relay_letter import relay_unread
from messages.clinic import Clinic
from messages.errors import PersonError
from messages.people import Actor
from storage import audit, dialogs, invitations, outbox, rota, staff
from storage.database import UnitOfWork
from storage.tables import Outbox, Staff


@dataclass(frozen=True)
class Removed:
    """Who went, how many patients were handed over, and for whom nobody steps in any more.

    `chat_id` is their former chat, None for somebody who had not joined.
    """

    member: Staff
    chat_id: int | None
    patients: int
    uncovered: tuple[str, ...]


async def remove_staff(
    work: UnitOfWork,
    *,
    actor: Actor,
    staff_id: int,
    successor_id: int | None,
    clinic: Clinic,
    now: datetime,
) -> Removed:
    """Remove for good; the records keep the name. Whoever opens the bot with this account is a stranger.

    Raises PersonError for the last admin, and for patients without a successor.
    """
    await rota.change(work)
    member = await staff.present(work, staff_id)
    await refuse_last_admin(work, member)
    handed = await hand_over_all(work, actor=actor, member=member, successor_id=successor_id, clinic=clinic, now=now)
    await give_back_alerts(work, member=member, clinic=clinic, now=now)
    uncovered = await release_covers(work, member)
    await outbox.withdraw(work, Outbox.staff_id == member.id, reason="removed", now=now)
    await invitations.withdraw(work, staff_id=member.id, now=now)
    chat_id = member.telegram_id
    if chat_id is not None:
        await dialogs.close(work, chat_id)
    member.removed_at = now
    member.telegram_id = None
    member.cover_id = None
    member.digest_due_at = None
    member.unreachable_since = None
    for colleague in uncovered:
        await relay_unread(work, colleague.id, now=now)
    await audit.note(work, actor, "removed", "staff", member.id, now=now, patients=handed)
    await work.commit()
    return Removed(member, chat_id, handed, tuple(colleague.name for colleague in uncovered))


async def refuse_last_admin(work: UnitOfWork, member: Staff) -> None:
    """Raises PersonError if `member` is the only admin who has joined: nobody could invite another."""
    admins = await staff.hold_admins(work)
    if [admin.id for admin in admins] == [member.id]:
        raise PersonError("admin.people.last_admin")


async def release_covers(work: UnitOfWork, member: Staff) -> Sequence[Staff]:
    """Nobody names `member` as cover any more. Returns those who did; their letters are the caller's to pass on."""
    covered = await staff.covered_by(work, member.id)
    for colleague in covered:
        colleague.cover_id = None
    return covered
