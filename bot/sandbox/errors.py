"""Telegram's refusals, in Telegram's words."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """The answer of a refused Bot API call."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


class SandboxMisuse(AssertionError):
    """A script asks for what nobody could do in Telegram, such as tapping a button that isn't there."""


def bad_request(reason: str) -> ApiError:
    """400, worded as Telegram does."""
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    """403, worded as Telegram does."""
    return ApiError(403, f"Forbidden: {reason}")


def conflict(reason: str) -> ApiError:
    """409, worded as Telegram does."""
    return ApiError(409, f"Conflict: {reason}")


def too_many_requests(seconds: int) -> ApiError:
    """429 with `retry_after` in seconds."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def migrated(chat_id: int) -> ApiError:
    """400 for a group that has become a supergroup with another id."""
    reason = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, reason, {"migrate_to_chat_id": chat_id})
