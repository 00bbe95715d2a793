"""`simulate` as people call it: a whole course, printed with the clinic's times."""

import gc
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.__main__ import main
from messages.care_plan import Family

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture(autouse=True)
def garbage_is_looked_for_again() -> Iterator[None]:
    """The simulator leaves that to the end of its process."""
    yield
    gc.enable()


def _simulated(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[str], str]:
    assert main(["simulate", *words]) == 0
    said = capsys.readouterr()
    return said.out.splitlines(), said.err


@pytest.mark.parametrize("family", list(Family))
def test_a_course_of_every_family_goes_from_consent_to_the_last_check(
    family: Family, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = _simulated(capsys, "--family", family.value, "--sessions", "1", "--json")
    lines = [json.loads(line) for line in out]
    assert all(set(line) == {"at", "chat", "from", "kind", "text", "buttons"} for line in lines)
    assert f"{len(lines)} events" in err
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    assert all(earlier <= later for earlier, later in pairwise(times))
    # It begins in winter and goes on into summer time: the times are the clinic's.
    assert times[0].utcoffset() == timedelta(hours=1)
    assert times[-1].utcoffset() == timedelta(hours=2)
    asked = [line for line in lines if line["chat"].startswith("Anna") and line["from"] == "bot" and line["buttons"]]
    assert any("I agree" in str(line["buttons"]) for line in asked)
    assert any("Urgent" in str(line["buttons"]) for line in asked)
    assert any(line["kind"] == "tap" for line in lines)


def test_the_same_seed_lives_the_same_course_and_another_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--family", "eye", "--sessions", "2")
    first, _ = _simulated(capsys, *words, "--seed", "7")
    again, _ = _simulated(capsys, *words, "--seed", "7")
    other, _ = _simulated(capsys, *words, "--seed", "8")
    assert _without_tokens(first) == _without_tokens(again)
    assert _without_tokens(first) != _without_tokens(other)
    assert first[0] == "── Mon 02 Mar 2026 09:00 · Dr Marie · Dr"


def _without_tokens(lines: list[str]) -> list[str]:
    """Invitations are secrets, and differ whatever the seed is."""
    return [line for line in lines if not line.startswith("   /start")]


@pytest.mark.parametrize("sessions", ["0", "41"])
def test_a_number_of_sessions_that_no_course_has_is_refused(sessions: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--sessions", sessions]) == 2
    assert "1 to 40" in capsys.readouterr().err
