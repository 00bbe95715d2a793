"""A server that speaks HTTP as badly as a test wants, for what the sandbox is too well-behaved to do."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

OK = b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}'

Behaviour = Callable[["Wire", StreamWriter], Awaitable[None]]
"""What to do with a request that has arrived whole. A connection that it leaves open takes another one."""


class Wire:
    """What has arrived; `over` is set when the test ends, for behaviours that never answer."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.requests: list[bytes] = []
        self.arrived = asyncio.Event()
        self.closed = asyncio.Event()
        self.over = asyncio.Event()
        self.connections = 0
        self.url = ""
        self._tasks: set[asyncio.Task[object]] = set()

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until either side has had enough."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                self.requests.append(await _whole_request(reader))
                self.arrived.set()
                await self._behaviour(self, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.closed.set()

    async def end(self) -> None:
        """Until every connection is closed."""
        self.over.set()
        await asyncio.gather(*self._tasks)


async def _whole_request(reader: StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.removeprefix(b"content-length:"))
    return head + await reader.readexactly(length)


@asynccontextmanager
async def wire(behaviour: Behaviour) -> AsyncIterator[Wire]:
    """A server on a free port of this machine."""
    misbehaving = Wire(behaviour)
    server = await asyncio.start_server(misbehaving.handle, "127.0.0.1", 0)
    misbehaving.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield misbehaving
    finally:
        server.close()
        await server.wait_closed()
        await misbehaving.end()


def says(status: str, body: bytes, *headers: str) -> Behaviour:
    """A whole answer."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""])

    async def answer(_: Wire, writer: StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


def breaks_off(part: bytes) -> Behaviour:
    """Only a part of an answer, then the end of the connection."""

    async def answer(_: Wire, writer: StreamWriter) -> None:
        writer.write(part)
        writer.close()

    return answer


def stalls(part: bytes = b"") -> Behaviour:
    """Only a part of an answer, and nothing more."""

    async def answer(server: Wire, writer: StreamWriter) -> None:
        writer.write(part)
        await server.over.wait()
        writer.close()

    return answer


async def resets(_: Wire, writer: StreamWriter) -> None:
    """Ends the connection without the usual words."""
    writer.transport.abort()


async def hangs_up_on_the_second(server: Wire, writer: StreamWriter) -> None:
    """Answers the first request, and closes the connection when the second comes on it."""
    if len(server.requests) == 1:
        await says("200 OK", OK)(server, writer)
    else:
        writer.close()


async def closes_when_idle(server: Wire, writer: StreamWriter) -> None:
    """Answers, and then closes without having announced it."""
    await says("200 OK", OK)(server, writer)
    writer.close()


@contextmanager
def address_without_server() -> Iterator[str]:
    """A port that is taken by somebody who does not listen: connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def address_that_never_accepts() -> Iterator[str]:
    """A port whose queue is full, so that the system leaves further connections unanswered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for each in waiting:
            each.close()


@contextmanager
def address_that_never_reads() -> Iterator[str]:
    """A port that takes connections and leaves what comes where it is."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
