"""What an admin sees of the clinic's people: the list, a card each, and who could step in."""

from collections.abc import Sequence
from datetime import datetime

from bot.flows.show_template import Reader, language_name
from messages import wording
from messages.markup import Html, join_html
from messages.outgoing import Button, Outgoing, Rows
from storage import invitations, staff
from storage.database import UnitOfWork
from storage.tables import Staff


def roles(reader: Reader, member: Staff) -> str:
    """ "practitioner and admin", as words."""
    held = [("practitioner", member.is_practitioner), ("admin", member.is_admin)]
    return wording.join([reader.plain(f"admin.role.{role}") for role, has in held if has], reader.language)


async def everyone(work: UnitOfWork, reader: Reader) -> Outgoing:
    """The list, each with a button to the card."""
    members = await staff.everyone(work)
    rows: list[tuple[Button, ...]] = []
    for member in members:
        label = reader.plain(_label(member), name=member.name, roles=roles(reader, member))
        rows.append((Button(label, "ppl.card", (member.id,)),))
    rows.append((Button(reader.plain("admin.button.invite"), "ppl.invite"),))
    return Outgoing(reader.html("admin.people.list", count=len(members)), buttons=tuple(rows))


def _label(member: Staff) -> str:
    if member.joined_at is None:
        return "admin.people.label_invited"
    return "admin.people.label_unreachable" if member.unreachable_since else "admin.people.label"


async def card(work: UnitOfWork, reader: Reader, staff_id: int, *, now: datetime) -> Outgoing:
    """Everything an admin may know and change of one person. Raises NotFound."""
    member = await staff.present(work, staff_id)
    lines = [
        reader.html("admin.person.name", name=member.name, roles=roles(reader, member)),
        await _standing(work, reader, member, now),
        reader.html("admin.person.language", text_language=language_name(member.language)),
        reader.html("admin.person.phone", phone=member.phone or "–"),
    ]
    if member.is_practitioner:
        lines.extend(await _practice(work, reader, member))
    return Outgoing(join_html(lines), buttons=_card_buttons(reader, member))


async def _standing(work: UnitOfWork, reader: Reader, member: Staff, now: datetime) -> Html:
    if member.joined_at is None:
        invitation = await invitations.open_for(work, staff_id=member.id, now=now)
        if invitation is None:
            return reader.html("admin.person.no_link")
        return reader.html("admin.person.invited", time=reader.when(invitation.expires_at))
    if member.unreachable_since is not None:
        return reader.html("admin.person.unreachable", time=reader.when(member.unreachable_since))
    return reader.html("admin.person.joined", time=reader.when(member.joined_at))


async def _practice(work: UnitOfWork, reader: Reader, member: Staff) -> list[Html]:
    cover = await staff.cover_of(work, member)
    count = await staff.count_patients(work, member.id)
    return [
        reader.html("admin.person.patients", count=count),
        reader.html("admin.person.cover", name=cover.name) if cover else reader.html("admin.person.no_cover"),
        reader.html("admin.person.hours", time=f"{member.works_from:%H:%M}–{member.works_until:%H:%M}"),
        reader.html("admin.person.digest", time=f"{member.digest_hour:%H:%M}"),
    ]


def _card_buttons(reader: Reader, member: Staff) -> Rows:
    def one(text: str, action: str, *arguments: str | int) -> Button:
        return Button(reader.plain(f"admin.button.{text}"), action, (member.id, *arguments))

    rows: list[tuple[Button, ...]] = []
    if member.joined_at is None:
        rows.append((one("renew", "ppl.renew"), one("withdraw", "ppl.withdraw")))
    rows.append((one("name", "ppl.ask", "name"), one("phone", "ppl.ask", "phone")))
    if member.is_practitioner:
        rows.append((one("cover", "ppl.cover"),))
        rows.append((one("hours", "ppl.ask", "hours"), one("digest", "ppl.ask", "digest")))
    rows.append((one("language", "ppl.languages"),))
    rows.append(
        (
            one("unmake_admin", "ppl.admin", 0) if member.is_admin else one("make_admin", "ppl.admin", 1),
            one("unmake_practitioner", "ppl.practice", 0)
            if member.is_practitioner
            else one("make_practitioner", "ppl.practice", 1),
        )
    )
    rows.append((one("remove", "ppl.remove"),))
    rows.append((Button(reader.plain("admin.button.back"), "ppl.list"),))
    return tuple(rows)


async def covers(work: UnitOfWork, reader: Reader, staff_id: int) -> Outgoing:
    """Who could step in for a practitioner."""
    member = await staff.present(work, staff_id)
    rows = _colleagues(await staff.practitioners(work), member, "ppl.cover_to")
    nobody = (Button(reader.plain("admin.button.no_cover"), "ppl.cover_to", (member.id, 0)),)
    return Outgoing(
        reader.html("admin.people.choose_cover", name=member.name),
        buttons=(*rows, nobody, _back_to(reader, member)),
    )


async def leaving(work: UnitOfWork, reader: Reader, staff_id: int, action: str) -> Outgoing:
    """Ask before somebody is removed or stops being a practitioner: who takes the patients, or just whether.

    `action` is the button that does it, with the person's id and the successor's (0 for none).
    """
    member = await staff.present(work, staff_id)
    count = await staff.count_patients(work, member.id)
    back = _back_to(reader, member)
    if not count:
        done = (Button(reader.plain("admin.button.yes_do_it"), action, (member.id, 0)),)
        return Outgoing(reader.html("admin.people.sure", name=member.name), buttons=(done, back))
    rows = _colleagues(await staff.practitioners(work), member, action)
    if not rows:
        return Outgoing(reader.html("admin.people.no_successor", name=member.name), buttons=(back,))
    words = reader.html("admin.people.choose_successor", name=member.name, count=count)
    return Outgoing(words, buttons=(*rows, back))


def _colleagues(people: Sequence[Staff], member: Staff, action: str) -> Rows:
    return tuple((Button(each.name, action, (member.id, each.id)),) for each in people if each.id != member.id)


def _back_to(reader: Reader, member: Staff) -> tuple[Button, ...]:
    return (Button(reader.plain("admin.button.back"), "ppl.card", (member.id,)),)
