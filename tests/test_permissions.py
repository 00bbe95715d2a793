"""One table of rights, run as one table: every role against every command and button, and everybody against
records that are not theirs. Whoever may not, learns nothing and changes nothing."""

from collections.abc import Iterable

import pytest
from sqlalchemy import select

from bot.routing import Route
from bot.sandbox.person import Person
from messages.people import Role
from messages.permissions import BUTTONS, COMMANDS
from storage.database import Base
from tests.world import World

UNTOUCHED = [
    table for table in Base.metadata.sorted_tables if table.name not in {"inbox", "dialogs", "deliveries", "outbox"}
]
"""What a forbidden act must leave as it is. The outbox may still send what was owed before."""

SECRET = "Secretname"


async def _snapshot(world: World) -> dict[str, list[tuple[object, ...]]]:
    async with world.database.read() as work:
        return {
            table.name: [tuple(row) for row in (await work.session.execute(select(table).order_by(*table.primary_key)))]
            for table in UNTOUCHED
        }


async def _somebody(world: World, role: Role) -> Person:
    match role:
        case Role.PRACTITIONER:
            return await world.practitioner("Paul Weber")
        case Role.ADMIN:
            return await world.admin()
        case Role.PATIENT:
            return await world.patient("Bruno Costa", await world.practitioner("Paul Weber"))
        case Role.STRANGER:
            stranger = world.sandbox.person("Nobody")
            stranger.say("hello")
            await world.settle()
            return stranger


def _shown_since(person: Person, count: int) -> Iterable[str]:
    return (message.text for message in person.bot_messages[count:])


def test_every_route_asks_the_table_and_every_line_of_the_table_has_a_route() -> None:
    from bot.app import HANDLERS

    class Collector:
        def __init__(self) -> None:
            self.routes: list[Route] = []

        def add_handler(self, route: Route) -> None:
            self.routes.append(route)

    collector = Collector()
    for setup in HANDLERS:
        setup(collector)  # type: ignore[arg-type]
    names = [route.name for route in collector.routes]
    assert {name for name in names if name.startswith("/")} == {f"/{name}" for name in COMMANDS}
    assert set(BUTTONS) <= set(names)
    for route in collector.routes:
        expected = COMMANDS.get(route.name.removeprefix("/")) if route.name.startswith("/") else BUTTONS.get(route.name)
        assert expected is None or route.roles == expected, route.name


def test_patients_and_staff_share_no_button_but_harmless_ones() -> None:
    shared = {name for name, roles in BUTTONS.items() if Role.PATIENT in roles and len(roles) > 1}
    assert shared == {"language"}
    assert not {name for name, roles in BUTTONS.items() if Role.STRANGER in roles}


@pytest.mark.parametrize("role", Role)
async def test_a_command_of_another_role_does_nothing(world: World, role: Role) -> None:
    person = await _somebody(world, role)
    await world.move(minutes=1)
    before = await _snapshot(world)
    count = len(person.bot_messages)
    forbidden = [name for name, roles in COMMANDS.items() if role not in roles]
    for name in forbidden:
        person.say(f"/{name}")
    await world.settle()
    answers = person.bot_messages[count:]
    assert len(answers) == len(forbidden), "each must be answered once"
    # A chat is handled in its order, so the answers stand in the order of the commands.
    for name, answer in zip(forbidden, answers, strict=True):
        assert not answer.buttons, f"/{name} must offer nothing to {role}"
    assert await _snapshot(world) == before


@pytest.mark.parametrize("role", Role)
async def test_a_button_of_another_role_does_nothing(world: World, role: Role) -> None:
    marie = await world.practitioner("Marie Laurent")
    anna = await world.patient(f"Anna {SECRET}", marie)
    await world.session(anna)
    person = await _somebody(world, role)
    await world.move(minutes=1)
    before = await _snapshot(world)
    target, count = person.last.id, len(person.bot_messages)
    forbidden = [action for action, roles in BUTTONS.items() if role not in roles]
    taps = {action: person.tap_data(target, f"{action}:1:1:1"[:64]) for action in forbidden}
    await world.settle()
    for action, tap in taps.items():
        assert tap.answered, f"{action} must not spin for {role}"
        assert SECRET not in (tap.toast or ""), action
    assert not any(SECRET in text for text in _shown_since(person, count))
    assert await _snapshot(world) == before


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.PATIENT])
async def test_buttons_of_ones_own_role_show_and_change_nothing_of_another(world: World, role: Role) -> None:
    marie = await world.practitioner("Marie Laurent")
    anna = await world.patient(f"Anna {SECRET}", marie)
    await world.session(anna)
    await world.move(hours=3)
    anna_id = await world.patient_id(anna)
    person = await _somebody(world, role)
    await world.move(minutes=1)
    before = await _snapshot(world)
    target = person.last.id
    for action, roles in BUTTONS.items():
        if role not in roles or action in {"consent", "language"}:
            continue
        count = len(person.bot_messages)
        arguments = (f"{anna_id}", f"{anna_id}:swelling:3", f"{anna_id}:1:1", f"{anna_id}:confirmed:1")
        taps = [person.tap_data(target, f"{action}:{each}") for each in arguments]
        person.say("/cancel")
        await world.settle()
        assert all(tap.answered for tap in taps), action
        assert not any(SECRET in (tap.toast or "") for tap in taps), action
        assert not any(SECRET in text for text in _shown_since(person, count)), action
    changed = {name: rows for name, rows in (await _snapshot(world)).items() if rows != before[name]}
    allowed = {"alerts", "audit"} if role is Role.PATIENT else set()
    assert set(changed) <= allowed, f"a patient's own Urgent is theirs; nothing else may change: {changed}"
    assert not any(anna_id == row[1] for row in changed.get("alerts", []))
