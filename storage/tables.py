"""Every table. One class a noun; the queries on it live in the file of that noun.

Times are UTC and aware. What people wrote stands in `PrivateText` columns only. States are lower-case words.
"""

from datetime import datetime, time
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, PrivateText, State, UtcDateTime

TelegramId = BigInteger


class Staff(Base):
    """A practitioner, an admin, or both. `telegram_id` is empty until the invitation is used.

    `returns` counts how often they came back after Telegram had refused to reach them.
    """

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    telegram_id: Mapped[int | None] = mapped_column(TelegramId, unique=True)
    name: Mapped[str] = mapped_column(PrivateText)
    language: Mapped[str] = mapped_column(String(8))
    is_practitioner: Mapped[bool]
    is_admin: Mapped[bool]
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    phone: Mapped[str | None] = mapped_column(String(32))
    works_from: Mapped[time] = mapped_column(default=time(9))
    works_until: Mapped[time] = mapped_column(default=time(18))
    digest_hour: Mapped[time] = mapped_column(default=time(8, 30))
    digest_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unreachable_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    returns: Mapped[int] = mapped_column(default=0, server_default="0")
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Patient(Base):
    """A patient of one practitioner. Nothing about symptoms is stored before `consented_at`. `returns` as of Staff."""

    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    telegram_id: Mapped[int | None] = mapped_column(TelegramId, unique=True)
    name: Mapped[str] = mapped_column(PrivateText)
    search_name: Mapped[str] = mapped_column(PrivateText)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    phone: Mapped[str | None] = mapped_column(String(32))
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consent_version: Mapped[str | None] = mapped_column(String(64))
    consent_language: Mapped[str | None] = mapped_column(String(8))
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unreachable_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    returns: Mapped[int] = mapped_column(default=0, server_default="0")
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invitation(Base):
    """A one-time link. Only the hash of its token is kept."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint("(patient_id IS NULL) <> (staff_id IS NULL)", name="one_person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TokenGuess(Base):
    """How often a chat has opened a link that leads nowhere, and until when it must wait."""

    __tablename__ = "token_guesses"

    chat_id: Mapped[int] = mapped_column(TelegramId, primary_key=True, autoincrement=False)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wait_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Course(Base):
    """A course of treatment: `sessions_planned` sessions, `interval_days` apart."""

    __tablename__ = "courses"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    family: Mapped[str] = mapped_column(String(16))
    sessions_planned: Mapped[int]
    interval_days: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(32))


class Session(Base):
    """A treatment that took place. `number` is k of "k of n"; an undone one keeps its row."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    number: Mapped[int]
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str | None] = mapped_column(PrivateText)
    areas: Mapped[str | None] = mapped_column(PrivateText)
    usual_pain: Mapped[int | None]
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Appointment(Base):
    """The next visit. States: booked, confirmed, move_asked, cannot_come, cancelled, moved, fulfilled."""

    __tablename__ = "appointments"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CheckIn(Base):
    """One check after a session.

    States: planned, open (sent, being answered), done, cancelled, skipped, missed (closed unanswered).
    `kind` is routine, eve, reask or late; `step` the step of the care plan ("after_24h").
    """

    __tablename__ = "check_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    step: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    items_closed: Mapped[bool] = mapped_column(default=False)
    nothing_else: Mapped[bool] = mapped_column(default=False)
    something_else: Mapped[bool] = mapped_column(default=False)
    other_text: Mapped[bool] = mapped_column(default=False)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grade: Mapped[int | None]
    flags: Mapped[list[str]] = mapped_column(JSON, default=list)
    rules: Mapped[list[int]] = mapped_column(JSON, default=list)
    watched: Mapped[list[str]] = mapped_column(JSON, default=list)
    nudge_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    nudged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    silence_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    silence_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unfinished_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class Answer(Base):
    """One score of a check-in: 0–3, or 0–10 for the usual pain. Each tap is stored at once."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("check_in_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_in_id: Mapped[int] = mapped_column(ForeignKey("check_ins.id"))
    question: Mapped[str] = mapped_column(String(16))
    score: Mapped[int]
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReportedItem(Base):
    """One thing chosen from the list of a check-in, with its follow-up: yes, no, or not answered."""

    __tablename__ = "reported_items"
    __table_args__ = (UniqueConstraint("check_in_id", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_in_id: Mapped[int] = mapped_column(ForeignKey("check_ins.id"))
    item: Mapped[str] = mapped_column(String(32))
    follow_up: Mapped[bool | None]
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Alert(Base):
    """A red flag that waits for a person. It climbs `rung` by rung until somebody acknowledges it.

    `origin` is check_in, urgent, words or silence. `next_climb_at` is empty once it is acknowledged.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "ix_alerts_open",
            "patient_id",
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"))
    check_in_id: Mapped[int | None] = mapped_column(ForeignKey("check_ins.id"))
    grade: Mapped[int]
    flags: Mapped[list[str]] = mapped_column(JSON)
    origin: Mapped[str] = mapped_column(String(16))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    notify_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rung: Mapped[int]
    climbs: Mapped[int] = mapped_column(default=0)
    next_climb_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Letter(Base):
    """One message of the conversation between a patient and the clinic, in either direction.

    `kind` is Telegram's ("text", "photo", "voice", "sticker" …). `edited_of` points at the letter whose text
    this one replaces. An inbound letter waits as a question until `answered_at`.
    """

    __tablename__ = "letters"
    __table_args__ = (
        Index("ix_letters_message", "chat_id", "message_id"),
        Index("ix_letters_waiting", "patient_id", "answered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"))
    inbound: Mapped[bool]
    chat_id: Mapped[int] = mapped_column(TelegramId)
    message_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str | None] = mapped_column(PrivateText)
    file_id: Mapped[str | None] = mapped_column(PrivateText)
    album: Mapped[str | None] = mapped_column(String(64), index=True)
    reply_to_message_id: Mapped[int | None] = mapped_column(BigInteger)
    edited_of: Mapped[int | None] = mapped_column(ForeignKey("letters.id"))
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Outbox(Base):
    """One message that the bot owes somebody.

    States: pending → claimed → sending (committed before the call) → sent | uncertain | failed;
    or skipped, cancelled. `reason` tells why for every ending but sent.
    `key` is unique: planning the same message twice is harmless. `subject_id` is the patient it is about,
    which routes a practitioner's reply. `values` holds ids, numbers and names of keys, never what people wrote.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("(patient_id IS NULL) <> (staff_id IS NULL)", name="one_recipient"),
        Index(
            "ix_outbox_due",
            "lane",
            "due_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_outbox_active",
            "state",
            "lease_until",
            sqlite_where=text("state IN ('claimed', 'sending')"),
            postgresql_where=text("state IN ('claimed', 'sending')"),
        ),
        Index(
            "ix_outbox_uncertain",
            "check_in_id",
            sqlite_where=text("state = 'uncertain'"),
            postgresql_where=text("state = 'uncertain'"),
        ),
        Index("ix_outbox_ended", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    lane: Mapped[int]
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    template: Mapped[str] = mapped_column(String(96))
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"), index=True)
    check_in_id: Mapped[int | None] = mapped_column(ForeignKey("check_ins.id"), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"), index=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letters.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(State(16), default="pending")
    reason: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    repeats: Mapped[int] = mapped_column(default=0)
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("template_versions.id"))


class Delivery(Base):
    """A Telegram message that carried an outbox row: how replies and edits find their way back."""

    __tablename__ = "deliveries"

    chat_id: Mapped[int] = mapped_column(TelegramId, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), index=True)
    delivered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Inbox(Base):
    """An update, stored before Telegram is told that it arrived. States: waiting, done, dead."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "chat_id",
            "update_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(TelegramId)
    payload: Mapped[str] = mapped_column(PrivateText)
    state: Mapped[str] = mapped_column(State(16), default="waiting")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(128))
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Dialog(Base):
    """Where a conversation stands: a restart in the middle of one loses nothing."""

    __tablename__ = "dialogs"

    chat_id: Mapped[int] = mapped_column(TelegramId, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(32))
    step: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    private: Mapped[str | None] = mapped_column(PrivateText)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TemplateVersion(Base):
    """One version of one text. States: awaiting (a second admin), published, withdrawn.

    The live version of a key and language is the published one with the highest id.
    An empty `text` restores the default text.
    """

    __tablename__ = "template_versions"
    __table_args__ = (Index("ix_template_versions_key", "key", "language", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(96))
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str | None] = mapped_column(PrivateText)
    state: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Audit(Base):
    """Who did what. Rows are only ever added; `details` holds ids and names of keys, never texts."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    action: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
