"""The system's Chromium, driven through Playwright, which downloads none here."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LAUNCH_MS = 120_000


def find_chromium(environment: Mapping[str, str]) -> str:
    """Its path. Without one the test is skipped, except where CI promises that nothing is left out."""
    for name in NAMES:
        if path := shutil.which(name, path=environment.get("PATH", "")):
            return path
    reason = f"the demo's page is driven in Chromium, and none of {', '.join(NAMES)} is installed"
    if environment.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def running(executable: str) -> AsyncIterator[Browser]:
    """A headless browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS, timeout=LAUNCH_MS)
        try:
            yield browser
        finally:
            await browser.close()
