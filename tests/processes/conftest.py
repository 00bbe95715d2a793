"""A database server that may be killed, and a clinic's four processes on it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.private_server import PrivatePostgres
from tests.processes.crew import Crew


@pytest.fixture(scope="session")
def private_postgres() -> Iterator[PrivatePostgres]:
    """Running at the beginning of each test; a test that halts it must let it resume."""
    with tempfile.TemporaryDirectory(prefix="aftercare-private-") as folder:
        server = PrivatePostgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
async def crew(private_postgres: PrivatePostgres, tmp_path: Path) -> AsyncIterator[Crew]:
    """All four, waiting for work."""
    with private_postgres.database() as address:
        crew = Crew(address, tmp_path)
        try:
            async with crew.telegram():
                await crew.start()
                try:
                    yield crew
                finally:
                    await crew.kill()
        finally:
            await crew.database.close()
