"""Moments for the tests about time: written as a local time, or any at all."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

PARIS = ZoneInfo("Europe/Paris")

CHANGING_ZONES = [
    ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
]
"""An hour at each change; on another day; half an hour and in the south; back before Ramadan and on after it."""

MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC))
"""Any second from 2020 to 2034."""

NAIVE = datetime.fromisoformat("2026-11-20 10:00")


def local(text: str, zone: ZoneInfo = PARIS, fold: int = 0) -> datetime:
    """The UTC moment of a local time written as "2026-11-20 10:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)
