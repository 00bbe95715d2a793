"""The bot's calls to Telegram: python-telegram-bot's request class on aiohttp.

Whoever sends a message must know afterwards whether it can have arrived. So each error tells it: its cause is
`NotSent` when no byte of the call has left this machine, and something else, or nothing, when that cannot be known.

```
waiting for a connection too long           TimedOut      from NotSent
refused, no such name, bad certificate      NetworkError  from NotSent
connecting too long                         TimedOut      from NotSent
the proxy does not let us through           NetworkError  from NotSent
writing or reading too long                 TimedOut
connection lost, answer cut off or garbled  NetworkError
an answer that cannot be Telegram's         NetworkError
```

A POST is sent once, whatever happens: redirects are not followed, and aiohttp repeats only GET, the polls.
No error and no log line carries the address, because the token is in it.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.telegram_answers import answer_of
from bot.telegram_calls import NotSent

CONNECT_SECONDS = 5.0
POOL_SECONDS = 5.0
READ_SECONDS = 20.0
UPLOAD_SECONDS = 20.0
"""For each piece of an upload to be taken, not for the whole of it."""

IDLE_SECONDS = 4.0
"""How long an unused connection is kept: less than the 5 s after which servers such as uvicorn hang up.

A call on a connection that the server is closing at that moment has an unknown end.
"""

_PIECE = 64 * 1024
_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_JSON = {"Content-Type": "application/json"}

Files = Mapping[str, tuple[str, Any, str]]


class TelegramRequest(BaseRequest):
    """Up to `connections` calls at a time; the others wait in the order in which they came.

    Proxies are taken from the environment when it is initialized. Times are in seconds.
    """

    __slots__ = ("_connect_timeout", "_connections", "_proxies", "_read_timeout", "_session", "_slots")

    def __init__(
        self, connections: int, *, read_timeout: float = READ_SECONDS, connect_timeout: float = CONNECT_SECONDS
    ) -> None:
        self._connections = connections
        self._read_timeout = read_timeout
        self._connect_timeout = connect_timeout
        self._session: ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds between two pieces of an answer, unless a call says otherwise."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Be ready for calls. Raises RuntimeError when the environment names a proxy of a kind that is not known."""
        if self._session is not None:
            return
        self._proxies = _proxies()
        self._slots = asyncio.Semaphore(self._connections)
        self._session = ClientSession(
            # The slots are the limit: there, waiting for a connection and connecting have times of their own.
            connector=TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
        )

    async def shutdown(self) -> None:
        """Close all connections. It can be initialized again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Call once; the status and the body of the answer. Raises TimedOut or NetworkError, see above."""
        session = self._session
        if session is None:
            raise RuntimeError("This TelegramRequest is not initialized.")
        limits = _limits(_seconds(connect_timeout, self._connect_timeout), _seconds(read_timeout, self._read_timeout))
        await self._take_slot(_seconds(pool_timeout, POOL_SECONDS))
        try:
            if request_data is None:
                return await self._call(session, method, url, None, None, limits)
            if request_data.contains_files:
                seconds = _seconds(write_timeout, UPLOAD_SECONDS)
                return await self._upload(session, method, url, request_data, limits, seconds)
            body = json.dumps(request_data.parameters).encode()
            return await self._call(session, method, url, body, _JSON, limits)
        finally:
            self._slots.release()

    async def _take_slot(self, seconds: float | None) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise TimedOut("All connections to Telegram are in use") from NotSent("no free connection")

    async def _upload(
        self,
        session: ClientSession,
        method: str,
        url: str,
        request_data: RequestData,
        limits: ClientTimeout,
        seconds: float | None,
    ) -> tuple[int, bytes]:
        body, content_type = multipart(request_data.json_parameters, request_data.multipart_data)
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        try:
            async with asyncio.timeout(None) as deadline:
                return await self._call(session, method, url, _Pieces(body, seconds, deadline), headers, limits)
        except TimeoutError:
            raise TimedOut from None

    async def _call(
        self,
        session: ClientSession,
        method: str,
        url: str,
        body: "bytes | _Pieces | None",
        headers: Mapping[str, str] | None,
        limits: ClientTimeout,
    ) -> tuple[int, bytes]:
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=limits,
                ssl=tls() if url.startswith("https:") else True,
                proxy=proxy_for(url, self._proxies) if self._proxies else None,
                allow_redirects=False,
            ) as response:
                status, answer = response.status, await response.read()
        except ConnectionTimeoutError:
            raise TimedOut from NotSent("not connected in time")
        except ClientHttpProxyError as error:
            raise NetworkError(_name(error)) from NotSent(f"the proxy answered {error.status}")
        except ClientConnectorError as error:
            raise NetworkError(_name(error)) from NotSent(str(error))
        except TimeoutError:
            raise TimedOut from None
        except (ClientError, OSError) as error:
            raise NetworkError(_name(error)) from None
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            # A 403 of a proxy does not mean that the patient has blocked the bot, nor its 404 that the token is wrong.
            self.parse_json_payload(answer)
        return status, answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What Telegram answered. Raises NetworkError for an answer that cannot be Telegram's, whatever its status."""
        return answer_of(payload)


class _Pieces:
    """The body of an upload, piece by piece; each moves the deadline on, and the end lifts it."""

    def __init__(self, body: bytes, seconds: float | None, deadline: asyncio.Timeout) -> None:
        self._body = body
        self._seconds = seconds
        self._deadline = deadline
        self._position = 0

    def __aiter__(self) -> "_Pieces":
        return self

    async def __anext__(self) -> bytes:
        piece = self._body[self._position : self._position + _PIECE]
        if not piece:
            self._deadline.reschedule(None)
            raise StopAsyncIteration
        if self._seconds is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._seconds)
        self._position += len(piece)
        return piece


def multipart(fields: Mapping[str, str], files: Files) -> tuple[bytes, str]:
    """A multipart/form-data body and its content type, names escaped as browsers do (WHATWG, HTML 4.10.22.7)."""
    boundary = token_hex(16).encode()
    parts: list[bytes] = []
    for name, value in fields.items():
        head = f'Content-Disposition: form-data; name="{name.translate(_ESCAPED)}"'
        parts += [b"--", boundary, b"\r\n", head.encode(), b"\r\n\r\n", value.encode(), b"\r\n"]
    for name, (filename, content, mime_type) in files.items():
        head = (
            f'Content-Disposition: form-data; name="{name.translate(_ESCAPED)}"; '
            f'filename="{filename.translate(_ESCAPED)}"\r\nContent-Type: {mime_type}'
        )
        whole = content if isinstance(content, bytes) else content.read()
        parts += [b"--", boundary, b"\r\n", head.encode(), b"\r\n\r\n", whole, b"\r\n"]
    parts += [b"--", boundary, b"--\r\n"]
    return b"".join(parts), f"multipart/form-data; boundary={boundary.decode()}"


@cache
def tls() -> ssl.SSLContext:
    """The certificates that Telegram's is checked against; reading them takes longer than starting all the rest."""
    return httpx.create_ssl_context()


@lru_cache(maxsize=64)
def _limits(connect: float | None, read: float | None) -> ClientTimeout:
    return ClientTimeout(connect=connect, sock_read=read)


def _seconds(asked: object, default: float | None) -> float | None:
    """What the call asks for, None being "for ever"; the library's mark for "not said" gives the default."""
    return asked if asked is None or isinstance(asked, int | float) else default


def _name(error: Exception) -> str:
    return f"aiohttp.{type(error).__name__}"


def _proxies() -> dict[str, str]:
    """By scheme, or "all", as HTTP_PROXY, HTTPS_PROXY and ALL_PROXY or the system's settings name them."""
    named = {kind: proxy for kind, proxy in getproxies().items() if kind in {"http", "https", "all"} and proxy}
    proxies = {kind: proxy if "://" in proxy else f"http://{proxy}" for kind, proxy in named.items()}
    for kind, proxy in proxies.items():
        if not proxy.startswith(("http://", "https://")):
            raise RuntimeError(f"The proxy for {kind} is {urlsplit(proxy).scheme}; only http and https are possible.")
    return proxies


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """The proxy on the way to an address, if any. NO_PROXY is obeyed; this machine itself needs none."""
    address = urlsplit(url)
    proxy = proxies.get(address.scheme, proxies.get("all"))
    if proxy is None or _is_this_machine(address.hostname or "") or proxy_bypass(address.netloc):
        return None
    return proxy


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
