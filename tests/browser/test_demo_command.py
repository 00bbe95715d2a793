"""`make demo`: where it is, how it ends, and what happens without a browser to look at it."""

from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium
from tests.browser.demo_process import Demo, demonstrating

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_second_demo_takes_a_free_port_and_ends_in_time(demo: Demo, tmp_path: Path) -> None:
    async with demonstrating(tmp_path / "second", port=demo.port) as second:
        assert second.port != demo.port
        assert await second.interrupt() == 0
        assert second.complaints == "Preparing a small clinic …\n"
        assert second.left_behind == []


async def test_without_chromium_the_tests_are_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="Chromium"):
        find_chromium({"PATH": ""})


async def test_without_chromium_continuous_integration_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="Chromium"):
        find_chromium({"PATH": "", "CI": "true"})
