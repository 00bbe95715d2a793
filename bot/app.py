"""The only place that wires the parts together."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import ApplicationBuilder
from telegram.request import BaseRequest

from bot import command_menu, errors
from bot.clock import Clock
from bot.delivery import Delivery
from bot.flows import (
    climb_alerts,
    compose_acknowledgement,
    compose_alert,
    compose_answers,
    compose_check_in,
    compose_digest,
    compose_emergency,
    compose_notice,
    compose_nudge,
    compose_relay,
    compose_reminder,
    forget_old,
    nudge,
    pass_over,
    send_digests,
    watch_answers,
    watch_silence,
)
from bot.flows.composing import Composer
from bot.handlers import (
    alerts,
    appointments,
    cancel,
    check_in,
    consent,
    correct_session,
    digest,
    fallback,
    language,
    membership,
    new_patient,
    patient_changes,
    patient_commands,
    patient_talk,
    patients,
    people,
    people_changes,
    plans,
    record_session,
    show_help,
    staff_talk,
    start,
    status,
    template_editing,
    template_history,
    templates,
    urgent,
    visit,
)
from bot.handling import Bots, Handling
from bot.intake import FIRST_PAUSE, LONGEST_PAUSE, Intake, Poller
from bot.lifecycle import Nursery, Wake
from bot.outcomes import Outcomes
from bot.pacing import ThrottleLimiter, seconds_of
from bot.patience import Patience
from bot.schedule import Schedule, Timed
from bot.sender import Sender
from bot.telegram_bot import TelegramBot
from bot.texts import PublishedTexts
from bot.throttle import Limits, Throttle
from bot.watchdog import Sign
from messages.clinic import Clinic
from messages.outgoing import Kind
from messages.templates import Texts
from storage import sending
from storage.agenda import Agenda, agenda
from storage.database import Database, News
from storage.listening import listen

log = structlog.get_logger()

HANDLERS: tuple[Callable[[Bots], None], ...] = (
    fallback.setup_first,
    membership.setup,
    urgent.setup,
    consent.setup,
    start.setup,
    show_help.setup,
    language.setup,
    check_in.setup,
    visit.setup,
    patient_commands.setup,
    alerts.setup,
    new_patient.setup,
    record_session.setup,
    correct_session.setup,
    patients.setup,
    patient_changes.setup,
    appointments.setup,
    digest.setup,
    templates.setup,
    template_editing.setup,
    template_history.setup,
    plans.setup,
    people.setup,
    people_changes.setup,
    status.setup,
    staff_talk.setup_replies,
    cancel.setup,
    new_patient.setup_dialog,
    record_session.setup_dialog,
    patients.setup_dialog,
    appointments.setup_dialog,
    templates.setup_dialogs,
    template_editing.setup_dialogs,
    people.setup_dialogs,
    people_changes.setup_dialogs,
    patient_talk.setup,
    staff_talk.setup,
    fallback.setup,
)
"""In the order in which they are asked; the first that fits takes the update. The catch-all is last."""

COMPOSERS: dict[Kind, Composer] = {
    Kind.EMERGENCY_TEXT: Composer(compose_emergency.compose),
    Kind.WHOM_TO_CALL: Composer(compose_emergency.compose),
    Kind.ALERT: Composer(compose_alert.compose),
    Kind.RELAY: Composer(compose_relay.compose, compose_relay.after, compose_relay.refused, gone=compose_relay.gone),
    Kind.ACKNOWLEDGEMENT: Composer(compose_acknowledgement.compose),
    Kind.NOTICE: Composer(compose_notice.compose, gone=pass_over.owe_anew),
    Kind.CHECK_IN: Composer(compose_check_in.compose, compose_check_in.after, late=compose_check_in.late),
    Kind.NUDGE: Composer(compose_nudge.compose, compose_nudge.after),
    Kind.REMINDER: Composer(compose_reminder.compose),
    Kind.ANSWER_NOTICE: Composer(compose_answers.compose, gone=pass_over.owe_anew),
    Kind.DIGEST: Composer(compose_digest.compose),
}
"""How each kind of message is made, and what follows once it was sent."""

TICKS: dict[str, Timed] = {
    "climb_alerts": Timed(climb_alerts.climb_alerts, climb_alerts.next_at),
    "nudge": Timed(nudge.nudge, nudge.next_at),
    "watch_silence": Timed(watch_silence.watch_silence, watch_silence.next_at),
    "watch_answers": Timed(watch_answers.raise_unfinished, watch_answers.next_at),
    "send_digests": Timed(send_digests.send_digests, send_digests.next_at),
    "uncertain_check_ins": Timed(compose_check_in.take_as_sent, compose_check_in.doubtful_at, in_passing=True),
    "forget_old": Timed(forget_old.forget_old, forget_old.next_at, in_passing=True),
}
"""The timed flows, in the order in which they run."""

POOL = 256
"""Calls to Telegram at a time, beside the poll: more than all lanes have in hand (bot/sender.py).

So an alert finds a connection also while all others wait for a slow answer. The size costs no time.
"""

DRAIN_SECONDS = 8.0
"""How long a stop waits for what is under way: under the ten seconds that supervisors give."""

NewRequest = Callable[[int], BaseRequest]
"""Makes what calls Telegram, so many calls at a time: bot/telegram_request.py, or a sandbox in this process."""


class Aftercare:
    """The running program: start, settle, stop."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str,
        new_request: NewRequest,
        database: Database,
        clock: Clock,
        clinic: Clinic,
        limits: Limits,
    ) -> None:
        self.database = database
        self.clock = clock
        self.clinic = clinic
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._new_request = new_request
        self._limits = limits
        self.progress = Wake()
        self.poller: Poller | None = None
        self._listening: list[Callable[[], None]] = []
        self._started = False
        self._working = False

    async def start(self, *, polling: bool = True, working: bool = True, ticking: bool = True) -> None:
        """Connect and begin. `polling` fetches updates; `working` handles and sends, `ticking` by the timer too."""
        self.nursery = Nursery()
        self.throttle = Throttle(self._limits, self.clock.monotonic)
        self.application = self._application()
        try:
            await self._begin(polling=polling, working=working, ticking=ticking)
        except BaseException:
            # Also when it is told to stop while Telegram is away.
            await self.application.bot.shutdown()
            raise
        self._started = True

    async def _begin(self, *, polling: bool, working: bool, ticking: bool) -> None:
        await self._connect(polling=polling)
        self.clinic = replace(self.clinic, bot_username=self.application.bot.username)
        self.intake = Intake(self.database, self.clock)
        self.texts = PublishedTexts(self.database)
        self.schedule = Schedule(TICKS, self.database, self.clinic, self.clock)
        self._wire_workers()
        self._working = working
        if working:
            await Patience("recovery").insist(self._recover)
            self._listening = [
                self.database.on_news(News.INBOX, self.handling.wake.call),
                self.database.on_news(News.OUTBOX, self.sender.wake.call),
            ]
            self.nursery.start_loop("listening", listen(self.database))
            self.nursery.start_loop("handling", self.handling.run())
            self.nursery.start_loop("sender", self.sender.run())
            if ticking:
                self.schedule.start()
            self.nursery.start_job("menu", self._show_menu())
        if polling:
            self.poller = Poller(self._poll_request, f"{self._api_url}/bot{self._token}", self.intake)
            self.nursery.start_loop("poller", self.poller.run())

    def signs(self) -> dict[str, Sign]:
        """When each loop last went round, for the watchdog. To be asked for after `start`."""
        signs: dict[str, Sign] = {}
        if self._working:
            signs["handling"] = lambda: self.handling.beat.at
            signs["sender"] = lambda: self.sender.beat.at
            signs["ticker"] = lambda: self.schedule.ticked_at
        if (poller := self.poller) is not None:
            signs["poller"] = lambda: poller.beat.at
        return signs

    async def _show_menu(self) -> None:
        """What Telegram offers people whom the bot does not know yet."""
        texts = await Patience("menu").insist(self._published)
        await command_menu.show_default_commands(self.application.bot, texts, self.clinic.language)

    async def _published(self) -> Texts:
        async with self.database.read() as work:
            return await self.texts.current(work)

    async def _connect(self, *, polling: bool) -> None:
        """Ask Telegram who we are, again and again while it cannot be reached. Raises InvalidToken."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.application.initialize()
                if polling:
                    # With a webhook left from another day, Telegram refuses to be asked.
                    await self.application.bot.delete_webhook()
                return
            except (NetworkError, RetryAfter) as error:
                if isinstance(error, BadRequest):
                    raise
                wait = seconds_of(error) if isinstance(error, RetryAfter) else pause
                log.warning("telegram_unreachable", error=type(error).__name__, again_in=wait)
                await asyncio.sleep(wait)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _wire_workers(self) -> None:
        self.handling = Handling(
            self.application, self.database, self.clock, self.clinic, self.texts, self.nursery, self.progress
        )
        outcomes = Outcomes(self.database, self.clock, self.clinic, COMPOSERS)
        delivery = Delivery(
            self.application.bot, self.database, self.clock, self.clinic, self.texts, COMPOSERS, outcomes
        )
        self.sender = Sender(self.database, self.clock, self.throttle, self.nursery, delivery, outcomes, self.progress)

    def _application(self) -> Bots:
        self._poll_request = self._new_request(1)
        bot = TelegramBot(
            self._token,
            base_url=f"{self._api_url}/bot",
            base_file_url=f"{self._api_url}/file/bot",
            request=self._new_request(POOL),
            get_updates_request=self._poll_request,
            limiter=ThrottleLimiter(self.throttle, paid_broadcast=self._limits.paid_broadcast),
        )
        application: Bots = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
        for setup in HANDLERS:
            setup(application)
        application.add_error_handler(errors.tell)
        return application

    async def _recover(self) -> None:
        async with self.database.work() as work:
            claims, uncertain = await sending.recover(work, now=self.clock.now())
            await work.commit()
        if claims or uncertain:
            log.warning("recovered", claims=claims, uncertain=uncertain)

    async def settle(self) -> Agenda:
        """Until nothing is left to do at the current time: no update waits, no due message is unsent.

        Returns what is planned after that. Raises what a task of the program died of.
        """
        patience = Patience("settling")
        while True:
            planned = None if self._busy else await patience.insist(self.agenda)
            if self.nursery.failed.done():
                self.nursery.failed.result()
            # Asked again: what was taken up meanwhile may be done in the database, and its answer still on its way.
            if planned is not None and not self._busy and not planned.anything_due(self.clock.now()):
                return planned
            await self.progress.wait(0.2)

    @property
    def _busy(self) -> bool:
        return bool(self.handling.busy or self.sender.busy)

    async def agenda(self) -> Agenda:
        """What is planned at this moment."""
        async with self.database.read() as work:
            return await agenda(work, now=self.clock.now())

    def next_event(self, planned: Agenda) -> datetime | None:
        """When the program will next do something by itself; in the past when it is late."""
        times = [planned.message, planned.retry, self.schedule.next_time(planned)]
        return min((each for each in times if each is not None), default=None)

    async def catch_up(self, planned: Agenda) -> None:
        """Time was moved: begin what of `planned` has become due. Raises what a timed flow raises."""
        await self.schedule.run_all(planned)
        now = self.clock.now()
        if planned.retry is not None and planned.retry <= now:
            self.handling.wake.call()
        if planned.message is not None and planned.message <= now:
            self.sender.wake.call()

    async def stop(self, *, is_worker: bool = True) -> None:
        """Drain, then stop: no new update, no new message, what is under way ends.

        `is_worker` False when another process may have taken over: what it has claimed is left to it.
        """
        if not self._started:
            return
        self._started = False
        if self.poller is not None:
            self.poller.stopping = True
        self.handling.stop()
        self.sender.stop()
        self.schedule.stop()
        await self.nursery.drain(DRAIN_SECONDS)
        await self.nursery.stop()
        for end in self._listening:
            end()
        self._listening.clear()
        if self._working and is_worker:
            await self._recover()
        await self.application.shutdown()
