"""A peer, run and weighed by the runner."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.bench import CONNECTIONS, Bench
from tests.bench.processes import Process

PREPARATION_SECONDS = 180.0
"""A million jobs are stored before a peer says that it is ready."""


@contextmanager
def peer(bench: Bench, module: str, **details: object) -> Iterator[Process]:
    """A peer that has been told to begin; told to end afterwards. Raises WrongResult when it does not manage."""
    given = {"api": bench.sandbox.url, "token": bench.sandbox.token, "connections": CONNECTIONS, **details}
    with Process("-m", f"tests.bench.peers.{module}", json.dumps(given)) as process:
        process.line("ready", PREPARATION_SECONDS)
        yield process
        process.close()
