"""Tables and the picture of the intent benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rich.table import Table

from benchmarks.intent_growth import Cost
from benchmarks.intent_spoken import SpokenFigures
from benchmarks.intent_trials import KindFigures, Share

mpl.use("Agg")
import matplotlib.pyplot as plt

GOALS = {
    "full data, accuracy %": "95.0 (n-grams 91.8)",
    "10-shot, accuracy %": "87",
    "20 % errors, accuracy %": "88",
    "one text, p95 ms": "3 (embeddings 15)",
    "load s": "2",
    "training s": "180",
}


def table(kinds: Sequence[KindFigures]) -> Table:
    """All figures, the kinds side by side."""
    result = Table(title="BANKING77, official split")
    result.add_column("figure")
    for one in kinds:
        result.add_column(one.kind, justify="right")
    result.add_column("goal", justify="right")
    for name, cells in _rows(kinds):
        result.add_row(name, *cells, GOALS.get(name, ""))
    return result


def _rows(kinds: Sequence[KindFigures]) -> list[tuple[str, list[str]]]:
    rows = [
        ("full data, accuracy %", [_share(one.accuracy) for one in kinds]),
        ("full data, macro-F1 %", [_share(one.macro_f1) for one in kinds]),
        ("20 % errors, accuracy %", [_share(one.garbled_accuracy) for one in kinds]),
        ("10-shot, accuracy %", [_spread(one.few_shot_accuracies) for one in kinds]),
    ]
    for examples in dict.fromkeys(r.examples for one in kinds for r in one.rejections):
        for near in (True, False):
            name = f"{'near' if near else 'far'} caught %, taught: {examples}"
            cells = [
                _spread(
                    [r.near if near else r.far for r in one.rejections if r.examples == examples]
                )
                for one in kinds
            ]
            rows.append((name, cells))
    return [
        *rows,
        ("one text, p50 ms", [f"{one.p50_ms:.2f}" for one in kinds]),
        ("one text, p95 ms", [f"{one.p95_ms:.2f}" for one in kinds]),
        ("one text, p95 ms of a core", [f"{one.p95_core_ms:.2f}" for one in kinds]),
        ("load s", [f"{one.load_seconds:.2f}" for one in kinds]),
        ("model MB", [f"{one.model_bytes / 1e6:.1f}" for one in kinds]),
        ("training s", [f"{one.training_seconds:.0f}" for one in kinds]),
        ("training, core seconds", [f"{one.training_core_seconds:.0f}" for one in kinds]),
    ]


def growth_table(costs: Sequence[Cost]) -> Table:
    """What training costs by size."""
    result = Table(title="Training by rows (n-grams)")
    for column in ("rows", "s", "core s", "peak GB"):
        result.add_column(column, justify="right")
    for one in costs:
        result.add_row(
            f"{one.rows:,}",
            f"{one.seconds:.0f}",
            f"{one.core_seconds:.0f}",
            f"{one.peak_bytes / 1e9:.1f}",
        )
    return result


def spoken_table(figures: Sequence[SpokenFigures]) -> Table:
    """As text and as heard, side by side."""
    result = Table(title="Intents right of spoken test sentences, %")
    for column in ("kind", "line", "n", "as text", "as heard", "points lost"):
        result.add_column(column, justify="right")
    for one in figures:
        result.add_row(
            one.kind,
            one.condition,
            str(one.sentences),
            f"{100 * one.as_text:.1f}",
            f"{100 * one.as_heard:.1f}",
            f"{100 * (one.as_text - one.as_heard):.1f}",
        )
    return result


def draw(kinds: Sequence[KindFigures], costs: Sequence[Cost], destination: Path) -> None:
    """Left: accuracies by kind with their intervals. Right: what training costs by rows."""
    figure, (accuracy, cost) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    names = ("full data", "20 % errors", "10-shot")
    for number, one in enumerate(kinds):
        shots = one.few_shot_accuracies
        shares = (
            one.accuracy,
            one.garbled_accuracy,
            Share(value=statistics.fmean(shots), low=min(shots), high=max(shots)),
        )
        heights = np.array([100 * share.value for share in shares])
        lows = np.array([100 * share.low for share in shares])
        highs = np.array([100 * share.high for share in shares])
        places = np.arange(len(names)) + 0.4 * number
        bars = accuracy.bar(
            places, heights, 0.38, yerr=(heights - lows, highs - heights), label=one.kind
        )
        accuracy.bar_label(bars, fmt="%.1f", fontsize=8)
    accuracy.set_xticks(np.arange(len(names)) + 0.2 * (len(kinds) - 1), names)
    accuracy.set(ylabel="accuracy, %", ylim=(50, 100), title="BANKING77")
    accuracy.legend()
    cost.plot([one.rows for one in costs], [one.core_seconds for one in costs], "o-")
    cost.set(xlabel="rows", ylabel="core seconds", title="Training, n-grams")
    if costs:
        cost.set(xscale="log", yscale="log")
    cost.grid(alpha=0.3)
    figure.savefig(destination)
    plt.close(figure)


def _share(share: Share) -> str:
    return f"{100 * share.value:.1f} ({100 * share.low:.1f}-{100 * share.high:.1f})"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    mean = f"{100 * statistics.fmean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({100 * min(values):.1f}-{100 * max(values):.1f})"
