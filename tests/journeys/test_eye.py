"""Under-eye: weekly, and the patient never answers. The clocks go forward among the reminders (29 March 2026)."""

from messages.care_plan import Family
from tests.journeys.journal import Journal, days, paris, table
from tests.journeys.practice import end_digests
from tests.world import World


async def test_an_under_eye_course_in_silence(world: World) -> None:
    """One nudge for each check-in, a line in the digest, and never an alert."""
    world.clock.set(paris("2026-03-23 11:00"))
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, Family.EYE, sessions=2, interval_days=7)
    journal = Journal(world)
    await world.session(anna, next_in_days=7)
    await journal.move_to("2026-03-30 11:20")
    await world.session(anna, next_in_days=None)
    await journal.move_to("2026-04-08 12:00")
    await end_digests(world, marie)
    await journal.move_to("2026-06-24 12:00")
    assert journal.sent() == table("""
        Mon 23 Mar 14:00  Anna  check-in after_3h
        Mon 23 Mar 20:00  Anna  nudge after_3h
        Tue 24 Mar 11:00  Anna  check-in after_24h
        Tue 24 Mar 17:00  Anna  nudge after_24h
        Thu 26 Mar 11:00  Anna  check-in after_72h
        Thu 26 Mar 17:00  Anna  nudge after_72h
        Sat 28 Mar 11:00  Anna  reminder before_48h
        Sun 29 Mar 18:00  Anna  check-in eve with appointment
        Mon 30 Mar 09:00  Anna  nudge eve
        Mon 30 Mar 09:00  Anna  reminder before_3h
        Mon 30 Mar 14:20  Anna  check-in after_3h
        Mon 30 Mar 20:20  Anna  nudge after_3h
        Tue 31 Mar 11:20  Anna  check-in after_24h
        Tue 31 Mar 17:20  Anna  nudge after_24h
        Thu 02 Apr 11:20  Anna  check-in after_72h
        Thu 02 Apr 17:20  Anna  nudge after_72h
        Mon 06 Apr 11:20  Anna  check-in after_7d
        Mon 06 Apr 17:20  Anna  nudge after_7d
        Mon 27 Apr 11:20  Anna  check-in late_28d
        Mon 27 Apr 17:20  Anna  nudge late_28d
        Mon 22 Jun 11:20  Anna  check-in late_84d
        Mon 22 Jun 17:20  Anna  nudge late_84d
        Tue 23 Jun 11:20  Anna  course end
    """)
    digests = journal.digests("Marie")
    assert list(digests) == [f"{day} 08:30" for day in days("2026-03-24", "2026-04-08")]
    assert "nothing new" in digests["2026-03-24 08:30"], "the first check-in is not a day old"
    assert "nothing new" not in digests["2026-03-25 08:30"]
    assert "Anna Keller" in digests["2026-03-28 08:30"]
    assert "3 unanswered in a row" in digests["2026-03-28 08:30"]
    assert await journal.nothing_left()
