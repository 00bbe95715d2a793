"""No secret leaves in a log line, in whatever part of it."""

import json
import logging

import pytest
import structlog

from bot import logs

SECRET = "1234567890:AAEhBP0av18vF7-Zl4sQkRjXyTqWcVbNm01"


pytestmark = pytest.mark.usefixtures("logging_as_before")


def fail() -> None:
    local = SECRET
    raise RuntimeError(f"https://api.telegram.org/bot{local}/getMe")


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_blotted_out_of_messages_values_and_tracebacks(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level="DEBUG", form="json" if form == "json" else "console", secrets=[SECRET])
    log = structlog.get_logger("test")
    try:
        fail()
    except RuntimeError as error:
        log.error("failed", where=f"bot{SECRET}", exc_info=error)
        logging.getLogger("some.library").exception("it said %s", SECRET)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert SECRET not in shown.err
    assert shown.err.count("Traceback") == 2
    assert shown.err.count(logs.HIDDEN) >= 4


def test_json_lines_are_objects_and_talkative_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level="INFO", form="json", secrets=[])
    logging.getLogger("httpx").info("HTTP Request: GET https://api.telegram.org/bot.../getMe")
    structlog.get_logger("test").info("serving", role="all")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "serving"
