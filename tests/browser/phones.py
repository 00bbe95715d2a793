"""The demo's page as a person uses it: its phones and its clock."""

import re

from playwright.async_api import Locator, Page, expect

CLOCK = re.compile(r"\d\d:\d\d")


class Phone:
    """One of the three phones."""

    def __init__(self, page: Page, role: str) -> None:
        self.page = page
        self.box = page.get_by_test_id(f"phone-{role}")
        self.messages = self.box.get_by_test_id("message")

    @property
    def newest(self) -> Locator:
        """The lowest message of the chat."""
        return self.messages.last

    def message(self, text: str) -> Locator:
        """The newest message that holds `text`."""
        return self.messages.filter(has_text=text).last

    async def belongs_to(self, name: str) -> None:
        """Hand the phone to somebody else."""
        await self.box.get_by_test_id("picker").click()
        await self.page.get_by_role("menuitemradio", name=name).click()
        await expect(self.box.get_by_test_id("picker")).to_contain_text(name)
        await expect(self.newest).to_be_visible()

    async def say(self, text: str) -> None:
        """Type and send; returns when the message stands in the chat."""
        own = self.box.locator("[data-testid=message][data-from=me]")
        sent = await own.count()
        await self.box.get_by_test_id("composer").fill(text)
        await self.send()
        await expect(own).to_have_count(sent + 1)

    async def send(self) -> None:
        """Send what is in the field."""
        await self.box.get_by_test_id("send").click()

    async def tap(self, button: str | re.Pattern[str], *, below: str | None = None) -> None:
        """Tap the first button with these words: below the newest message, or the newest with the text `below`."""
        message = self.newest if below is None else self.message(below)
        await message.get_by_test_id("key").filter(has_text=button).first.click()

    async def reply(self, to: Locator, text: str) -> None:
        """Answer a message with the reply control beside it."""
        await to.hover()
        await to.get_by_test_id("reply").click()
        await self.say(text)


class DemoPage:
    """The three phones and the clock."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.patient = Phone(page, "patient")
        self.practitioner = Phone(page, "practitioner")
        self.admin = Phone(page, "admin")
        self.clock = page.get_by_test_id("clock")

    @property
    def phones(self) -> tuple[Phone, ...]:
        return self.patient, self.practitioner, self.admin

    async def open(self, url: str) -> None:
        """Load the page, as far as the first chats."""
        await self.page.goto(url)
        await expect(self.page.locator("html")).to_have_attribute("data-ready", "true")

    async def step(self, button: str) -> None:
        """Move the clock with one of its buttons: hour, morning, next."""
        before = await self.clock.get_attribute("datetime") or ""
        await self.page.get_by_test_id(f"clock-{button}").click()
        await expect(self.clock).not_to_have_attribute("datetime", before)
        await expect(self.clock).to_have_attribute("aria-busy", "false")

    async def until_a_check_in(self) -> None:
        """On to the next message, until the patient in view is asked how they are."""
        await self.step("next")
        await expect(self.patient.newest).to_contain_text("You have a check-in")
        await expect(self.patient.newest).to_contain_text("How is the swelling now?")

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return int(width)
