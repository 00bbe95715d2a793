"""The table of figures: printed, written to bench.json, and into docs/performance.md between two marks."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import Figure, shown
from tests.bench.processes import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def machine(databases: dict[str, str]) -> dict[str, str]:
    """What it ran on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "Processor": f"{len(os.sched_getaffinity(0))} × {model}",
        "Memory": f"{memory:.0f} GiB",
        "System": f"Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        **databases,
        "Revision": _revision(),
        "Date": datetime.now(UTC).date().isoformat(),
    }


def _revision() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| Figure | With | Measured | Bar | | Remarks |", "|---|---|---|---|---|---|"]
    row = ""
    for figure in figures:
        cells = (
            figure.row if figure.row != row else "",
            figure.variant,
            f"{shown(figure.value)} {figure.unit}".strip() + _spread(figure),
            str(figure.bar or ""),
            figure.verdict,
            figure.note,
        )
        row = figure.row
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(figure: Figure) -> str:
    if len(figure.samples) < 2:
        return ""
    return f" ({shown(min(figure.samples))}–{shown(max(figure.samples))})"


def write_json(path: Path, figures: Sequence[Figure], about: dict[str, str], *, smoke: bool) -> None:
    """Everything, with every repetition."""
    content = {"smoke": smoke, "machine": about, "figures": [figure.as_json() for figure in figures]}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_document(figures: Sequence[Figure], about: dict[str, str], path: Path = DOCUMENT) -> None:
    """Put machine and table between the marks of a document. Raises ValueError where it has none."""
    text = path.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name} has no marks for the table")
    facts = "\n".join(f"- {name}: {value}" for name, value in about.items())
    path.write_text(f"{head}{BEGIN}\n{facts}\n\n{table(figures)}\n{END}{tail}", encoding="utf-8")
