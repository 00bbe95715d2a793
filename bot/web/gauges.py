"""The figures of the database as Prometheus' gauges."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from messages.outgoing import Kind, Lane
from storage.figures import Figures

STATES = ("pending", "claimed", "sending", "sent", "skipped", "cancelled", "uncertain", "failed")
"""The states of a message, in the order in which they come."""

AGES = {
    "under 10 min": timedelta(minutes=10),
    "10 to 30 min": timedelta(minutes=30),
    "30 min to 2 h": timedelta(hours=2),
    "2 to 8 h": timedelta(hours=8),
    "over 8 h": timedelta.max,
}
"""How long alerts wait, each up to its time: 10 minutes is the shortest rung of the ladder."""


class Gauges(Collector):
    """One reading of the database, at `now`."""

    def __init__(self, figures: Figures, now: datetime) -> None:
        self._figures = figures
        self._now = now

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every gauge with its value; those that count nothing too, so that an alarm finds them."""
        yield from self._of_messages()
        yield from self._of_alerts()
        yield from self._of_people_and_updates()

    def _of_messages(self) -> Iterable[GaugeMetricFamily]:
        figures = self._figures
        counts = {
            (kind.value, state): figures.messages.get((kind.value, state), 0) for kind in Kind for state in STATES
        }
        yield _labelled(
            "outbox_messages", "Messages by kind and state; ended ones of 24 hours.", ("kind", "state"), counts.items()
        )
        due = {(_name(lane),): figures.due[lane][0] if lane in figures.due else 0 for lane in Lane}
        yield _labelled("outbox_due", "Messages that should have left, by lane.", ("lane",), due.items())
        oldest = {(_name(lane),): self._age(figures.due[lane][1] if lane in figures.due else None) for lane in Lane}
        yield _labelled(
            "outbox_waiting_seconds", "How late the oldest unsent message is, by lane.", ("lane",), oldest.items()
        )
        yield _gauge("outbox_oldest_due_seconds", "How late the oldest unsent message is.", max(oldest.values()))

    def _of_alerts(self) -> Iterable[GaugeMetricFamily]:
        ages = [self._now - since for since in self._figures.untaken_since]
        counted, counts = 0, {}
        for name, up_to in AGES.items():
            younger = sum(age < up_to for age in ages)
            counts[(name,)] = younger - counted
            counted = younger
        yield _labelled(
            "alerts_untaken_by_age", "Alerts that nobody has acknowledged, by age.", ("age",), counts.items()
        )
        yield _gauge("alerts_untaken", "Alerts that nobody has acknowledged.", len(ages))
        yield _gauge("alerts_open", "Alerts that nobody has resolved.", self._figures.open_alerts)

    def _of_people_and_updates(self) -> Iterable[GaugeMetricFamily]:
        figures = self._figures
        people = {("patient",): figures.unreachable_patients, ("staff",): figures.unreachable_staff}
        yield _labelled("unreachable_people", "People whom Telegram refuses to reach.", ("role",), people.items())
        oldest = self._age(figures.oldest_waiting)
        yield _gauge("inbox_waiting", "Chats with updates to be handled.", figures.chats_waiting)
        yield _gauge("inbox_oldest_waiting_seconds", "How long the oldest unhandled update has waited.", oldest)
        yield _gauge("inbox_dead_letters", "Updates set aside after failing again and again.", figures.dead_letters)

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now - since).total_seconds()) if since is not None else 0.0


def _name(lane: Lane) -> str:
    return lane.name.lower()


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aftercare_{name}", meaning, value=value)


def _labelled(
    name: str, meaning: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"aftercare_{name}", meaning, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
