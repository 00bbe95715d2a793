"""Who may use which command and which button: the one table. Whose record it is, the flows ask."""

from messages.people import Actor, Role

_EVERYONE = frozenset(Role)
_PATIENT = frozenset({Role.PATIENT})
_PRACTITIONER = frozenset({Role.PRACTITIONER})
_ADMIN = frozenset({Role.ADMIN})
_STAFF = frozenset({Role.PRACTITIONER, Role.ADMIN})

COMMANDS: dict[str, frozenset[Role]] = {
    "start": _EVERYONE,
    "help": _EVERYONE,
    "language": _PATIENT | _STAFF,
    "cancel": _PATIENT | _STAFF,
    # patient
    "next": _PATIENT,
    "urgent": _PATIENT,
    "stop": _PATIENT,
    "resume": _PATIENT,
    # practitioner
    "record": _PRACTITIONER,
    "new": _PRACTITIONER,
    "patients": _PRACTITIONER,
    "digest": _PRACTITIONER,
    # admin
    "templates": _ADMIN,
    "plans": _ADMIN,
    "people": _ADMIN,
    "status": _ADMIN,
}

BUTTONS: dict[str, frozenset[Role]] = {
    # consent and language
    "consent": _PATIENT,
    "language": _PATIENT | _STAFF,
    # check-in
    "check.score": _PATIENT,
    "check.nothing": _PATIENT,
    "check.list": _PATIENT,
    "check.item": _PATIENT,
    "check.close": _PATIENT,
    "check.follow": _PATIENT,
    "check.back": _PATIENT,
    # urgent
    "urgent.open": _PATIENT,
    "urgent.sign": _PATIENT,
    # appointment, by the patient
    "visit.answer": _PATIENT,
    "resume": _PATIENT,
    # alerts
    "alert.take": _STAFF,
    "alert.reply": _STAFF,
    "alert.call": _STAFF,
    "alert.resolve": _STAFF,
}


def allowed(actor: Actor, roles: frozenset[Role]) -> bool:
    """Whether the person holds one of `roles`."""
    return bool(actor.roles & roles)
