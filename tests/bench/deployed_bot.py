"""`python -m bot serve` as a clinic has it: without rich, which only the development requirements bring.

structlog loads it where it finds it, and it takes seven megabytes.
"""

import sys

sys.modules["rich"] = None  # type: ignore[assignment]

from bot.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
