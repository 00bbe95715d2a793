"""Nobody but this machine: refuses names that a foreign page could point at the loopback address."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class LoopbackOnly:
    """Answers 421 to a Host, and 403 to an Origin, that is not this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not _is_local(f"//{headers.get('host', '')}"):
                return await _refusal(421, "The sandbox answers on loopback only.")(scope, receive, send)
            if "origin" in headers and not _is_local(headers["origin"]):
                return await _refusal(403, "The sandbox answers its own page only.")(scope, receive, send)
        return await self._app(scope, receive, send)


def _is_local(address: str) -> bool:
    try:
        return urlsplit(address).hostname in NAMES
    except ValueError:
        return False


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"ok": False, "error_code": status, "description": sentence, "error": sentence}, status)
