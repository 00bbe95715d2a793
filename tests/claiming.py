"""Rows as a sender has them in hand, made of what the database holds."""

from messages.outgoing import Lane
from storage.outbox import Claimed
from storage.tables import Outbox


def claimed(row: Outbox, chat_id: int | None = None) -> Claimed:
    """This row, claimed as it is; its lane is routine where it has none."""
    names = Claimed.__dataclass_fields__.keys() - {"lane", "chat_id"}
    columns = {name: getattr(row, name) for name in names}
    return Claimed(lane=Lane.ROUTINE if row.lane is None else Lane(row.lane), chat_id=chat_id, **columns)
