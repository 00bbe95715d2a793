"""Fixtures: databases, and the world in which the real application lives."""

import gc
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot import logs
from tests.compiled_once import compile_once
from tests.databases import Postgres, Sqlite
from tests.pictures import Pictures
from tests.world import World, living

logs.configure(level="WARNING", form="json", secrets=())

# Looking for garbage after every few hundred objects takes a tenth of the suite's time; seldom is enough.
gc.freeze()
gc.set_threshold(50_000, 10, 20)

# No deadline: the machine is shared, and speed is measured elsewhere.
settings.register_profile("aftercare", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aftercare")


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    """For all tests of this process."""
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test process.

    Its folder is not pytest's: that one is cleared by the third run after this one, even while this one runs.
    """
    with tempfile.TemporaryDirectory(prefix="aftercare-postgres-") as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """SQLite files of this test process."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with all tables, on both engines in turn."""
    with _fresh(request) as address:
        yield address


@contextmanager
def _fresh(request: pytest.FixtureRequest) -> Iterator[str]:
    source: Sqlite | Postgres = request.getfixturevalue(request.param)
    with source.database() as address:
        yield address


@pytest.fixture
async def world(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[World]:
    """The application against the sandbox, with time standing still on a Monday at 10:00 in Paris."""
    # Whoever changes the program must live through its beginning with that, and leave it to nobody else.
    lives = database_url.startswith("sqlite") or "monkeypatch" in request.fixturenames
    async with living(database_url, pictures=None if lives else request.getfixturevalue("pictures")) as alive:
        yield alive


@pytest.fixture(scope="session")
def pictures(postgres: Postgres) -> Pictures:
    """How worlds began on PostgreSQL in this process."""
    return Pictures(postgres)


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """For tests of what sets logging up: it would stay so for all that come after."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {logger: logger.level for logger in (root, *map(logging.getLogger, logs.TALKATIVE))}
    structured = structlog.get_config()
    yield
    root.handlers[:] = handlers
    for logger, level in levels.items():
        logger.setLevel(level)
    structlog.configure(**structured)
