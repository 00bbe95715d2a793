"""The bench is a measuring device: it must see what is lost, what is repeated, and how long a tap takes."""

import asyncio
from pathlib import Path

import pytest
from telegram import Bot

from tests.bench import __main__ as bench
from tests.bench import report
from tests.bench.bench import Bench
from tests.bench.figures import Bar, Figure, WrongResult, percentile, ratios, shown
from tests.bench.sandbox import Arrival, Sandbox, expect_once_each


@pytest.mark.parametrize("came", [[1, 2], [1, 2, 3, 3], [1, 2, 4]])
def test_what_is_lost_repeated_or_misdirected_is_a_wrong_result(came: list[int]) -> None:
    arrivals = [Arrival(0.0, chat_id, "") for chat_id in came]
    with pytest.raises(WrongResult):
        expect_once_each(arrivals, [1, 2, 3], "three messages")


def test_what_came_once_each_is_right() -> None:
    expect_once_each([Arrival(0.0, chat_id, "") for chat_id in (3, 1, 3)], [1, 3, 3], "three messages")


def test_a_wrong_result_is_kept_and_the_next_measurement_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def loses(_: Bench) -> list[Figure]:
        raise WrongResult("one is missing")

    monkeypatch.setitem(bench.MEASURES, "alert", loses)
    monkeypatch.setitem(bench.MEASURES, "idle", lambda _: [Figure("idle", "SQLite", [1.0])])
    figures: list[Figure] = []
    wrong: list[str] = []
    for name in ("alert", "idle"):
        # These measurements of the test's own need nothing of a bench.
        bench.measure_one(name, None, figures, wrong)  # type: ignore[arg-type]
    assert wrong == ["alert: one is missing"]
    assert [figure.row for figure in figures] == ["idle"]


@pytest.mark.parametrize(
    ("bar", "samples", "verdict"),
    [
        (Bar(1.0), [0.2, 1.0, 9.0], "met"),
        (Bar(1.0), [0.2, 1.1, 1.2], "not met"),
        (Bar(2.0, at_least=True), [2.0], "met"),
        (Bar(2.0, at_least=True), [1.9], "not met"),
        (None, [1.9], ""),
    ],
)
def test_the_median_is_held_against_the_bar(bar: Bar | None, samples: list[float], verdict: str) -> None:
    assert Figure("row", "SQLite", samples, bar=bar).verdict == verdict


def test_arithmetic() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([3.0], 0.99) == 3.0
    assert ratios([2.0, 9.0], [1.0, 3.0]) == [2.0, 3.0]
    assert [shown(value) for value in (0.0123456, 1.5, 29.0, 1190.4, 0.0)] == ["0.0123", "1.5", "29", "1,190", "0"]
    with pytest.raises(WrongResult):
        percentile([], 0.99)


def test_the_table_goes_between_the_marks_of_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    figure = Figure("sends", "SQLite", [900.0, 1100.0, 1000.0], "/s", Bar(800, at_least=True))
    report.write_document([figure], {"Python": "3.11"}, document)
    text = document.read_text(encoding="utf-8")
    assert "| sends | SQLite | 1,000 /s (900–1,100) | ≥ 800 | met |  |" in text
    assert "- Python: 3.11" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_our_document_has_the_marks() -> None:
    text = report.DOCUMENT.read_text(encoding="utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


async def test_messages_and_taps_are_timed() -> None:
    with Sandbox(people=2) as sandbox:
        first, second = sandbox.chats
        async with Bot(sandbox.token, base_url=f"{sandbox.url}/bot") as bot:
            for chat_id in (first, first, second):
                await bot.send_message(chat_id, "Hello")
            assert sandbox.wait(3, 10) == 3
            assert sandbox.wait(2, 10, [first]) == 2
            sent = sandbox.sent()
            expect_once_each(sent, [first, first, second], "three messages")
            assert [each.at for each in sent] == sorted(each.at for each in sent)
            sandbox.clear()
            assert sandbox.sent() == []
            sandbox.place([second], "You have a check-in")
            tapping = asyncio.create_task(asyncio.to_thread(sandbox.tap, [(second, "check.nothing:1")], 50))
            (update,) = await bot.get_updates(timeout=10)
            assert update.callback_query is not None
            await bot.edit_message_text("Thank you", chat_id=second, message_id=1)
            await update.callback_query.answer()
            found = await tapping
    assert found["edits"] == 1
    assert found["open"] == 0
    assert 0 < found["waits"][0] < 10
