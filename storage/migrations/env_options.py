"""How the database is compared with the tables: the same for writing migrations and for the test of them."""

from typing import Any

from sqlalchemy import String

from storage.database import PrivateText, State, UtcDateTime


def render(kind: str, item: object, _autogen: object) -> str | bool:
    """Write our column types into migrations by what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, PrivateText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, State) and isinstance(item.impl_instance, String):
        return f"sa.String(length={item.impl_instance.length})"
    return False


def comparison() -> dict[str, Any]:
    """Options of Alembic's migration context."""
    return {"compare_type": True, "render_item": render}
