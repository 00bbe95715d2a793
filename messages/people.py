"""Who talks to the bot: strangers, patients, practitioners and admins."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A role as the permission table knows it. One member of staff may hold two."""

    STRANGER = "stranger"
    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    ADMIN = "admin"


STAFF = frozenset({Role.PRACTITIONER, Role.ADMIN})
"""The roles of those who work at the clinic."""


@dataclass(frozen=True)
class Actor:
    """The person behind an update, as far as the bot knows them.

    `chat_id` is their private chat, which in Telegram has the person's own id.
    `patient_id` or `staff_id` is set for people who have joined; both are None for a stranger.
    `unreachable`: Telegram has refused to bring them messages, and nothing shows that it would take them again.
    """

    chat_id: int
    roles: frozenset[Role]
    language: str
    patient_id: int | None = None
    staff_id: int | None = None
    consented: bool = False
    unreachable: bool = False

    def has(self, role: Role) -> bool:
        """Whether the person holds this role."""
        return role in self.roles
