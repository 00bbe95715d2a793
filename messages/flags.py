"""The red flags of docs/clinical.md: what each is worth, and what each chosen item of the list means."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from messages.care_plan import Family, Symptom, plan_of
from messages.check_in import FOLLOW_UPS, Answers, Item, UrgentSign


class Grade(IntEnum):
    """Who is told, and how soon. U is an alert the same day, U_NOW at once, E an emergency."""

    NONE = 0
    DIGEST = 1
    WATCH = 2
    U = 3
    U_NOW = 4
    E = 5


class Flag(StrEnum):
    """Why: the red flags by their ids, then what the rules about scores found. In order of urgency."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"
    E5 = "E5"
    E6 = "E6"
    U1 = "U1"
    U7 = "U7"
    U2 = "U2"
    U3 = "U3"
    U4 = "U4"
    U5 = "U5"
    U6 = "U6"
    U8 = "U8"
    U9 = "U9"
    U10 = "U10"
    U11 = "U11"
    SCORE3 = "score3"
    WINDOW = "window"
    NOT_FALLING = "not_falling"
    PAIN_UP = "usual_pain_up"
    SILENCE = "silence"
    W1 = "W1"
    W2 = "W2"
    W3 = "W3"
    W4 = "W4"
    W5 = "W5"


HEAD = frozenset({Family.FACE, Family.EYE, Family.SCALP})
"""Where a blocked vessel threatens the sight or the brain: there U1 is an emergency."""

WEEK = 7 * 24
LIPO_LUMP_UNTIL = 28 * 24
HEADACHE_UNTIL = 24

SIGNS_TO_RULE_OUT: dict[Flag, tuple[UrgentSign, ...]] = {
    Flag.U2: (UrgentSign.E1, UrgentSign.E2),
    Flag.U5: (UrgentSign.E6,),
    Flag.U9: (UrgentSign.E4, UrgentSign.E5),
    Flag.U11: (UrgentSign.E3,),
}
"""What is asked at once when one of these is reported."""

PHOTO_WANTED = frozenset({Flag.U3, Flag.U4})


@dataclass(frozen=True)
class Finding:
    """What one item or rule contributes: a grade, perhaps a flag, and for W when to ask again, in hours."""

    flag: Flag | None
    grade: Grade
    reask_hours: int | None = None


def flag_grade(family: Family, flag: Flag) -> Grade:
    """What a red flag is worth where nothing more is known. Raises ValueError for W and for score flags."""
    if flag.startswith("E"):
        return Grade.E
    if flag is Flag.U1:
        return Grade.E if family in HEAD else Grade.U_NOW
    if flag is Flag.U7:
        return Grade.U_NOW
    if flag.startswith("U"):
        return Grade.U
    raise ValueError(f"{flag} has no grade of its own")


def item_findings(family: Family, item: Item, answers: Answers, hours: float) -> tuple[Finding, ...]:
    """What a chosen item means `hours` after the session. A follow-up left unanswered counts as "yes"."""
    if item in FOLLOW_UPS:
        return (_followed_up(family, item, hours, higher=answers.follow_ups.get(item, True)),)
    if item is Item.HEADACHE:
        within = hours <= HEADACHE_UNTIL
        return (Finding(Flag.W5, Grade.WATCH, 24) if within else Finding(Flag.W5, Grade.U),)
    if item is Item.ITCH:
        return (Finding(Flag.W1, Grade.WATCH, 12),)
    if item is Item.DENT:
        return (Finding(Flag.W4, Grade.DIGEST),)
    if item is Item.OTHER:
        return (Finding(None, Grade.DIGEST),)
    return tuple(Finding(flag, flag_grade(family, flag)) for flag in _PLAIN_ITEMS[item])


_PLAIN_ITEMS: dict[Item, tuple[Flag, ...]] = {
    Item.FEVER: (Flag.U5,),
    Item.PUS: (Flag.U4,),
    Item.BRUISE_GROWING: (Flag.U7,),
    Item.RASH: (Flag.U2,),
    Item.COLD_SORE: (Flag.U10,),
    Item.BREATHING: (Flag.E1, Flag.E2),
}


def _followed_up(family: Family, item: Item, hours: float, *, higher: bool) -> Finding:
    if item is Item.REDNESS:
        past = hours > plan_of(family).windows[Symptom.REDNESS]
        return Finding(Flag.U3, Grade.U) if higher or past else Finding(Flag.W1, Grade.WATCH, 12)
    if item is Item.LUMP:
        return _lump(family, hours, higher=higher)
    if item is Item.SKIN_COLOUR:
        return Finding(Flag.U1, flag_grade(family, Flag.U1)) if higher else Finding(Flag.W3, Grade.DIGEST)
    if item is Item.EYE:
        return Finding(Flag.E3, Grade.E) if higher else Finding(Flag.U11, Grade.U)
    return Finding(Flag.E5, Grade.E) if higher else Finding(Flag.U9, Grade.U)


def _lump(family: Family, hours: float, *, higher: bool) -> Finding:
    """A lump is watched for a week, a painless one after `lipo` for 28 days; then it is a late nodule."""
    if family is Family.LIPO:
        watched = hours <= LIPO_LUMP_UNTIL
        return Finding(Flag.W2, Grade.WATCH, WEEK) if watched and not higher else Finding(Flag.U6, Grade.U)
    watched = hours < WEEK
    return Finding(Flag.W1, Grade.WATCH, 12) if watched and not higher else Finding(Flag.U6, Grade.U)
