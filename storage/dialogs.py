"""Where each conversation stands."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from storage.database import UnitOfWork
from storage.inserting import insert_new, rows_of
from storage.tables import Dialog


@dataclass(frozen=True)
class DialogState:
    """A dialog in the middle: its name, its step, what was gathered, and the message that carries it.

    `data` holds ids, numbers and times; `private` what a person wrote.
    """

    name: str
    step: str
    data: dict[str, Any] = field(default_factory=dict)
    private: str | None = None
    message_id: int | None = None


_LOAD = select(Dialog.name, Dialog.step, Dialog.data, Dialog.private, Dialog.message_id).where(
    Dialog.chat_id == bindparam("chat")
)


async def load(work: UnitOfWork, chat_id: int) -> DialogState | None:
    """The dialog of this chat, if one is under way."""
    row = (await work.session.rows(_LOAD, {"chat": chat_id})).one_or_none()
    return None if row is None else DialogState(*row)


_SAVE = insert_new(
    Dialog,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["chat_id"],
        set_={
            column: insert.excluded[column]
            for column in ("name", "step", "data", "private", "message_id", "updated_at")
        },
    ),
)


async def save(work: UnitOfWork, chat_id: int, state: DialogState, *, now: datetime) -> None:
    """Store where the dialog stands; an earlier one of this chat is replaced."""
    row = {
        "chat_id": chat_id,
        "name": state.name,
        "step": state.step,
        "data": state.data,
        "private": state.private,
        "message_id": state.message_id,
        "updated_at": now,
    }
    await work.session.rows(_SAVE[work.on_sqlite], row)


_ROWS = rows_of(Dialog)
_CLOSE = delete(_ROWS).where(_ROWS.c.chat_id == bindparam("chat"))
_CARRIED = update(_ROWS).where(_ROWS.c.chat_id == bindparam("chat")).values(message_id=bindparam("message"))


async def close(work: UnitOfWork, chat_id: int) -> None:
    """End the dialog of this chat."""
    await work.session.rows(_CLOSE, {"chat": chat_id})


async def carried_by(work: UnitOfWork, chat_id: int, message_id: int) -> None:
    """The dialog's question stands in this message now. Nothing happens where the dialog is over."""
    await work.session.rows(_CARRIED, {"chat": chat_id, "message": message_id})
