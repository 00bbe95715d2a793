"""The table of faults names tests that exist."""

import re

from tests.serving import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_in_the_table_exists() -> None:
    table = (ROOT / "docs" / "reliability.md").read_text()
    named = NAMED.findall(table)
    assert len(named) > 50
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert not missing
