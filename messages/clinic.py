"""What every text may need to know of the clinic."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Clinic:
    """The clinic as its settings describe it. `phone` and `emergency_number` are as people dial them."""

    name: str
    zone: ZoneInfo
    phone: str
    emergency_number: str
    language: str
    bot_username: str = ""
