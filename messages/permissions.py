"""Who may use which command and which button: the one table. Whose record it is, the flows ask."""

from messages.people import STAFF, Actor, Role

_EVERYONE = frozenset(Role)
_PATIENT = frozenset({Role.PATIENT})
_PRACTITIONER = frozenset({Role.PRACTITIONER})
_ADMIN = frozenset({Role.ADMIN})

COMMANDS: dict[str, frozenset[Role]] = {
    "start": _EVERYONE,
    "help": _EVERYONE,
    "language": _PATIENT | STAFF,
    "cancel": _PATIENT | STAFF,
    # patient
    "next": _PATIENT,
    "urgent": _PATIENT | {Role.STRANGER},
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
    "language": _PATIENT | STAFF,
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
    "alert.take": STAFF,
    "alert.reply": STAFF,
    "alert.call": STAFF,
    "alert.resolve": STAFF,
    # new patient
    "new.family": _PRACTITIONER,
    "new.plan": _PRACTITIONER,
    "new.sessions": _PRACTITIONER,
    "new.interval": _PRACTITIONER,
    "new.language": _PRACTITIONER,
    "new.course": _PRACTITIONER,
    # recording a session
    "record.patient": _PRACTITIONER,
    "record.when": _PRACTITIONER,
    "record.next": _PRACTITIONER,
    "record.pain": _PRACTITIONER,
    "record.edit": _PRACTITIONER,
    "record.save": _PRACTITIONER,
    "record.cancel": _PRACTITIONER,
    # a recorded session
    "session.correct": _PRACTITIONER,
    "session.undo": _PRACTITIONER,
    "session.undo_confirm": _PRACTITIONER,
    "session.keep": _PRACTITIONER,
    # patients and their cards
    "patient.page": _PRACTITIONER,
    "patient.open": _PRACTITIONER,
    "patient.card": _PRACTITIONER,
    "patient.appointment": _PRACTITIONER,
    "patient.pause": _PRACTITIONER,
    "patient.resume": _PRACTITIONER,
    "patient.end": _PRACTITIONER,
    "patient.end_confirm": _PRACTITIONER,
    "patient.hand_over": _PRACTITIONER,
    "patient.hand_to": _PRACTITIONER,
    "patient.link": _PRACTITIONER,
    "patient.withdraw_link": _PRACTITIONER,
    "appointment.set": _PRACTITIONER,
    "appointment.cancel": _PRACTITIONER,
    # writing to a patient
    "write": STAFF,
    # texts
    "tpl.top": _ADMIN,
    "tpl.topics": _ADMIN,
    "tpl.keys": _ADMIN,
    "tpl.shelf": _ADMIN,
    "tpl.read": _ADMIN,
    "tpl.find": _ADMIN,
    "tpl.found": _ADMIN,
    "tpl.edit": _ADMIN,
    "tpl.test": _ADMIN,
    "tpl.sample": _ADMIN,
    "tpl.publish": _ADMIN,
    "tpl.drop": _ADMIN,
    "tpl.history": _ADMIN,
    "tpl.version": _ADMIN,
    "tpl.restore": _ADMIN,
    "tpl.default": _ADMIN,
    "tpl.proposal": _ADMIN,
    "tpl.confirm": _ADMIN,
    "tpl.refuse": _ADMIN,
    # people
    "ppl.list": _ADMIN,
    "ppl.card": _ADMIN,
    "ppl.invite": _ADMIN,
    "ppl.role": _ADMIN,
    "ppl.renew": _ADMIN,
    "ppl.withdraw": _ADMIN,
    "ppl.ask": _ADMIN,
    "ppl.languages": _ADMIN,
    "ppl.language": _ADMIN,
    "ppl.cover": _ADMIN,
    "ppl.cover_to": _ADMIN,
    "ppl.admin": _ADMIN,
    "ppl.practice": _ADMIN,
    "ppl.relieve": _ADMIN,
    "ppl.remove": _ADMIN,
    "ppl.remove_to": _ADMIN,
    # care plans and status
    "plan.all": _ADMIN,
    "plan.show": _ADMIN,
    "status": _ADMIN,
}


def allowed(actor: Actor, roles: frozenset[Role]) -> bool:
    """Whether the person holds one of `roles`."""
    return bool(actor.roles & roles)
