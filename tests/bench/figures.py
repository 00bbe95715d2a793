"""A figure, its bar, and the arithmetic of samples."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


class WrongResult(Exception):
    """Something was lost, repeated or left undone: what was measured is not what was promised."""


@dataclass(frozen=True)
class Bar:
    """What a figure must reach: at most `limit`, or at least."""

    limit: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a value reaches the bar."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {shown(self.limit)}"


@dataclass(frozen=True)
class Figure:
    """One measured figure. `samples` are its repetitions, in `unit`; without a bar it is there to compare with."""

    row: str
    variant: str
    samples: Sequence[float]
    unit: str = ""
    bar: Bar | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.samples)

    @property
    def verdict(self) -> str:
        """Whether the bar is met, in words; nothing where there is none."""
        if self.bar is None:
            return ""
        return "met" if self.bar.met_by(self.value) else "not met"

    def as_json(self) -> dict[str, object]:
        """Everything, for bench.json."""
        return {
            "row": self.row,
            "variant": self.variant,
            "median": self.value,
            "min": min(self.samples),
            "max": max(self.samples),
            "samples": list(self.samples),
            "unit": self.unit,
            "bar": str(self.bar) if self.bar else None,
            "met": self.bar.met_by(self.value) if self.bar else None,
            "note": self.note,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0–1) of all do not exceed. Raises WrongResult where there are none."""
    if not values:
        raise WrongResult("nothing arrived that could be measured")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Each repetition against the other one's of the same round, so that a busy minute of the machine hits both."""
    return [value / other for value, other in zip(values, others, strict=True)]


def shown(value: float) -> str:
    """A number with three significant digits, thousands apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}".rstrip("0").rstrip(".") if value else "0"
