"""Lipolysis: four weeks between sessions. Late entries, something to watch, a visit moved after its first reminder."""

from messages.care_plan import Family
from tests.journeys.answering import SILENT, Answering
from tests.journeys.journal import NO_DIGEST, Journal, paris, table
from tests.journeys.practice import move_visit
from tests.world import World


async def test_a_lipolysis_course_recorded_late_and_moved(world: World) -> None:
    world.clock.set(paris("2026-03-04 18:00"))
    marie = await world.practitioner(digest_due_at=NO_DIGEST)
    anna = await world.patient("Anna Keller", marie, Family.LIPO, sessions=2, interval_days=28)
    world.players = [Answering(anna, ["111", "211", "111", "111", "100", "000", "000", SILENT])]
    journal = Journal(world)
    # Recorded 8 hours late: the check of +3 h goes now, and is answered.
    await world.session(anna, ended_at=paris("2026-03-04 10:00"), next_at=paris("2026-04-01 10:00"))
    await journal.move_to("2026-03-04 18:00")
    await journal.move_to("2026-03-30 12:00")
    await move_visit(world, marie, anna, "2026-04-03 15:00")
    await journal.move_to("2026-04-04 11:00")
    # Recorded 20 hours late: the check of +3 h is left out.
    await world.session(anna, ended_at=paris("2026-04-03 15:00"), next_in_days=None)
    await journal.move_to("2026-04-04 11:30")
    assert await journal.skipped() == table("""
        Anna  reminder before_24h  merged
        Anna  check-in after_3h    past
    """)
    await journal.move_to("2026-06-28 12:00")
    assert journal.sent() == table("""
        Wed 04 Mar 18:00  Anna   check-in after_3h
        Wed 04 Mar 18:00  Marie  answers
        Thu 05 Mar 10:00  Anna   check-in after_24h
        Thu 05 Mar 10:00  Marie  answers
        Fri 06 Mar 10:00  Anna   check-in reask
        Fri 06 Mar 10:00  Marie  answers
        Sat 07 Mar 10:00  Anna   check-in after_72h
        Sat 07 Mar 10:00  Marie  answers
        Wed 11 Mar 10:00  Anna   check-in after_7d
        Wed 11 Mar 10:00  Marie  answers
        Wed 18 Mar 10:00  Anna   check-in after_14d
        Wed 18 Mar 10:00  Marie  answers
        Mon 30 Mar 10:00  Anna   reminder before_48h
        Mon 30 Mar 12:00  Anna   appointment set
        Wed 01 Apr 15:00  Anna   reminder before_48h
        Thu 02 Apr 18:00  Anna   check-in eve with appointment
        Thu 02 Apr 18:00  Marie  answers
        Fri 03 Apr 12:00  Anna   reminder before_3h
        Sat 04 Apr 15:00  Anna   check-in after_24h
        Sat 04 Apr 20:30  Anna   nudge after_24h
        Mon 06 Apr 15:00  Anna   check-in after_72h
        Mon 06 Apr 20:30  Anna   nudge after_72h
        Fri 10 Apr 15:00  Anna   check-in after_7d
        Fri 10 Apr 20:30  Anna   nudge after_7d
        Fri 17 Apr 15:00  Anna   check-in after_14d
        Fri 17 Apr 20:30  Anna   nudge after_14d
        Fri 01 May 15:00  Anna   check-in late_28d
        Fri 01 May 20:30  Anna   nudge late_28d
        Fri 29 May 15:00  Anna   check-in late_56d
        Fri 29 May 20:30  Anna   nudge late_56d
        Fri 26 Jun 15:00  Anna   check-in late_84d
        Fri 26 Jun 20:30  Anna   nudge late_84d
        Sat 27 Jun 15:00  Anna   course end
    """)
    assert await journal.nothing_left()
