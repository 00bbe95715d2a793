"""Scalp: weekly. The patient gets worse on the third day, and nobody takes the alert before the next morning."""

from messages.care_plan import Family
from tests.bot.conversation import set_cover
from tests.journeys.answering import CALM, SILENT, Answering
from tests.journeys.journal import NO_DIGEST, Journal, paris, table
from tests.world import World


async def test_a_scalp_course_that_gets_worse(world: World) -> None:
    """Swelling 1, 1, then 2 on the third day: practitioner, cover and patient, admins, everybody, in their time."""
    world.clock.set(paris("2026-03-10 17:00"))
    marie = await world.practitioner(digest_due_at=NO_DIGEST)
    paul = await world.practitioner("Paul Morel", digest_due_at=NO_DIGEST)
    await world.admin()
    await set_cover(world, marie, paul)
    anna = await world.patient("Anna Keller", marie, Family.SCALP, sessions=2, interval_days=7)
    world.players = [Answering(anna, ["111", "111", "211", SILENT, CALM])]
    journal = Journal(world)
    await world.session(anna, next_in_days=7)
    await journal.move_to("2026-03-14 10:05")
    marie.tap("✋ I’m on it")
    # Silence after an alert is one itself, six hours past the nudge.
    await journal.move_to("2026-03-17 15:05")
    marie.tap("✋ I’m on it")
    await journal.move_to("2026-03-17 17:00")
    await world.session(anna, next_in_days=None)
    await journal.move_to("2026-06-12 12:00")
    assert journal.sent() == table("""
        Tue 10 Mar 20:00  Anna   check-in after_3h
        Tue 10 Mar 20:00  Marie  answers
        Wed 11 Mar 17:00  Anna   check-in after_24h
        Wed 11 Mar 17:00  Marie  answers
        Fri 13 Mar 17:00  Anna   check-in after_72h
        Fri 13 Mar 17:00  Marie  alert
        Fri 13 Mar 19:00  Anna   whom to call
        Fri 13 Mar 19:00  Paul   alert
        Sat 14 Mar 08:00  Alex   alert
        Sat 14 Mar 10:00  Alex   alert
        Sat 14 Mar 10:00  Marie  alert
        Sat 14 Mar 10:00  Paul   alert
        Sat 14 Mar 10:05  Alex   alert taken
        Sat 14 Mar 10:05  Anna   alert seen
        Sat 14 Mar 10:05  Paul   alert taken
        Sun 15 Mar 17:00  Anna   reminder before_48h
        Mon 16 Mar 18:00  Anna   check-in eve with appointment
        Tue 17 Mar 09:00  Anna   nudge eve
        Tue 17 Mar 14:00  Anna   reminder before_3h
        Tue 17 Mar 15:00  Marie  alert
        Tue 17 Mar 20:00  Anna   check-in after_3h
        Tue 17 Mar 20:00  Marie  answers
        Wed 18 Mar 17:00  Anna   check-in after_24h
        Wed 18 Mar 17:00  Marie  answers
        Fri 20 Mar 17:00  Anna   check-in after_72h
        Fri 20 Mar 17:00  Marie  answers
        Tue 14 Apr 17:00  Anna   check-in late_28d
        Tue 14 Apr 17:00  Marie  answers
        Tue 09 Jun 17:00  Anna   check-in late_84d
        Tue 09 Jun 17:00  Marie  answers
        Wed 10 Jun 17:00  Anna   course end
    """)
    assert await journal.nothing_left()
