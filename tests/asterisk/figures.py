"""Figures that tests measured; printed at the end of the run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

measured: list[str] = []


def report_seconds(what: str, seconds: Sequence[float]) -> None:
    """Keep one line: how many, the median and the longest."""
    measured.append(
        f"{what:<58} n {len(seconds):>4}   p50 {statistics.median(seconds):6.3f} s   "
        f"max {max(seconds):6.3f} s"
    )
