"""A red flag reaches a person: the alert is there, and its ladder is climbed rung by rung (docs/clinical.md)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.year.evidence import AlertFacts, Evidence
from tests.year.model import Ledger, PatientFacts, RedFlagFacts, StaffFacts

EMERGENCY, AT_ONCE = 5, 4
"""Grades as the database numbers them."""

TO_ACKNOWLEDGE = {EMERGENCY: timedelta(minutes=10), AT_ONCE: timedelta(minutes=15)}
SAME_DAY = timedelta(hours=2)
REPEAT = timedelta(minutes=60)
SLACK = timedelta(minutes=3)
"""For attempts that failed to be made again."""

SAME_TALK = timedelta(hours=12)
"""For how long after an alert was taken the same words belong to it."""

NIGHT_FROM, NIGHT_UNTIL = time(21), time(8)


class Alerts:
    """Who was told of which alert, and when."""

    def __init__(self, clinic_zone: ZoneInfo) -> None:
        self._zone = clinic_zone
        self._told: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
        self._patient_told: set[int] = set()
        self._flags: list[RedFlagFacts] = []
        self._known = 0

    def check(self, ledger: Ledger, evidence: Evidence, now: datetime) -> Iterator[str]:
        self._note(evidence)
        if evidence.waiting_updates:
            return
        fresh = ledger.red_flags[self._known :]
        self._known += len(fresh)
        self._flags.extend(fresh)
        yield from self._flags_heard(ledger, evidence, now)
        for alert in evidence.alerts:
            if alert.acknowledged_at is None and alert.resolved_at is None:
                problems = self._ladder(alert, ledger.patients[alert.patient_id], ledger, now)
                yield from (f"alert {alert.id} ({alert.grade}), raised {alert.raised_at}: {each}" for each in problems)

    def _note(self, evidence: Evidence) -> None:
        for sent in evidence.new_sent:
            row = evidence.rows.get(sent.row_id or 0)
            if row is None or row.alert_id is None:
                continue
            if row.kind == "alert" and row.template == "alert.message" and row.staff_id is not None:
                self._told[row.alert_id].append((sent.at, row.staff_id))
            if row.kind == "whom_to_call":
                self._patient_told.add(row.alert_id)

    def _flags_heard(self, ledger: Ledger, evidence: Evidence, now: datetime) -> Iterator[str]:
        """What was said has an alert; an emergency has its text as well."""
        for flag in self._flags:
            heard = any(
                alert.patient_id == flag.patient_id
                and (alert.acknowledged_at is None or alert.acknowledged_at >= flag.said_at - SAME_TALK)
                and (alert.resolved_at is None or alert.resolved_at >= flag.said_at)
                for alert in evidence.alerts
            )
            if not heard:
                yield f"no alert after {flag}"
        ripe = [flag for flag in self._flags if flag.emergency and flag.said_at + SLACK < now]
        self._flags = [flag for flag in self._flags if flag.emergency and flag.said_at + SLACK >= now]
        for flag in ripe:
            patient = ledger.patients[flag.patient_id]
            minute = flag.said_at.replace(second=0, microsecond=0)
            told = evidence.spoken[patient.person.id]
            if any(at >= minute and kind == "emergency_text" for at, kind in told):
                continue
            if patient.blocked.surely(False, now, flag.said_at):
                yield f"no emergency text after {flag}"

    def _ladder(self, alert: AlertFacts, patient: PatientFacts, ledger: Ledger, now: datetime) -> Iterator[str]:
        wait = TO_ACKNOWLEDGE.get(alert.grade, SAME_DAY)
        restarted = ledger.restarted_at or alert.began_at
        first = self._awake(alert, alert.began_at)
        second = self._awake(alert, max(first + wait, restarted))
        third = self._awake(alert, max(second + wait, restarted))
        told = [(at, staff_id) for at, staff_id in self._told[alert.id] if at >= alert.began_at]
        reached = {staff_id for _, staff_id in told}
        current = patient.owner.possible(now)
        owners = current | patient.owner.possible(alert.began_at)
        covers = {owner: ledger.staff[owner].cover_id for owner in owners}
        # A colleague who is neither must not know of the patient, also when nobody else is there.
        on_ladder = [
            each for each in ledger.staff.values() if each.is_admin or each.staff_id in {*covers, *covers.values()}
        ]
        there = [each for each in on_ladder if each.blocked.surely(False, now, alert.began_at)]
        # After a hand-over the next repetition is the first to reach the new practitioner's cover.
        handed = self._awake(alert, (patient.owner.changed_at or first) + max(REPEAT, wait))
        told_by = self._awake(alert, max(first, restarted, patient.owner.changed_at or first))
        if now > told_by + SLACK and current <= {each.staff_id for each in there} and not told:
            yield "nobody was told"
        times = (max(second, handed), max(third, handed))
        yield from _rung(reached, there, owners, covers, now, times)
        told_whom = alert.id in self._patient_told or alert.origin == "silence"
        if now > second + SLACK and not told_whom and patient.blocked.surely(False, now, alert.raised_at):
            yield "the patient was not told whom to call"
        repeat_at = self._awake(alert, max(told[-1][0] + max(REPEAT, wait), restarted)) if told else now
        if _somebody_is_there(there, {owner: covers[owner] for owner in current}) and now > repeat_at + SLACK:
            yield f"told last at {told[-1][0]}, and never again"

    def _awake(self, alert: AlertFacts, at: datetime) -> datetime:
        """What is only for the same day waits from 21:00 to 08:00 on the clinic's clock."""
        local = at.astimezone(self._zone)
        if alert.grade >= AT_ONCE or NIGHT_UNTIL <= local.time() < NIGHT_FROM:
            return at
        day = local.date() + timedelta(days=local.time() >= NIGHT_FROM)
        return datetime.combine(day, NIGHT_UNTIL, self._zone)


def _rung(
    reached: set[int],
    there: list[StaffFacts],
    owners: set[int],
    covers: dict[int, int | None],
    now: datetime,
    times: tuple[datetime, datetime],
) -> Iterator[str]:
    """Whoever is due to know by now does."""
    second, third = (now > each + SLACK for each in times)
    admins = {each.staff_id for each in there if each.is_admin}
    # Whoever of the possible owners it is: one may have a cover and the other none.
    next_is_there = bool(admins) or set(covers.values()) <= {each.staff_id for each in there}
    if second and next_is_there and not reached - owners and not reached & set(covers.values()):
        yield f"neither cover nor admin was told, only {sorted(reached)}"
    if third and admins and not reached & admins:
        yield f"no admin was told, only {sorted(reached)}"


def _somebody_is_there(there: list[StaffFacts], covers: dict[int, int | None]) -> bool:
    """Whether an admin is, or the owner or their cover, whoever of the possible owners it is."""
    present = {each.staff_id for each in there}
    return any(each.is_admin for each in there) or all({owner, cover} & present for owner, cover in covers.items())
