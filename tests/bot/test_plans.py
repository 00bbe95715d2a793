"""/plans shows what is planned around a session, in words."""

import pytest

from messages.care_plan import Family
from tests.world import World


async def test_the_plan_of_the_face(world: World) -> None:
    alex = await world.admin()
    alex.say("/plans")
    await world.settle()
    assert len(alex.last.labels) == len(Family)
    alex.tap("Face")
    await world.settle()
    text = alex.last.text
    assert "5 sessions, 14 days apart" in text
    assert "3 hours after each session" in text
    assert "on the eve of the next session" in text
    assert "28 days after the last session" in text
    assert "2 days before" in text
    assert "swelling: 3 days" in text
    assert "alcohol: 24 hours" in text
    alex.tap("‹ Back")
    await world.settle()
    assert "Scalp" in alex.last.labels


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_plan_in_every_language(world: World, language: str) -> None:
    alex = await world.admin(language=language)
    for family in Family:
        alex.say("/plans")
        await world.settle()
        alex.tap(f"plan.show:{family}")
        await world.settle()
        assert alex.last.text.count("•") >= 15


async def test_other_roles_and_other_families(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    marie.say("/plans")
    await world.settle()
    assert "another role" in marie.last.text
    tapped = alex.tap_data(alex.last.id, "plan.show:nose")
    await world.settle()
    assert "out of date" in (tapped.toast or "")
