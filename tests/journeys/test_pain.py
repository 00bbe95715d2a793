"""Pain: four sessions at odd hours, early, late and two days apart, so that the night pushes most of the checks."""

from messages.care_plan import Family
from tests.journeys.answering import CALM, Answering
from tests.journeys.journal import NO_DIGEST, Journal, paris, table
from tests.world import World


async def test_a_pain_course_at_odd_hours(world: World) -> None:
    """At +72 h and on the eve the middle number is the usual pain: 7 is an alert where it was 4 before."""
    world.clock.set(paris("2026-03-09 08:30"))
    marie = await world.practitioner(digest_due_at=NO_DIGEST)
    anna = await world.patient("Anna Keller", marie, Family.PAIN, sessions=4, interval_days=7)
    first, second = [CALM, CALM, "050", "040"], [CALM, CALM, "070", "040"]
    third, fourth = [CALM, CALM, "040"], [CALM, CALM, "040"]
    world.players = [Answering(anna, [*first, *second, *third, *fourth])]
    journal = Journal(world)
    await world.session(anna, next_at=paris("2026-03-16 20:00"), usual_pain=5)
    await journal.move_to("2026-03-16 20:00")
    await world.session(anna, next_at=paris("2026-03-23 09:00"), usual_pain=4)
    await journal.move_to("2026-03-19 20:05")
    marie.tap("✋ I’m on it")
    await journal.move_to("2026-03-23 09:00")
    await world.session(anna, next_at=paris("2026-03-25 12:00"), usual_pain=4)
    await journal.move_to("2026-03-25 12:00")
    await world.session(anna, next_in_days=None, usual_pain=4)
    await journal.move_to("2026-04-02 12:00")
    assert await journal.skipped() == table("""
        Anna  reminder before_24h  merged
        Anna  reminder before_24h  merged
        Anna  reminder before_3h   too_close
        Anna  reminder before_48h  merged
        Anna  reminder before_24h  merged
        Anna  check-in after_72h   after_next_session
        Anna  check-in after_7d    all_well
    """)
    await journal.move_to("2026-06-20 12:00")
    assert journal.sent() == table("""
        Mon 09 Mar 11:30  Anna   check-in after_3h
        Mon 09 Mar 11:30  Marie  answers
        Tue 10 Mar 09:00  Anna   check-in after_24h
        Tue 10 Mar 09:00  Marie  answers
        Thu 12 Mar 09:00  Anna   check-in after_72h
        Thu 12 Mar 09:00  Marie  answers
        Sat 14 Mar 20:00  Anna   reminder before_48h
        Sun 15 Mar 18:00  Anna   check-in eve with appointment
        Sun 15 Mar 18:00  Marie  answers
        Mon 16 Mar 17:00  Anna   reminder before_3h
        Tue 17 Mar 09:00  Anna   check-in after_3h
        Tue 17 Mar 09:00  Marie  answers
        Tue 17 Mar 20:00  Anna   check-in after_24h
        Tue 17 Mar 20:00  Marie  answers
        Thu 19 Mar 20:00  Anna   check-in after_72h
        Thu 19 Mar 20:00  Marie  alert
        Thu 19 Mar 20:05  Anna   alert seen
        Sat 21 Mar 09:00  Anna   reminder before_48h
        Sun 22 Mar 18:00  Anna   check-in eve with appointment
        Sun 22 Mar 18:00  Marie  answers
        Mon 23 Mar 12:00  Anna   check-in after_3h with appointment
        Mon 23 Mar 12:00  Marie  answers
        Tue 24 Mar 09:00  Anna   check-in after_24h
        Tue 24 Mar 09:00  Marie  answers
        Tue 24 Mar 18:00  Anna   check-in eve with appointment
        Tue 24 Mar 18:00  Marie  answers
        Wed 25 Mar 09:00  Anna   reminder before_3h
        Wed 25 Mar 15:00  Anna   check-in after_3h
        Wed 25 Mar 15:00  Marie  answers
        Thu 26 Mar 12:00  Anna   check-in after_24h
        Thu 26 Mar 12:00  Marie  answers
        Sat 28 Mar 12:00  Anna   check-in after_72h
        Sat 28 Mar 12:00  Marie  answers
        Wed 22 Apr 12:00  Anna   check-in late_28d
        Wed 22 Apr 12:00  Marie  answers
        Wed 17 Jun 12:00  Anna   check-in late_84d
        Wed 17 Jun 12:00  Marie  answers
        Thu 18 Jun 12:00  Anna   course end
    """)
    assert await journal.nothing_left()
