"""Where each conversation stands."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from storage.database import UnitOfWork
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


async def load(work: UnitOfWork, chat_id: int) -> DialogState | None:
    """The dialog of this chat, if one is under way."""
    row = await work.session.get(Dialog, chat_id)
    if row is None:
        return None
    return state_of(row)


def state_of(row: Dialog) -> DialogState:
    """What a row says."""
    return DialogState(row.name, row.step, dict(row.data), row.private, row.message_id)


async def save(work: UnitOfWork, chat_id: int, state: DialogState, *, now: datetime) -> None:
    """Store where the dialog stands; an earlier one of this chat is replaced."""
    await work.session.merge(
        Dialog(
            chat_id=chat_id,
            name=state.name,
            step=state.step,
            data=state.data,
            private=state.private,
            message_id=state.message_id,
            updated_at=now,
        )
    )


async def close(work: UnitOfWork, chat_id: int) -> None:
    """End the dialog of this chat."""
    await work.session.execute(delete(Dialog).where(Dialog.chat_id == chat_id))


async def carried_by(work: UnitOfWork, chat_id: int, message_id: int) -> None:
    """The dialog's question stands in this message now. Nothing happens where the dialog is over."""
    await work.session.execute(update(Dialog).where(Dialog.chat_id == chat_id).values(message_id=message_id))
