"""The parameters of a Bot API call, however they came: query, form, multipart or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.errors import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(slots=True)
class Parameters:
    """Typed access to the parameters; what is malformed raises ApiError 400."""

    values: Mapping[str, object]
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value as a string; empty where it is absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str | int | float):
            raise bad_request(f'field "{name}" must be of type String')
        return str(value)

    def integer(self, name: str) -> int | None:
        """The value as an integer, None where it is absent."""
        value = self.text(name)
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def flag(self, name: str) -> bool:
        """Whether the value says yes."""
        return self.text(name).lower() in {"true", "1", "yes"}

    def number(self, name: str) -> float | None:
        """The value as a number, None where it is absent."""
        try:
            return float(self.text(name)) if self.text(name) else None
        except ValueError:
            raise bad_request(f'parameter "{name}" must be a number') from None

    def structure(self, name: str) -> object:
        """An object or array, given as such or as JSON; None where it is absent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def chat_id(self, name: str = "chat_id") -> int:
        """The id of a chat; raises "chat not found" for names, which nobody here has."""
        value = self.text(name)
        if not value:
            raise bad_request(f"{name.replace('_', ' ').removesuffix(' id')} id is empty")
        try:
            return int(value)
        except ValueError:
            raise bad_request("chat not found") from None

    def chat_id_or_none(self) -> int | None:
        """The id of the chat that the call is about, if any; never raises."""
        value = self.values.get("chat_id")
        try:
            return int(value) if isinstance(value, str | int) else None
        except ValueError:
            return None
