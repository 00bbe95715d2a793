"""`python -m bot serve` without Telegram's limits, to see what else would hold it back."""

import sys
from unittest.mock import patch

from bot.__main__ import main
from bot.commands import serve
from bot.throttle import NO_LIMITS

if __name__ == "__main__":
    # There is no setting for this: against the real Telegram it would only bring refusals.
    with patch.object(serve, "Limits", lambda *_, **__: NO_LIMITS):
        sys.exit(main(["serve", *sys.argv[1:]]))
