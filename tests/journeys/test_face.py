"""Face: two sessions two weeks apart, all well, over the night in which the clocks go forward (29 March 2026)."""

from messages.care_plan import Family
from tests.journeys.answering import Answering
from tests.journeys.journal import NO_DIGEST, Journal, paris, table
from tests.world import World


async def test_a_face_course_in_which_all_is_well(world: World) -> None:
    world.clock.set(paris("2026-03-26 19:00"))
    marie = await world.practitioner(digest_due_at=NO_DIGEST)
    anna = await world.patient("Anna Keller", marie, Family.FACE, sessions=2, interval_days=14)
    world.players = [Answering(anna)]
    journal = Journal(world)
    await world.session(anna, next_at=paris("2026-04-09 10:00"))
    # From here on routine checks are left out: +72 h was the second in a row with nothing to report. By the clock
    # that is, for the night before it was an hour short.
    await journal.move_to("2026-04-07 10:00")
    anna.tap("I’ll be there")
    await journal.move_to("2026-04-09 10:30")
    assert await journal.skipped() == table("""
        Anna  check-in after_7d    all_well
        Anna  reminder before_24h  merged
    """)
    await world.session(anna, next_in_days=None)
    await journal.move_to("2026-07-05 12:00")
    assert journal.sent() == table("""
        Thu 26 Mar 20:30  Anna   check-in after_3h
        Thu 26 Mar 20:30  Marie  answers
        Fri 27 Mar 19:00  Anna   check-in after_24h
        Fri 27 Mar 19:00  Marie  answers
        Sun 29 Mar 19:00  Anna   check-in after_72h
        Sun 29 Mar 19:00  Marie  answers
        Tue 07 Apr 10:00  Anna   reminder before_48h
        Tue 07 Apr 10:00  Marie  appointment confirmed
        Wed 08 Apr 18:00  Anna   check-in eve with appointment
        Wed 08 Apr 18:00  Marie  answers
        Thu 09 Apr 09:00  Anna   reminder before_3h
        Thu 09 Apr 13:30  Anna   check-in after_3h
        Thu 09 Apr 13:30  Marie  answers
        Fri 10 Apr 10:30  Anna   check-in after_24h
        Fri 10 Apr 10:30  Marie  answers
        Sun 12 Apr 10:30  Anna   check-in after_72h
        Sun 12 Apr 10:30  Marie  answers
        Thu 07 May 10:30  Anna   check-in late_28d
        Thu 07 May 10:30  Marie  answers
        Thu 02 Jul 10:30  Anna   check-in late_84d
        Thu 02 Jul 10:30  Marie  answers
        Fri 03 Jul 10:30  Anna   course end
    """)
    assert await journal.nothing_left()
