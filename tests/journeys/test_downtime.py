"""The program is killed at half past twelve and comes back hours later: what is still sent, what no longer is."""

from datetime import time

from messages.care_plan import Family
from tests.bot.conversation import set_cover
from tests.journeys.journal import Journal, paris, table
from tests.journeys.practice import move_visit
from tests.world import World


async def _killed(world: World) -> Journal:
    """Monday 2 March. Anna had a session at 10:00; Berta will come on Tuesday at 16:00, Carla on Wednesday at 14:00.

    Dora has reported an emergency that nobody has taken. While the program is down, Anna asks something and Berta
    reports an emergency. Paul, who covers for Marie, gets his digest at 12:45.
    """
    marie = await world.practitioner()
    paul = await world.practitioner("Paul Morel", digest_hour=time(12, 45))
    await world.admin()
    await set_cover(world, marie, paul)
    anna = await world.patient("Anna Keller", marie, Family.FACE, interval_days=7)
    berta = await world.patient("Berta Brandt", marie)
    carla = await world.patient("Carla Conti", marie)
    dora = await world.patient("Dora Dahl", marie)
    await world.session(anna, next_in_days=7)
    await move_visit(world, marie, berta, "2026-03-03 16:00")
    await move_visit(world, marie, carla, "2026-03-04 14:00")
    await world.move_to(paris("2026-03-02 12:25"))
    dora.say("I can't breathe")
    await world.move_to(paris("2026-03-02 12:30"))
    journal = Journal(world)
    await world.crash()
    anna.say("May I go swimming?")
    berta.say("I can't breathe")
    return journal


async def test_eight_hours_down(world: World) -> None:
    """Nothing is lost: whatever was due is late, but still makes sense."""
    journal = await _killed(world)
    world.clock.set(paris("2026-03-02 20:30"))
    await world.start()
    await journal.move_to("2026-03-02 20:35")
    assert journal.sent() == table("""
        Mon 02 Mar 20:30  Anna   check-in after_3h
        Mon 02 Mar 20:30  Anna   letter passed on
        Mon 02 Mar 20:30  Berta  emergency passed on
        Mon 02 Mar 20:30  Berta  emergency text
        Mon 02 Mar 20:30  Berta  reminder before_24h
        Mon 02 Mar 20:30  Carla  reminder before_48h
        Mon 02 Mar 20:30  Dora   whom to call
        Mon 02 Mar 20:30  Marie  alert
        Mon 02 Mar 20:30  Marie  relay
        Mon 02 Mar 20:30  Marie  relay
        Mon 02 Mar 20:30  Paul   alert
    """)
    assert list(journal.digests("Paul")) == ["2026-03-02 20:30"]
    assert list(journal.digests("Marie")) == []
    assert await journal.skipped() == table("""
        Berta  reminder before_48h  past
        Anna   reminder before_24h  merged
    """)


async def test_thirty_hours_down(world: World) -> None:
    """Alerts, relays and emergency texts as ever; one check-in, one reminder, one digest; nothing after its visit."""
    journal = await _killed(world)
    world.clock.set(paris("2026-03-03 18:30"))
    await world.start()
    await journal.move_to("2026-03-03 18:35")
    assert journal.sent() == table("""
        Tue 03 Mar 18:30  Anna   check-in after_24h
        Tue 03 Mar 18:30  Anna   letter passed on
        Tue 03 Mar 18:30  Berta  emergency passed on
        Tue 03 Mar 18:30  Berta  emergency text
        Tue 03 Mar 18:30  Carla  reminder before_24h
        Tue 03 Mar 18:30  Dora   whom to call
        Tue 03 Mar 18:30  Marie  alert
        Tue 03 Mar 18:30  Marie  relay
        Tue 03 Mar 18:30  Marie  relay
        Tue 03 Mar 18:30  Paul   alert
    """)
    assert list(journal.digests("Paul")) == ["2026-03-03 18:30"], "of two that were due, the newest"
    assert list(journal.digests("Marie")) == ["2026-03-03 18:30"]
    assert await journal.skipped() == table("""
        Berta  reminder before_48h  past
        Anna   check-in after_3h    too_late
        Carla  reminder before_48h  too_late
        Berta  reminder before_24h  too_late
        Berta  reminder before_3h   too_late
        Anna   reminder before_24h  merged
    """)
