"""Logging: structured, to standard error, and never a secret in it.

What libraries log goes the same way; httpx prints the token at INFO, so it is heard from WARNING on.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

TALKATIVE = ("httpx", "httpcore", "telegram", "apscheduler", "uvicorn", "alembic", "asyncio")

HIDDEN = "[hidden]"


class Redaction:
    """Renders a line, then blots out every secret in it: in messages, values and tracebacks alike."""

    def __init__(self, render: Processor, secrets: Sequence[str]) -> None:
        self._render = render
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """The finished line."""
        line = str(self._render(logger, name, event))
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def configure(*, level: str, form: Literal["console", "json"], secrets: Sequence[str]) -> None:
    """Send all logging of this process to standard error, as lines for people or as JSON objects."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(form, secrets),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _rendering(form: Literal["console", "json"], secrets: Sequence[str]) -> list[Processor]:
    if form == "json":
        render: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [structlog.processors.format_exc_info, Redaction(render, secrets)]
    # Plain tracebacks: the handsome ones print local variables, which hold names and texts of patients.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [Redaction(console, secrets)]
