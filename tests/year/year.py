"""A year of a clinic, step by step: somebody does something, everything settles, every promise is checked."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from tests.year import acts_of_patients, acts_of_planning, acts_of_staff, checks_of_times, troubles
from tests.year.checks_of_alerts import Alerts
from tests.year.checks_of_check_ins import CheckIns
from tests.year.checks_of_letters import Letters
from tests.year.checks_of_outcomes import Outcomes
from tests.year.checks_of_privacy import Privacy
from tests.year.clinic import YearWorld, add_patient, open_clinic
from tests.year.evidence import Evidence
from tests.year.life import Act, Life
from tests.year.model import Ledger

REMEMBERED = 60
"""How many of the last steps are told when a promise was broken."""

HOURS = (0.1, 0.1, 0.5, 1, 3, 6, 9, 15, 24)
"""How far time is moved at once."""

MOST_PATIENTS = 25


class Broken(AssertionError):
    """A promise was broken. Says which, how to live through it again, and what was done before."""


@dataclass
class Year:
    """One run. `steps` counts what people did, what went wrong, and the moves of time."""

    world: YearWorld
    seed: int
    steps: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    evidence: Evidence = field(default_factory=Evidence)
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._life = Life(self.world, self.ledger, self._random)
        self._outcomes, self._privacy, self._letters = Outcomes(), Privacy(), Letters()
        self._alerts, self._check_ins = Alerts(self.world.zone), CheckIns()

    async def live(self, steps: int) -> None:
        """Raises Broken at the first promise that does not hold."""
        await self.begin(patients=self._random.choice((3, 5, 8)))
        while self.steps < steps:
            try:
                await self._round()
            except Broken:
                raise
            except Exception as error:
                raise Broken(self._told([f"{type(error).__name__}: {error}"])) from error

    async def begin(self, *, patients: int) -> None:
        """Everybody joins."""
        self.ledger.began_at = self.world.clock.now()
        await open_clinic(self.world, self.ledger, self._random, patients=patients)
        self.ledger.acted.update(each.person.id for each in self.ledger.patients.values())
        self.ledger.acted.update(each.person.id for each in self.ledger.staff.values())
        await self.check()

    async def _round(self) -> None:
        """A few people do something at once; then time goes on."""
        for done in acts_of_staff.look_after_alerts(self._life):
            self._note(done)
        for _ in range(self._random.choice((2, 4, 8, 12, 16))):
            await self._act()
        fate = self._random.random()
        if fate < 0.04:
            await self._crash()
        elif fate < 0.05 and len(self.ledger.patients) < MOST_PATIENTS:
            joined = await add_patient(self.world, self.ledger, self._random)
            self.ledger.acted.add(joined.person.id)
            self._note(f"{joined.marker} joins")
        await self.world.settle()
        await self.check()
        hours = self._random.choice(HOURS)
        self._note(f"{hours} hours go by")
        await self.world.move(hours=hours)
        await self.check()

    async def _act(self) -> None:
        acts: tuple[tuple[int, Act], ...] = (
            *acts_of_patients.ACTS,
            *acts_of_planning.ACTS,
            *acts_of_staff.ACTS,
            *((weight * 3, act) for weight, act in troubles.ACTS),
        )
        chosen = self._random.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
        done = await chosen(self._life)
        if done is not None:
            self._note(done)

    async def _crash(self) -> None:
        """Die in the middle of what is under way, be away for a while, come back."""
        after = self._random.choice((0, 1, 1, 2, 3))
        away = timedelta(hours=self._random.choice((0, 0, 0, 0.2, 8, 30)))
        self._note(f"killed after {after} messages, away for {away}")
        await troubles.crash(self._life, after=after)
        self.world.sandbox.faults.clear()
        self.world.clock.set(self.world.clock.now() + away)
        await self.world.start()
        self.ledger.restarted, self.ledger.restarted_at = True, self.world.clock.now()
        await self.world.app.catch_up(await self.world.app.agenda())

    def _note(self, what: str) -> None:
        self.steps += 1
        self.trace.append(f"{self.steps:5d} {self.world.local(self.world.clock.now())}  {what}")

    async def check(self) -> None:
        """Compare all that can be seen with all that was done. Raises Broken."""
        await self.evidence.look(self.world)
        if problems := list(self._problems()):
            raise Broken(self._told(problems))
        if not self.evidence.waiting_updates:
            self.ledger.settle(self.world.clock.now())
            self.ledger.acted.clear()
        self.ledger.restarted = False

    def _problems(self) -> Iterator[str]:
        now = self.world.clock.now()
        yield from self._outcomes.check(self.ledger, self.evidence, now)
        yield from checks_of_times.check(self.ledger, self.evidence)
        yield from self._privacy.check(self.ledger, self.evidence)
        yield from self._letters.check(self.ledger, self.evidence, now)
        yield from self._alerts.check(self.ledger, self.evidence, now)
        yield from self._check_ins.check(self.ledger, self.evidence, self.world)

    def _told(self, problems: list[str]) -> str:
        again = f"python -m tests.year --years 1 --seed {self.seed} --steps {self.steps}"
        return "\n".join([*problems, f"{again} lives through this again; the last steps:", *self.trace])
