"""The main job on the page: what one person does on their phone arrives on the other's."""

import pytest
from playwright.async_api import expect

from tests.browser.phones import CLOCK, DemoPage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_check_in_of_four_taps_reaches_the_practitioner(page: DemoPage) -> None:
    await page.until_a_check_in()
    for answer, next_question in (
        ("None", "How is the bruising now?"),
        ("Dots only", "How much do the points hurt now?"),
        ("Not at all", "Is there anything else?"),
        ("Nothing else", "Your next check-in"),
    ):
        await page.patient.tap(answer)
        await expect(page.patient.newest).to_contain_text(next_question)
    answers = page.practitioner.message("Bruising: Dots only")
    await expect(answers).to_contain_text("Anna Keller")
    await expect(answers).to_contain_text("session 1 of 5")

    await page.step("hour")
    await page.step("morning")
    await expect(page.clock).to_contain_text("09:00")
    await expect(page.practitioner.message("Digest")).to_contain_text("Anna Keller")
    await page.until_a_check_in()


async def test_urgent_shows_whom_to_call_and_an_alert_that_is_taken(page: DemoPage) -> None:
    await page.patient.belongs_to("Bruno Costa")
    await page.patient.tap("Urgent", below="Your check-in")
    await expect(page.patient.message("Call 112 now")).to_be_visible()
    await expect(page.patient.message("has been alerted that you need help")).to_be_visible()
    alert = page.practitioner.message("tapped Urgent")
    await expect(alert).to_contain_text("Bruno Costa")
    await page.practitioner.tap("I’m on it", below="tapped Urgent")
    await expect(page.practitioner.box.get_by_test_id("toast")).to_contain_text("You have this alert")
    await expect(alert).to_contain_text("Dr Marie Laurent took this")
    await expect(page.patient.message("has seen what you reported")).to_be_visible()


async def test_an_answer_reaches_the_patient_in_the_clinics_name(page: DemoPage) -> None:
    await page.patient.belongs_to("Chloé Martin")
    await page.patient.say("Et le sauna, c’est possible ?")
    question = page.practitioner.message("Et le sauna")
    await expect(question).to_contain_text("Chloé Martin")
    await page.practitioner.reply(question, "Plutôt la semaine prochaine.")
    answer = page.patient.message("Plutôt la semaine prochaine.")
    await expect(answer).to_have_attribute("data-from", "bot")
    await expect(answer).to_contain_text("Et le sauna")
    await expect(answer).to_contain_text("Un message de Lindenhof Clinic")


async def test_a_photo_reaches_the_practitioner(page: DemoPage) -> None:
    await page.patient.belongs_to("Chloé Martin")
    await page.patient.box.get_by_test_id("attach").click()
    await page.page.get_by_test_id("sample-photo").click()
    await page.patient.box.get_by_test_id("composer").fill("Ma peau aujourd’hui")
    await page.patient.send()
    photo = page.practitioner.message("Ma peau aujourd’hui").get_by_role("img")
    await expect(photo).to_be_visible()
    await expect(photo).to_have_js_property("complete", True)
    await expect(photo).to_have_js_property("naturalWidth", 960)


async def test_the_practitioner_is_told_that_a_patient_blocked_the_bot(page: DemoPage) -> None:
    await page.practitioner.belongs_to("Dr Paul Weber")
    await page.patient.belongs_to("Dana Okafor")
    await page.patient.box.get_by_test_id("phone-menu").click()
    await page.page.get_by_test_id("block").click()
    await expect(page.patient.box.get_by_test_id("blocked")).to_be_visible()
    await expect(page.practitioner.message("Dana Okafor can’t be reached")).to_contain_text("Please call")
    await page.patient.box.get_by_test_id("unblock").click()
    await expect(page.patient.box.get_by_test_id("blocked")).to_be_hidden()
    await expect(page.patient.box.get_by_test_id("composer")).to_be_visible()


async def test_a_session_is_recorded_in_five_taps(page: DemoPage) -> None:
    phone = page.practitioner
    await phone.message("Record a session").get_by_role("button", name="/record", exact=True).first.click()
    for shown, button in (
        ("Tap the patient", "Bruno Costa"),
        ("When did it end?", "Now"),
        ("Next appointment?", CLOCK),
        ("Will be sent", "Save"),
    ):
        await expect(phone.newest).to_contain_text(shown)
        await phone.tap(button)
    await expect(phone.newest).to_contain_text("Bruno Costa · session 3 of 4 recorded")


async def test_the_next_message_uses_what_the_admin_has_published(page: DemoPage) -> None:
    await page.patient.belongs_to("Bruno Costa")
    phone = page.admin
    await phone.say("/templates")
    await expect(phone.newest).to_contain_text("Whose texts would you like to see?")
    await phone.tap("Search")
    await expect(phone.newest).to_contain_text("Send me a word")
    await phone.say("usually answers between")
    await expect(phone.newest).to_contain_text("with “usually answers between”")
    await phone.tap("Passed to")
    await phone.tap("Change", below="What it is for")
    await expect(phone.message("Send me the new text")).to_be_visible()
    await phone.say("{practitioner} has your message and answers between {answer_hours}. Not urgent? Rest well.")
    await expect(phone.message("Above: how it will look")).to_be_visible()
    await phone.tap("Publish", below="Above: how it will look")
    await expect(phone.message("Published.")).to_be_visible()

    await page.patient.say("May I wear make-up?")
    await expect(page.patient.message("Rest well.")).to_contain_text("Dr Marie Laurent has your message")
