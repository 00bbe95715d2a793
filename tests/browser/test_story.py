"""What somebody finds who opens the demo, on a laptop and on a telephone."""

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.browser.conftest import window
from tests.browser.demo_process import Demo
from tests.browser.phones import CLOCK, DemoPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

TELEPHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_LAPTOP: ViewportSize = {"width": 1024, "height": 640}


async def test_three_phones_with_a_story_and_what_to_try(page: DemoPage) -> None:
    await expect(page.page.get_by_role("heading", name="Lindenhof Clinic")).to_be_visible()
    await expect(page.clock).to_contain_text(CLOCK)
    await expect(page.patient.box.get_by_test_id("picker")).to_contain_text("Anna Keller")
    await expect(page.practitioner.box.get_by_test_id("picker")).to_contain_text("Dr Marie Laurent")
    await expect(page.admin.box.get_by_test_id("picker")).to_contain_text("Alex Martin")
    await expect(page.patient.message("You are now connected with Dr Marie Laurent")).to_be_attached()
    await expect(page.practitioner.message("retourner à la piscine")).to_be_attached()
    await expect(page.admin.message("What the bot says")).to_be_attached()
    hints = page.page.get_by_test_id("hint").get_by_role("listitem")
    await expect(hints.first).to_contain_text("Anna")
    await expect(hints.last).to_be_in_viewport(ratio=1)
    assert await page.overflow() == 0


async def test_every_phone_can_be_handed_to_somebody_else(page: DemoPage) -> None:
    await page.patient.belongs_to("Chloé Martin")
    await expect(page.patient.message("retourner à la piscine")).to_be_visible()
    await page.practitioner.belongs_to("Dr Paul Weber")
    await expect(page.practitioner.message("Dana Okafor")).to_be_attached()


async def test_on_a_telephone_one_phone_at_a_time(browser: Browser, demo: Demo) -> None:
    async with window(browser, demo.url, TELEPHONE) as page:
        await page.page.get_by_test_id("hint").get_by_role("button", name="Close").click()
        for name, phone in (("practitioner", page.practitioner), ("admin", page.admin), ("patient", page.patient)):
            tab = page.page.get_by_test_id(f"tab-{name}")
            await tab.click()
            await expect(tab).to_have_attribute("aria-selected", "true")
            await expect(phone.newest).to_be_in_viewport()
            await expect(phone.box.get_by_test_id("send")).to_be_in_viewport(ratio=1)
            assert [await each.box.is_visible() for each in page.phones] == [each is phone for each in page.phones]
            assert await page.overflow() == 0
        await expect(page.page.get_by_test_id("clock-next")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [TELEPHONE, SMALL_LAPTOP])
async def test_what_to_try_is_shown_first_and_steps_aside(browser: Browser, demo: Demo, size: ViewportSize) -> None:
    async with window(browser, demo.url, size) as page:
        hint = page.page.get_by_test_id("hint")
        await expect(hint).to_be_in_viewport(ratio=1)
        await page.page.mouse.click(8, size["height"] - 8)
        await expect(hint).to_be_hidden()
        await page.page.reload()
        await expect(page.patient.newest).to_be_visible()
        await expect(hint).to_be_hidden()
        await page.page.get_by_test_id("hint-toggle").click()
        await expect(hint).to_be_visible()
        assert await page.overflow() == 0
