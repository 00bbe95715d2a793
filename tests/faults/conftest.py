"""A database server that may be killed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.private_server import PrivatePostgres


@pytest.fixture(scope="session")
def private_postgres() -> Iterator[PrivatePostgres]:
    """Running at the beginning of each test; a test that halts it must let it resume."""
    with tempfile.TemporaryDirectory(prefix="aftercare-private-") as folder:
        server = PrivatePostgres(Path(folder))
        yield server
        server.stop()
