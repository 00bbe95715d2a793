"""One demo and one browser for all tests of a process; a fresh window, watched, for each.

The tests share the demo's clinic, and each has a patient of its own, so that their order does not matter:
Anna is checked in on and has the clock, Bruno needs help and is treated, Chloé writes, Dana blocks the bot.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from tests.browser.chromium import find_chromium, running
from tests.browser.demo_process import Demo, demonstrating
from tests.browser.phones import DemoPage

LAPTOP: ViewportSize = {"width": 1366, "height": 768}
SLOWEST_MS = 60_000
"""Every wait ends as soon as what it waits for is there; this is for a machine with much else to do."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    executable = find_chromium(os.environ)
    expect.set_options(timeout=SLOWEST_MS)
    async with running(executable) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """The demo, started as a person starts it."""
    async with demonstrating(tmp_path_factory.mktemp("demo") / "first") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, demo: Demo) -> AsyncIterator[DemoPage]:
    """The demo's page on a laptop."""
    async with window(browser, demo.url, LAPTOP) as opened:
        yield opened


@asynccontextmanager
async def window(browser: Browser, url: str, size: ViewportSize) -> AsyncIterator[DemoPage]:
    """A window of its own; afterwards nothing has gone wrong in it, and nothing was asked of another machine."""
    context = await browser.new_context(viewport=size, color_scheme="light", reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(SLOWEST_MS)
    page = await context.new_page()
    problems: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    local = (f"{url}/", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(local) else elsewhere.append(request.url))
    try:
        opened = DemoPage(page)
        await opened.open(url)
        yield opened
    finally:
        await context.close()
    assert problems == []
    assert elsewhere == []
