"""Cellulite: weekly, over the night in which the clocks go back (25 October 2026). A visit is cancelled for a while."""

from messages.care_plan import Family
from tests.journeys.answering import CALM, Answering
from tests.journeys.journal import NO_DIGEST, Journal, paris, table
from tests.journeys.practice import move_visit
from tests.world import World


async def test_a_cellulite_course_in_autumn_with_a_visit_cancelled(world: World) -> None:
    world.clock.set(paris("2026-10-23 10:00"))
    marie = await world.practitioner(digest_due_at=NO_DIGEST)
    anna = await world.patient("Anna Keller", marie, Family.CELL, sessions=2, interval_days=7)
    world.players = [Answering(anna, ["111", "111", "111", "111", "111", CALM])]
    journal = Journal(world)
    await world.session(anna, next_in_days=7)
    await journal.move_to("2026-10-27 12:00")
    # Without a visit its reminders and its eve fall away, and the check after a week comes in.
    await move_visit(world, marie, anna, None)
    await journal.move_to("2026-11-02 16:00")
    await move_visit(world, marie, anna, "2026-11-06 10:00")
    await journal.move_to("2026-11-06 10:20")
    await world.session(anna, next_in_days=None)
    await journal.move_to("2027-01-31 12:00")
    assert journal.sent() == table("""
        Fri 23 Oct 13:00  Anna   check-in after_3h
        Fri 23 Oct 13:00  Marie  answers
        Sat 24 Oct 10:00  Anna   check-in after_24h
        Sat 24 Oct 10:00  Marie  answers
        Mon 26 Oct 10:00  Anna   check-in after_72h
        Mon 26 Oct 10:00  Marie  answers
        Tue 27 Oct 12:00  Anna   appointment cancelled
        Fri 30 Oct 10:00  Anna   check-in after_7d
        Fri 30 Oct 10:00  Marie  answers
        Mon 02 Nov 16:00  Anna   appointment set
        Wed 04 Nov 10:00  Anna   reminder before_48h
        Thu 05 Nov 18:00  Anna   check-in eve with appointment
        Thu 05 Nov 18:00  Marie  answers
        Fri 06 Nov 09:00  Anna   reminder before_3h
        Fri 06 Nov 13:20  Anna   check-in after_3h
        Fri 06 Nov 13:20  Marie  answers
        Sat 07 Nov 10:20  Anna   check-in after_24h
        Sat 07 Nov 10:20  Marie  answers
        Mon 09 Nov 10:20  Anna   check-in after_72h
        Mon 09 Nov 10:20  Marie  answers
        Fri 04 Dec 10:20  Anna   check-in late_28d
        Fri 04 Dec 10:20  Marie  answers
        Fri 01 Jan 10:20  Anna   check-in late_56d
        Fri 01 Jan 10:20  Marie  answers
        Fri 29 Jan 10:20  Anna   check-in late_84d
        Fri 29 Jan 10:20  Marie  answers
        Sat 30 Jan 10:20  Anna   course end
    """)
    assert await journal.nothing_left()
