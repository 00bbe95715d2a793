"""How the bot is doing, for an admin: what waits, what went wrong, who can't be reached."""

from datetime import datetime, time

from bot.flows.show_template import Reader
from messages import wording
from messages.markup import Html, join_html
from messages.outgoing import Outgoing
from messages.wall_clock import moment
from storage import staff, status
from storage.database import UnitOfWork
from storage.status import Status


async def show_status(work: UnitOfWork, reader: Reader, *, chat_id: int, now: datetime) -> Outgoing:
    """Counts of now and of the clinic's today. No patient is named: an admin sees people, not symptoms."""
    zone = reader.clinic.zone
    midnight = moment(now.astimezone(zone).date(), time(), zone)
    counts = await status.read(work, now=now, since=midnight, asked_in=chat_id)
    missing = [member.name for member in await staff.unreachable(work)]
    lines = [
        reader.html("admin.status.title", time=reader.when(now)),
        *_messages(reader, counts, now),
        Html(""),
        _count(reader, "open_alerts", counts.open_alerts),
        _count(reader, "untaken_alerts", counts.untaken_alerts),
        _count(reader, "unreachable_patients", counts.unreachable_patients),
        _count(reader, "unreachable_staff", counts.unreachable_staff),
    ]
    if missing:
        lines.append(reader.html("admin.status.missing", names=wording.join(missing, reader.language)))
    lines.append(Html(""))
    lines.append(_count(reader, "updates_waiting", counts.updates_waiting))
    lines.append(_count(reader, "dead_letters", counts.dead_letters))
    if counts.dead_letters:
        lines.append(reader.html("admin.status.dead_letters_hint"))
    return Outgoing(join_html(lines))


def _messages(reader: Reader, counts: Status, now: datetime) -> list[Html]:
    if counts.oldest_due_at is None:
        oldest = reader.html("admin.status.nothing_late")
    else:
        waited = wording.duration(now - counts.oldest_due_at, reader.language)
        oldest = reader.html("admin.status.oldest_due", waited=waited)
    return [
        _count(reader, "pending", counts.pending + counts.under_way),
        _count(reader, "sent", counts.sent_today),
        _count(reader, "skipped", counts.skipped_today),
        _count(reader, "uncertain", counts.uncertain_today),
        _count(reader, "failed", counts.failed_today),
        oldest,
    ]


def _count(reader: Reader, name: str, count: int) -> Html:
    return reader.html(f"admin.status.{name}", count=count)
