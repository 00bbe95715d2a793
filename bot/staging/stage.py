"""The real application against the sandbox, with a clock that can be moved: simulator, demo and tests.

Moving the clock leaves nothing out: it jumps from event to event, so that everything happens at its own time
and in its order, only faster.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from telegram.request import BaseRequest

from bot.app import Aftercare
from bot.clock import MovableClock
from bot.sandbox.sandbox import Sandbox
from bot.staging import in_process
from bot.throttle import NO_LIMITS, Limits
from messages.clinic import Clinic
from storage import migrating
from storage.agenda import Agenda
from storage.database import Database

STEPS_AT_ONE_TIME = 200
"""Events at one and the same moment. More means that something stays due for ever, which is a bug to show."""


SETTLE_SECONDS = 60.0
"""Real seconds for everything that is due at one moment. Longer means that something is stuck."""


class Player(Protocol):
    """Somebody who acts by themselves at times of their own: the simulator's people."""

    def next_time(self) -> datetime | None:
        """When they will act next, aware; None when they only wait."""

    async def act(self, now: datetime) -> bool:
        """Do one thing that is due at `now`; False when there is none."""


async def prepare(database_url: str) -> None:
    """Make the tables of a database that is thrown away afterwards."""
    database = Database(database_url, durable=False)
    await migrating.upgrade(database)
    await database.close()


class Stage:
    """Sandbox, application and clock, in one process and without a network. It is the sandbox's time machine.

    `start` and `stop` the application as often as wanted.
    """

    def __init__(
        self,
        database_url: str,
        clinic: Clinic,
        clock: MovableClock,
        *,
        limits: Limits = NO_LIMITS,
        durable: bool = False,
    ) -> None:
        """`durable` as of `storage.database.Database`: what is thrown away with its folder need not be."""
        self.clock = clock
        self.clinic = clinic
        self.database_url = database_url
        self.limits = limits
        self.durable = durable
        self.players: Sequence[Player] = ()
        self.sandbox = Sandbox(clock.now, bot_name=clinic.name)
        self.database: Database
        self.app: Aftercare

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's zone."""
        return self.clinic.zone

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return self.clock.now()

    @property
    def api_url(self) -> str:
        """Where the application finds the sandbox."""
        return in_process.ADDRESS

    def new_request(self, _connections: int) -> BaseRequest:
        """What the application calls the sandbox with."""
        return in_process.InProcessRequest(self.sandbox)

    async def start(self) -> None:
        """Start the application on the database, as it stands."""
        self.database = Database(self.database_url, durable=self.durable)
        self.app = Aftercare(
            token=self.sandbox.token,
            api_url=self.api_url,
            new_request=self.new_request,
            database=self.database,
            clock=self.clock,
            clinic=self.clinic,
            limits=self.limits,
        )
        # A clock that is moved brings its own ticks; the timer's would come in between by chance.
        await self.app.start(ticking=False)
        self.clinic = self.app.clinic

    async def stop(self) -> None:
        """Stop the application in order."""
        await self.app.stop()
        await self.database.close()

    async def settle(self) -> Agenda:
        """Until every update is handled and every due message is sent; returns what is planned after that.

        Raises TimeoutError when it never ends.
        """
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                await self.sandbox.settled()
                planned = await self.app.settle()
                if not (self.sandbox.unconfirmed_updates or self.sandbox.open_queries()):
                    return planned

    async def next_event(self) -> datetime | None:
        """When somebody or the program will next do something by themselves."""
        return self._next_event(await self.app.agenda())

    def _next_event(self, planned: Agenda) -> datetime | None:
        times = [self.app.next_event(planned), *(player.next_time() for player in self.players)]
        return min((each for each in times if each is not None), default=None)

    async def move_to(self, when: datetime) -> None:
        """Live through everything up to `when`. Raises RuntimeError if something stays due for ever."""
        last, repeated = self.clock.now(), 0
        planned = await self.settle()
        while (event := self._next_event(planned)) is not None and event <= when:
            moment = max(event, self.clock.now())
            repeated = repeated + 1 if moment == last else 0
            if repeated > STEPS_AT_ONE_TIME:
                raise RuntimeError(f"something stays due at {moment.isoformat()}")
            last = moment
            planned = await self._arrive(moment, planned)
        await self._arrive(when, planned)

    async def _arrive(self, moment: datetime, planned: Agenda) -> Agenda:
        self.clock.set(moment)
        await self.app.catch_up(planned)
        planned = await self.settle()
        while any([await player.act(self.clock.now()) for player in self.players]):
            planned = await self.settle()
        return planned
